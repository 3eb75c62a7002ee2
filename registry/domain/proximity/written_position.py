"""Read a position as somebody says it: degrees in any usual form, grid metres, or a kilometre of a road."""

import re
from typing import NamedTuple

import shapely
from msgspec import Struct

from registry.domain.errors import InvalidQuery
from registry.domain.intake.files.values.positions import (
    Frame,
    JurisdictionExtent,
    NoPosition,
    Reading,
    read_pair,
)
from registry.domain.places.jurisdiction import Box
from registry.domain.proximity.origin import QueryDatum

ROAD = re.compile(
    r"^(?P<road>(?!K)[A-Z]\d{1,4})(?:\s*[,，]?\s*K\s*|\s+)"
    r"(?P<km>\d{1,4}(?:\.\d+)?)(?:\s*\+\s*(?P<m>\d{1,3}))?$"
)
EVERYWHERE = JurisdictionExtent(None)


class RoadKilometre(NamedTuple):
    """A kilometre of a road, as `G75 K1060+300`."""

    road: str
    km: float


class WrittenPosition(Struct, frozen=True, kw_only=True):
    """A position in WGS 84 and how it was read; `far` says that it lies far from the jurisdiction."""

    lon: float
    """Longitude in degrees, WGS 84."""
    lat: float
    """Latitude in degrees, WGS 84."""
    datum: QueryDatum
    """The datum that the text was read in."""
    frame: Frame | None = None
    """The order or projection in which the figures stood; null for a kilometre of a road."""
    epsg: int | None = None
    """The projection of figures in metres."""
    uncertainty_m: float | None = None
    """How far off the line of the road may be, in metres."""
    road: str | None = None
    """The road that was named."""
    chainage_km: float | None = None
    """The kilometre of the road."""
    far: bool = False
    """Whether it lies far from the jurisdiction."""


def road_kilometre(text: str) -> RoadKilometre | None:
    """The road and kilometre that a text names, None when it names none."""
    match = ROAD.match(text.strip().upper())
    if match is None:
        return None
    return RoadKilometre(match["road"], float(match["km"]) + float(match["m"] or 0) / 1000)


def written_position(text: str, datum: QueryDatum, box: Box | None) -> WrittenPosition:
    """The position that a text says; InvalidQuery when there is none, or when it has several readings."""
    near = JurisdictionExtent(None if box is None else shapely.to_wkb(shapely.box(*box)))
    try:
        return _written(_reading(text, near), datum, far=False)
    except NoPosition as error:
        if error.code == "several_frames_fit":
            raise _unreadable(text, str(error)) from error
    try:
        return _written(_reading(text, EVERYWHERE), datum, far=True)
    except NoPosition as error:
        raise _unreadable(text, str(error)) from error


def _reading(text: str, extent: JurisdictionExtent) -> Reading:
    reading = read_pair(text, None, extent)
    if reading is None:
        raise NoPosition("unreadable_position", text)
    return reading


def _written(reading: Reading, datum: QueryDatum, *, far: bool) -> WrittenPosition:
    lon, lat = reading.wgs84(datum)
    return WrittenPosition(
        lon=round(lon, 7), lat=round(lat, 7), datum=datum, frame=reading.frame, epsg=reading.epsg, far=far
    )


def _unreadable(text: str, reason: str) -> InvalidQuery:
    return InvalidQuery(
        f"“{text}” is no position: write 106.65, 29.03, or 29°01′48″N 106°39′E, or G75 K1060+300 ({reason})",
        field="text",
        zh=f"“{text}”不是坐标：可写 106.65, 29.03，或 北纬29°01′48″ 东经106°39′，或 G75 K1060+300",
    )
