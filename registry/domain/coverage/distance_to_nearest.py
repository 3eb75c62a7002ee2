"""How far each demand point is from the nearest resource."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from msgspec import Struct

from registry.domain.completeness import SetAnswer, Undecided, unlisted_at_most
from registry.domain.coverage.demand import DemandPoint, MissingDemand, positions, total_weight, weights
from registry.domain.coverage.geometry.interval_cover import region_of
from registry.domain.coverage.geometry.plane import (
    GEOD,
    Floats,
    Indices,
    centred_on,
    lonlat_of,
    scale_bound,
)
from registry.domain.coverage.listing import CoverageListing, Unit
from registry.domain.coverage.watcher import Disc, Watcher
from registry.domain.errors import InvalidQuery

SHARES = (0.5, 0.75, 0.9, 0.95, 1.0)
NOBODY = -1


class DistanceEstimate(Struct, frozen=True):
    """A distance in metres with its bounds.

    `nominal` is None where no position is recorded, or where that distance is within the position's
    uncertainty; `upper` is None where nothing bounds it, and `lower` where there is no resource at all.
    """

    lower: float | None
    nominal: float | None
    upper: float | None


class PointDistance(Struct, frozen=True):
    """A demand point with the resource that is nearest as recorded, None where none has a position."""

    point: DemandPoint
    resource: str | None
    distance_m: DistanceEstimate


class Quantile(Struct, frozen=True):
    """The distance within which that share of the demand's weight lies."""

    share: float
    distance_m: DistanceEstimate


class NearestDistances(SetAnswer, frozen=True, kw_only=True):
    """Distances from demand to the nearest resource, farthest first.

    The mean and the quantiles are None while the weight of any demand is not known; `missing` names it.
    """

    points: int
    weight: float | None
    mean_m: DistanceEstimate | None
    quantiles: list[Quantile] | None
    farthest: list[PointDistance]
    located: int
    unlocated: int
    missing: list[MissingDemand]
    without_extent: list[Unit]
    demand_basis: str | None = None


@dataclass(frozen=True)
class _Distances:
    """For each point: the nearest recorded position, and the least, recorded and greatest distance.

    NaN is a recorded distance that tells nothing, infinity one without bound.
    """

    nearest: Indices
    low: Floats
    mid: Floats
    high: Floats


def distance_to_nearest(
    watchers: Sequence[Watcher],
    points: Sequence[DemandPoint],
    missing: Sequence[MissingDemand] = (),
    *,
    listing: CoverageListing,
    undecided: Undecided,
    limit: int,
    basis: str | None = None,
) -> NearestDistances:
    """Measure every demand point to its nearest resource, in geodesic metres; InvalidQuery without a point.

    Where something may exist that is not listed, or may be anywhere, it may be at any point.
    """
    if not points:
        raise InvalidQuery("there is no demand point to measure", field="demand")
    lonlat, weight = positions(points), weights(points)
    located = [w for w in watchers if w.position is not None]
    found = _distances(lonlat, located, [w for w in watchers if w.position is None])
    low = found.low
    if unlisted_at_most(listing.completeness) != 0:
        low = np.zeros(len(points))
    found = _Distances(found.nearest, low, found.mid, found.high)
    total = total_weight(points, missing)
    every, heavy = _with_unplaced(found, weight, missing)
    farthest = np.argsort(-np.where(np.isnan(found.mid), found.high, found.mid), kind="stable")[:limit]
    return NearestDistances(
        completeness=listing.completeness,
        undecided=undecided,
        excluded=listing.excluded,
        points=len(points) + len(missing),
        weight=total,
        mean_m=None if total is None else _mean(every, heavy),
        quantiles=None if total is None else [Quantile(s, _quantile(every, heavy, s)) for s in SHARES],
        farthest=[
            PointDistance(points[i], _id(located, found.nearest[i]), _estimate(found, i)) for i in farthest
        ],
        located=len(located),
        unlocated=len(watchers) - len(located),
        missing=list(missing[:limit]),
        without_extent=listing.without_extent,
        demand_basis=basis,
    )


def _with_unplaced(
    found: _Distances, weight: Floats, missing: Sequence[MissingDemand]
) -> tuple[_Distances, Floats]:
    """The distances and weights with those of demand without a point, which may be at any distance."""
    count = len(missing)
    every = _Distances(
        np.append(found.nearest, np.full(count, NOBODY)),
        np.append(found.low, np.zeros(count)),
        np.append(found.mid, np.full(count, np.nan)),
        np.append(found.high, np.full(count, np.inf)),
    )
    return every, np.append(weight, [one.weight or 0.0 for one in missing])


def _id(located: Sequence[Watcher], at: int) -> str | None:
    return None if at == NOBODY else located[at].id


def _estimate(found: _Distances, at: int) -> DistanceEstimate:
    return _of(float(found.low[at]), float(found.mid[at]), float(found.high[at]))


def _of(low: float, mid: float, high: float) -> DistanceEstimate:
    return DistanceEstimate(*(value if np.isfinite(value) else None for value in (low, mid, high)))


