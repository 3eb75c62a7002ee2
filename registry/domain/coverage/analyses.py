"""How each coverage analysis is worked: a task in, its answer out."""

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from registry.domain.coverage import depth, scenario
from registry.domain.coverage.coverage import METHOD, Progress, no_progress, progress_share
from registry.domain.coverage.demand import positions, reach_pairs, weights
from registry.domain.coverage.depth import DepthFace, DepthLevel
from registry.domain.coverage.distance_to_nearest import NearestDistances, distance_to_nearest
from registry.domain.coverage.gaps import Bound, Gaps, gaps
from registry.domain.coverage.geometry.interval_cover import CoverInterval, CoverShapes, cover_interval
from registry.domain.coverage.geometry.study_area import StudyArea
from registry.domain.coverage.measure import (
    CoverageAnswer,
    CoverageInputs,
    answer_from,
    assess_inputs,
    measure,
    relevant_watchers,
    study_area_of,
    watchers_of,
)
from registry.domain.coverage.siting import placement
from registry.domain.coverage.tasks import (
    CompareTask,
    CriticalityTask,
    DepthTask,
    DistanceTask,
    GapsTask,
    MeasureTask,
    ScenarioTask,
    SitingTask,
    Task,
)
from registry.domain.coverage.watcher import Watcher
from registry.domain.values import Name


class GapsAnswer(CoverageAnswer, frozen=True, kw_only=True):
    """Coverage with the gaps, largest first."""

    gaps: Gaps


class DepthAnswer(Struct, frozen=True, kw_only=True):
    """Ground and demand covered at least once, twice, …"""

    area_m2: float
    method: str
    bound: Bound
    levels: list[DepthLevel]
    faces: list[DepthFace]
    demand_total: float | None
    demand_basis: str | None


class SoleCoverage(Struct, frozen=True):
    """What is lost when this resource fails."""

    id: str
    name: Name | None
    place: str | None
    sole_m2: float
    share: float
    sole_demand: float | None


class CriticalityAnswer(Struct, frozen=True, kw_only=True):
    """For every resource what only it covers, most first; 0 for one whose ground others cover too."""

    area_m2: float
    method: str
    bound: Bound
    covered_m2: float
    covered_once_m2: float
    resources: list[SoleCoverage]
    count: int


class ScenarioAnswer(Struct, frozen=True, kw_only=True):
    """The present, the scenario, and what it changes."""

    before: CoverageAnswer
    after: CoverageAnswer
    difference: scenario.Difference


class ScenarioOption(Struct, frozen=True, kw_only=True):
    """One scenario's answer and what it changes."""

    id: str
    name: Name
    answer: CoverageAnswer
    difference: scenario.Difference


class Comparison(Struct, frozen=True, kw_only=True):
    """The present, and the scenarios, the one that covers most first."""

    before: CoverageAnswer
    scenarios: list[ScenarioOption]


AnalysisAnswer = (
    CoverageAnswer
    | GapsAnswer
    | DepthAnswer
    | CriticalityAnswer
    | ScenarioAnswer
    | placement.SitingPlan
    | NearestDistances
    | Comparison
)


def run_task(task: Task, progress: Progress = no_progress) -> AnalysisAnswer:
    """The answer to a task. Work that goes cover by cover reports its progress."""
    work: Callable[[Any, Progress], AnalysisAnswer] = _WORK[type(task)]
    return work(task, progress)


def _measure(task: MeasureTask, progress: Progress) -> CoverageAnswer:
    return measure(task.inputs, progress)


def _gaps(task: GapsTask, progress: Progress) -> GapsAnswer:
    assessment = assess_inputs(task.inputs, progress=progress)
    answer = answer_from(task.inputs, assessment)
    listed = gaps(assessment, bound=task.bound, sliver_m2=task.sliver_m2, limit=task.limit)
    return GapsAnswer(**msgspec.structs.asdict(answer), gaps=listed)


def _cover(inputs: CoverageInputs, bound: Bound) -> tuple[StudyArea, list[Watcher], CoverShapes]:
    area = study_area_of(inputs)
    tested = [w for w in relevant_watchers(area, watchers_of(inputs)) if w.testable]
    covers: CoverInterval = cover_interval(area.plane, tested)
    cover: CoverShapes = getattr(covers, bound)
    return area, tested, cover


