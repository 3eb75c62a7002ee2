"""OGC API - Processes: what a generic client finds, describes, executes, follows and dismisses."""

import asyncio
import time
from typing import Any
from uuid import UUID, uuid4

import httpx
import jsonschema_rs
import pytest

from registry.api.ogc.processes import execute
from registry.api.ogc.processes.catalogue import ANALYSES, PROCESSES
from registry.domain.access.actor import ANYONE
from registry.domain.identity import new_id
from registry.services.coverage.jobs import job_status, wait_for_result
from registry.store import jobs
from registry.store.database.pool import Writer
from registry.store.records import changes
from tests.access.questions import EXECUTIONS
from tests.api.conftest import Client, Signed
from tests.api.near import AT, box, there
from tests.builders import A_CHANGE
from tests.waiting import until

TYPES = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/"
CLASSES = "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/"
ORIGIN = {"lon": AT[0], "lat": AT[1]}
AREA = box(*AT, 0.05)
GAPS = {"kind": "shelter", "area": AREA, "radius_m": 500.0, "reason": "a test"}
HARD = GAPS | {"siting": {"sites": 2, "radius_m": 2_500, "grid_m": 600, "time_limit_s": 5}}
LATER = {"Prefer": "respond-async"}


async def execution(client: Client, process: str, status: int = 200, **body: Any) -> httpx.Response:
    headers = body.pop("headers", {})
    answer = await client.post(f"/ogc/processes/{process}/execution", json=body, headers=headers)
    assert answer.status_code == status, answer.text
    return answer


def rel(answer: dict[str, Any], name: str) -> list[str]:
    return [link["href"] for link in answer["links"] if link["rel"].endswith(name)]


async def test_the_landing_page_leads_to_the_processes(client: Client) -> None:
    landing = (await client.get("/ogc")).json()
    assert rel(landing, "/processes") == ["http://localhost/ogc/processes"]
    assert rel(landing, "/job-list") == ["http://localhost/ogc/jobs"]
    listed = (await client.get("/ogc/processes")).json()
    assert [one["id"] for one in listed["processes"]] == list(PROCESSES)
    for one in listed["processes"]:
        assert (await client.get(rel(one, "self")[0])).json()["id"] == one["id"]
    page = await client.get("/ogc/processes", headers={"Accept": "text/html"})
    assert "选址" in page.text


async def test_the_processes_come_in_pages(client: Client) -> None:
    url, found = ["http://localhost/ogc/processes?limit=4"], []
    while url:
        answer = (await client.get(url[0])).json()
        assert len(answer["processes"]) <= 4
        found += [one["id"] for one in answer["processes"]]
        url = rel(answer, "next")
    assert found == list(PROCESSES)


@pytest.mark.parametrize("process", list(PROCESSES))
async def test_a_description_says_what_is_taken_and_answered(client: Client, process: str) -> None:
    """A client has nothing else: what `/v1` takes is valid, whatever else it sends is not."""
    described = (await client.get(f"/ogc/processes/{process}")).json()
    assert rel(described, "/execute") == [f"http://localhost/ogc/processes/{process}/execution"]
    assert ("async-execute" in described["jobControlOptions"]) is (process in ANALYSES)
    document = (await client.get("/docs/openapi.json")).json()
    reference = described["outputs"]["answer"]["schema"]["allOf"][0]["$ref"].split("/docs/openapi.json#")
    member: Any = document
    for part in reference[1].strip("/").split("/"):
        member = member[part]
    assert member["type"] == "object"
    inputs = described["inputs"]
    for one in inputs.values():
        assert one["description"], one["title"]
        assert "$ref" not in str(one["schema"])
        jsonschema_rs.meta.validate(one["schema"])
    for sent in EXECUTIONS.get(f"/ogc/processes/{process}/execution", []):
        assert (
            {name for name, one in inputs.items() if one["minOccurs"]}
            <= sent["inputs"].keys()
            <= inputs.keys()
        )
        for name, value in sent["inputs"].items():
            jsonschema_rs.validator_for(inputs[name]["schema"]).validate(value)
    if "exercise" in inputs:
        assert not jsonschema_rs.validator_for(inputs["exercise"]["schema"]).is_valid("Not A Drill")


