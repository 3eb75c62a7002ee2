"""What an answer adds to the record of a hit: distance, direction, conditions met, age, partner, arrival."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Raw, Struct

from registry.domain.proximity.interval import DistanceInterval
from registry.domain.proximity.origin import Start
from registry.domain.proximity.ranking import Ranking
from registry.domain.records.feature import with_figures

Row = Mapping[str, Any]
LISTED = {"specialties_any": "specialties", "hazards_any": "hazards"}
"""Conditions that a record meets by any of its codes, and the column that holds them."""
METHOD = "straight_line_estimate"
COMPASS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")


class HitContext(Struct, frozen=True):
    """What the hits of one answer share."""

    start: Start
    ranking: Ranking
    conditions: Mapping[str, Any]
    asked_at: datetime
    stale_after: timedelta
    bound_m: float | None = None
    """A hit belongs for certain when it is within this distance wherever it may be."""


def hit(row: Row, context: HitContext, **more: object) -> Raw:
    """The record of a hit as a Feature, with its figures."""
    return with_figures(row["feature"], _figures(row, context) | more)


def hit_inside(row: Row, context: HitContext) -> Raw:
    """The record of a hit inside a shape as a Feature: it is certain when it is inside wherever it may be."""
    most = mm(greatest_m(row, context.start))
    distances = {"distance_m": 0.0, "distance_min_m": 0.0, "distance_max_m": most}
    certain = most == 0.0 and _values_are_known(row)
    return with_figures(row["feature"], distances | {"certain": certain} | _record(row, context))


def _figures(row: Row, context: HitContext) -> dict[str, Any]:
    if row["distance_m"] is None:
        certain = context.bound_m is None and _values_are_known(row)
        return {"distance_m": None, "certain": certain} | _record(row, context)
    figures = distances(row, context.start)
    figures["certain"] = is_certain(row, context.start, context.bound_m)
    figures |= _record(row, context)
    if "free_persons" in context.conditions:
        figures |= _free_persons(row)
    if "item" in context.conditions and row["item_quantity"] is not None:
        figures["quantity"] = row["item_quantity"]
    if context.ranking.rank == "arrival":
        figures["arrival"] = _arrival(row, context.ranking)
    return figures


def is_certain(row: Row, start: Start, bound_m: float | None) -> bool:
    """Whether a hit belongs wherever it may be, and for whatever value it leaves unknown."""
    return _values_are_known(row) and (bound_m is None or greatest_m(row, start) <= bound_m)


def _values_are_known(row: Row) -> bool:
    """Whether no unknown value, such as how many persons a shelter has taken, leaves the hit open."""
    return row.get("occupancy_known") is not False


def greatest_m(row: Row, start: Start) -> float:
    """The greatest distance of a located record that the uncertainties allow."""
    return _interval(row, start).max_m or 0.0


def _interval(row: Row, start: Start) -> DistanceInterval:
    inside_m = row.get("inside_m") or 0.0
    return start.interval(row["distance_m"] - inside_m, row["uncertainty_m"])


def distances(row: Row, start: Start) -> dict[str, Any]:
    """The distance in metres with its interval; from a point also the bearing, None at the point itself."""
    distance_m = row["distance_m"]
    interval = _interval(row, start)
    figures: dict[str, Any] = {
        "distance_m": mm(start.distance_m(distance_m)),
        "distance_min_m": mm(interval.min_m),
        "distance_max_m": mm(interval.max_m),
    }
    if start.shape is None:
        bearing_deg = row["bearing_deg"]
        figures["bearing_deg"] = None if bearing_deg is None else round(bearing_deg, 2)
        figures["compass"] = None if bearing_deg is None else COMPASS[round(bearing_deg / 45) % 8]
    return figures


def _record(row: Row, context: HitContext) -> dict[str, Any]:
    """The conditions that the record meets, its age in seconds, and its partner."""
    figures: dict[str, Any] = {"why": context.conditions}
    if not LISTED.keys().isdisjoint(context.conditions):
        figures["why"] = _conditions_met(row, context.conditions)
    verified_at = row["verified_at"]
    age = None if verified_at is None else context.asked_at - verified_at
    figures["data_age_s"] = None if age is None else round(age.total_seconds())
    figures["stale"] = None if age is None else age > context.stale_after
    for name, reported_at in (("position_age_s", row["seen_at"]), ("status_age_s", row["status_at"])):
        if reported_at is not None:
            figures[name] = round((context.asked_at - reported_at).total_seconds())
    if row["partner_of"] is not None:
        figures["partner"] = row["partner"]
    return figures


def _conditions_met(row: Row, conditions: Mapping[str, Any]) -> dict[str, Any]:
    """The conditions of the question; of several codes only those that the record has."""
    listed = {
        name: [code for code in conditions[name] if code in row[column]]
        for name, column in LISTED.items()
        if name in conditions
    }
    return {**conditions, **listed}


def _free_persons(row: Row) -> dict[str, Any]:
    """The free places of a shelter: at most, and for certain where its occupancy is known."""
    room = row["room"]
    if room is None:
        return {}
    return {"free_persons": {"at_most": room, "known": room if row["occupancy_known"] else None}}


def _arrival(row: Row, ranking: Ranking) -> dict[str, Any]:
    """The estimated arrival in minutes, with the pace behind it."""
    pace = ranking.paces[row["kind"]]
    seconds = ranking.value(row["distance_m"], row["uncertainty_m"], row["kind"])
    estimate = {"minutes": round(seconds / 60, 2), "method": METHOD}
    return estimate | {"speed_kmh": pace.speed_kmh, "detour": pace.detour, "source": pace.source}


def mm(metres: float | None) -> float | None:
    """Metres to the millimetre."""
    return None if metres is None else round(metres, 3)
