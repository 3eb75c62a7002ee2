"""Every POST with an Idempotency-Key: one effect for what writes, and none for what asks."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import pytest

from registry.api.ogc.processes.catalogue import ANALYSES as PROCESS_JOBS
from registry.api.ogc.processes.catalogue import PROCESSES
from tests.access.questions import BODIES
from tests.access.test_roles import (
    ALERT,
    FILES,
    INCIDENT,
    ITEMS,
    MATRIX,
    ROUTES,
    SEEN_AT,
    SITE,
    SUBSCRIPTION,
    TRIAL,
    UNKNOWN_PROCESS,
    draft,
    url_of,
)
from tests.access.worlds import World, identity_of
from tests.waiting import until

REPLAYED = "webhook_message WHERE type = 'test' AND delivered_at IS NULL"
COUNTED = "SELECT {}".format(
    " + ".join(
        f"(SELECT count(*) FROM {table})"
        for table in (
            "change_log",
            "observation",
            "correction",
            "approval",
            "scenario",
            "job",
            "incident_log",
            "intake",
            "subscription",
            REPLAYED,
        )
    )
)
DECIDED = "SELECT {}".format(
    " + ".join(
        f"(SELECT count({decided}) FROM {table})"
        for table, decided in (
            ("approval", "approved_at"),
            ("correction", "decided_at"),
            ("finding", "settled_at"),
        )
    )
)
KEPT = "SELECT count(*), count(replayed_at) FROM idempotency WHERE key = $1"
SHELTER = identity_of("public", "T1", "shelter", None)
COMPARED = "/ogc/processes/compare/execution"
EPSG = "http://www.opengis.net/def/crs/EPSG/0"
RECORD = "/v1/resources/{identity:uuid}"


class Sent(NamedTuple):
    """A request that writes, and another body under which the key must not pass."""

    url: str
    body: Any
    other: Any
    prefer: str = ""


async def changed(place: World, path: str, **other: Any) -> Sent:
    """What the matrix of roles sends to a route, and the same with a member changed."""
    expected = MATRIX["POST", path]
    return Sent(url_of(path, expected), expected.body, (expected.body or {}) | other)


async def wish(place: World) -> Sent:
    return await changed(place, "/v1/approvals", changes=2)


async def grant(place: World) -> Sent:
    """Somebody else's wish."""
    asked = await place.client.post(
        "/v1/approvals", json={"changes": 1, "reason": "why"}, headers=place.headers["field"]
    )
    return Sent(f"/v1/approvals/{asked.json()['id']}/grant", None, {})


async def decision(place: World) -> Sent:
    """About a correction that a field officer proposed."""
    expected = MATRIX["POST", f"{RECORD}/location"]
    url = url_of(f"{RECORD}/location", expected)
    proposed = await place.client.post(url, json=expected.body, headers=place.headers["field"])
    said = {"accept": False, "reason": "why"}
    return Sent(f"{proposed.json()['correction']}/decision", said, said | {"accept": True})


async def restoration(place: World) -> Sent:
    """Of a record that was retired."""
    planner = place.headers["planner"]
    made = await place.client.post("/v1/resources", json=draft("T1"), headers=planner)
    url = made.headers["location"]
    await place.client.delete(f"{url}?reason=why", headers=planner | {"If-Match": "*"})
    return Sent(f"{url}/restoration", None, {})


async def stock(place: World) -> Sent:
    """Of a depot that lists the item."""
    line = {"item_code": "1010101", "name": {"zh": "帐篷"}, "quantity": 8}
    depot = draft("T1")
    depot["properties"] |= {"kind": "supply_depot", "stock": [line]}
    made = await place.client.post("/v1/resources", json=depot, headers=place.headers["planner"])
    counts = [
        {"observed_at": SEEN_AT, "counts": [{"item_code": "1010101", "quantity": quantity}]}
        for quantity in (3, 4)
    ]
    return Sent(f"{made.headers['location']}/stock", *counts)


async def settlement(place: World) -> Sent:
    """Of the warning that a point outside its stated place raises."""
    outside = draft("T1") | {"geometry": {"type": "Point", "coordinates": [107.5, 29.9]}}
    outside["properties"] |= {"location": {"quality": "surveyed", "uncertainty_m": 5}}
    planner = place.headers["planner"]
    made = await place.client.post("/v1/resources", json=outside, headers=planner)
    told = await place.client.get(f"/v1/findings?resource={made.json()['id']}", headers=planner)
    first = told.json()["findings"][0]["id"]
    return Sent(f"/v1/findings/{first}/settlement", {"reason": "why"}, {"reason": "because"})


