"""Service points near a spot: which are open now, with their queue, room and amenities."""

from datetime import datetime

from msgspec import Struct, structs

from registry.domain.access.sight import Sight
from registry.domain.completeness import Completeness
from registry.domain.incidents.hours import Opening, opening_at
from registry.domain.incidents.service_point import ServicePoint
from registry.domain.plans.near_entry import EntryHit, UndecidedEntries, why_no_entry
from registry.domain.plans.provision import Words
from registry.domain.proximity.origin import Origin
from registry.services.clock import now
from registry.services.places.time_zone import holidays_of, time_zone
from registry.services.plans.near_entries import near_entries
from registry.services.proximity.openings import is_fresh
from registry.store.database.pool import Reader


class ServicePointHit(EntryHit, frozen=True, kw_only=True):
    """A service point near the origin, and whether it is open at the instant asked about."""

    opening: Opening


class ServicePointsNear(Struct, frozen=True, kw_only=True):
    """The service points that meet the conditions, nearest first.

    `excluded` counts what is left out: closed, not known to be open, of another type, or without an amenity.
    """

    service_points: list[ServicePointHit]
    completeness: Completeness
    undecided: UndecidedEntries
    excluded: dict[str, dict[str, int]]
    none: Words | None = None


async def service_points_near(
    reader: Reader,
    sight: Sight,
    origin: Origin,
    radius_m: float,
    *,
    open_now: bool,
    type_: str | None,
    amenities: list[str],
    limit: int = 1000,
) -> ServicePointsNear:
    """The service points within a radius; `open_now` leaves out what is closed or not known to be open."""
    near = await near_entries(reader, sight, ["service_point"], origin, radius_m, limit)
    zone = await time_zone(reader)
    at, kept = sight.as_of or now(), []
    excluded: dict[str, dict[str, int]] = {}
    for hit in near.entries:
        opening = opening_of(hit.entry, at, zone)
        reason = _left_out(hit.entry, opening, open_now=open_now, type_=type_, amenities=amenities)
        if reason is None:
            kept.append(ServicePointHit(**structs.asdict(hit), opening=opening))
        else:
            name, how = reason
            counts = excluded.setdefault(name, {"not_stated": 0, "otherwise": 0})
            counts[how] += 1
    return ServicePointsNear(
        service_points=kept,
        completeness=near.completeness,
        undecided=near.undecided,
        excluded=excluded,
        none=None if kept else why_no_entry(near.completeness, near.undecided),
    )


def opening_of(point: ServicePoint, at: datetime, zone: str) -> Opening:
    """The opening of a service point; what was seen today comes before its hours."""
    reported = point.opening if is_fresh(point.opening_at, at) else "unknown"
    return opening_at(point.hours, at, zone=zone, country=holidays_of(zone), reported=reported)


def _left_out(
    point: ServicePoint, opening: Opening, *, open_now: bool, type_: str | None, amenities: list[str]
) -> tuple[str, str] | None:
    """The condition that keeps a point out, and whether it only does not state the value."""
    if type_ is not None and point.type != type_:
        return "type", "otherwise"
    if open_now and opening.state != "open":
        return "open_now", "otherwise" if opening.state == "closed" else "not_stated"
    codes = {amenity.code for amenity in point.amenities}
    if not set(amenities) <= codes:
        return "amenities", "otherwise" if codes else "not_stated"
    return None
