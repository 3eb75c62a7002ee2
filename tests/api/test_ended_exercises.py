"""An exercise that has ended can be read, and is not changed any more, whatever way a change comes."""

from typing import Any
from uuid import uuid4

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from registry.store.database.pool import Writer
from registry.store.schema.records import resource
from tests.api.conftest import Signed
from tests.builders import a_place, a_resource

Client = AsyncTestClient[Litestar]
DRILL = "ended-drill"
DERIVED = {
    "listing",
    "stock_line",
    "flat_feature",
    "external_id",
    "entry_past",
    "resource_past",
    "change_log",
}
"""Tables that triggers fill, or whoever changes a guarded table in the same transaction."""
OF_WORKERS = {"question_due", "terrain_seen", "deadline_reader"}


def shelter(name: str) -> dict[str, Any]:
    located = {"quality": "surveyed", "uncertainty_m": 5, "source": "test"}
    members = {"kind": "shelter", "name": {"en": name}, "place": "T1", "location": located}
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [106.6, 29.0]},
        "properties": members,
    }


@pytest.fixture
async def drill(client: Client, stored: Writer, signed: Signed) -> str:
    """The identity of a shelter in an exercise that has ended."""
    await a_place(stored, "T1")
    identity = await a_resource(stored, "shelter", 106.6, 29.0, place="T1", exercise=DRILL)
    ended = await client.put(f"/v1/exercises/{DRILL}/end", headers=await signed("planner"))
    assert ended.status_code == 200, ended.text
    return str(identity)


def ways(identity: str) -> list[tuple[str, str, Any, dict[str, str]]]:
    """One change of each kind: method, path, body and headers."""
    any_version = {"If-Match": "*"}
    report = {"observed_at": "2026-01-02T00:00:00Z"}
    record, site = f"/v1/resources/{identity}", str(uuid4())
    return [
        ("POST", "/v1/resources", shelter("new"), {}),
        ("PUT", record, shelter("other"), any_version),
        ("PATCH", record, {"properties": {"note": "more"}}, any_version),
        ("POST", f"{record}/status", report | {"opening": "open"}, {}),
        ("POST", f"{record}/verification", {"how": "seen"}, {}),
        (
            "POST",
            f"{record}/location",
            {"coordinates": [106.6, 29.0], "accuracy_m": 5, "evidence": "seen", "datum": "wgs84"},
            {},
        ),
        ("PUT", f"{record}/contacts/{uuid4()}", {"role": "duty officer"}, {}),
        ("POST", "/v1/incidents", {"hazard": "flood", "reported_via": "hotline", "place": "T1"}, {}),
        (
            "PUT",
            f"/v1/registers/site/{site}",
            {"register": "site", "id": site, "exercise": DRILL, "name": {"en": "Site"}, "place": "T1"},
            {"If-None-Match": "*"},
        ),
        ("POST", "/ogc/collections/shelters/items", shelter("flat"), {}),
        ("DELETE", f"{record}?reason=why", None, any_version),
    ]


async def test_nothing_in_it_is_changed_any_more(
    client: Client, stored: Writer, signed: Signed, drill: str
) -> None:
    planner = await signed("planner")
    before = (await client.get(f"/v1/changes?exercise={DRILL}", headers=planner)).json()["changes"]
    for method, path, body, more in ways(drill):
        url = f"{path}{'&' if '?' in path else '?'}exercise={DRILL}"
        answer = await client.request(method, url, json=body, headers=planner | more)
        assert answer.status_code == 409, (method, path, answer.text)
        assert answer.json()["type"] == "/docs/problems#exercise-ended"
        assert DRILL in answer.json()["detail"]
    after = await client.get(f"/v1/changes?exercise={DRILL}", headers=planner)
    assert after.json()["changes"] == before
    assert (await client.get(f"/v1/resources/{drill}?exercise={DRILL}")).status_code == 200


async def test_the_same_changes_are_taken_before_it_ends_and_after_it_is_opened_again(
    client: Client, stored: Writer, signed: Signed, drill: str
) -> None:
    planner = await signed("planner")
    assert (await client.delete(f"/v1/exercises/{DRILL}/end", headers=planner)).status_code == 204
    for method, path, body, more in ways(drill):
        url = f"{path}{'&' if '?' in path else '?'}exercise={DRILL}"
        answer = await client.request(method, url, json=body, headers=planner | more)
        assert answer.is_success, (method, path, answer.text)
    assert (await client.get("/v1/exercises", headers=planner)).json()["ended"] == []


async def test_an_operation_of_a_phone_is_rejected_and_holds_up_no_other(
    client: Client, signed: Signed, drill: str
) -> None:
    operation = {"op_id": str(uuid4()), "kind": "verification", "resource_id": drill, "body": {"how": "seen"}}
    field = await signed("field", "T1")
    pushed = await client.post(
        f"/v1/sync/push?exercise={DRILL}", json={"operations": [operation]}, headers=field
    )
    (result,) = pushed.json()["results"]
    assert (result["result"], result["status"]) == ("rejected", 409)


async def test_real_life_and_other_exercises_go_on(client: Client, signed: Signed, drill: str) -> None:
    planner = await signed("planner")
    for query in ("", "?exercise=other-drill"):
        made = await client.post(f"/v1/resources{query}", json=shelter("goes on"), headers=planner)
        assert made.status_code == 201, made.text


async def test_who_may_end_one_and_who_is_told(client: Client, stored: Writer, signed: Signed) -> None:
    await a_place(stored, "T1")
    await a_resource(stored, "shelter", 106.6, 29.0, place="T1", exercise=DRILL)
    url = f"/v1/exercises/{DRILL}/end"
    assert (await client.put(url)).status_code == 401
    for role, *places in (("viewer",), ("field", "T1"), ("planner", "T1")):
        refused = await client.put(url, headers=await signed(role, *places))
        assert refused.status_code == 403, (role, refused.text)
    planner = await signed("planner")
    unknown = await client.put("/v1/exercises/ended-dril/end", headers=planner)
    assert (unknown.status_code, unknown.json()["errors"][0]["proposal"]) == (400, DRILL)
    first = (await client.put(url, headers=planner)).json()
    assert (await client.put(url, headers=await signed("admin"))).json() == first, "it has ended already"
    assert (await client.get("/v1/exercises", headers=planner)).json()["ended"] == [first]
    del first["ended_by"]
    assert (await client.get("/v1/exercises")).json()["ended"] == [first]


async def test_every_table_of_an_exercise_is_guarded_or_derived(conn) -> None:
    triggers = "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = $1"
    guarded = {row[0] for row in await conn.fetch(triggers, "refuse_ended")}
    assert guarded == {row[0] for row in await conn.fetch(triggers, "refuse_ended_removal")}
    of_realms = {table.name for table in resource.metadata.tables.values() if "realm" in table.c}
    assert of_realms - guarded == DERIVED | OF_WORKERS, "say here why a table needs no guard"
