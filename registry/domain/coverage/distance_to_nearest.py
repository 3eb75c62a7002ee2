"""How far each demand point is from the nearest resource."""

from collections.abc import Sequence

import numpy as np
import shapely
from msgspec import Struct

from registry.domain.coverage.coverage import Estimate
from registry.domain.coverage.demand import DemandPoint, positions, weights
from registry.domain.coverage.geometry.plane import GEOD, Floats, Plane, centred_on, scale_bound
from registry.domain.coverage.watcher import Watcher
from registry.domain.errors import InvalidQuery

SHARES = (0.5, 0.75, 0.9, 0.95, 1.0)


class PointDistance(Struct, frozen=True):
    """A demand point with its nearest resource. The interval is over the resource's possible positions."""

    point: DemandPoint
    resource: str
    distance_m: Estimate


class Quantile(Struct, frozen=True):
    """The distance within which that share of the demand's weight lies."""

    share: float
    distance_m: float


class NearestDistances(Struct, frozen=True):
    """Distances from demand to the nearest located resource, farthest first."""

    points: int
    weight: float
    mean_m: float
    quantiles: list[Quantile]
    farthest: list[PointDistance]
    located: int
    unlocated: int
    demand_basis: str | None = None


def distance_to_nearest(
    watchers: Sequence[Watcher], points: Sequence[DemandPoint], *, limit: int, basis: str | None = None
) -> NearestDistances:
    """Measure every demand point to its nearest resource, in geodesic metres.

    InvalidQuery without a demand point or a located resource.
    """
    located = [w for w in watchers if w.position is not None]
    if not located or not points:
        missing = "demand point" if located else "located resource"
        raise InvalidQuery(f"there is no {missing} to measure")
    lonlat, weight = positions(points), weights(points)
    spots = np.array([w.position for w in located], dtype=float)
    doubt = np.array([w.uncertainty_m or 0.0 for w in located])
    nearest, low, mid, high = _nearest(lonlat, spots, doubt)
    farthest = np.argsort(-mid, kind="stable")[:limit]
    return NearestDistances(
        points=len(points),
        weight=float(weight.sum()),
        mean_m=float(np.average(mid, weights=weight if weight.sum() else None)),
        quantiles=[Quantile(share, _quantile(mid, weight, share)) for share in SHARES],
        farthest=[
            PointDistance(
                points[i], located[nearest[i]].id, Estimate(float(low[i]), float(mid[i]), float(high[i]))
            )
            for i in farthest
        ],
        located=len(located),
        unlocated=len(watchers) - len(located),
        demand_basis=basis,
    )


def _nearest(lonlat: Floats, spots: Floats, doubt: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Index of the nearest position, and the least, recorded and greatest distance to any position.

    The plane only selects candidates. Every position that may be the nearest is measured on the ellipsoid.
    """
    plane = centred_on(np.concatenate([lonlat, spots]))
    here, there = plane.forward(lonlat), plane.forward(spots)
    tree = shapely.STRtree(shapely.points(there))
    _, apart = tree.query_nearest(shapely.points(here), return_distance=True, all_matches=False)
    reach = apart * _distortion(plane, here, there) ** 2 + 2.0 * float(doubt.max()) + 1.0
    point, spot = tree.query(shapely.points(here), predicate="dwithin", distance=reach)
    _, _, exact = GEOD.inv(*lonlat[point].T, *spots[spot].T)
    order = np.lexsort((exact, point))
    first = order[np.flatnonzero(np.diff(point[order], prepend=-1))]
    low, high = np.full(len(lonlat), np.inf), np.full(len(lonlat), np.inf)
    np.minimum.at(low, point, np.maximum(exact - doubt[spot], 0.0))
    np.minimum.at(high, point, exact + doubt[spot])
    return spot[first], low, exact[first], high


def _distortion(plane: Plane, *coordinates: Floats) -> float:
    return scale_bound(float(np.hypot(*np.concatenate(coordinates).T).max()))


def _quantile(distance_m: Floats, weight: Floats, share: float) -> float:
    """The least distance within which at least that share of the weight lies."""
    order = np.argsort(distance_m, kind="stable")
    total = np.cumsum(weight[order] if weight.sum() else np.ones(len(order)))
    at = int(np.searchsorted(total, share * total[-1] * (1 - 1e-12)))
    return float(distance_m[order[min(at, len(order) - 1)]])
