"""Standing questions: worked again when a change touches them, told over the feed, with a history."""

from typing import Any
from uuid import uuid4

import pytest

from registry.domain.records.resource import Kind
from registry.services.monitoring import work_questions as service
from registry.services.monitoring.work_questions import work_questions
from tests.api.near import a_place, box
from tests.api.test_incidents import read
from tests.builders import a_resource, an_inventory
from tests.waiting import until

COVERAGE = {"what": "coverage"}


@pytest.fixture
async def ground(stored):
    """A district of 3 by 3 km with two towns."""
    await a_place(stored, "D", extent=box(106.6, 29.0, 0.03), level="district")
    for town in ("T1", "T2"):
        await a_place(stored, town, parent="D", extent=box(106.6, 29.0, 0.03), level="town")
    return stored


@pytest.fixture
async def planner(signed):
    return await signed("planner")


async def put(
    client, headers, status: int = 201, identity: str | None = None, **given: Any
) -> dict[str, Any]:
    identity = identity or str(uuid4())
    entry = {
        "register": "standing_question",
        "id": identity,
        "place": "D",
        "asks": COVERAGE,
        "threshold": 50,
        "visibility": "public",
    }
    response = await client.put(
        f"/v1/registers/standing_question/{identity}", json=entry | given, headers=headers
    )
    assert response.status_code == status, response.text
    return response.json()


async def answered(client, reader, identity: str, state: str, headers=None) -> dict[str, Any]:
    """The question once it has this state; the application works it too."""

    async def found() -> dict[str, Any] | None:
        await work_questions(reader)
        entry = await read(client, f"/v1/registers/standing_question/{identity}", headers or {})
        return entry if entry["state"] == state else None

    return await until(found)


async def test_a_watch_point_that_goes_raises_an_alarm_that_the_feed_tells(
    client, ground, planner, reader
) -> None:
    await an_inventory(ground, "fire_watch_point")
    point = await a_resource(ground, "fire_watch_point", 106.615, 29.015, watch_radius_m=5000.0, place="T1")
    question = await put(client, planner, state="alarm", lower=1)
    assert (question["state"], question["lower"]) == ("unknown", None)
    fine = await answered(client, reader, question["id"], "fine")
    assert (fine["lower"], fine["upper"]) == (100.0, 100.0)
    start = (await read(client, "/v1/changes", {}, cursor="now", registers=True))["cursor"]
    gone = await client.delete(f"/v1/resources/{point}?reason=felled", headers=planner | {"If-Match": "*"})
    assert gone.status_code in (200, 204), gone.text
    alarm = await answered(client, reader, question["id"], "alarm")
    assert (alarm["lower"], alarm["upper"]) == (0.0, 0.0)
    assert alarm["version"] == fine["version"] + 1

    async def told() -> bool:
        changes = (await read(client, "/v1/changes", {}, cursor=start, registers=True))["changes"]
        return "alarm" in [one["entry"]["state"] for one in changes if one["kind"] == "standing_question"]

    assert await until(told)
    url = f"/v1/registers/standing_question/{question['id']}/history"
    versions = (await read(client, url, planner))["versions"]
    assert [one["body"]["state"] for one in versions] == ["fine", "unknown"]


async def test_what_is_not_known_is_a_possible_alarm(client, ground, planner, reader) -> None:
    await a_resource(ground, "rescue_team", 106.615, 29.015, place="T1")
    records = {"what": "records", "kind": "rescue_team"}
    few = await put(client, planner, asks=records, threshold=2)
    open_list = await answered(client, reader, few["id"], "possible")
    assert (open_list["lower"], open_list["upper"]) == (1.0, None)
    identity = str(uuid4())
    inventory = {"register": "inventory", "id": identity, "place": "D", "of": "resources"}
    inventory |= {"kind": "rescue_team", "on": "2026-01-01"}
    made = await client.put(f"/v1/registers/inventory/{identity}", json=inventory, headers=planner)
    assert made.status_code == 201, made.text
    closed = await answered(client, reader, few["id"], "alarm")
    assert (closed["lower"], closed["upper"]) == (1.0, 1.0)
    places = {"what": "places", "kind": "rescue_team", "level": "town"}
    half = await put(client, planner, asks=places, threshold=60, place="D")
    assert (await answered(client, reader, half["id"], "alarm"))["lower"] == 50.0


async def test_a_change_elsewhere_works_nothing(client, ground, planner, reader, monkeypatch) -> None:
    question = await put(client, planner, asks={"what": "records", "kind": "shelter"}, threshold=1)
    await answered(client, reader, question["id"], "possible")
    worked: list[Any] = []
    answer = service._answer

    async def noted(reader, one):
        worked.append(one.id)
        return await answer(reader, one)

    monkeypatch.setattr(service, "_answer", noted)
    others: list[tuple[Kind, str]] = [("rescue_team", "T1"), ("supply_depot", "T2")]
    for kind, town in others:
        await a_resource(ground, kind, 106.615, 29.015, place=town)
    await work_questions(reader)
    assert worked == []
    await a_resource(ground, "shelter", 106.615, 29.015, place="T1")
    fine = await answered(client, reader, question["id"], "fine")
    assert fine["lower"] == 1.0


async def test_what_cannot_be_worked_says_why(client, ground, planner, reader) -> None:
    unreachable = {"what": "coverage", "kind": "shelter"}
    question = await put(client, planner, asks=unreachable)

    async def problem() -> str | None:
        await work_questions(reader)
        entry = await read(client, f"/v1/registers/standing_question/{question['id']}", {})
        return entry["problem"]

    assert "radius" in await until(problem)


async def test_only_planners_keep_questions_and_only_sound_ones(client, ground, planner, signed) -> None:
    assert (await put(client, await signed("field", "D"), 403))["status"] == 403
    refused = await put(client, planner, 422, fine_at=40)
    assert "other side" in refused["detail"]
    await put(client, planner, 422, place=None)
    await put(client, planner, 422, asks={"what": "weather"})
    made = await put(client, planner)
    gone = await client.delete(
        f"/v1/registers/standing_question/{made['id']}", headers=planner | {"If-Match": "*"}
    )
    assert gone.status_code == 200


async def test_a_restricted_record_moves_only_a_question_that_may_tell_it(
    client, ground, planner, reader
) -> None:
    records = {"what": "records", "kind": "supply_depot"}
    public = await put(client, planner, asks=records, threshold=1)
    secret = await put(client, planner, asks=records, threshold=1, visibility="restricted")
    await a_resource(ground, "supply_depot", 106.615, 29.015, place="T1", visibility="restricted")
    told = await answered(client, reader, secret["id"], "fine", planner)
    assert told["lower"] == 1.0
    assert (await answered(client, reader, public["id"], "possible"))["lower"] == 0.0
