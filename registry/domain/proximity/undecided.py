"""Records that may belong to an answer about nearness, with how near and how far each may be."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import UNSET

from registry.domain.completeness import (
    MOST_NAMED,
    NearestExcluded,
    Reason,
    Undecided,
    UndecidedRecord,
)
from registry.domain.proximity.edges import SPHERE_ERROR
from registry.domain.proximity.figures import mm
from registry.domain.proximity.interval import DistanceInterval, hull
from registry.domain.proximity.origin import Start
from registry.domain.proximity.place_extent import PlaceExtent

Row = Mapping[str, Any]
Extents = Mapping[str, PlaceExtent | None]
MILLIMETRE = 0.001
UNBOUNDED = DistanceInterval(None, None)


def name_undecided(
    rows: Sequence[Row], start: Start, extents: Extents, bound_m: float | None, *, more: bool = False
) -> Undecided:
    """The records that may be within the bound, nearest first; without a bound all of them."""
    records = [describe_undecided(row, start, extents, bound_m=bound_m) for row in rows]
    return first_of([record for record in records if may_be_within(record, bound_m)], more=more)


def may_be_within(record: UndecidedRecord, bound_m: float | None) -> bool:
    """Whether the least distance of a record, which is told in millimetres, is within the bound."""
    return bound_m is None or (record.distance_min_m or 0.0) <= bound_m + MILLIMETRE


def first_of(records: Sequence[UndecidedRecord], *, more: bool = False) -> Undecided:
    """The nearest 50 of these records, and whether there are more."""
    nearest = sorted(records, key=lambda record: (record.distance_min_m or 0.0, record.id))[:MOST_NAMED]
    return Undecided(len(nearest), more or len(records) > MOST_NAMED, nearest)


def places_of(rows: Sequence[Row]) -> list[str]:
    """The bounds of the places in which these records may be."""
    return sorted({bound for row in rows for bound in row["bounds"]})


def describe_undecided(
    row: Row, start: Start, extents: Extents, *, bound_m: float | None = None
) -> UndecidedRecord:
    """What an answer says of one record. One that is within the bound for certain leaves a value unknown."""
    interval = possible_distances(row, start, extents)
    unknown = row.get("unknown")
    inside = bound_m is None or (interval.max_m is not None and interval.max_m <= bound_m)
    return UndecidedRecord(
        id=str(row["id"]),
        kind=row["kind"],
        name={"zh": row["name_zh"], "en": row["name_en"]},
        reason="unknown_value" if unknown and inside else _reason(row),
        distance_min_m=mm(interval.min_m),
        distance_max_m=mm(interval.max_m),
        unknown=unknown or UNSET,
        watch_radius_m=row.get("watch_radius_m") or UNSET,
    )


def possible_distances(row: Row, start: Start, extents: Extents) -> DistanceInterval:
    """The distances that a located record may have, or an unlocated one anywhere in its places."""
    distance_m = row.get("distance_m")
    if distance_m is None:
        bounds = [extents.get(bound) for bound in row["bounds"]]
        return hull([UNBOUNDED if extent is None else extent.interval(start) for extent in bounds])
    if start.shape is None:
        return start.interval(distance_m, row["uncertainty_m"] or 0.0)
    slack_m = distance_m * SPHERE_ERROR + 0.01
    return start.interval(distance_m, (row["uncertainty_m"] or 0.0) + slack_m)


def _reason(row: Row) -> Reason:
    """Why the position does not decide; of a certain one it is the uncertainty of those nearer."""
    if row.get("distance_m") is None:
        return "candidate_places" if row["quality"] == "candidate_places" else "no_position"
    if row["cell"]:
        return "internal_cell"
    return "uncertainty"


def nearest_excluded(row: Row, start: Start) -> NearestExcluded:
    """The nearest record that a condition alone keeps out."""
    away_m = row["distance_m"]
    return NearestExcluded(str(row["id"]), None if away_m is None else mm(start.distance_m(away_m)))