async def push(place: World) -> Sent:
    operation = {"kind": "patch", "resource_id": str(SHELTER), "body": {"properties": {"note": "pushed"}}}
    bodies = ({"operations": [operation | {"op_id": str(uuid4())}]} for _ in range(2))
    return Sent("/v1/sync/push", next(bodies), next(bodies))


def file_text(name: str) -> dict[str, Any]:
    """A file with one record, as JSON: the tests of retries send nothing else."""
    properties = {"名称": name, "乡镇": "T1"}
    return {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "geometry": None, "properties": properties}],
    }


async def upload(place: World) -> Sent:
    return Sent(f"{FILES}?kind=shelter&name=a.json", file_text("城北第三小学"), file_text("城南第五中学"))


async def checked(place: World) -> str:
    """The address of a file that was read and checked."""
    planner = place.headers["planner"]
    sent = await upload(place)
    made = await place.client.post(sent.url, json=sent.body, headers=planner)
    url: str = made.headers["location"]
    await until(lambda: _rests(place, url), within_s=120)
    return url


async def _rests(place: World, url: str) -> bool:
    intake = (await place.client.get(url, headers=place.headers["planner"])).json()
    return intake["job"]["status"] not in ("accepted", "running")


async def version_of(place: World, url: str) -> int:
    version: int = (await place.client.get(url, headers=place.headers["planner"])).json()["version"]
    return version


async def decisions(place: World) -> Sent:
    url = await checked(place)
    body = {"version": await version_of(place, url), "action": "create", "code": "x", "take": "new"}
    return Sent(f"{url}/decisions", body, body | {"take": "skip"})


async def commit(place: World) -> Sent:
    url = await checked(place)
    body = {"version": await version_of(place, url)}
    return Sent(f"{url}/commit", body, body | {"policy": "all"})


async def undo(place: World) -> Sent:
    asked = await commit(place)
    await place.client.post(asked.url, json=asked.body, headers=place.headers["planner"])
    url = asked.url.removesuffix("/commit")
    await until(lambda: _rests(place, url), within_s=120)
    return Sent(f"{url}/undo", {}, {"leave_edited": True})


def record(name: str, **other: Any) -> Callable[[World], Awaitable[Sent]]:
    return lambda place: changed(place, f"{RECORD}/{name}", **other)


def job(path: str) -> Callable[[World], Awaitable[Sent]]:
    """An analysis that is asked for as a job."""
    body = BODIES[path][0]

    async def sent(_: World) -> Sent:
        return Sent(path, body, body | {"place": "T1"}, "respond-async")

    return sent


def execution(path: str) -> Callable[[World], Awaitable[Sent]]:
    """An analysis that is asked for as a process and a job."""
    inputs = BODIES[path][0]["inputs"]

    async def sent(_: World) -> Sent:
        return Sent(path, {"inputs": inputs}, {"inputs": inputs | {"place": "T1"}}, "respond-async")

    return sent


async def compared_process(place: World) -> Sent:
    """The comparison of saved scenarios as a process."""
    asked = await comparison(place)
    return Sent(COMPARED, {"inputs": asked.body}, {"inputs": asked.other}, "respond-async")


async def comparison(place: World) -> Sent:
    saved = MATRIX["POST", "/v1/coverage/scenarios"].body
    planner = place.headers["planner"]
    made = [
        (await place.client.post("/v1/coverage/scenarios", json=saved, headers=planner)).json()["id"]
        for _ in range(2)
    ]
    body = SITE | {"scenarios": made}
    return Sent("/v1/coverage/compare", body, body | {"place": "T1"}, "respond-async")


async def an_incident(place: World, **more: Any) -> str:
    """The path of a new incident."""
    body = MATRIX["POST", "/v1/incidents"].body | more
    made = await place.client.post("/v1/incidents", json=body, headers=place.headers["planner"])
    return f"/v1/incidents/{made.json()['incident']['id']}"


async def note(place: World) -> Sent:
    return Sent(f"{await an_incident(place)}/log", {"text": "seen"}, {"text": "heard"})


async def joining(place: World) -> Sent:
    """Of two new incidents."""
    url, *others = [await an_incident(place) for _ in range(3)]
    bodies = ({"other": other.rpartition("/")[2]} for other in others)
    return Sent(f"{url}/joins", *bodies)


async def commitment(place: World) -> Sent:
    """Of two teams that nobody has committed."""
    teams = []
    for _ in range(2):
        team = draft("T1")
        team["properties"] |= {"kind": "rescue_team"}
        made = await place.client.post("/v1/resources", json=team, headers=place.headers["planner"])
        teams.append(made.json()["id"])
    bodies = ({"resources": [team]} for team in teams)
    return Sent(f"{await an_incident(place)}/commitments", *bodies)


