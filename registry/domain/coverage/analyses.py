"""How each coverage analysis is worked: a task in, its answer out."""

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from msgspec import UNSET, Struct, UnsetType

from registry.domain.completeness import SetAnswer, of_set
from registry.domain.coverage import depth, scenario, sole
from registry.domain.coverage.coverage import (
    METHOD,
    Estimate,
    Progress,
    no_progress,
    progress_share,
    ratio_of,
)
from registry.domain.coverage.demand import MissingDemand, positions, share, total_weight, weighed
from registry.domain.coverage.depth import DepthFace, DepthLevel
from registry.domain.coverage.distance_to_nearest import NearestDistances, distance_to_nearest
from registry.domain.coverage.gaps import Bound, Gaps, certain_gaps, possible_gaps
from registry.domain.coverage.geometry.study_area import unmeasured_m2
from registry.domain.coverage.listing import Unit, free_cover
from registry.domain.coverage.measure import (
    CoverageAnswer,
    answer_from,
    assess_inputs,
    measure,
    study_area_of,
    used_sight,
    watchers_of,
    watchers_of_area,
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
from registry.domain.coverage.undecided import undecided
from registry.domain.terrain.watched import SightUsed
from registry.domain.values import Name


class GapsAnswer(CoverageAnswer, frozen=True, kw_only=True):
    """Coverage with the gaps, largest first: those that nothing can cover, and those that may be covered."""

    bound: Bound
    uncovered_m2: Estimate
    certain_gaps: Gaps
    possible_gaps: Gaps


class DepthAnswer(SetAnswer, frozen=True, kw_only=True):
    """Ground and demand covered at least once, twice, …; the faces are those of `bound`."""

    area_m2: float
    unmeasured_m2: float | None
    method: str
    bound: Bound
    levels: list[DepthLevel]
    faces: list[DepthFace]
    demand_total: float | None
    demand_basis: str | None
    demand_missing: list[MissingDemand]
    without_extent: list[Unit]
    sight: SightUsed | UnsetType = UNSET
    """What an answer by line of sight was worked out from."""


class SoleCoverage(Struct, frozen=True):
    """What is lost when this resource fails."""

    id: str
    name: Name | None
    place: str | None
    sole_m2: Estimate
    share: Estimate
    sole_demand: Estimate | None


class CriticalityAnswer(SetAnswer, frozen=True, kw_only=True):
    """For every resource what only it covers, most first; 0 for one whose ground others cover too."""

    area_m2: float
    unmeasured_m2: float | None
    method: str
    covered_m2: Estimate
    covered_once_m2: Estimate
    resources: list[SoleCoverage]
    count: int
    demand_missing: list[MissingDemand]
    without_extent: list[Unit]
    sight: SightUsed | UnsetType = UNSET
    """What an answer by line of sight was worked out from."""


class ScenarioAnswer(SetAnswer, frozen=True, kw_only=True):
    """The present, the scenario, and what it changes. What is not decided is so in the scenario."""

    before: CoverageAnswer
    after: CoverageAnswer
    difference: scenario.Difference


class ScenarioOption(Struct, frozen=True, kw_only=True):
    """One scenario's answer and what it changes."""

    id: str
    name: Name
    answer: CoverageAnswer
    difference: scenario.Difference


class Comparison(SetAnswer, frozen=True, kw_only=True):
    """The present, and the scenarios, the one that covers most as recorded first."""

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
    area_m2, covered = answer.area_m2, answer.covered_m2
    return GapsAnswer(
        **msgspec.structs.asdict(answer),
        bound=task.bound,
        uncovered_m2=Estimate(area_m2 - covered.upper, area_m2 - covered.nominal, area_m2 - covered.lower),
        certain_gaps=certain_gaps(assessment, sliver_m2=task.sliver_m2, limit=task.limit),
        possible_gaps=possible_gaps(assessment, bound=task.bound, sliver_m2=task.sliver_m2, limit=task.limit),
    )


def _depth(task: DepthTask, _progress: Progress) -> DepthAnswer:
    inputs = task.inputs
    cut = depth.cut(study_area_of(inputs), watchers_of_area(inputs), task.levels)
    area, free = cut.area, free_cover(inputs.listing, cut.watchers)
    total, beside = float(area.area_m2.sum()), unmeasured_m2(area, inputs.listing.unmeasured)
    points = inputs.demand
    counts = None if points is None else cut.counts(positions(points))
    levels = []
    for level, ground in enumerate(cut.at_least_m2(free), start=1):
        reached = None
        if counts is not None and points is not None:
            reached = weighed([count >= level for count in counts], points, inputs.missing, free)
        demand = None if points is None else total_weight(points, inputs.missing)
        levels.append(
            DepthLevel(level, ground, ratio_of(ground, total, beside), reached, share(reached, demand))
        )
    return DepthAnswer(
        completeness=inputs.listing.completeness,
        undecided=undecided(area, cut.watchers),
        excluded=inputs.listing.excluded,
        area_m2=total,
        unmeasured_m2=beside,
        method=METHOD,
        bound=task.bound,
        levels=levels,
        faces=depth.drawn_by_depth(area, cut.of_bound(task.bound)) if task.draw else [],
        demand_total=None if points is None else total_weight(points, inputs.missing),
        demand_basis=inputs.demand_basis,
        demand_missing=inputs.missing,
        without_extent=inputs.listing.without_extent,
        sight=used_sight(inputs, cut.watchers),
    )


def _criticality(task: CriticalityTask, _progress: Progress) -> CriticalityAnswer:
    inputs = task.inputs
    cut = depth.cut(study_area_of(inputs), watchers_of_area(inputs), 2)
    area, free = cut.area, free_cover(inputs.listing, cut.watchers)
    total, beside = float(area.area_m2.sum()), unmeasured_m2(area, inputs.listing.unmeasured)
    alone = sole.ground(cut, free)
    demand = None
    if inputs.demand is not None and total_weight(inputs.demand, inputs.missing) is not None:
        demand = sole.demand(cut, inputs.demand, inputs.missing, free)
    first = alone if demand is None else demand
    order = np.lexsort((-alone.upper, -alone.nominal, -first.upper, -first.nominal))
    once, twice = cut.at_least_m2(free)
    listed = [
        SoleCoverage(
            w.id,
            w.name,
            w.place,
            alone.of(i),
            ratio_of(alone.of(i), total, beside),
            None if demand is None else demand.of(i),
        )
        for i, w in ((int(i), cut.tested[i]) for i in order[: task.limit])
    ]
    return CriticalityAnswer(
        completeness=inputs.listing.completeness,
        undecided=undecided(area, cut.watchers),
        excluded=inputs.listing.excluded,
        area_m2=total,
        unmeasured_m2=beside,
        method=METHOD,
        covered_m2=once,
        covered_once_m2=Estimate(
            max(0.0, once.lower - twice.upper), once.nominal - twice.nominal, once.upper - twice.lower
        ),
        resources=listed,
        count=len(cut.tested),
        demand_missing=inputs.missing,
        without_extent=inputs.listing.without_extent,
        sight=used_sight(inputs, cut.watchers),
    )


def _scenario(task: ScenarioTask, progress: Progress) -> ScenarioAnswer:
    inputs, area = task.inputs, study_area_of(task.inputs)
    present = msgspec.structs.replace(inputs, scenario=None)
    before = assess_inputs(present, area, progress_share(progress, 0, 2))
    after = assess_inputs(inputs, area, progress_share(progress, 1, 2))
    answer = answer_from(inputs, after)
    return ScenarioAnswer(
        **of_set(answer),
        before=answer_from(present, before),
        after=answer,
        difference=scenario.difference(before, after),
    )


def _siting(task: SitingTask, _progress: Progress) -> placement.SitingPlan:
    return placement.choose_sites(task.inputs, task.how, task.candidates, task.forbidden)


def _distance(task: DistanceTask, _progress: Progress) -> NearestDistances:
    inputs = task.inputs
    watchers = watchers_of(inputs)
    return distance_to_nearest(
        watchers,
        inputs.demand or [],
        inputs.missing,
        listing=inputs.listing,
        undecided=undecided(study_area_of(inputs), watchers),
        limit=task.limit,
        basis=inputs.demand_basis,
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
    answer = answer_from(present, before)
    return Comparison(**of_set(answer), before=answer, scenarios=options)


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
