"""An entry of a register that lies somewhere: a point, a line or an area, as well as it is known."""

from typing import Any, TypeVar

import msgspec
from msgspec import structs

from registry.domain.datum import may_be_in_china, wgs84_of
from registry.domain.errors import Invalid
from registry.domain.geojson import Geometry, Point
from registry.domain.geometry import wkb
from registry.domain.plans.entry_base import EntryBase
from registry.domain.records.location import UNKNOWN_DATUM_M
from registry.domain.records.resource import Location

SHIFTED = ("gcj02", "bd09")
L = TypeVar("L", bound="LocatedEntry")


class LocatedEntry(EntryBase, frozen=True, kw_only=True):
    """The members of an entry with a place on the ground; a null geometry is a place that is not known."""

    geometry: Geometry | None = None
    location: Location = msgspec.field(default_factory=Location)


def located_in_wgs84(entry: L) -> L:
    """The entry with its geometry in WGS 84, where its location says that it came in GCJ-02 or BD-09.

    A geometry without a stated quality is approximate, by nobody knows how much. A shifted point keeps the
    pair that came in.
    """
    geometry, location = entry.geometry, entry.location
    if geometry is None:
        return entry
    if location.quality == "unknown":
        location = structs.replace(location, quality="approximate")
    if location.datum in SHIFTED and location.raw is None:
        raw = geometry.coordinates if isinstance(geometry, Point) else None
        moved: Any = _moved(geometry.coordinates, location)
        location = structs.replace(location, raw=raw)
        geometry = structs.replace(geometry, coordinates=moved)
        if raw is None:
            location = structs.replace(location, datum="wgs84", source=_shifted_from(location))
    if (geometry, location) == (entry.geometry, entry.location):
        return entry
    return structs.replace(entry, geometry=geometry, location=location)


def _moved(coordinates: Any, location: Location) -> Any:
    if isinstance(coordinates, tuple):
        return tuple(round(value, 7) for value in wgs84_of(location.datum, coordinates))
    return [_moved(part, location) for part in coordinates]


def _shifted_from(location: Location) -> str:
    stated = "" if location.source is None else f"{location.source}; "
    return f"{stated}drawn in {location.datum}, converted to WGS 84"


def check_location(entry: LocatedEntry) -> None:
    """Invalid for a location that contradicts itself, or for a geometry that cannot be used."""
    location = entry.location
    if entry.geometry is not None:
        wkb(entry.geometry, "geometry")
    if location.quality in ("surveyed", "approximate") and entry.geometry is None:
        raise Invalid(
            f"a {location.quality} location needs a geometry",
            field="geometry",
            zh=f"{location.quality} 的位置需要坐标",
        )
    if location.quality == "candidate_places":
        if entry.geometry is not None:
            raise Invalid("candidate_places has no geometry", field="geometry", zh="仅知候选地方时不应有坐标")
        if not location.candidate_places:
            raise Invalid(
                "candidate_places names at least one place",
                field="location.candidate_places",
                zh="candidate_places 至少列出一个地方",
            )


def doubt_m(entry: LocatedEntry) -> float | None:
    """How far what is recorded may be from where it is, in metres; None when nobody said how far."""
    stated = entry.location.uncertainty_m
    if stated is None and entry.location.quality == "surveyed":
        stated = 0.0
    if stated is None or entry.geometry is None:
        return None
    open_datum = entry.location.datum == "unknown" and may_be_in_china(_first(entry.geometry.coordinates))
    return stated + UNKNOWN_DATUM_M if open_datum else stated


def _first(coordinates: Any) -> tuple[float, float]:
    while not isinstance(coordinates, tuple):
        coordinates = coordinates[0]
    return coordinates
