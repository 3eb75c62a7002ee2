"""Demand as weighted points: which of them a cover reaches, by geodesic distance, edge included."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from msgspec import Struct

from registry.domain.coverage.coverage import Estimate
from registry.domain.coverage.geometry.interval_cover import CoverInterval, CoverShapes
from registry.domain.coverage.geometry.plane import GEOD, Flags, Floats, Indices, Plane, scale_bound
from registry.domain.coverage.geometry.study_area import StudyArea
from registry.domain.coverage.listing import FreeCover
from registry.domain.values import Name

EDGE_M = 1e-6
"""A point on the edge is covered. Geodesic distances are exact to nanometres."""


class DemandPoint(Struct, frozen=True):
    """A place of need with its weight: people, households, or one."""

    lon: float
    lat: float
    weight: float = 1.0
    """Persons, households, or one."""
    id: str | None = None
    name: Name | None = None


class MissingDemand(Struct, frozen=True):
    """Demand that cannot be placed or weighed; `weight` is None where it is not known."""

    id: str | None
    name: Name | None
    lacks: Literal["point", "weight"]
    weight: float | None = None


class DemandCover(Struct, frozen=True, kw_only=True):
    """The demand that is covered, as an interval, and the heaviest points that are not covered as listed.

    `total`, `covered` and `ratio` are None while the weight of any point is not known; `missing` names those.
    `points_covered` counts points, `never_covered` those that nothing can cover.
    """

    total: float | None
    """Weight of all points; null when it is not known."""
    points: int
    covered: Estimate | None
    ratio: Estimate | None
    points_covered: Estimate
    uncovered: list[DemandPoint]
    uncovered_count: int
    never_covered: int
    missing: list[MissingDemand]
    """Points that cannot be placed or weighed."""
    missing_count: int


@dataclass(frozen=True)
class ReachPairs:
    """Pairs of a watcher and a demand point within its reach."""

    watcher: Indices
    point: Indices
    points: int

    @property
    def counts(self) -> Indices:
        """How many watchers reach each point."""
        return np.bincount(self.point, minlength=self.points)


def positions(points: Sequence[DemandPoint]) -> Floats:
    """Lon/lat of every point."""
    return np.array([(p.lon, p.lat) for p in points], dtype=float).reshape(-1, 2)


def weights(points: Sequence[DemandPoint]) -> Floats:
    """The weight of every point."""
    return np.array([p.weight for p in points], dtype=float)


def reach_pairs(plane: Plane, cover: CoverShapes, lonlat: Floats) -> ReachPairs:
    """Every watcher with every demand point that it reaches."""
    if len(lonlat) == 0:
        nothing = np.empty(0, dtype=np.intp)
        return ReachPairs(nothing, nothing, 0)
    xy = plane.forward(lonlat)
    disc, point = _disc_links(plane, cover, lonlat, xy)
    spot, shape = shapely.STRtree(cover.shapes).query(shapely.points(xy), predicate="intersects")
    watcher = np.concatenate([cover.disc_owner[disc], cover.shape_owner[shape]])
    return ReachPairs(watcher, np.concatenate([point, spot]), len(lonlat))


def _disc_links(plane: Plane, cover: CoverShapes, lonlat: Floats, xy: Floats) -> tuple[Indices, Indices]:
    """Pairs of a disc and a point in it.

    The plane decides the clear cases, the geodesic inverse those near the edge.
    """
    centre, radius = plane.forward(cover.lonlat), cover.radius_m
    farthest = float(np.hypot(*np.concatenate([xy, centre]).T).max(initial=0.0))
    factor = scale_bound(farthest + float(radius.max(initial=0.0)))
    outer = radius * factor + 1.0
    (x, y), tree = centre.T, shapely.STRtree(shapely.points(xy))
    disc, point = tree.query(shapely.box(x - outer, y - outer, x + outer, y + outer))
    apart = np.hypot(*(xy[point] - centre[disc]).T)
    maybe = apart <= outer[disc]
    disc, point, apart = disc[maybe], point[maybe], apart[maybe]
    within = apart < radius[disc] / factor - 1.0
    close = np.flatnonzero(~within)
    _, _, exact = GEOD.inv(*cover.lonlat[disc[close]].T, *lonlat[point[close]].T)
    within[close] = exact <= radius[disc[close]] + EDGE_M
    return disc[within], point[within]


def total_weight(points: Sequence[DemandPoint], missing: Sequence[MissingDemand]) -> float | None:
    """The weight of all demand, placed or not; None while the weight of any is not known."""
    beside = [one.weight for one in missing]
    if None in beside:
        return None
    return float(weights(points).sum()) + sum(weight or 0.0 for weight in beside)


def weighed(
    reached: Sequence[Flags], points: Sequence[DemandPoint], missing: Sequence[MissingDemand], free: FreeCover
) -> Estimate | None:
    """The weight of the points that are reached at least, as listed and at most; None while it is not known.

    Demand without a point may be reached; free cover may reach every point.
    """
    total, weight = total_weight(points, missing), weights(points)
    if total is None:
        return None
    low, mid, high = (float(weight[flags].sum()) for flags in reached)
    most = high + total - float(weight.sum()) if free.none else total
    return Estimate(min(low, mid), mid, max(mid, most))


def share(covered: Estimate | None, total: float | None) -> Estimate | None:
    """The share of the demand that is covered; None of no demand."""
    if covered is None or not total:
        return None
    return Estimate(covered.lower / total, covered.nominal / total, min(1.0, covered.upper / total))


def cover_of(
    area: StudyArea,
    covers: CoverInterval,
    points: Sequence[DemandPoint],
    missing: Sequence[MissingDemand],
    free: FreeCover,
    *,
    need: int,
    limit: int,
) -> DemandCover:
    """How much of the demand is reached at least `need` times, with the heaviest uncovered points."""
    lonlat, weight = positions(points), weights(points)
    reached = [
        reach_pairs(area.plane, c, lonlat).counts >= need
        for c in (covers.lower, covers.nominal, covers.upper)
    ]
    covered, total = weighed(reached, points, missing, free), total_weight(points, missing)
    open_points = np.flatnonzero(~reached[1])
    heaviest = open_points[np.argsort(-weight[open_points], kind="stable")][:limit]
    low, mid, high = (float(flags.sum()) for flags in reached)
    count = len(points) + len(missing)
    return DemandCover(
        total=total,
        points=count,
        covered=covered,
        ratio=share(covered, total),
        points_covered=Estimate(
            min(low, mid), mid, max(mid, high + len(missing) if free.none else float(count))
        ),
        uncovered=[points[i] for i in heaviest],
        uncovered_count=len(open_points),
        never_covered=int((~reached[2]).sum()) if free.none else 0,
        missing=list(missing[:limit]),
        missing_count=len(missing),
    )
