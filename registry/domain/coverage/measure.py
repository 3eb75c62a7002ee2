"""Measure coverage: the inputs of an analysis, and the ratio with the demand reached.

Every coverage answer and every check of a plan is measured here.
"""

from collections.abc import Sequence

import numpy as np
import shapely
from msgspec import UNSET, Struct, UnsetType, field, structs

from registry.domain.coverage.coverage import Assessment, Coverage, Progress, assess, coverage_of, no_progress
from registry.domain.coverage.demand import DemandCover, DemandPoint, MissingDemand, cover_of
from registry.domain.coverage.depth import shallower_than
from registry.domain.coverage.geometry.gaps_geometry import uncovered
from registry.domain.coverage.geometry.interval_cover import region_of
from registry.domain.coverage.geometry.plane import Flags, scale_bound
from registry.domain.coverage.geometry.study_area import StudyArea, lay_out
from registry.domain.coverage.listing import CoverageListing
from registry.domain.coverage.scenario import Changes, applied
from registry.domain.coverage.watcher import AreaPart, Watcher
from registry.domain.terrain.watched import SightQuestion, SightUsed, sight_used

MOST_UNCOVERED = 100


class CoverageInputs(Struct, frozen=True, kw_only=True):
    """The area with the places that divide it, the watchers that may reach it, and the demand in it.

    Ground counts as covered when at least `min_depth` watchers reach it. `missing` is demand without a point
    or a weight.
    """

    whole: AreaPart
    parts: list[AreaPart]
    watchers: list[Watcher]
    listing: CoverageListing
    min_depth: int = 1
    demand: list[DemandPoint] | None = None
    missing: list[MissingDemand] = field(default_factory=list)
    demand_basis: str | None = None
    scenario: Changes | None = None
    sight: SightQuestion | None = None


class CoverageAnswer(Coverage, frozen=True, kw_only=True):
    """Coverage, and the demand reached when demand was given."""

    min_depth: int
    demand: DemandCover | None = None
    demand_basis: str | None = None
    sight: SightUsed | UnsetType = UNSET
    """What an answer by line of sight was worked out from."""


def study_area_of(inputs: CoverageInputs) -> StudyArea:
    """The study area of the inputs."""
    return lay_out(inputs.parts, inputs.whole)


def watchers_of(inputs: CoverageInputs) -> list[Watcher]:
    """The watchers after the scenario's changes."""
    if inputs.scenario is None:
        return inputs.watchers
    return applied(inputs.watchers, inputs.scenario)


def watchers_of_area(inputs: CoverageInputs) -> list[Watcher]:
    """The watchers after the scenario's changes that may touch the area."""
    return relevant_watchers(study_area_of(inputs), watchers_of(inputs))


def assess_inputs(
    inputs: CoverageInputs, area: StudyArea | None = None, progress: Progress = no_progress
) -> Assessment:
    """What the relevant watchers leave uncovered."""
    area = area or study_area_of(inputs)
    return assess_watchers(inputs, area, relevant_watchers(area, watchers_of(inputs)), progress)


def assess_watchers(
    inputs: CoverageInputs, area: StudyArea, watchers: Sequence[Watcher], progress: Progress = no_progress
) -> Assessment:
    """What these watchers leave uncovered, by the depth and the listing of the inputs."""
    rule = shallower_than(inputs.min_depth) if inputs.min_depth > 1 else uncovered
    return assess(area, watchers, inputs.listing, rule, progress)


def answer_from(inputs: CoverageInputs, assessment: Assessment) -> CoverageAnswer:
    """The figures of an assessment, with the demand."""
    demand = None
    if inputs.demand is not None:
        demand = cover_of(
            assessment.area,
            assessment.cover_interval,
            inputs.demand,
            inputs.missing,
            assessment.free,
            need=inputs.min_depth,
            limit=MOST_UNCOVERED,
        )
    return CoverageAnswer(
        **structs.asdict(coverage_of(assessment)),
        min_depth=inputs.min_depth,
        demand=demand,
        demand_basis=inputs.demand_basis,
        sight=used_sight(inputs, assessment.watchers),
    )


def used_sight(inputs: CoverageInputs, watchers: Sequence[Watcher]) -> SightUsed | UnsetType:
    """What an answer by line of sight was worked out from; unset in one by radius."""
    return UNSET if inputs.sight is None else sight_used(inputs.sight, watchers)


def measure(inputs: CoverageInputs, progress: Progress = no_progress) -> CoverageAnswer:
    """The ratio with its interval, and the basis of the answer."""
    return answer_from(inputs, assess_inputs(inputs, progress=progress))


def relevant_watchers(area: StudyArea, watchers: Sequence[Watcher]) -> list[Watcher]:
    """The watchers that may touch the area from a possible position, in their order.

    One without a radius is relevant where it may stand. One that may be anywhere is relevant to every area.
    """
    shapely.prepare(area.whole)
    keep = np.ones(len(watchers), dtype=bool)
    points = [i for i, w in enumerate(watchers) if w.position is not None and w.footprint is None]
    keep[points] = _near_points(area, [watchers[i] for i in points])
    cached: dict[object, bool] = {}
    for i, w in enumerate(watchers):
        if w.position is None or w.footprint is not None:
            key = (w.footprint, w.line, w.extents, w.extents_complete, w.radius_m, w.uncertainty_m)
            if key not in cached:
                cached[key] = _near(area, w)
            keep[i] = cached[key]
    return [w for w, k in zip(watchers, keep, strict=True) if k]


def _near_points(area: StudyArea, watchers: list[Watcher]) -> Flags:
    if not watchers:
        return np.zeros(0, dtype=bool)
    xy = area.plane.forward(np.array([w.position for w in watchers], dtype=float))
    reach = np.array([(w.radius_m or 0.0) + (w.uncertainty_m or 0.0) for w in watchers])
    reach *= scale_bound(area.reach_m + 2.0 * float(reach.max()))
    west, south, east, north = area.bounds
    x, y = xy.T
    near = (x >= west - reach) & (x <= east + reach) & (y >= south - reach) & (y <= north + reach)
    near[near] = shapely.dwithin(shapely.points(xy[near]), area.whole, reach[near])
    return np.asarray(near)


def _near(area: StudyArea, watcher: Watcher) -> bool:
    shapes = [watcher.footprint] if watcher.footprint else [watcher.line, *watcher.extents]
    regions = [region_of(area.plane, s) for s in shapes if s is not None]
    if not regions or not (watcher.located or watcher.extents_complete):
        return True
    reach = 0.0 if watcher.footprint else (watcher.radius_m or 0.0) + (watcher.uncertainty_m or 0.0)
    away = min(shapely.distance(region, area.whole) for region in regions)
    return bool(away <= reach * scale_bound(area.reach_m + 2.0 * reach + float(away)))