async def test_the_inputs_are_the_members_of_the_body_of_v1(client: Client) -> None:
    document = (await client.get("/docs/openapi.json")).json()
    for one in PROCESSES.values():
        [body] = document["paths"][one.twin]["post"]["requestBody"]["content"].values()
        members = document["components"]["schemas"][body["schema"]["$ref"].rsplit("/")[-1]]["properties"]
        described = (await client.get(f"/ogc/processes/{one.id}")).json()["inputs"]
        assert described.keys() - {"exercise", "as_of"} == members.keys() - {"exercise", "as_of"}, one.id


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/execution")])
async def test_a_process_that_is_not_offered(client: Client, method: str, path: str) -> None:
    answer = await client.request(method, f"/ogc/processes/nothing{path}")
    assert (answer.status_code, answer.json()["type"]) == (404, TYPES + "no-such-process")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_qualified_value_is_the_value(client: Client, stored: Writer) -> None:
    record = there("shelter", 100)
    await changes.load(stored, [record], A_CHANGE)
    for origin in (ORIGIN, {"value": ORIGIN}, {"value": ORIGIN, "mediaType": "application/json"}):
        answer = await execution(client, "nearest", inputs={"origin": origin, "k": 1})
        assert [one["id"] for one in answer.json()["features"]] == [str(record.id)]
        assert answer.headers["content-type"] == "application/geo+json"


async def test_what_is_wrong_is_named_with_its_input(client: Client) -> None:
    for inputs, pointer in (
        ({"origin": ORIGIN, "kk": 1}, "/inputs/kk"),
        ({"k": 1}, "/inputs/origin"),
        ({"origin": ORIGIN | {"lat": 91}}, "/inputs/origin/lat"),
    ):
        answer = await execution(client, "nearest", 400, inputs=inputs)
        assert answer.json()["errors"][0]["pointer"] == pointer
    for other in ({"outputs": {"other": {}}}, {"outputs": {"answer": {"transmissionMode": "reference"}}}):
        await execution(client, "nearest", 400, inputs={"origin": ORIGIN}, **other)
    for chosen in ({}, {"answer": {}}, {"answer": {"format": {"mediaType": "application/geo+json"}}}):
        await execution(client, "nearest", inputs={"origin": ORIGIN}, outputs=chosen)
    unknown = await execution(
        client, "nearest", 422, inputs={"origin": ORIGIN, "where": {"place": "nowhere"}}
    )
    assert "nowhere" in unknown.json()["detail"]


async def test_a_drill_is_an_input(client: Client, stored: Writer) -> None:
    real, drill = there("shelter", 100), there("shelter", 50, exercise="drill")
    await changes.load(stored, [real, drill], A_CHANGE)
    for exercise, record in (({}, real), ({"exercise": "drill"}, drill)):
        answer = await execution(client, "nearest", inputs={"origin": ORIGIN} | exercise)
        assert [one["id"] for one in answer.json()["features"]] == [str(record.id)]
    for process, inputs in (("nearest", {"origin": ORIGIN}), ("gaps", GAPS)):
        answer = await execution(client, process, 400, inputs=inputs | {"exercise": "another"})
        assert answer.json()["errors"][0]["parameter"] == "exercise"
    future = {"origin": ORIGIN, "as_of": "2100-01-01T00:00:00Z"}
    assert "as_of" in (await execution(client, "nearest", 400, inputs=future)).text


