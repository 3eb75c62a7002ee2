"""Changing resources: nothing lost, nothing silently overwritten."""

import asyncio
import hashlib
import json
from uuid import uuid4

import pytest
from pyproj import Geod

from registry.domain.identity import new_id

URL = "/v1/resources"
GEOD = Geod(ellps="WGS84")
SHELTER = {
    "type": "Feature",
    "geometry": {"type": "Point", "coordinates": [106.65, 29.03]},
    "properties": {
        "kind": "shelter",
        "name": {"zh": "测试避难所", "en": "Test shelter"},
        "location": {"quality": "surveyed", "uncertainty_m": 5},
        "capacity_persons": 300,
    },
}


def feature(kind: str = "shelter", **properties) -> dict:
    shared = {name: SHELTER["properties"][name] for name in ("name", "location")}
    return SHELTER | {"properties": {"kind": kind, **shared, **properties}}


async def created(client, headers, body=None) -> tuple[str, str]:
    response = await client.post(URL, json=body or SHELTER, headers=headers)
    assert response.status_code == 201, response.text
    return response.json()["id"], response.headers["etag"]


async def test_what_you_create_you_get_and_what_you_get_you_can_put(client, stored, signed) -> None:
    planner = await signed("planner")
    identity = str(new_id(1))
    response = await client.post(URL, json=SHELTER | {"id": identity}, headers=planner)
    assert response.status_code == 201
    assert response.headers["location"] == f"{URL}/{identity}"
    assert response.json()["properties"]["version"] == 1
    again = await client.post(URL, json=SHELTER | {"id": identity}, headers=planner)
    assert again.status_code == 409
    got = await client.get(f"{URL}/{identity}", headers=planner)
    assert got.json() == response.json()
    assert got.headers["etag"] == response.headers["etag"]
    fresh = await client.get(f"{URL}/{identity}", headers=planner | {"If-None-Match": got.headers["etag"]})
    assert fresh.status_code == 304
    put = await client.put(
        f"{URL}/{identity}", json=got.json(), headers=planner | {"If-Match": got.headers["etag"]}
    )
    assert put.status_code == 200
    assert put.json() == got.json(), "putting back what was read is no new version"


async def test_a_stale_or_missing_condition_is_refused(client, stored, signed) -> None:
    planner = await signed("planner")
    identity, etag = await created(client, planner)
    path, patch = f"{URL}/{identity}", {"properties": {"capacity_persons": 400}}
    assert (await client.patch(path, json=patch, headers=planner)).status_code == 428
    first = await client.patch(path, json=patch, headers=planner | {"If-Match": etag})
    assert first.json()["properties"]["capacity_persons"] == 400
    assert first.json()["properties"]["version"] == 2
    stale = await client.patch(path, json=patch, headers=planner | {"If-Match": etag})
    assert stale.status_code == 412
    assert stale.headers["content-type"] == "application/problem+json"
    gone = await client.delete(path, headers=planner | {"If-Match": etag}, params={"reason": "x"})
    assert gone.status_code == 412
    anyway = await client.patch(path, json={"properties": {"note": "n"}}, headers=planner | {"If-Match": "*"})
    assert anyway.status_code == 200


async def test_put_if_none_match_creates_once(client, stored, signed) -> None:
    planner = await signed("planner")
    path = f"{URL}/{new_id(5)}"
    assert (await client.put(path, json=SHELTER, headers=planner | {"If-None-Match": "*"})).status_code == 201
    assert (await client.put(path, json=SHELTER, headers=planner | {"If-None-Match": "*"})).status_code == 412


async def test_edits_of_different_members_both_hold(client, stored, signed) -> None:
    planner = await signed("planner")
    identity, _ = await created(client, planner)
    path = f"{URL}/{identity}"
    one, two = await asyncio.gather(
        client.patch(
            path, params={"base_version": 1}, json={"properties": {"capacity_persons": 1}}, headers=planner
        ),
        client.patch(path, params={"base_version": 1}, json={"properties": {"note": "two"}}, headers=planner),
    )
    assert (one.status_code, two.status_code) == (200, 200)
    last = (await client.get(path, headers=planner)).json()["properties"]
    assert (last["capacity_persons"], last["note"], last["version"]) == (1, "two", 3)