def _distances(lonlat: Floats, located: Sequence[Watcher], others: Sequence[Watcher]) -> _Distances:
    count = len(lonlat)
    low, high = np.full(count, np.inf), np.full(count, np.inf)
    nearest, mid = np.full(count, NOBODY, dtype=np.intp), np.full(count, np.nan)
    if located:
        spots = np.array([w.position for w in located], dtype=float)
        doubt = np.array([w.uncertainty_m or 0.0 for w in located])
        sure = np.array([not w.unknown for w in located])
        low = _measured(lonlat, spots, doubt).low
        if sure.any():
            certain = _measured(lonlat, spots[sure], doubt[sure])
            nearest, mid, high = np.flatnonzero(sure)[certain.nearest], certain.mid, certain.high
            mid = np.where((mid <= doubt[nearest]) & (doubt[nearest] > 0.0), np.nan, mid)
    for watcher in _distinct(others):
        least, most = _to_extents(lonlat, watcher)
        low = np.minimum(low, least)
        if not watcher.unknown:
            high = np.minimum(high, most)
    return _Distances(nearest, low, mid, high)


def _distinct(watchers: Sequence[Watcher]) -> list[Watcher]:
    """One watcher for each set of extents: others in the same places are as far."""
    keys = {(w.extents, w.extents_complete, bool(w.unknown)): w for w in watchers}
    return list(keys.values())


def _measured(lonlat: Floats, spots: Floats, doubt: Floats) -> _Distances:
    """Index of the nearest position, and the least, recorded and greatest distance to any position.

    The plane only selects candidates. Every position that may be the nearest is measured on the ellipsoid.
    """
    plane = centred_on(np.concatenate([lonlat, spots]))
    here, there = plane.forward(lonlat), plane.forward(spots)
    tree = shapely.STRtree(shapely.points(there))
    _, apart = tree.query_nearest(shapely.points(here), return_distance=True, all_matches=False)
    reach = apart * _distortion(here, there) ** 2 + 2.0 * float(doubt.max()) + 1.0
    point, spot = tree.query(shapely.points(here), predicate="dwithin", distance=reach)
    _, _, exact = GEOD.inv(*lonlat[point].T, *spots[spot].T)
    order = np.lexsort((exact, point))
    first = order[np.flatnonzero(np.diff(point[order], prepend=-1))]
    low, high = np.full(len(lonlat), np.inf), np.full(len(lonlat), np.inf)
    np.minimum.at(low, point, np.maximum(exact - doubt[spot], 0.0))
    np.minimum.at(high, point, exact + doubt[spot])
    return _Distances(spot[first], low, exact[first], high)


def _to_extents(lonlat: Floats, watcher: Watcher) -> tuple[Floats, Floats]:
    """Bounds of the distance of every point from a watcher somewhere in its extents."""
    shapes = watcher.extents
    if not shapes:
        return np.zeros(len(lonlat)), np.full(len(lonlat), np.inf)
    plane = centred_on(np.concatenate([lonlat, *(_corners(shape) for shape in shapes)]))
    here = plane.forward(lonlat)
    regions = [region_of(plane, shape) for shape in shapes]
    rims = [lonlat_of(shapely.convex_hull(region)) for region in regions]
    factor = _distortion(here, *rims)
    least = np.min([shapely.distance(shapely.points(here), region) for region in regions], axis=0) / factor
    most = np.max([_farthest(here, rim) for rim in rims], axis=0) * factor
    if watcher.extents_complete:
        return least, most
    return np.zeros(len(lonlat)), np.full(len(lonlat), np.inf)


def _farthest(points: Floats, rim: Floats) -> Floats:
    """The distance of every point from the farthest corner of a hull."""
    away = [np.hypot(*(points - corner).T) for corner in rim]
    return np.asarray(np.max(away, axis=0))


def _corners(shape: bytes | Disc) -> Floats:
    if isinstance(shape, Disc):
        return np.array([[shape.lon, shape.lat]])
    return lonlat_of(shapely.from_wkb(shape))


def _distortion(*coordinates: Floats) -> float:
    return scale_bound(float(np.hypot(*np.concatenate(coordinates).T).max()))


def _mean(found: _Distances, weight: Floats) -> DistanceEstimate:
    heavy = weight if weight.sum() else None
    return _of(*(float(np.average(bound, weights=heavy)) for bound in (found.low, found.mid, found.high)))


def _quantile(found: _Distances, weight: Floats, share: float) -> DistanceEstimate:
    """The least distance within which at least that share of the weight lies.

    A recorded distance that tells nothing has its place by its greatest, and makes the quantile None.
    """
    low, high = (_at_share(bound, bound, weight, share) for bound in (found.low, found.high))
    place = np.where(np.isnan(found.mid), found.high, found.mid)
    return _of(low, _at_share(place, found.mid, weight, share), high)


def _at_share(order_by: Floats, values: Floats, weight: Floats, share: float) -> float:
    order = np.argsort(order_by, kind="stable")
    total = np.cumsum(weight[order] if weight.sum() else np.ones(len(order)))
    at = int(np.searchsorted(total, share * total[-1] * (1 - 1e-12)))
    return float(values[order[min(at, len(order) - 1)]])
