"""Which records an answer in minutes lists, which it leaves undecided, and which have no time."""

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from registry.domain.completeness import MOST_NAMED, Reason, Undecided, UndecidedRecord
from registry.domain.geojson import Point
from registry.domain.proximity.figures import mm
from registry.domain.proximity.origin import Start
from registry.domain.roads.answer import (
    MOST_UNKNOWN,
    ByMinutes,
    UnknownTime,
    is_within,
    travel_time,
)
from registry.domain.roads.leg import Leg, RoadSpot

Row = Mapping[str, Any]
NOT_PLACED = ("too_far_from_road", "no_road_data")
"""Reasons for which nobody can tell how long it takes; one that is cut off takes for ever."""


class _Named(Struct, frozen=True):
    name: dict[str, str | None] = {}


class _Positioned(Struct):
    geometry: Point
    properties: _Named = _Named()


_DECODER = msgspec.json.Decoder(_Positioned)


class TimedRecord(NamedTuple):
    """A located record and its time by road."""

    row: Row
    leg: Leg


class Choice(NamedTuple):
    """The hits in the order of their least time, what may belong as well, and what has no time."""

    hits: list[TimedRecord]
    undecided: list[UndecidedRecord]
    unknown: list[UnknownTime]


def spot_of_row(row: Row) -> RoadSpot:
    """Where a located record may be."""
    lon, lat = _DECODER.decode(row["feature"]).geometry.coordinates
    return RoadSpot(lon, lat, float(row["uncertainty_m"] or 0.0))


def in_order(timed: Iterable[TimedRecord]) -> list[TimedRecord]:
    """The records whose least time is known, the quickest first."""
    known = [one for one in timed if one.leg.seconds_min is not None]
    return sorted(known, key=lambda one: (one.leg.seconds_min, one.row["id"]))


def reach_s(timed: Iterable[TimedRecord], k: int) -> float | None:
    """Within how many seconds the first `k` are wherever they may be; None while fewer are known."""
    first = in_order(timed)[:k]
    if len(first) < k:
        return None
    least = first[-1].leg.seconds_min or 0.0
    return max(least, *(one.leg.free_flow_max_s or 0.0 for one in first))


def choose(timed: Sequence[TimedRecord], start: Start, k: int, bound_m: float | None) -> Choice:
    """The first `k`, those that may be quicker than one of them, and those near without a time."""
    ordered = in_order(timed)
    hits, others = ordered[:k], ordered[k:]
    latest = max((_latest(one.leg) for one in hits), default=0.0)
    overtaking = [one for one in others if (one.leg.seconds_min or 0.0) < latest]
    lost = [one for one in timed if one.leg.seconds_min is None and one.leg.unknown != "beyond_limit"]
    near = [one for one in lost if bound_m is None or _least_m(one.row, start) <= bound_m]
    undecided = [_undecided(one, start, "uncertainty") for one in overtaking]
    undecided += [_undecided(one, start, "no_travel_time") for one in near if one.leg.unknown in NOT_PLACED]
    unknown = [
        UnknownTime(id=str(one.row["id"]), reason=one.leg.unknown)
        for one in sorted(near, key=lambda one: (one.row["distance_m"], one.row["id"]))
        if one.leg.unknown is not None
    ]
    return Choice(hits, undecided, unknown)


def _latest(leg: Leg) -> float:
    return inf if leg.free_flow_max_s is None else leg.free_flow_max_s


def _least_m(row: Row, start: Start) -> float:
    return float(start.interval(row["distance_m"], row["uncertainty_m"]).min_m or 0.0)


def _undecided(one: TimedRecord, start: Start, reason: Reason) -> UndecidedRecord:
    row = one.row
    interval = start.interval(row["distance_m"], row["uncertainty_m"])
    name = _DECODER.decode(row["feature"]).properties.name
    return UndecidedRecord(
        id=str(row["id"]),
        kind=row["kind"],
        name={"zh": name.get("zh"), "en": name.get("en")},
        reason=reason,
        distance_min_m=mm(interval.min_m),
        distance_max_m=mm(interval.max_m),
    )


def joined(undecided: Undecided, more: Sequence[UndecidedRecord]) -> Undecided:
    """What could not be decided of positions and of times, the nearest 50."""
    every = sorted([*undecided.resources, *more], key=lambda one: (one.distance_min_m or 0.0, one.id))
    return Undecided(
        min(len(every), MOST_NAMED), undecided.more or len(every) > MOST_NAMED, every[:MOST_NAMED]
    )


def figures(hits: Iterable[TimedRecord], question: ByMinutes) -> dict[Any, dict[str, Any]]:
    """What each hit says of its time, by identity; certain is one whose greatest time is within the limit."""
    return {
        one.row["id"]: {"travel": travel_time(one.leg)}
        | ({} if is_within(one.leg, question) else {"certain": False})
        for one in hits
    }


def first_unknown(unknown: Sequence[UnknownTime]) -> tuple[list[UnknownTime], bool]:
    """The nearest 50 without a time, and whether there are more."""
    return list(unknown[:MOST_UNKNOWN]), len(unknown) > MOST_UNKNOWN
