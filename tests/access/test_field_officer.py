"""What a field officer may not do to a record, by whichever way in, and how much of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest

from registry.app import create_app
from registry.runtime.database import as_role
from registry.runtime.settings import Settings
from tests.access.worlds import PEPPER, TOWNS, World, identity_of
from tests.api.conftest import serving

URL = "/v1/resources"
DOCUMENT = {"kind": "document", "reference": "a plan", "confidence": "stated"}


def shelter(visibility: str, town: str = "T1") -> str:
    return str(identity_of(visibility, town, "shelter", None))


async def patched(place: World, role: str, identity: str, patch: dict[str, Any]) -> int:
    headers = place.headers[role] | {"If-Match": "*"}
    return (await place.client.patch(f"{URL}/{identity}", json=patch, headers=headers)).status_code


async def replaced(place: World, role: str, identity: str, patch: dict[str, Any]) -> int:
    headers = place.headers[role] | {"If-Match": "*"}
    whole = (await place.client.get(f"{URL}/{identity}", headers=headers)).json()
    whole |= {"properties": whole["properties"] | patch.get("properties", {})}
    whole |= {name: patch[name] for name in ("geometry",) if name in patch}
    return (await place.client.put(f"{URL}/{identity}", json=whole, headers=headers)).status_code


async def by_ogc(place: World, role: str, identity: str, patch: dict[str, Any]) -> int:
    headers = place.headers[role] | {"If-Match": "*"}
    url = f"/ogc/collections/shelters/items/{identity}"
    return (await place.client.patch(url, json=patch, headers=headers)).status_code


async def pushed(place: World, role: str, identity: str, patch: dict[str, Any]) -> int:
    operation = {"op_id": str(uuid4()), "kind": "patch", "resource_id": identity, "body": patch}
    answer = await place.client.post(
        "/v1/sync/push", json={"operations": [operation]}, headers=place.headers[role]
    )
    assert answer.status_code == 200, answer.text
    [result] = answer.json()["results"]
    return 200 if result["result"] == "applied" else result["status"]


WAYS = {"patch": patched, "put": replaced, "ogc": by_ogc, "push": pushed}
way_in = pytest.mark.parametrize("way", WAYS)


@way_in
async def test_an_officer_shows_a_record_to_nobody_more(worked_on: World, way: str) -> None:
    change = WAYS[way]
    for before, after in (("restricted", "public"), ("restricted", "internal"), ("internal", "public")):
        patch = {"properties": {"visibility": after}}
        assert await change(worked_on, "field", shelter(before), patch) == 403, (before, after)
    assert await change(worked_on, "field", shelter("public"), {"properties": {"note": f"by {way}"}}) == 200


@way_in
async def test_an_officer_invents_no_document_and_drops_none(worked_on: World, way: str) -> None:
    change, identity = WAYS[way], shelter("public")
    own = {"kind": "person", "reference": "the officer", "confidence": "inferred"}
    assert await change(worked_on, "field", identity, {"properties": {"sources": [own, DOCUMENT]}}) == 403
    assert await change(worked_on, "planner", identity, {"properties": {"sources": [DOCUMENT]}}) == 200
    flat = way == "ogc"  # the flat form adds sources and takes none away
    for sources in ([], [DOCUMENT | {"confidence": "placeholder"}], [own]):
        status = await change(worked_on, "field", identity, {"properties": {"sources": sources}})
        assert status == 403 or (flat and status == 422)
    if not flat:
        assert await change(worked_on, "field", identity, {"properties": {"sources": [DOCUMENT, own]}}) == 200
    assert await patched(worked_on, "admin", identity, {"properties": {"sources": []}}) == 200


@way_in
async def test_an_officer_moves_no_record_out_of_the_town(worked_on: World, way: str) -> None:
    change, identity = WAYS[way], shelter("public")
    for spot in ([TOWNS["T2"][0] + 0.05, TOWNS["T2"][1] + 0.05], [107.5, 29.5], [29.01, 106.61]):
        moved = {"geometry": {"type": "Point", "coordinates": spot}}
        assert await change(worked_on, "field", identity, moved) in (403, 422), spot
    candidates = {"quality": "candidate_places", "candidate_places": ["T2"]}
    elsewhere = {"geometry": None, "properties": {"location": candidates}}
    assert await change(worked_on, "field", identity, elsewhere) == 403
    assert await change(worked_on, "field", identity, {"properties": {"place": "T2"}}) == 403
    spot = [TOWNS["T1"][0] + 0.021, TOWNS["T1"][1] + 0.031]
    inside = {"geometry": {"type": "Point", "coordinates": spot}}
    assert await change(worked_on, "field", identity, inside) == 200


async def test_a_new_record_of_an_officer_lies_in_the_town_too(worked_on: World) -> None:
    def feature(east: float, **properties: Any) -> dict[str, Any]:
        location = {"quality": "surveyed"}
        given = {"kind": "shelter", "name": {"en": "New"}, "place": "T1", "location": location} | properties
        spot = {"type": "Point", "coordinates": [TOWNS["T1"][0] + east, TOWNS["T1"][1] + 0.02]}
        return {"type": "Feature", "geometry": spot, "properties": given}

    async def posted(body: dict[str, Any]) -> int:
        return (await worked_on.client.post(URL, json=body, headers=worked_on.headers["field"])).status_code

    assert await posted(feature(0.02)) == 201
    assert await posted(feature(0.15)) == 403
    assert await posted(feature(0.03, sources=[DOCUMENT])) == 403


EMPTYING: dict[str, dict[str, Any]] = {
    "position": {"geometry": None, "properties": {"location": {"quality": "unknown"}}},
    "name": {"properties": {"name": {"en": "x"}}},
    "validity": {"properties": {"valid_to": "2020-01-01T00:00:00Z"}},
    "visibility": {"properties": {"visibility": "restricted"}},
    "capacity": {"properties": {"capacity_persons": 1}},
    "no capacity": {"properties": {"capacity_persons": None}},
    "no hazards": {"properties": {"hazards": []}},
    "status": {"properties": {"opening": "closed"}},
}
LIMIT = 3


@asynccontextmanager
async def limited(place: World, url: str) -> AsyncIterator[World]:
    """The same world behind an application that allows three such changes."""
    app = create_app(Settings(pool_size=3, key_pepper=PEPPER, mass_change_limit=LIMIT), as_role(url))
    async with serving(app) as client:
        await place.connection.execute("DELETE FROM counted_change")
        yield place._replace(client=client)


@pytest.mark.parametrize("what", EMPTYING)
@way_in
async def test_what_takes_records_out_of_use_or_sight_is_counted(
    worked_on: World, urls: list[str], way: str, what: str
) -> None:
    async with limited(worked_on, urls[10]) as place:
        headers = place.headers["planner"]
        fresh = [await made(place, headers) for _ in range(LIMIT + 1)]
        answers = [await WAYS[way](place, "planner", identity, EMPTYING[what]) for identity in fresh]
    assert answers == [200] * LIMIT + [403]


async def made(place: World, headers: dict[str, str]) -> str:
    properties = {"kind": "shelter", "name": {"en": "A hall"}, "place": "T1", "capacity_persons": 100}
    properties |= {"location": {"quality": "surveyed"}, "hazards": [{"code": "flood"}], "opening": "open"}
    spot = {"type": "Point", "coordinates": [TOWNS["T1"][0] + 0.02, TOWNS["T1"][1] + 0.02]}
    body = {"type": "Feature", "geometry": spot, "properties": properties}
    answer = await place.client.post(URL, json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_ordinary_work_is_not_counted(worked_on: World, urls: list[str]) -> None:
    async with limited(worked_on, urls[10]) as place:
        fresh = [await made(place, place.headers["planner"]) for _ in range(LIMIT + 1)]
        spot = [TOWNS["T1"][0] + 0.0203, TOWNS["T1"][1] + 0.0203]
        work = [
            {"geometry": {"type": "Point", "coordinates": spot}},
            {"properties": {"note": "checked", "capacity_persons": 120, "name": {"zh": "大厅"}}},
            {"properties": {"valid_to": "2030-01-01T00:00:00Z"}},
        ]
        for identity in fresh:
            for patch in work[:2]:
                assert await patched(place, "planner", identity, patch) == 200, patch


@pytest.mark.parametrize(
    "bad",
    [
        {"kind": "patch", "body": {"properties": "x"}},
        {"kind": "patch", "body": {"properties": {"location": "x"}}},
        {"kind": "patch", "body": "x"},
        {"kind": "dance", "body": {}},
        {"kind": "patch"},
        {"kind": "status", "body": {"observed_at": 5}},
        {"kind": "patch", "body": {}, "resource_id": "no identity"},
        {"kind": "patch", "body": {}, "op_id": 7},
        "no operation",
    ],
    ids=str,
)
async def test_one_bad_operation_of_a_push_is_rejected_alone(worked_on: World, bad: Any) -> None:
    def verified(town: str) -> dict[str, Any]:
        identity = str(identity_of("public", town, "rescue_team", None))
        operation = {"op_id": str(uuid4()), "kind": "verification", "resource_id": identity}
        return operation | {"body": {"how": "seen"}}

    if isinstance(bad, dict):
        bad = {"op_id": str(uuid4()), "resource_id": shelter("public")} | bad
    body = {"operations": [verified("T1"), bad, verified("T2")]}
    answer = await worked_on.client.post("/v1/sync/push", json=body, headers=worked_on.headers["planner"])
    assert answer.status_code == 200, answer.text
    assert [result["result"] for result in answer.json()["results"]] == ["applied", "rejected", "applied"]
    assert 400 <= answer.json()["results"][1]["status"] < 500


@pytest.mark.parametrize("body", ["x", [], 5, {"properties": "x"}, {"properties": [1]}, {"geometry": "x"}])
@pytest.mark.parametrize("url", [f"{URL}/{{}}", "/ogc/collections/shelters/items/{}"])
async def test_a_patch_that_is_no_object_is_the_clients_fault(worked_on: World, url: str, body: Any) -> None:
    headers = worked_on.headers["admin"] | {"If-Match": "*"}
    answer = await worked_on.client.patch(url.format(shelter("public")), json=body, headers=headers)
    assert answer.status_code in (400, 422), answer.text
