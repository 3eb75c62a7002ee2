"""The audit is made from the rows that were read, whatever was selected of them, and says what it lost."""

from typing import Any
from uuid import uuid4

import pytest

from registry.domain.access.audit import AuditEntry
from registry.services.access import audit_recorder
from registry.services.access.audit_recorder import AuditRecorder
from tests.access.questions import questions
from tests.access.streams import Stream
from tests.access.worlds import NOW, World, identity_of
from tests.waiting import until

SECRET = str(identity_of("restricted", "T1", "supply_depot", None))
ITEMS = "/ogc/collections/supply-depots/items"
READINGS = {
    "one": f"/v1/resources/{SECRET}",
    "history": f"/v1/resources/{SECRET}/history",
    "a kind of one": f"{ITEMS}?properties=kind&limit=1000",
    "an identity": f"{ITEMS}/{SECRET}?properties=kind",
    "a list": "/v1/resources?kind=supply_depot&limit=1000",
    "near": "/v1/proximity/within?lon=106.61&lat=29.03&radius_m=5000",
    "the past": f"/v1/resources/{SECRET}?as_of=2026-01-01T12:00:00Z",
    "changes": "/v1/changes?limit=500",
    "snapshot": "/v1/sync/snapshot",
    "coverage": "/v1/coverage?kind=supply_depot&radius_m=900&place=D",
    "a tile": "/ogc/collections/supply-depots/tiles/WebMercatorQuad/0/0/0",
}


def entry(target: str) -> AuditEntry:
    given = {"role": "planner", "action": "read", "status": 200, "request_id": "r"}
    return AuditEntry(at=NOW, actor="test", target=target, **given)


async def written(place: World) -> None:
    """Wait until everything is written that was recorded before."""
    marker = f"marker {uuid4()}"
    place.client.app.state.audit_recorder.add(entry(marker))
    await until(lambda: place.connection.fetchval("SELECT 1 FROM audit WHERE target = $1", marker))


async def traces(place: World, role: str, target: str) -> list[Any]:
    """The entries of reads of a target."""
    await written(place)
    return await place.connection.fetch(
        "SELECT * FROM audit WHERE action = 'read' AND actor = $1 AND target = $2", f"key:{role}", target
    )


@pytest.mark.parametrize("what", READINGS)
@pytest.mark.parametrize("role", ["planner", "field", "viewer"])
async def test_a_read_of_restricted_rows_is_recorded_whatever_is_selected(
    worked_on: World, role: str, what: str
) -> None:
    url = READINGS[what]
    answer = await worked_on.client.get(url, headers=worked_on.headers[role])
    recorded = await traces(worked_on, role, f"GET {url}")
    assert len(recorded) == (role != "viewer" and answer.status_code == 200), answer.text[:200]


async def test_what_reads_nothing_restricted_leaves_no_trace(worked_on: World) -> None:
    identity = identity_of("public", "T1", "supply_depot", None)
    for url in (f"/v1/resources/{identity}", f"/v1/resources/{identity}/history", "/v1/places"):
        answer = await worked_on.client.get(url, headers=worked_on.headers["admin"])
        assert answer.status_code == 200
        assert not await traces(worked_on, "admin", f"GET {url}")


async def test_every_answer_that_says_restricted_was_recorded(full: World) -> None:
    """The old oracle, the word in the answer, is held by every route."""
    spoken = set()
    for question in questions(full.client.app):
        if question.method != "GET" or "filter=" in question.url:
            continue
        answer = await full.client.get(question.url, headers=full.headers["planner"])
        if b'"visibility":"restricted"' in answer.content:
            spoken.add(f"GET {question.url}")
    await written(full)
    rows = await full.connection.fetch("SELECT target FROM audit WHERE actor = 'key:planner'")
    assert len(spoken) > 20
    assert spoken <= {row["target"] for row in rows}


async def test_an_open_stream_is_recorded_when_it_tells_something(worked_on: World) -> None:
    path = "/v1/changes/stream"
    async with Stream(worked_on, "planner", path) as stream:
        await stream.until(lambda heard: b"event: ready" in heard.content)
        headers = worked_on.headers["admin"] | {"If-Match": "*"}
        patch = {"properties": {"note": "a new note"}}
        changed = await worked_on.client.patch(f"/v1/resources/{SECRET}", json=patch, headers=headers)
        assert changed.status_code == 200
        await stream.until(lambda heard: SECRET.encode() in heard.content)
        assert len(await traces(worked_on, "planner", f"GET {path}")) == 1


async def test_private_contacts_are_recorded_whoever_reads_them(worked_on: World) -> None:
    record = identity_of("public", "T1", "shelter", None)
    url = f"/v1/resources/{record}/contacts"
    contact = {"role": "keeper", "name": "A keeper", "phone": "023-0000"}
    stored = await worked_on.client.put(
        f"{url}/019b76da-0000-7000-8000-0000000000aa", json=contact, headers=worked_on.headers["admin"]
    )
    assert stored.status_code == 204, stored.text
    for role in ("viewer", "field", "planner"):
        assert (await worked_on.client.get(url, headers=worked_on.headers[role])).status_code == 200
        assert len(await traces(worked_on, role, f"GET {url}")) == 1


async def test_what_the_audit_lost_is_counted_in_it(worked_on: World, monkeypatch) -> None:
    monkeypatch.setattr(audit_recorder, "MAX_QUEUED", 2)
    recorder: AuditRecorder = AuditRecorder(worked_on.client.app.state.reader)
    for number in range(5):
        recorder.add(entry(f"number {number}"))
    for _ in range(2):
        await recorder.write()
    rows = await worked_on.connection.fetch("SELECT target FROM audit WHERE action = 'lost'")
    assert [row["target"].split()[0] for row in rows] == ["3"]
