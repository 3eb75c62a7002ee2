"""Jobs survive: a restart, a worker that is killed, a process that dies, two workers at once."""

import asyncio
import os
import signal
import sys

import msgspec
import pytest
import shapely
import sqlalchemy as sa
import structlog

from registry.app import create_app
from registry.domain.access.actor import ANYONE, Actor
from registry.domain.coverage.measure import CoverageInputs
from registry.domain.coverage.siting.placement import Siting
from registry.domain.coverage.tasks import MeasureTask, SitingTask
from registry.domain.coverage.watcher import AreaPart, Watcher
from registry.domain.errors import NotFound, Unavailable
from registry.domain.identity import new_id
from registry.jobs import runner as runners
from registry.jobs.analysis_process import AnalysisProcess
from registry.runtime.database import as_role
from registry.services.coverage.jobs import end_job, job_status, start_job
from registry.store import jobs
from registry.store.database.pool import reading
from registry.store.database.query import Query
from tests.api.conftest import UNHURRIED, serving
from tests.domain.coverage_oracles import CLOSED
from tests.waiting import until

BOX = AreaPart(shape=shapely.to_wkb(shapely.box(106.0, 29.0, 106.2, 29.2)))
ONE = Watcher(id="a", radius_m=3_000.0, position=(106.1, 29.1))
INPUTS = CoverageInputs(whole=BOX, parts=[], watchers=[ONE], listing=CLOSED)
SHORT = MeasureTask(inputs=INPUTS)
LONG = SitingTask(inputs=INPUTS, how=Siting(sites=40, radius_m=1_500, grid_m=300, time_limit_s=60))
EXPIRE = Query(sa.text("UPDATE job SET lease_until = now() - interval '1 second'"))
WORKER = """
import asyncio, sys
from registry.jobs import runner
from registry.runtime.settings import Settings
from registry.store.database.pool import reading

async def work():
    async with reading(Settings(), sys.argv[1]) as reader, runner.running_jobs(reader, Settings()):
        await asyncio.Event().wait()

asyncio.run(work())
"""


@pytest.fixture
def url(new_database):
    """A database of its own, with no worker but those of the test."""
    return as_role(new_database())


@pytest.fixture
async def reader(url):
    async with reading(UNHURRIED, url) as opened:
        yield opened


async def accepted(reader, task=SHORT):
    async with reader.writer() as writer:
        return (await start_job(writer, ANYONE, task, most_open=20)).id


async def ended(reader, identity):
    async def status():
        job = await job_status(reader, ANYONE, identity)
        return job if job.finished_at else None

    return await until(status, 60.0)


async def is_running(reader, identity):
    async def status():
        job = await job_status(reader, ANYONE, identity)
        return job.status == "running"

    return await until(status, 60.0)


async def attempts(reader):
    return [row["attempts"] for row in await reader.rows(Query(sa.text("SELECT attempts FROM job")), {})]


async def expire(reader):
    async with reader.writer() as writer:
        await writer.run(EXPIRE, {})


@pytest.fixture
def processes(monkeypatch):
    """Every process that a runner of this test begins."""
    begun = []

    def begin(order):
        begun.append(AnalysisProcess(order))
        return begun[-1]

    monkeypatch.setattr("registry.jobs.runner.AnalysisProcess", begin)
    return begun


async def pid_of(processes, number):
    return await until(lambda: len(processes) > number and processes[number].pid)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_job_survives_the_restart_of_the_application(url):
    siting = {"model": "mclp", "sites": 40, "radius_m": 1500, "grid_m": 300, "time_limit_s": 4}
    area = msgspec.json.decode(shapely.to_geojson(shapely.from_wkb(BOX.shape)))
    question = {"kind": "fire_watch_point", "area": area, "siting": siting}
    async with serving(create_app(UNHURRIED, url)) as client:
        response = await client.post("/v1/coverage/siting", json=question)
        assert response.status_code == 202, response.text
        location, reader = response.headers["location"], client.app.state.reader
        await is_running(reader, response.json()["jobID"])
    async with reading(UNHURRIED, url) as reader:
        job = await job_status(reader, ANYONE, response.json()["jobID"])
        assert (job.status, job.message, await attempts(reader)) == ("accepted", jobs.QUEUED, [0])
    async with serving(create_app(UNHURRIED, url)) as client:
        await ended(client.app.state.reader, response.json()["jobID"])
        assert (await client.get(location)).json()["status"] == "successful"
        assert (await client.get(f"{location}/results")).json()["sites"]["features"]


async def test_another_worker_takes_over_what_a_killed_worker_left(url, reader):
    identity = await accepted(reader, LONG)
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", WORKER, url)
    await is_running(reader, identity)
    children = await until(lambda: asyncio.to_thread(children_of, worker.pid))
    worker.send_signal(signal.SIGKILL)
    await worker.wait()
    await until(lambda: not any(alive(pid) for pid in children))
    async with runners.running_jobs(reader, UNHURRIED) as runner:
        await asyncio.sleep(0)
        assert not runner.holds(identity), "its lease still holds"
        await expire(reader)
        await until(lambda: runner.holds(identity))
        assert await attempts(reader) == [2]
    assert await attempts(reader) == [1], "a worker that stops gives the attempt back"


def children_of(parent):
    """The processes that a process began and that run."""
    with open(f"/proc/{parent}/task/{parent}/children") as listed:
        return [int(pid) for pid in listed.read().split()]


