"""Entries near a spot: which belong for certain, which may, and how near and far each may be."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import shapely
from msgspec import UNSET, Struct, UnsetType

from registry.domain.completeness import MOST_NAMED, Completeness
from registry.domain.geometry import wkb
from registry.domain.plans.entry import Entry, Register, register_of
from registry.domain.plans.located_entry import LocatedEntry
from registry.domain.plans.provision import Words
from registry.domain.proximity.edges import GEOD, Edges
from registry.domain.proximity.figures import mm
from registry.domain.proximity.interval import DistanceInterval, hull
from registry.domain.proximity.origin import Start
from registry.domain.proximity.place_extent import PlaceExtent
from registry.domain.values import Name

Extents = Mapping[str, PlaceExtent | None]
UNBOUNDED = DistanceInterval(None, None)


class EntryHit(Struct, frozen=True, kw_only=True):
    """An entry near the origin. It is `certain` when it belongs wherever it may be."""

    entry: Any
    distance_m: float
    distance_min_m: float | None
    distance_max_m: float | None
    bearing_deg: float | None
    certain: bool


class UndecidedEntry(Struct, frozen=True, kw_only=True):
    """An entry that may lie near the origin or not; None is an unbounded distance."""

    id: str
    register: Register
    name: Name | None
    reason: Literal["candidate_places", "uncertainty", "no_position"]
    """Why it could not be decided."""
    distance_min_m: float | None
    distance_max_m: float | None


class UndecidedEntries(Struct, frozen=True):
    """The entries that may belong: their number, whether there are more, the nearest by name."""

    count: int
    more: bool
    entries: list[UndecidedEntry]


class EntriesNear(Struct, frozen=True, kw_only=True):
    """The entries near an origin, nearest first, with what could not be decided."""

    origin: Mapping[str, Any]
    radius_m: float
    entries: list[EntryHit]
    completeness: Completeness
    undecided: UndecidedEntries
    excluded: dict[str, Any]
    complete: bool
    none: Words | UnsetType = UNSET


class Measured(Struct, frozen=True):
    """An entry with its possible distances from an origin; the nominal one is None without a position."""

    entry: Entry
    distance_m: float | None
    interval: DistanceInterval
    bearing_deg: float | None = None


def measure(
    entry: Entry, start: Start, uncertainty_m: float | None, bounds: Sequence[str], extents: Extents
) -> Measured:
    """The distances of an entry from a spot, geodesic to its nearest edge; 0 inside an area.

    A start that is a shape is taken as the disc that holds it, by the caller.
    """
    geometry = entry.geometry if isinstance(entry, LocatedEntry) else None
    if geometry is None:
        parts = [extents.get(bound) for bound in bounds]
        return Measured(
            entry, None, hull([UNBOUNDED if one is None else one.interval(start) for one in parts])
        )
    shape: Any = shapely.from_wkb(wkb(geometry))
    inside = bool(shape.area) and bool(shapely.intersects_xy(shape, start.lon, start.lat))
    away_m = 0.0 if inside else Edges(wkb(geometry)).distance_m(start.lon, start.lat)
    bearing = None
    if shape.geom_type == "Point" and away_m:
        bearing = round(GEOD.inv(start.lon, start.lat, shape.x, shape.y)[0] % 360, 2)
    nominal = start.distance_m(away_m)
    if uncertainty_m is None:
        return Measured(entry, nominal, UNBOUNDED, bearing)
    return Measured(entry, nominal, start.interval(away_m, uncertainty_m), bearing)


def hit_of(one: Measured, radius_m: float) -> EntryHit | None:
    """The entry as a hit when it lies within the radius as it is recorded."""
    if one.distance_m is None or one.distance_m > radius_m:
        return None
    most = one.interval.max_m
    return EntryHit(
        entry=one.entry,
        distance_m=mm(one.distance_m) or 0.0,
        distance_min_m=mm(one.interval.min_m),
        distance_max_m=mm(most),
        bearing_deg=one.bearing_deg,
        certain=most is not None and most <= radius_m,
    )


def undecided_among(measured: Sequence[Measured], radius_m: float, *, more: bool = False) -> UndecidedEntries:
    """The entries that may lie within the radius and are recorded farther away, or nowhere."""
    named = [
        _named(one)
        for one in measured
        if (one.distance_m is None or one.distance_m > radius_m) and (one.interval.min_m or 0.0) <= radius_m
    ]
    nearest = sorted(named, key=lambda one: (one.distance_min_m or 0.0, one.id))[:MOST_NAMED]
    return UndecidedEntries(len(named), more or len(named) > len(nearest), nearest)


def _named(one: Measured) -> UndecidedEntry:
    entry, reason = one.entry, "uncertainty"
    if one.distance_m is None:
        located = isinstance(entry, LocatedEntry) and entry.location.quality == "candidate_places"
        reason = "candidate_places" if located else "no_position"
    return UndecidedEntry(
        id=str(entry.id),
        register=register_of(entry),
        name=entry.name,
        reason=reason,  # type: ignore[arg-type]
        distance_min_m=mm(one.interval.min_m),
        distance_max_m=mm(one.interval.max_m),
    )


def why_no_entry(listing: Completeness, undecided: UndecidedEntries) -> Words:
    """The sentence that says why no entry is near for certain."""
    zh, en = f"清单未声明完整：已列 {listing.listed} 个", f"the list is open: {listing.listed} listed"
    if listing.state == "complete":
        zh, en = (
            f"清单已声明完整：已列 {listing.listed} 个",
            f"the list was declared complete: {listing.listed} listed",
        )
    if undecided.count:
        zh += f"；{undecided.count} 个可能属于，无法判定"
        en += f"; {undecided.count} may belong and cannot be decided"
    return Words(f"{zh}。", f"{en}.")
