"""Analyses in processes of their own: what they say while they work, and how they end."""

import asyncio
import os

import msgspec
import pytest
import shapely

from registry.domain.coverage import analyses
from registry.domain.coverage.measure import CoverageInputs
from registry.domain.coverage.scenario import Changes
from registry.domain.coverage.tasks import CompareTask, GapsTask, MeasureTask, NamedScenario, ScenarioTask
from registry.domain.coverage.watcher import AreaPart, Watcher
from registry.domain.values import Name
from registry.jobs.analysis_process import AnalysisProcess
from registry.jobs.worker_main import COVERS, AnalysisOrder, StepProgress
from tests.domain.coverage_oracles import CLOSED
from tests.waiting import until


def order(task, memory_bytes=2 * 2**30):
    return AnalysisOrder(task=msgspec.msgpack.encode(task), memory_bytes=memory_bytes, cpu_s=60)


def coverage_inputs(uncertainty_m):
    area = AreaPart(shape=shapely.to_wkb(shapely.box(106.0, 29.0, 106.2, 29.2)))
    one = Watcher(id="a", radius_m=3_000.0, position=(106.1, 29.1), uncertainty_m=uncertainty_m)
    return CoverageInputs(whole=area, parts=[], watchers=[one], listing=CLOSED)


def compare(uncertainty_m):
    some = [NamedScenario(str(at), Name(None, f"option {at}"), Changes(remove=["a"])) for at in range(2)]
    return CompareTask(inputs=coverage_inputs(uncertainty_m), scenarios=some)


@pytest.mark.parametrize(
    ("task", "covers"),
    [
        (MeasureTask(inputs=coverage_inputs(0.0)), 1),
        (GapsTask(inputs=coverage_inputs(200.0)), 3),
        (ScenarioTask(inputs=coverage_inputs(0.0)), 2),
        (compare(0.0), 3),
    ],
)
def test_work_tells_how_many_covers_are_done(task, covers):
    told = []
    analyses.run_task(task, lambda done, of: told.append((done, of)))
    assert sorted(set(told)) == [(done, covers) for done in range(covers + 1)]
    assert told == sorted(told)


async def test_a_process_says_how_far_it_is_and_what_it_found():
    process = AnalysisProcess(order(GapsTask(inputs=coverage_inputs(200.0))))
    found = await process.outcome()
    assert process.progress == StepProgress(COVERS, 3, 3)
    assert found.answer == msgspec.json.encode(analyses.run_task(GapsTask(inputs=coverage_inputs(200.0))))


async def test_a_process_works_behind_requests_and_ends_when_it_is_stopped():
    process = AnalysisProcess(order(MeasureTask(inputs=coverage_inputs(0.0))))
    work = asyncio.create_task(process.outcome())
    pid = await until(lambda: process.pid)
    assert os.getpriority(os.PRIO_PROCESS, pid) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)
    await process.stop()
    assert process.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert (await work).problem == "the analysis needed more memory or time than it may use"


async def test_a_process_without_room_ends_with_a_problem():
    small = order(MeasureTask(inputs=coverage_inputs(0.0)), memory_bytes=2**20)
    found = await AnalysisProcess(small).outcome()
    assert found.answer is None
    assert "memory" in found.problem