async def test_no_job_is_worked_twice_by_many_workers(url, reader):
    identities = {await accepted(reader) for _ in range(12)}
    claims = await asyncio.gather(*(jobs.claim(reader) for _ in range(16)))
    held = [claim.id for claim in claims if claim]
    assert (len(held), set(held)) == (12, identities)
    for claim in filter(None, claims):
        await jobs.release(reader, claim, counted=False)
    async with (
        reading(UNHURRIED, url) as other,
        runners.running_jobs(reader, UNHURRIED),
        runners.running_jobs(other, UNHURRIED),
    ):
        for identity in identities:
            assert (await ended(reader, identity)).status == "successful"
    assert await attempts(reader) == [1] * 12


async def test_a_worker_whose_job_was_taken_over_changes_nothing(reader):
    identity = await accepted(reader)
    first = await jobs.claim(reader)
    await expire(reader)
    second = await jobs.claim(reader)
    assert (first.id, second.id, second.attempt) == (identity, identity, 2)
    assert not await jobs.renew(reader, first, 50, "half")
    await jobs.finish(reader, first, status="failed", message="late", result=None)
    await jobs.release(reader, first, counted=False)
    assert await jobs.renew(reader, second, 10, "begun")
    job = await job_status(reader, ANYONE, identity)
    assert (job.status, job.progress, job.message) == ("running", 10, "begun")


async def test_a_job_whose_process_dies_twice_fails_with_a_sentence(reader, processes):
    identity = await accepted(reader, LONG)
    async with runners.running_jobs(reader, UNHURRIED):
        for number in range(2):
            os.kill(await pid_of(processes, number), signal.SIGKILL)
        job = await ended(reader, identity)
    assert (job.status, len(processes)) == ("failed", 2)
    assert job.message == "the analysis needed more memory or time than it may use"


async def test_a_job_that_ends_its_worker_twice_fails_with_a_sentence(reader, processes):
    identity = await accepted(reader)
    for _ in range(2):
        assert await jobs.claim(reader)
        await expire(reader)
    async with runners.running_jobs(reader, UNHURRIED):
        job = await ended(reader, identity)
    assert (job.status, job.message, processes) == ("failed", runners.POISONED, [])


async def test_a_dismissed_job_ends_in_the_worker_that_holds_it(reader, processes):
    identity = await accepted(reader, LONG)
    async with runners.running_jobs(reader, UNHURRIED) as runner:
        pid = await pid_of(processes, 0)
        await end_job(reader, ANYONE, identity)
        await runner.stop(identity)
        assert not alive(pid)
        assert not runner.holds(identity)
    assert (await job_status(reader, ANYONE, identity)).status == "dismissed"


async def test_a_job_that_another_worker_dismissed_ends_within_two_seconds(reader, processes):
    identity = await accepted(reader, LONG)
    async with runners.running_jobs(reader, UNHURRIED) as runner:
        pid = await pid_of(processes, 0)
        await end_job(reader, ANYONE, identity)
        await until(lambda: not alive(pid) and not runner.holds(identity), 2.0)
    assert (await job_status(reader, ANYONE, identity)).status == "dismissed"
    assert await jobs.claim(reader) is None


async def test_a_task_is_kept_only_until_its_job_ends(reader):
    """It holds what its owner could see."""
    for _ in range(2):
        await accepted(reader)
    dismissed = (await jobs.claim(reader)).id
    await end_job(reader, ANYONE, dismissed)
    claim = await jobs.claim(reader)
    await jobs.finish(reader, claim, status="successful", message=None, result="{}")
    kept = Query(sa.text("SELECT count(task) AS tasks, count(*) AS jobs FROM job"))
    [row] = await reader.rows(kept, {})
    assert (row["tasks"], row["jobs"]) == (0, 2)


async def test_a_task_of_another_release_fails_with_a_sentence(reader):
    identity = new_id(1)
    values = {"id": identity, "process": "gaps", "owner": ANYONE.id, "estimate_s": 1.0}
    async with reader.writer() as writer:
        await jobs.insert(writer, values | {"task": msgspec.msgpack.encode({"type": "tea"})})
    async with runners.running_jobs(reader, UNHURRIED):
        job = await ended(reader, identity)
    assert (job.status, job.message) == (
        "failed",
        "another release of the server stored this analysis; ask again",
    )


PLANNER = Actor(id="key:planner", role="planner")


async def test_waiting_jobs_are_bounded_for_each_who_asks(reader):
    for _ in range(2):
        await accepted(reader)
    async with reader.writer() as writer:
        with pytest.raises(Unavailable):
            await start_job(writer, ANYONE, SHORT, most_open=2)
        assert await start_job(writer, PLANNER, SHORT, most_open=2)
    with pytest.raises(NotFound):
        await job_status(reader, ANYONE, new_id(1))


async def test_processes_are_shared_fairly_and_anyone_never_has_them_all(reader):
    crowd = [await accepted(reader) for _ in range(6)]
    planners = []
    for _ in range(2):
        async with reader.writer() as writer:
            planners.append((await start_job(writer, PLANNER, SHORT, most_open=20)).id)
    claims = [await jobs.claim(reader, ANYONE.id, 2) for _ in range(6)]
    order = [claim.id for claim in claims if claim]
    assert order == [crowd[0], planners[0], crowd[1], planners[1]], "then two of anyone run already"


async def test_a_database_that_is_away_is_not_told_every_second(reader, monkeypatch):
    async def gone(*_):
        raise Unavailable("the database is not reachable")

    monkeypatch.setattr(runners, "POLL_S", 0.01)
    monkeypatch.setattr(jobs, "claim", gone)
    with structlog.testing.capture_logs() as lines:
        async with runners.running_jobs(reader, UNHURRIED):
            await asyncio.sleep(1)
    told = [line["again_after_s"] for line in lines if line["event"] == "no job can be claimed"]
    pauses = [pause_s for pause_s in told if pause_s < 1]  # the application of other tests looks too
    assert pauses[:4] == [0.02, 0.04, 0.08, 0.16]
    assert len(pauses) < 9
