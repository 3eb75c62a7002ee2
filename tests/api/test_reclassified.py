"""A record that is made secret leaves the past too, and who holds it is told to drop it."""

from datetime import UTC, datetime

import pytest

from tests.api.test_feed import pull, settled
from tests.api.test_writes import URL, created, feature

SPOT = [106.4512347, 29.0412349]
OPEN = feature("fire_watch_point", watch_radius_m=900.0) | {
    "geometry": {"type": "Point", "coordinates": SPOT}
}


def instant() -> str:
    return datetime.now(UTC).isoformat()


async def changed(client, headers, identity: str, **properties) -> None:
    url, patch = f"{URL}/{identity}", {"properties": properties}
    answer = await client.patch(url, json=patch, headers=headers | {"If-Match": "*"})
    assert answer.status_code == 200, answer.text


async def past_of(client, identity: str, moment: str) -> list[str]:
    """What every reading of the past tells an anonymous reader who looks for the record."""
    asked = {"as_of": moment}
    spot = {"lon": 106.46, "lat": 29.04, "radius_m": 8000}
    urls = {
        f"{URL}/{identity}": asked,
        f"{URL}/{identity}/history": {},
        URL: asked,
        "/v1/proximity/within": asked | spot,
        "/v1/changes": {},
        f"/ogc/collections/fire-watch-points/items/{identity}": asked,
        "/ogc/collections/fire-watch-points/items": asked | {"f": "csv"},
        "/ogc/collections/coverage-footprints/items": asked,
    }
    answers = [await client.get(url, params=params) for url, params in urls.items()]
    return [answer.text if answer.status_code == 200 else "" for answer in answers]


@pytest.mark.parametrize("visibility", ["internal", "restricted"])
async def test_no_reading_of_the_past_tells_where_a_secret_record_was(
    client, stored, signed, visibility: str
) -> None:
    planner = await signed("planner")
    identity, _ = await created(client, planner, OPEN)
    open_then = instant()
    before = await past_of(client, identity, open_then)
    assert all(str(SPOT[0]) in text for text in before[:3])
    await changed(client, planner, identity, visibility=visibility)
    for text in await past_of(client, identity, open_then):
        assert str(SPOT[0]) not in text
        assert visibility == "internal" or identity not in text


async def test_what_is_public_again_shows_its_public_past(client, stored, signed) -> None:
    planner = await signed("planner")
    identity, _ = await created(client, planner, OPEN)
    open_then = instant()
    await changed(client, planner, identity, visibility="internal")
    internal_then = instant()
    await changed(client, planner, identity, visibility="public")
    shown = [
        (await client.get(f"{URL}/{identity}", params={"as_of": moment})).json()["geometry"]["coordinates"]
        for moment in (open_then, internal_then)
    ]
    assert shown[0] == SPOT
    assert shown[1] != SPOT


async def test_a_device_that_was_away_is_told_to_drop_what_it_holds(client, stored, signed) -> None:
    planner = await signed("planner")
    identity, _ = await created(client, planner, OPEN)
    retired, _ = await created(client, planner, OPEN)
    held = await settled(client, wanted=2)
    assert {change["op"] for change in held} == {"put"}
    page = await pull(client)
    await changed(client, planner, identity, note="still public")
    await changed(client, planner, identity, visibility="restricted")
    await client.delete(f"{URL}/{retired}", headers=planner | {"If-Match": "*"})
    await changed(client, planner, retired, visibility="restricted")
    told = await settled(client, page["cursor"], wanted=3)
    assert {(change["op"], change["id"]) for change in told} == {
        ("scope_out", identity),
        ("scope_out", retired),
    }
    assert "still public" not in str(told)


async def test_who_begins_to_read_now_is_told_nothing(client, stored, signed) -> None:
    planner = await signed("planner")
    identity, _ = await created(client, planner, OPEN)
    await changed(client, planner, identity, visibility="restricted")
    await settled(client, headers=planner, wanted=2)
    assert (await pull(client))["changes"] == []
    one_by_one = await pull(client, limit=1)
    while one_by_one["more"]:
        assert one_by_one["changes"] == []
        one_by_one = await pull(client, one_by_one["cursor"], limit=1)


async def test_history_at_an_instant_ends_there(client, stored, signed) -> None:
    planner = await signed("planner")
    identity, _ = await created(client, planner, OPEN)
    await changed(client, planner, identity, note="one")
    moment = instant()
    await changed(client, planner, identity, note="two")
    url = f"{URL}/{identity}/history"
    for asked, versions in (({}, [3, 2, 1]), ({"as_of": moment}, [2, 1])):
        answer = await client.get(url, params=asked, headers=planner)
        assert [change["version"] for change in answer.json()["changes"]] == versions


async def test_an_entry_that_became_secret_left_the_past(client, towns, signed) -> None:
    planner = await signed("planner")
    identity = "019b76da-0000-7000-8000-000000000001"
    entry = {"id": identity, "register": "hotline", "place": "T1", "name": {"en": "Desk"}, "number": "023-1"}
    url = f"/v1/registers/hotline/{identity}"
    stored = await client.put(url, json=entry, headers=planner)
    assert stored.status_code == 201, stored.text
    moment = {"as_of": instant()}
    assert (await client.get(url, params=moment)).status_code == 200
    secret = entry | {"visibility": "restricted"}
    answer = await client.put(url, json=secret, headers=planner | {"If-Match": stored.headers["etag"]})
    assert answer.status_code == 200, answer.text
    assert (await client.get(url, params=moment)).status_code == 404
    assert (await client.get(url, params=moment, headers=planner)).status_code == 200