async def ended(client: Client, url: str, headers: dict[str, str]) -> dict[str, Any]:
    async def outcome() -> Any:
        job = (await client.get(url, headers=headers)).json()
        return job if job["status"] not in ("accepted", "running") else None

    job: dict[str, Any] = await until(outcome, within_s=120)
    return job


@pytest.mark.parametrize("response", ["raw", "document"])
async def test_a_job_is_created_followed_and_read(
    client: Client, stored: Writer, signed: Signed, response: str
) -> None:
    mine, theirs = await signed("planner"), await signed("planner")
    asked = {"inputs": GAPS, "response": response}
    created = await execution(client, "gaps", 201, **asked, headers=mine | LATER)
    assert created.headers["preference-applied"] == "respond-async"
    job, url = created.json(), created.headers["location"]
    assert (job["processID"], job["type"], rel(job, "self")) == ("gaps", "process", [url])
    assert None not in job.values()
    for path in ("", "/results"):
        hidden = await client.get(url + path, headers=theirs)
        assert (hidden.status_code, hidden.json()["type"]) == (404, TYPES + "no-such-job")
    job = await ended(client, url, mine)
    assert job["status"] == "successful"
    [results] = rel(job, "/results")
    answer = (await client.get(results, headers=mine)).json()
    now = (await execution(client, "gaps", inputs=GAPS, headers=mine)).json()
    assert (answer["answer"] if response == "document" else answer).keys() == now.keys()
    dismissed = await client.delete(url, headers=mine)
    assert (dismissed.status_code, dismissed.json()["status"]) == (200, "dismissed")
    assert (await client.get(results, headers=mine)).status_code == 409
    assert (await client.get(url, headers=mine)).json()["status"] == "dismissed"


async def test_the_list_has_the_jobs_of_the_caller(client: Client, stored: Writer, signed: Signed) -> None:
    mine, theirs = await signed("planner"), await signed("planner")
    urls = [
        (await execution(client, process, 201, inputs=GAPS, headers=mine | LATER)).headers["location"]
        for process in ("gaps", "coverage", "gaps")
    ]
    begun = [await ended(client, url, mine) for url in urls]
    names = [job["jobID"] for job in reversed(begun)]

    async def listed(query: str, headers: dict[str, str] = mine) -> list[str]:
        answer = await client.get(f"/ogc/jobs{query}", headers=headers)
        assert answer.status_code == 200, answer.text
        return [job["jobID"] for job in answer.json()["jobs"]]

    assert await listed("") == names
    assert await listed("", theirs) == await listed("", {}) == []
    assert await listed("?processID=gaps&status=successful,failed&type=process") == [names[0], names[2]]
    assert await listed("?status=running") == []
    assert await listed(f"?datetime={begun[1]['created'].replace('+00:00', 'Z')}/..") == names[:2]
    assert await listed("?datetime=../2020-01-01T00:00:00Z") == []
    assert await listed("?minDuration=0") == names
    assert await listed("?minDuration=3600") == await listed("?maxDuration=0") == []
    first = (await client.get("/ogc/jobs?limit=2", headers=mine)).json()
    last = (await client.get(rel(first, "next")[0], headers=mine)).json()
    assert [job["jobID"] for job in first["jobs"] + last["jobs"]] == names
    assert not rel(last, "next")
    for wrong in ("processID=nearest", "status=done", "type=dog", "datetime=now", "minDuration=-1", "x=1"):
        assert (await client.get(f"/ogc/jobs?{wrong}", headers=mine)).status_code == 400, wrong
    for url in urls:
        await client.delete(url, headers=mine)