async def step(place: World) -> Sent:
    """Of a team that was committed."""
    sent = await commitment(place)
    made = await place.client.post(sent.url, json=sent.body, headers=place.headers["planner"])
    url = f"{sent.url}/{made.json()['commitments'][0]['id']}"
    return Sent(url, {"state": "on_scene"}, {"state": "en_route"})


async def warning(place: World) -> Sent:
    """Each with an identifier of its own."""
    bodies = (ALERT | {"identifier": str(uuid4())} for _ in range(2))
    return Sent("/v1/warnings", *bodies)


async def subscription(place: World) -> Sent:
    """For a register that no test changes."""
    bodies = ({"url": f"https://hooks.example/{name}", "kinds": ["indicator"]} for name in "ab")
    return Sent("/v1/subscriptions", *bodies)


async def replay(place: World) -> Sent:
    """Of a new subscription, to which one message was told."""
    sent = await subscription(place)
    made = await place.client.post(sent.url, json=sent.body, headers=place.headers["planner"])
    identity = made.json()["subscription"]["id"]
    await place.connection.execute(
        "INSERT INTO webhook_message (subscription, subject, type, body, created_at, due_at, delivered_at)"
        " VALUES ($1, gen_random_uuid(), 'test', '{}', now(), now(), now())",
        identity,
    )
    return Sent(f"{sent.url}/{identity}/replay", {"since": SEEN_AT}, {"since": "2026-01-03T00:00:00Z"})


ASKED = BODIES | {TRIAL: [draft("T1")]}
ANALYSES = {one.twin for one in PROCESSES.values() if one.may_be_a_job}
JOBS = {path: job(path) for path in BODIES if path in ANALYSES}
"""They have an effect where they are answered with a job."""
EXECUTED = {
    path: execution(path)
    for path in BODIES
    if path in {f"/ogc/processes/{name}/execution" for name in PROCESS_JOBS}
}
"""The same as processes."""
QUESTIONS = ASKED.keys() - JOBS.keys() - EXECUTED.keys()
"""They have no effect at all."""
WRITES: dict[str, Callable[[World], Awaitable[Sent]]] = (
    {
        "/v1/approvals": wish,
        "/v1/approvals/{identity:uuid}/grant": grant,
        "/v1/corrections/{identity:uuid}/decision": decision,
        "/v1/coverage/scenarios": lambda place: changed(place, "/v1/coverage/scenarios", note="other"),
        "/v1/coverage/compare": comparison,
        COMPARED: compared_process,
        "/v1/findings/{identity:uuid}/settlement": settlement,
        "/v1/incidents": lambda place: changed(place, "/v1/incidents", hazard="flood"),
        "/v1/incidents/detections": lambda place: changed(
            place, "/v1/incidents/detections", bearing_deg=31.0
        ),
        f"{INCIDENT}/log": note,
        f"{INCIDENT}/joins": joining,
        f"{INCIDENT}/commitments": commitment,
        f"{INCIDENT}/commitments/{{commitment:uuid}}": step,
        FILES: upload,
        f"{FILES}/{{identity:uuid}}/decisions": decisions,
        f"{FILES}/{{identity:uuid}}/commit": commit,
        f"{FILES}/{{identity:uuid}}/undo": undo,
        "/v1/warnings": warning,
        "/v1/subscriptions": subscription,
        f"{SUBSCRIPTION}/replay": replay,
        "/v1/resources": lambda place: changed(place, "/v1/resources", properties=draft("T2")["properties"]),
        f"{RECORD}/location": record("location", accuracy_m=6),
        f"{RECORD}/restoration": restoration,
        f"{RECORD}/status": record("status", opening="open"),
        f"{RECORD}/stock": stock,
        f"{RECORD}/verification": record("verification", how="called"),
        "/v1/sync/push": push,
        ITEMS: lambda place: changed(place, ITEMS, properties=draft("T2")["properties"]),
    }
    | JOBS
    | EXECUTED
)
POSTS = {path for method, path in ROUTES if method == "POST"}


@pytest.fixture(autouse=True)
async def _no_job_is_left(writable: World) -> AsyncIterator[None]:
    """Every job that a test began is ended, so that none waits for a process."""
    yield
    for row in await writable.connection.fetch("SELECT id FROM job WHERE finished_at IS NULL"):
        await writable.client.delete(f"/v1/jobs/{row['id']}", headers=writable.headers["admin"])


