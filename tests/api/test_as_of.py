"""What did we know, and what was covered, at an instant?"""

from datetime import UTC, datetime

from tests.api.test_writes import URL, created, feature


def instant() -> str:
    return datetime.now(UTC).isoformat()


async def test_every_read_answers_from_what_was_recorded_then(client, stored, signed) -> None:
    planner = await signed("planner")
    before = instant()
    watch = feature("fire_watch_point", watch_radius_m=5000)
    identity, etag = await created(client, planner, watch)
    there = instant()
    moved = {"geometry": {"type": "Point", "coordinates": [107.5, 29.5]}}
    await client.patch(f"{URL}/{identity}", json=moved, headers=planner | {"If-Match": etag})
    after = instant()
    spot = {"lon": 106.66, "lat": 29.03}
    for moment, near in [(before, None), (there, True), (after, False), (None, False)]:
        asked = spot | ({"as_of": moment} if moment else {})
        near_by = (await client.get("/v1/proximity/nearest", params=asked)).json()["features"]
        assert [f["properties"]["distance_m"] < 5000 for f in near_by] == ([] if near is None else [near])
        covering = (await client.get("/v1/proximity/covering", params=asked)).json()["features"]
        assert len(covering) == (1 if near else 0)
        listed = (await client.get(URL, params={"as_of": moment} if moment else {})).json()["features"]
        assert len(listed) == (0 if near is None else 1)
        one = await client.get(f"{URL}/{identity}", params={"as_of": moment} if moment else {})
        assert one.status_code == (404 if near is None else 200)
    ahead = await client.get(URL, params={"as_of": "2026-01-01T00:00:00"})
    assert ahead.status_code == 400
    assert "as_of" in ahead.text


async def test_the_past_cannot_be_changed(client, stored, signed) -> None:
    planner = await signed("planner")
    identity, etag = await created(client, planner)
    refused = await client.patch(
        f"{URL}/{identity}",
        json={"properties": {"note": "n"}},
        params={"as_of": instant()},
        headers=planner | {"If-Match": etag},
    )
    assert (refused.status_code, refused.json()["errors"][0]["parameter"]) == (400, "as_of")


async def test_a_restricted_past_stays_hidden(client, stored, signed) -> None:
    planner = await signed("planner")
    identity, etag = await created(client, planner, feature(visibility="restricted", note="canary-past"))
    hidden = instant()
    opened = {"properties": {"visibility": "public", "note": "open"}}
    await client.patch(f"{URL}/{identity}", json=opened, headers=planner | {"If-Match": etag})
    assert (await client.get(f"{URL}/{identity}", params={"as_of": hidden})).status_code == 404
    told = await client.get(f"{URL}/{identity}/history")
    assert "canary-past" not in told.text
    assert "canary-past" in (await client.get(f"{URL}/{identity}/history", headers=planner)).text