async def test_an_overlap_is_recorded_and_a_planner_decides(client, stored, signed) -> None:
    field, planner = await signed("field"), await signed("planner")
    identity, _ = await created(client, field)
    path = f"{URL}/{identity}"
    await client.patch(
        path, params={"base_version": 1}, json={"properties": {"capacity_persons": 10}}, headers=planner
    )
    loser = await client.patch(
        path, params={"base_version": 1}, json={"properties": {"capacity_persons": 20}}, headers=field
    )
    assert loser.status_code == 409
    assert loser.headers["content-type"] == "application/problem+json"
    assert loser.json()["overlapping"] == ["capacity_persons"]
    assert (await client.get(path)).json()["properties"]["capacity_persons"] == 10
    waiting = (await client.get("/v1/conflicts", headers=planner)).json()["corrections"]
    assert [c["resource_id"] for c in waiting] == [identity]
    assert waiting[0]["members"] == {"capacity_persons": 20}
    decision = f"{loser.json()['conflict']}/decision"
    body = {"accept": True, "reason": "counted on site"}
    assert (await client.post(decision, json=body, headers=field)).status_code == 403
    decided = await client.post(decision, json=body, headers=planner)
    assert decided.json()["properties"]["capacity_persons"] == 20
    assert (await client.post(decision, json=body, headers=planner)).status_code == 409
    assert (await client.get("/v1/conflicts", headers=planner)).json()["corrections"] == []


async def test_a_key_has_one_effect(client, stored, signed) -> None:
    planner = await signed("planner")
    keyed = planner | {"Idempotency-Key": "K1"}
    first = await client.post(URL, json=SHELTER, headers=keyed)
    second = await client.post(URL, json=SHELTER, headers=keyed)
    assert second.status_code == 201, second.text
    assert second.json() == first.json()
    assert second.headers["idempotent-replay"] == "true"
    assert second.headers["etag"] == first.headers["etag"]
    other = await client.post(URL, json=feature(note="other"), headers=keyed)
    assert other.status_code == 422
    assert len((await client.get(URL)).json()["features"]) == 1
    race = await asyncio.gather(
        *(client.post(URL, json=SHELTER, headers=planner | {"Idempotency-Key": "K2"}) for _ in range(6))
    )
    assert {r.status_code for r in race} <= {201, 409}
    assert len({r.json()["id"] for r in race if r.status_code == 201}) == 1
    assert len((await client.get(URL)).json()["features"]) == 2


async def test_retire_needs_a_reason_and_restore_undoes_it(client, stored, signed) -> None:
    planner = await signed("planner")
    identity, etag = await created(client, planner, feature(lifecycle="under_construction"))
    path = f"{URL}/{identity}"
    assert (await client.delete(path, headers=planner | {"If-Match": etag})).status_code == 422
    gone = await client.delete(path, headers=planner | {"If-Match": etag}, params={"reason": "demolished"})
    assert gone.json()["properties"]["lifecycle"] == "retired"
    back = await client.post(f"{path}/restoration", headers=planner)
    assert back.json()["properties"]["lifecycle"] == "under_construction"
    assert (await client.post(f"{path}/restoration", headers=planner)).status_code == 409


async def test_verification_confirms_without_an_edit(client, stored, signed) -> None:
    field = await signed("field")
    identity, _ = await created(client, field)
    done = await client.post(
        f"{URL}/{identity}/verification", json={"how": "seen on the spot"}, headers=field
    )
    properties = done.json()["properties"]
    assert properties["verified_at"] is not None
    assert properties["capacity_persons"] == 300
    history = (await client.get(f"{URL}/{identity}/history", headers=field)).json()["changes"]
    assert [c["verb"] for c in history] == ["verify", "create"]
    assert history[0]["reason"] == "seen on the spot"


async def test_the_latest_seen_is_the_state_whatever_arrives_last(client, stored, signed) -> None:
    field = await signed("field")
    identity, _ = await created(client, field)
    path = f"{URL}/{identity}/status"
    late = {"observed_at": "2026-01-02T10:00:00Z", "opening": "full", "occupancy_persons": 300}
    early = {"observed_at": "2026-01-02T09:00:00Z", "opening": "open", "occupancy_persons": 10}
    assert (await client.post(path, json=late, headers=field)).status_code == 201
    after = (await client.post(path, json=early, headers=field)).json()["properties"]
    assert (after["opening"], after["occupancy_persons"]) == ("full", 300)
    kept = (await client.get(f"{URL}/{identity}/observations", headers=field)).json()["observations"]
    assert len(kept) == 4
    wrong = await client.post(
        path, json={"observed_at": "2026-01-02T09:00:00Z", "readiness": "available"}, headers=field
    )
    assert wrong.status_code == 422