def _depth(task: DepthTask, _progress: Progress) -> DepthAnswer:
    area, _, cover = _cover(task.inputs, task.bound)
    faces = depth.faces(area, cover, task.levels)
    total = float(area.area_m2.sum())
    points = task.inputs.demand
    counts = weight = None
    if points is not None:
        counts, weight = reach_pairs(area.plane, cover, positions(points)).counts, weights(points)
    levels = []
    for level, area_m2 in enumerate(depth.at_least_m2(faces), start=1):
        reached = None if counts is None or weight is None else float(weight[counts >= level].sum())
        share = None if reached is None or weight is None else reached / (float(weight.sum()) or 1.0)
        levels.append(DepthLevel(level, float(area_m2), float(area_m2) / total, reached, share))
    return DepthAnswer(
        area_m2=total,
        method=METHOD,
        bound=task.bound,
        levels=levels,
        faces=depth.drawn_by_depth(area, faces) if task.draw else [],
        demand_total=None if weight is None else float(weight.sum()),
        demand_basis=task.inputs.demand_basis,
    )


def _criticality(task: CriticalityTask, _progress: Progress) -> CriticalityAnswer:
    area, tested, cover = _cover(task.inputs, task.bound)
    faces = depth.faces(area, cover, 2)
    alone = depth.sole_m2(faces, len(tested))
    needed = None
    if task.inputs.demand is not None:
        pairs = reach_pairs(area.plane, cover, positions(task.inputs.demand))
        single = pairs.counts[pairs.point] == 1
        heavy = weights(task.inputs.demand)[pairs.point[single]]
        needed = np.bincount(pairs.watcher[single], heavy, len(tested))
    order = np.lexsort((-(needed if needed is not None else alone), -alone))
    total = float(area.area_m2.sum())
    once, twice = depth.at_least_m2(faces)
    listed = [
        SoleCoverage(w.id, w.name, w.place, float(alone[i]), float(alone[i]) / total, _figure(needed, i))
        for i, w in ((i, tested[i]) for i in order[: task.limit])
    ]
    return CriticalityAnswer(
        area_m2=total,
        method=METHOD,
        bound=task.bound,
        covered_m2=float(once),
        covered_once_m2=float(once - twice),
        resources=listed,
        count=len(tested),
    )


def _figure(values: Any, at: int) -> float | None:
    return None if values is None else float(values[at])


def _scenario(task: ScenarioTask, progress: Progress) -> ScenarioAnswer:
    inputs, area = task.inputs, study_area_of(task.inputs)
    present = msgspec.structs.replace(inputs, scenario=None)
    before = assess_inputs(present, area, progress_share(progress, 0, 2))
    after = assess_inputs(inputs, area, progress_share(progress, 1, 2))
    return ScenarioAnswer(
        before=answer_from(present, before),
        after=answer_from(inputs, after),
        difference=scenario.difference(before, after),
    )


def _siting(task: SitingTask, _progress: Progress) -> placement.SitingPlan:
    return placement.choose_sites(task.inputs, task.how, task.candidates, task.forbidden)


def _distance(task: DistanceTask, _progress: Progress) -> NearestDistances:
    inputs = task.inputs
    return distance_to_nearest(
        watchers_of(inputs), inputs.demand or [], limit=task.limit, basis=inputs.demand_basis
    )


def _compare(task: CompareTask, progress: Progress) -> Comparison:
    present, area, count = task.inputs, study_area_of(task.inputs), 1 + len(task.scenarios)
    before = assess_inputs(present, area, progress_share(progress, 0, count))
    options = []
    for at, one in enumerate(task.scenarios, start=1):
        inputs = msgspec.structs.replace(present, scenario=one.changes)
        after = assess_inputs(inputs, area, progress_share(progress, at, count))
        options.append(
            ScenarioOption(
                id=one.id,
                name=one.name,
                answer=answer_from(inputs, after),
                difference=scenario.difference(before, after),
            )
        )
    options.sort(key=lambda option: -option.answer.covered_m2.nominal)
    return Comparison(before=answer_from(present, before), scenarios=options)


_WORK: dict[type[Any], Any] = {
    MeasureTask: _measure,
    GapsTask: _gaps,
    DepthTask: _depth,
    CriticalityTask: _criticality,
    ScenarioTask: _scenario,
    SitingTask: _siting,
    DistanceTask: _distance,
    CompareTask: _compare,
}
