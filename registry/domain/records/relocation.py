"""Correct a position: from the datum of the device to WGS 84."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, structs

from registry.domain.datum import wgs84_of
from registry.domain.errors import Invalid
from registry.domain.geojson import Point, Position, SpotPosition
from registry.domain.records.resource import Datum, Resource
from registry.domain.values import LongText, Metres, PlaceCode


class Relocation(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A corrected position: coordinates in their own datum, their accuracy, and the evidence."""

    coordinates: SpotPosition
    datum: Datum
    accuracy_m: Metres
    place: PlaceCode | None = None
    evidence: Annotated[LongText, Meta(min_length=1)]
    quality: Literal["surveyed", "approximate"] = "surveyed"
    """Whether it was measured there; what a finger shows on a map is only approximate."""
    base_version: Annotated[int, Meta(ge=1, le=2_000_000_000)] | None = None


def relocated(current: Resource, correction: Relocation) -> Resource:
    """`current` at the corrected position, approximate where the datum is unknown."""
    location = structs.replace(
        current.properties.location,
        quality="approximate" if correction.datum == "unknown" else correction.quality,
        uncertainty_m=correction.accuracy_m,
        candidate_places=[],
        datum=correction.datum,
        raw=correction.coordinates,
        source=correction.evidence,
    )
    properties = structs.replace(
        current.properties, location=location, place=correction.place or current.properties.place
    )
    return structs.replace(
        current, geometry=convert(correction.coordinates, correction.datum), properties=properties
    )


def convert(coordinates: Position, datum: Datum) -> Point:
    """The WGS 84 point of coordinates in `datum`, to seven decimals; an unknown datum is not converted."""
    lon, lat = wgs84_of(datum, coordinates)
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise Invalid("the coordinates leave the earth when converted", field="coordinates")
    return Point((round(lon, 7), round(lat, 7)))


def located_from_raw(record: Resource) -> Resource:
    """`record` with the geometry of its raw coordinates, where it has no geometry of its own."""
    location = record.properties.location
    if record.geometry is not None or location.raw is None:
        return record
    return structs.replace(record, geometry=convert(location.raw, location.datum))