@pytest.fixture
async def waiting(stored: Writer) -> UUID:
    """A job without a task, which no worker claims."""
    identity = new_id(time.time_ns() // 1_000_000)
    job = {"id": identity, "process": "siting", "owner": ANYONE.id, "estimate_s": 5.0, "task": None}
    await jobs.insert(stored, job)
    return identity


async def test_a_job_without_an_answer_yet(client: Client, waiting: UUID) -> None:
    url = f"/ogc/jobs/{waiting}"
    early = await client.get(f"{url}/results")
    assert (early.status_code, early.json()["type"]) == (404, TYPES + "result-not-ready")
    assert (await client.delete(url)).json()["status"] == "dismissed"
    for identity in (str(uuid4()), "no-uuid"):
        for path in ("", "/results"):
            answer = await client.get(f"/ogc/jobs/{identity}{path}")
            assert (answer.status_code, answer.json()["type"]) == (404, TYPES + "no-such-job")


async def test_a_job_of_something_else_is_no_job_here(client: Client, stored: Writer) -> None:
    """Such as the check of a file, which its sender follows in /v1."""
    identity = new_id(time.time_ns() // 1_000_000)
    job = {"id": identity, "process": "intake-check", "owner": ANYONE.id, "estimate_s": 5.0, "task": None}
    await jobs.insert(stored, job)
    assert (await client.get(f"/v1/jobs/{identity}")).status_code == 200
    answer = await client.get(f"/ogc/jobs/{identity}")
    assert (answer.status_code, answer.json()["type"]) == (404, TYPES + "no-such-job")


async def test_who_wants_no_job_waits_for_a_long_analysis(
    client: Client, stored: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execute, "WAIT_S", 500.0)
    answer = await execution(client, "siting", inputs=HARD)
    assert "sites" in answer.json()
    monitor = answer.headers["link"]
    assert 'rel="monitor"' in monitor
    job = (await client.get(monitor[1 : monitor.index(">")])).json()
    assert (job["processID"], job["status"]) == ("siting", "successful")
    assert client.app.state.slots.running == dict.fromkeys(client.app.state.slots.running, 0)


async def test_an_analysis_that_takes_too_long_to_wait_for(
    client: Client, stored: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execute, "WAIT_S", 2.0)
    answer = await execution(client, "siting", 400, inputs=HARD)
    assert "respond-async" in answer.json()["detail"]
    assert answer.json()["errors"][0]["parameter"] == "Prefer"


async def test_the_job_of_a_caller_who_waits_no_longer_is_dismissed(client: Client, waiting: UUID) -> None:
    reader = client.app.state.reader
    with pytest.raises(TimeoutError):
        await wait_for_result(reader, ANYONE, waiting, 0.01)
    assert (await job_status(reader, ANYONE, waiting)).status == "dismissed"


async def test_a_retry_of_an_execution_finds_the_same_job(
    client: Client, stored: Writer, signed: Signed
) -> None:
    mine = await signed("planner") | LATER | {"Idempotency-Key": str(uuid4())}
    first, again = [await execution(client, "gaps", 201, inputs=GAPS, headers=mine) for _ in range(2)]
    assert first.headers["location"] == again.headers["location"]
    assert again.headers["idempotent-replay"] == "true"
    await client.delete(first.headers["location"], headers=mine)


async def test_what_is_declared_is_true(client: Client) -> None:
    """`core` wants inputs by reference, which nothing here fetches."""
    declared = (await client.get("/ogc/conformance")).json()["conformsTo"]
    names = {"json", "ogc-process-description", "oas30", "job-list", "dismiss"}
    assert {one for one in declared if "processes" in one} == {CLASSES + name for name in names}
    linked = {"origin": {"href": "https://example.org/origin.json"}}
    answer = await execution(client, "nearest", 400, inputs=linked)
    assert answer.json()["errors"][0]["pointer"] == "/inputs/origin/href"


async def test_the_job_of_a_caller_who_hangs_up_is_dismissed(client: Client, waiting: UUID) -> None:
    reader = client.app.state.reader
    caller = asyncio.create_task(wait_for_result(reader, ANYONE, waiting, 600.0))
    await asyncio.wait({caller}, timeout=0.1)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert (await job_status(reader, ANYONE, waiting)).status == "dismissed"