def test_every_post_either_writes_or_asks() -> None:
    assert set(WRITES) | QUESTIONS == POSTS - {UNKNOWN_PROCESS}, "say here what a retry of each POST does"
    assert not set(WRITES) & QUESTIONS


async def ask(place: World, sent: Sent, key: str, body: Any, **more: str) -> httpx.Response:
    headers = place.headers["planner"] | {"Idempotency-Key": key, "Prefer": sent.prefer} | more
    return await place.client.post(sent.url, json=body, headers=headers)


async def effects(place: World) -> int:
    return await place.connection.fetchval(COUNTED) + await place.connection.fetchval(DECIDED)


@pytest.mark.parametrize("path", sorted(WRITES))
async def test_a_retry_has_one_effect_and_the_same_answer(writable: World, path: str) -> None:
    sent, key = await WRITES[path](writable), f"{path} {uuid4()}"
    before = await effects(writable)
    first = await ask(writable, sent, key, sent.body)
    assert first.status_code in (200, 201, 202), first.text
    assert "idempotent-replay" not in first.headers
    after = await effects(writable)
    assert after > before
    again = await ask(writable, sent, key, sent.body)
    assert again.headers["idempotent-replay"] == "true"
    assert (again.status_code, again.content) == (first.status_code, first.content)
    for name in ("content-type", "etag", "location"):
        assert again.headers.get(name) == first.headers.get(name)
    assert await effects(writable) == after
    assert tuple(await writable.connection.fetchrow(KEPT, key)) == (1, 1), "a replay writes too"


@pytest.mark.parametrize("path", sorted(WRITES))
async def test_a_key_is_for_one_request(writable: World, path: str) -> None:
    sent, key = await WRITES[path](writable), f"{path} {uuid4()}"
    assert (await ask(writable, sent, key, sent.body)).is_success
    before = await effects(writable)
    other = await ask(writable, sent, key, sent.other)
    assert other.status_code == 422, other.text
    assert "used for another request" in other.json()["detail"]
    assert await effects(writable) == before


@pytest.mark.parametrize("path", sorted(WRITES))
async def test_a_key_whose_request_still_runs_is_a_conflict(writable: World, path: str) -> None:
    sent, key = await WRITES[path](writable), f"{path} {uuid4()}"
    before = await effects(writable)
    async with writable.connection.transaction():
        running = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
        await writable.connection.execute(running, f"key:planner\x1f{key}")
        early = await ask(writable, sent, key, sent.body)
    assert early.status_code == 409, early.text
    assert "still running" in early.json()["detail"]
    assert await effects(writable) == before
    assert (await ask(writable, sent, key, sent.body)).is_success


AT_ONCE = sorted(QUESTIONS | set(JOBS) - {"/v1/coverage/siting"} | EXECUTED.keys())


@pytest.mark.parametrize("path", AT_ONCE)
async def test_a_question_answered_at_once_keeps_no_key(writable: World, path: str) -> None:
    key, before = f"{path} {uuid4()}", await effects(writable)
    headers = writable.headers["planner"] | {"Idempotency-Key": key, "Content-Type": "application/json"}
    for body in (json.dumps(ASKED[path][0]), json.dumps(ASKED[path][0], indent=1)):
        answer = await writable.client.post(path, content=body, headers=headers)
        assert answer.status_code == 200, answer.text
        assert "idempotent-replay" not in answer.headers
    assert await effects(writable) == before
    assert tuple(await writable.connection.fetchrow(KEPT, key)) == (0, 0)


async def test_callers_without_a_credential_do_not_share_their_keys(writable: World) -> None:
    body, headers = SITE, {"Prefer": "respond-async", "Idempotency-Key": "everybody's"}
    asked = [await writable.client.post("/v1/coverage", json=body, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in asked] == [202, 202]
    assert asked[0].headers["location"] != asked[1].headers["location"]


async def test_the_system_of_the_coordinates_is_part_of_the_request(writable: World) -> None:
    properties = draft("T1")["properties"] | {"location": {"quality": "surveyed", "uncertainty_m": 5}}
    geometry = {"type": "Point", "coordinates": [3213346.33, 368488.99]}
    body = {"type": "Feature", "geometry": geometry, "properties": properties}
    url, key = url_of(ITEMS, MATRIX["POST", ITEMS]), f"crs {uuid4()}"
    answers = [
        await ask(writable, Sent(url, body, None), key, body, **{"Content-Crs": f"{EPSG}/{code}"})
        for code in (4545, 4544, 4545)
    ]
    assert [answer.status_code for answer in answers] == [201, 422, 201]
    assert answers[2].content == answers[0].content
