"""Demand as weighted points: which of them a cover reaches, by geodesic distance, edge included."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from msgspec import Struct

from registry.domain.coverage.coverage import Estimate
from registry.domain.coverage.geometry.interval_cover import CoverInterval, CoverShapes
from registry.domain.coverage.geometry.plane import GEOD, Floats, Indices, Plane, scale_bound
from registry.domain.coverage.geometry.study_area import StudyArea
from registry.domain.values import Name

EDGE_M = 1e-6
"""A point on the edge is covered. Geodesic distances are exact to nanometres."""


class DemandPoint(Struct, frozen=True):
    """A place of need with its weight: people, households, or one."""

    lon: float
    lat: float
    weight: float = 1.0
    id: str | None = None
    name: Name | None = None


class DemandCover(Struct, frozen=True):
    """The demand that is covered, as an interval, and the heaviest uncovered points."""

    total: float
    points: int
    covered: Estimate
    ratio: Estimate
    uncovered: list[DemandPoint]
    uncovered_count: int


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


def cover_of(
    area: StudyArea, covers: CoverInterval, points: Sequence[DemandPoint], *, need: int, limit: int
) -> DemandCover:
    """How much of the demand is reached at least `need` times, with the heaviest uncovered points."""
    lonlat, weight = positions(points), weights(points)
    reached = [
        reach_pairs(area.plane, c, lonlat).counts >= need
        for c in (covers.lower, covers.nominal, covers.upper)
    ]
    low, mid, high = (float(weight[r].sum()) for r in reached)
    total = float(weight.sum())
    covered = Estimate(min(low, mid), mid, max(mid, high))
    open_points = np.flatnonzero(~reached[1])
    heaviest = open_points[np.argsort(-weight[open_points], kind="stable")][:limit]
    ratio = Estimate(*(v / total if total else 0.0 for v in (covered.lower, covered.nominal, covered.upper)))
    return DemandCover(total, len(points), covered, ratio, [points[i] for i in heaviest], len(open_points))