async def test_stock_moves_and_never_below_zero(client, stored, signed) -> None:
    field = await signed("field")
    line = {"item_code": "1010101", "name": {"zh": "帐篷"}, "quantity": None}
    identity, _ = await created(client, field, feature("supply_depot", stock=[line]))
    path, seen = f"{URL}/{identity}/stock", {"observed_at": "2026-01-02T09:00:00Z"}
    out = seen | {"movements": [{"item_code": "1010101", "change": -5}]}
    never = await client.post(path, json=out, headers=field)
    assert never.json()["properties"]["stock"][0]["quantity"] is None, "never counted is not zero"
    count = seen | {"counts": [{"item_code": "1010101", "quantity": 8}]}
    assert (await client.post(path, json=count, headers=field)).status_code == 201
    moved = await client.post(path, json=out, headers=field | {"Idempotency-Key": "M1"})
    assert moved.json()["properties"]["stock"][0]["quantity"] == 3
    await client.post(path, json=out, headers=field | {"Idempotency-Key": "M1"})
    assert (await client.get(f"{URL}/{identity}")).json()["properties"]["stock"][0]["quantity"] == 3
    over = await client.post(path, json=out, headers=field)
    assert over.json()["properties"]["stock"][0]["quantity"] is None, "below zero is not known"


async def test_a_field_correction_is_proposed_and_a_planner_applies_it(client, stored, signed) -> None:
    field, planner = await signed("field"), await signed("planner")
    identity, _ = await created(client, field)
    path = f"{URL}/{identity}/location"
    found = {
        "coordinates": [106.651361, 29.028066],
        "datum": "gcj02",
        "accuracy_m": 8,
        "evidence": "at the door",
    }
    proposed = await client.post(path, json=found, headers=field)
    assert proposed.status_code == 202
    assert (await client.get(f"{URL}/{identity}")).json()["geometry"]["coordinates"] == [106.65, 29.03]
    accepted = await client.post(
        f"{proposed.json()['correction']}/decision", json={"accept": True, "reason": "ok"}, headers=planner
    )
    assert accepted.status_code == 200, accepted.text
    lon, lat = accepted.json()["geometry"]["coordinates"]
    assert GEOD.inv(lon, lat, 106.6477, 29.0313)[2] < 15
    location = accepted.json()["properties"]["location"]
    assert (location["datum"], location["raw"]) == ("gcj02", [106.651361, 29.028066])
    history = (await client.get(f"{URL}/{identity}/history", headers=planner)).json()["changes"]
    assert history[0]["before"]["geometry"]["coordinates"] == [106.65, 29.03]
    applied = await client.post(path, json=found | {"datum": "wgs84"}, headers=planner)
    assert applied.status_code == 200
    assert applied.json()["properties"]["location"]["quality"] == "surveyed"
    pointed = found | {"datum": "wgs84", "accuracy_m": 330, "quality": "approximate", "evidence": "on a map"}
    tapped = await client.post(path, json=pointed, headers=planner)
    location = tapped.json()["properties"]["location"]
    assert (location["quality"], location["uncertainty_m"]) == ("approximate", 330)


