"""How each coverage analysis is worked: a task in, its answer as JSON out."""

from typing import Any

import msgspec
import numpy as np

from registry.domain.coverage import depth, scenario
from registry.domain.coverage.analysis import (
    CompareTask,
    Comparison,
    CriticalityAnswer,
    CriticalityTask,
    DepthAnswer,
    DepthTask,
    DistanceTask,
    GapsAnswer,
    GapsTask,
    MeasureTask,
    Option,
    ScenarioAnswer,
    ScenarioTask,
    SitingTask,
    Sole,
    Task,
)
from registry.domain.coverage.candidate_filter import concerned
from registry.domain.coverage.coverage import METHOD
from registry.domain.coverage.demand import links, positions, weights
from registry.domain.coverage.depth import DepthLevel
from registry.domain.coverage.distance_to_nearest import Remoteness, remoteness
from registry.domain.coverage.gaps import Bound, gaps
from registry.domain.coverage.ground.ground import Ground
from registry.domain.coverage.ground.interval_cover import Cover, Spread, spread
from registry.domain.coverage.progress import Told, part, unheard
from registry.domain.coverage.question import Question, answered, ground_of, measure, watchers_of, work_out
from registry.domain.coverage.siting import placement
from registry.domain.coverage.watcher import Watcher


def run(task: Task, told: Told = unheard) -> bytes:
    """The answer to a task as JSON; work that is done cover by cover tells how far it is."""
    work = _BY_COVER.get(type(task))
    return msgspec.json.encode(work(task, told) if work else _AT_ONCE[type(task)](task))


def _gaps(task: GapsTask, told: Told) -> GapsAnswer:
    assessment = work_out(task.question, told=told)
    answer = answered(task.question, assessment)
    found = gaps(assessment, bound=task.bound, sliver_m2=task.sliver_m2, limit=task.limit)
    return GapsAnswer(**msgspec.structs.asdict(answer), gaps=found)


def _cover(question: Question, bound: Bound) -> tuple[Ground, list[Watcher], Cover]:
    ground = ground_of(question)
    tested = [w for w in concerned(ground, watchers_of(question)) if w.testable]
    covers: Spread = spread(ground.plane, tested)
    cover: Cover = getattr(covers, bound)
    return ground, tested, cover


def _depth(task: DepthTask) -> DepthAnswer:
    ground, _, cover = _cover(task.question, task.bound)
    found = depth.faces(ground, cover, task.levels)
    total = float(ground.area_m2.sum())
    points = task.question.demand
    counts = weight = None
    if points is not None:
        counts, weight = links(ground.plane, cover, positions(points)).counts, weights(points)
    levels = []
    for level, area in enumerate(depth.at_least_m2(found), start=1):
        reached = None if counts is None or weight is None else float(weight[counts >= level].sum())
        share = None if reached is None or weight is None else reached / (float(weight.sum()) or 1.0)
        levels.append(DepthLevel(level, float(area), float(area) / total, reached, share))
    return DepthAnswer(
        area_m2=total,
        method=METHOD,
        bound=task.bound,
        levels=levels,
        faces=depth.drawn_by_depth(ground, found) if task.draw else [],
        demand_total=None if weight is None else float(weight.sum()),
        demand_basis=task.question.demand_basis,
    )


def _criticality(task: CriticalityTask) -> CriticalityAnswer:
    ground, tested, cover = _cover(task.question, task.bound)
    found = depth.faces(ground, cover, 2)
    alone = depth.sole_m2(found, len(tested))
    needed = None
    if task.question.demand is not None:
        pairs = links(ground.plane, cover, positions(task.question.demand))
        single = pairs.counts[pairs.point] == 1
        heavy = weights(task.question.demand)[pairs.point[single]]
        needed = np.bincount(pairs.watcher[single], heavy, len(tested))
    order = np.lexsort((-(needed if needed is not None else alone), -alone))
    total = float(ground.area_m2.sum())
    once, twice = depth.at_least_m2(found)
    listed = [
        Sole(w.id, w.name, w.place, float(alone[i]), float(alone[i]) / total, _figure(needed, i))
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


def _scenario(task: ScenarioTask, told: Told) -> ScenarioAnswer:
    question, ground = task.question, ground_of(task.question)
    present = msgspec.structs.replace(question, scenario=None)
    before = work_out(present, ground, part(told, 0, 2))
    after = work_out(question, ground, part(told, 1, 2))
    return ScenarioAnswer(
        before=answered(present, before),
        after=answered(question, after),
        difference=scenario.difference(before, after),
    )


def _siting(task: SitingTask) -> placement.Plan:
    return placement.plan(task.question, task.how, task.candidates, task.forbidden)


def _distance(task: DistanceTask) -> Remoteness:
    question = task.question
    return remoteness(
        watchers_of(question), question.demand or [], limit=task.limit, basis=question.demand_basis
    )


def _compare(task: CompareTask, told: Told) -> Comparison:
    present, ground, count = task.question, ground_of(task.question), 1 + len(task.scenarios)
    before = work_out(present, ground, part(told, 0, count))
    options = []
    for at, one in enumerate(task.scenarios, start=1):
        question = msgspec.structs.replace(present, scenario=one.changes)
        after = work_out(question, ground, part(told, at, count))
        options.append(
            Option(
                id=one.id,
                name=one.name,
                answer=answered(question, after),
                difference=scenario.difference(before, after),
            )
        )
    options.sort(key=lambda option: -option.answer.covered_m2.nominal)
    return Comparison(before=answered(present, before), scenarios=options)


_BY_COVER: dict[type[Any], Any] = {
    MeasureTask: lambda task, told: measure(task.question, told),
    GapsTask: _gaps,
    ScenarioTask: _scenario,
    CompareTask: _compare,
}
_AT_ONCE: dict[type[Any], Any] = {
    DepthTask: _depth,
    CriticalityTask: _criticality,
    SitingTask: _siting,
    DistanceTask: _distance,
}
