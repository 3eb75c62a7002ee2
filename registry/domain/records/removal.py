"""Which changes take a record out of use or out of sight, for the limit on mass changes."""

from datetime import UTC, datetime
from typing import Any

from registry.domain.access.sight import stricter
from registry.domain.intake.territory import GEOD
from registry.domain.records.location import reach_of_doubt_m
from registry.domain.records.resource import Properties, Resource

STATUS = ("lifecycle", "readiness", "opening", "operational")
FIGURES = ("capacity_persons", "watch_radius_m", "personnel", "serves_persons", "area_m2")
"""Figures without which a record is of no use."""
SERVER_SET = ("verified_at", "verified_by", "created_at", "updated_at")
MOVED_M = 100.0
"""A position that is corrected by less is where it was."""
EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def is_removal(before: Resource, after: Resource) -> bool:
    """Whether a change takes a record out of use or out of sight.

    It changes the status, moves the record or loses its position, renames it, hides it, ends it sooner,
    empties a member, or makes a figure of use less than half of what it was.
    """
    old, new = before.properties, after.properties
    return (
        any(_differs(old, new, name) for name in (*STATUS, "place"))
        or _is_moved(before, after)
        or _is_renamed(old, new)
        or stricter(before.visibility, after.visibility) != before.visibility
        or _is_shorter(old, new)
        or any(_is_emptied(old, new, name) for name in old.__struct_fields__ if name not in SERVER_SET)
        or any(_is_halved(old, new, name) for name in FIGURES)
    )


def _differs(old: Properties, new: Properties, name: str) -> bool:
    before = getattr(old, name, None)
    return before is not None and before != getattr(new, name, None)


def _is_moved(before: Resource, after: Resource) -> bool:
    if before.geometry is None:
        return False
    if after.geometry is None:
        return True
    apart_m = GEOD.inv(*before.geometry.coordinates, *after.geometry.coordinates)[2]
    doubt_m = sum(
        reach_of_doubt_m(record.properties.location, record.geometry)
        for record in (before, after)
        if record.geometry is not None
    )
    return bool(apart_m > doubt_m + MOVED_M)


def _is_renamed(old: Properties, new: Properties) -> bool:
    return any(_changed(getattr(old.name, text), getattr(new.name, text)) for text in ("zh", "en"))


def _changed(before: Any, after: Any) -> bool:
    return before is not None and before != after


def _is_shorter(old: Properties, new: Properties) -> bool:
    begins_later = (new.valid_from or EARLIEST) > (old.valid_from or EARLIEST)
    return begins_later or (new.valid_to or LATEST) < (old.valid_to or LATEST)


def _is_emptied(old: Properties, new: Properties, name: str) -> bool:
    return getattr(old, name) not in (None, []) and getattr(new, name, None) in (None, [])


def _is_halved(old: Properties, new: Properties, name: str) -> bool:
    before, after = getattr(old, name, None), getattr(new, name, None)
    return before is not None and after is not None and 2 * after < before