async def test_a_town_officer_edits_only_its_town(client, towns, signed) -> None:
    mine, other = await signed("field", "T1"), await signed("field", "T2")
    identity, etag = await created(client, mine, feature(place="T1"))
    path, patch = f"{URL}/{identity}", {"properties": {"note": "x"}}
    refused = await client.patch(path, json=patch, headers=other | {"If-Match": etag})
    assert refused.status_code == 403
    away = await client.patch(path, json={"properties": {"place": "T2"}}, headers=mine | {"If-Match": etag})
    assert away.status_code == 403
    assert (await client.post(URL, json=feature(place="T2"), headers=mine)).status_code == 403
    assert (await client.post(URL, json=feature(), headers=mine)).status_code == 403
    assert (await client.post(URL, json=SHELTER)).status_code in (401, 403)
    viewer = await signed("viewer")
    assert (await client.post(URL, json=SHELTER, headers=viewer)).status_code == 403


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"geometry": None}, "geometry"),
        (
            {"properties": {"valid_from": "2026-01-02T00:00:00Z", "valid_to": "2026-01-01T00:00:00Z"}},
            "valid_to",
        ),
        ({"properties": {"valid_from": "2026-01-02T00:00:00"}}, "valid_from"),
        ({"properties": {"kind": "rescue_team"}}, "properties"),
        ({"properties": {"capacity_persons": -1}}, "capacity_persons"),
        ({"properties": {"place": "nowhere"}}, "place"),
        ({"properties": {"name": {"zh": None, "en": None}}}, "name"),
        ({"properties": {"exercise": "drill"}}, "exercise"),
        ({"surprise": 1}, "surprise"),
        ({"id": str(uuid4())}, "id"),
    ],
)
async def test_a_bad_change_is_refused_with_its_place(client, stored, signed, change, where) -> None:
    planner = await signed("planner")
    identity, etag = await created(client, planner)
    refused = await client.patch(f"{URL}/{identity}", json=change, headers=planner | {"If-Match": etag})
    assert refused.status_code in (400, 422), refused.text
    assert where in refused.text
    assert (await client.get(f"{URL}/{identity}")).headers["etag"].startswith('"1-')


@pytest.mark.parametrize(
    "rings",
    [
        [[[106.6, 29.0], [106.7, 29.1], [106.7, 29.0], [106.6, 29.1], [106.6, 29.0]]],
        [[[106.6, 29.0], [106.6, 29.0], [106.6, 29.0], [106.6, 29.0]]],
        [[[106.6, 29.0], [106.7, 29.0], [106.7, 29.1], [106.6, 29.1]]],
        [[[106.6, 29.0], [106.7, 29.0], [106.7, 29.1], [106.6, 29.0]], [[0, 0], [1, 0], [1, 1], [0, 0]]],
    ],
    ids=["crosses itself", "has no ground", "is open", "has a hole elsewhere"],
)
async def test_a_footprint_that_nothing_can_be_worked_out_from_is_refused(
    client, stored, signed, rings
) -> None:
    """One such record would make every question about coverage fail."""
    headers = await signed("planner")
    properties = {"kind": "fire_watch_point", "name": {"zh": "塔"}, "location": {"quality": "surveyed"}}
    properties |= {"watch_radius_m": 5000, "footprint": {"type": "Polygon", "coordinates": rings}}
    point = {"type": "Point", "coordinates": [106.65, 29.03]}
    body = {"type": "Feature", "geometry": point, "properties": properties}
    answer = await client.post("/v1/resources", json=body, headers=headers)
    assert answer.status_code == 422, answer.text
    assert "/properties/footprint" in str(answer.json()["errors"])


async def test_a_body_says_that_it_is_a_feature(client, stored, signed) -> None:
    headers = await signed("planner")
    for body in ({n: v for n, v in SHELTER.items() if n != "type"}, SHELTER | {"type": ""}):
        answer = await client.post(URL, json=body, headers=headers)
        assert answer.status_code == 422, answer.text
        assert "type" in answer.text


async def test_a_change_is_told_whole_or_not_at_all(client, stored, signed) -> None:
    """The row, its past version and its log line stand together; the digest is that of the logged members."""
    planner = await signed("planner")
    identity, etag = await created(client, planner)
    await client.patch(
        f"{URL}/{identity}", json={"properties": {"note": "n"}}, headers=planner | {"If-Match": etag}
    )
    rows = await stored._connection.fetch(
        "SELECT c.version, digest, members, feature FROM change_log c"
        " JOIN (SELECT id, version, feature FROM resource"
        " UNION ALL SELECT id, version, feature FROM resource_past) v"
        " ON v.id = c.resource_id AND v.version = c.version ORDER BY 1"
    )
    assert [row["version"] for row in rows] == [1, 2]
    for row in rows:
        assert hashlib.sha256(row["members"].encode()).digest() == row["digest"]
        members = json.loads(row["members"])
        assert members.pop("schema") == 1
        assert members == json.loads(row["feature"])
        assert list(members["properties"]) == sorted(members["properties"])


@pytest.mark.parametrize("table", ["change_log", "resource_past", "observation", "history_seal"])
async def test_the_past_cannot_be_rewritten(client, stored, signed, table) -> None:
    planner = await signed("planner")
    await created(client, planner)
    with pytest.raises(Exception, match="append-only"):
        await stored._connection.execute(f"DELETE FROM {table}")
