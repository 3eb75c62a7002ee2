"""Which points of demand the first of some resources reaches within so many minutes by road."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from registry.domain.completeness import SetAnswer, Undecided, unlisted_at_most
from registry.domain.coverage.coverage import Estimate
from registry.domain.coverage.demand import DemandPoint, MissingDemand, total_weight
from registry.domain.coverage.measure import CoverageInputs
from registry.domain.coverage.watcher import Watcher
from registry.domain.errors import InvalidQuery
from registry.domain.roads.answer import RoadsUsed
from registry.domain.roads.first_arrival import FirstArrivals, first_arrivals
from registry.domain.roads.leg import RoadSpot, Traffic, UnknownLeg
from registry.domain.roads.search import RoadSearch, Seconds

SHARES = (0.5, 0.9, 1.0)


class Duration(Struct, frozen=True):
    """A time by road in minutes: the least, free flow from where all is recorded, and the greatest.

    `lower` is 0 where something may exist that is not listed, or may be anywhere; `upper` holds the factors
    of the condition, and is None without them. None is a time that is not known or has no end.
    """

    lower: float | None
    """From the most favourable places; 0 where something else may exist."""
    free_flow: float | None
    """Free flow from where all is recorded."""
    upper: float | None
    """With the factors of the condition, from the least favourable places of what is sure to count."""


class PointMinutes(Struct, frozen=True, kw_only=True):
    """A point of demand and when the first resource arrives."""

    point: DemandPoint
    minutes: Duration
    unknown: UnknownLeg | None = None
    """Why it has no time."""


class DurationQuantile(Struct, frozen=True):
    """The time within which that share of the weight is reached."""

    share: float
    minutes: Duration


class ReachedDemand(SetAnswer, frozen=True, kw_only=True):
    """The demand that the first resource reaches within the limit, and the points that it does not.

    `reached` is the weight: `lower` by the greatest times, `nominal` at free flow, `upper` by the least. So
    without factors of the office nothing is reached for certain.
    """

    points: int
    weight: float | None
    """Weight of all points; null when it is not known."""
    max_minutes: float
    """The limit that was asked for."""
    reached: Estimate
    """The weight that is reached within the limit."""
    mean: Duration | None
    """The mean over the weight; null while the time of any point is not known."""
    quantiles: list[DurationQuantile] | None
    """Null while the weight of any point is not known."""
    gaps: list[PointMinutes]
    """Points that are not reached at free flow as listed, the latest first."""
    gaps_count: int
    """How many there are."""
    located: int
    unlocated: int
    missing: list[MissingDemand]
    demand_basis: str | None
    roads: RoadsUsed
    """The roads that the minutes are counted on."""


def reach_demand(
    search: RoadSearch, traffic: Traffic, inputs: CoverageInputs, undecided: Undecided, roads: RoadsUsed,
    max_minutes: float, limit: int,
) -> ReachedDemand:  # fmt: skip
    """When the first resource arrives at every point of demand; InvalidQuery without a point."""
    points = inputs.demand or []
    if not points:
        raise InvalidQuery("there is no demand point to reach", field="demand")
    located = [one for one in inputs.watchers if one.position is not None]
    origins = [(_spot(one), not one.unknown) for one in located]
    targets = [RoadSpot(point.lon, point.lat) for point in points]
    times = first_arrivals(search, origins, targets, traffic)
    if len(located) < len(inputs.watchers) or unlisted_at_most(inputs.listing.completeness) != 0:
        times = times._replace(low=np.zeros(len(points)))
    weight = np.asarray([point.weight for point in points], float)
    limit_s = max_minutes * 60
    late = np.flatnonzero(~(times.free_flow <= limit_s))
    latest = late[np.argsort(-times.free_flow[late], kind="stable")]
    total = total_weight(points, inputs.missing)
    return ReachedDemand(
        completeness=inputs.listing.completeness,
        undecided=undecided,
        excluded=inputs.listing.excluded,
        points=len(points) + len(inputs.missing),
        weight=total,
        max_minutes=max_minutes,
        reached=_reached(times, weight, limit_s, inputs.missing),
        mean=None if inputs.missing or any(times.unknown) else _mean(times, weight),
        quantiles=None
        if inputs.missing
        else [DurationQuantile(s, _quantile(times, weight, s)) for s in SHARES],
        gaps=[_point(points, times, int(n)) for n in latest[:limit]],
        gaps_count=len(late),
        located=len(located),
        unlocated=len(inputs.watchers) - len(located),
        missing=list(inputs.missing[:limit]),
        demand_basis=inputs.demand_basis,
        roads=roads,
    )


def _spot(watcher: Watcher) -> RoadSpot:
    lon, lat = watcher.position or (0.0, 0.0)
    return RoadSpot(lon, lat, watcher.uncertainty_m or 0.0)


def _point(points: Sequence[DemandPoint], times: FirstArrivals, n: int) -> PointMinutes:
    minutes = _of(*(float(bound[n]) for bound in (times.low, times.free_flow, times.high)))
    return PointMinutes(point=points[n], minutes=minutes, unknown=times.unknown[n] or _cut_off(times, n))


def _cut_off(times: FirstArrivals, n: int) -> UnknownLeg | None:
    return None if np.isfinite(times.free_flow[n]) else "not_connected"


def _of(low_s: float, free_s: float, high_s: float) -> Duration:
    return Duration(*(round(s / 60, 2) if np.isfinite(s) else None for s in (low_s, free_s, high_s)))


def _reached(
    times: FirstArrivals, weight: Seconds, limit_s: float, missing: Sequence[MissingDemand]
) -> Estimate:
    lower, nominal, upper = (
        float(weight[bound <= limit_s].sum()) for bound in (times.high, times.free_flow, times.low)
    )
    return Estimate(lower, nominal, upper + sum(one.weight or 0.0 for one in missing))


def _mean(times: FirstArrivals, weight: Seconds) -> Duration:
    heavy = weight if weight.sum() else None
    bounds = (times.low, times.free_flow, times.high)
    return _of(*(float(np.average(bound, weights=heavy)) for bound in bounds))


def _quantile(times: FirstArrivals, weight: Seconds, share: float) -> Duration:
    return _of(*(_at_share(bound, weight, share) for bound in (times.low, times.free_flow, times.high)))


def _at_share(values: Seconds, weight: Seconds, share: float) -> float:
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weight[order] if weight.sum() else np.ones(len(order)))
    at = int(np.searchsorted(total, share * total[-1] * (1 - 1e-12)))
    return float(values[order[min(at, len(order) - 1)]])
