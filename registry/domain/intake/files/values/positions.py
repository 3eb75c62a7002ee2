"""Read positions: degrees in either order, degrees and minutes, both in one cell, Gauss-Krüger metres.

Every reading of a pair is a hypothesis that is tested against the extent of the jurisdiction. Headers lie:
the extent decides.
"""

import math
import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Literal

import pyproj
import shapely
from msgspec import Struct

from registry.domain.datum import wgs84_of
from registry.domain.intake.files.sheet import Cell, text_of
from registry.domain.intake.files.text import is_one_of, one_line
from registry.domain.intake.files.values.amounts import UNKNOWN
from registry.domain.records.resource import Datum

Frame = Literal["lon_lat", "lat_lon", "projected"]
Pair = tuple[float, float]
NEAR_M = 50_000.0
"""A point this far from the jurisdiction may still be a partner's; beyond, no reading fits."""
SHIFT_M = 2_000.0
"""Room for a datum that is not known: BD-09 shifts by about a kilometre."""
METRES_PER_DEGREE = 111_320.0
DEGREES = re.compile(
    r"^(?P<before>北纬|南纬|东经|西经|北緯|東経|東經|[NSEWnsew东西南北東])?[::]?\s*(?P<deg>-?\d{1,3}(?:\.\d+)?)"
    r"\s*(?:(?:°|度|º|˚|\s)\s*(?:(?P<min>\d{1,2}(?:\.\d+)?)\s*(?:′|'|’|分|\s|$)\s*"
    r"(?:(?P<sec>\d{1,2}(?:\.\d+)?)\s*(?:″|\"|”|''|′′|秒)?)?)?)?\s*(?P<after>[NSEWnsew东西南北東])?$"
)
EAST_WEST, NORTH_SOUTH = "EWew东西東", "NSns南北"
HEMISPHERE = "北纬|南纬|东经|西经|北緯|東経|東經|[NSEW东西南北東-]"
BETWEEN = re.compile(rf"\s*[,，;；、/|]\s*|\s+(?=(?:{HEMISPHERE})?\d{{1,3}}[.°度])")


class Degrees(Struct, frozen=True):
    """An angle in degrees; `axis` where a letter says which one."""

    value: float
    axis: Literal["lon", "lat"] | None = None
    sexagesimal: bool = False


class Reading(Struct, frozen=True, kw_only=True):
    """One reading of a pair: the position in the datum that it came in, the frame, and how it was written."""

    lon: float
    lat: float
    frame: Frame
    epsg: int | None = None
    sexagesimal: bool = False

    def wgs84(self, datum: Datum) -> Pair:
        """The position in WGS 84."""
        return wgs84_of(datum, (self.lon, self.lat))


class NoPosition(ValueError):
    """The pair has no reading; `code` says why."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


COARSE_M = 50.0
"""A border is drawn no finer than this before it is widened, which takes seconds otherwise."""


class JurisdictionExtent:
    """Where positions of a jurisdiction may be: its extent in WGS 84, as WKB; everywhere without one."""

    def __init__(self, extent: bytes | None) -> None:
        self._shape = None if extent is None else shapely.from_wkb(extent)
        if self._shape is not None:
            lat = self._shape.centroid.y
            self._metre = 1 / (METRES_PER_DEGREE * max(0.1, math.cos(math.radians(lat))))
            plain = shapely.simplify(self._shape, COARSE_M * self._metre)
            self._inside = shapely.buffer(plain, (SHIFT_M + COARSE_M) * self._metre, quad_segs=2)
            self._near = shapely.buffer(plain, (NEAR_M + COARSE_M) * self._metre, quad_segs=2)
            shapely.prepare(self._inside)
            shapely.prepare(self._near)

    @property
    def known(self) -> bool:
        """Whether there is an extent to test against."""
        return self._shape is not None

    @property
    def west_east(self) -> Pair:
        """The bounds of longitude, in degrees."""
        west, _, east, _ = self._near.bounds if self._shape is not None else (-180.0, 0.0, 180.0, 0.0)
        return west, east

    def holds(self, lon: float, lat: float) -> bool:
        """Whether a position lies inside, or as near as an unknown datum may shift it."""
        return self._shape is None or bool(shapely.contains_xy(self._inside, lon, lat))

    def is_near(self, lon: float, lat: float) -> bool:
        """Whether a position lies near enough for a partner's."""
        return self._shape is None or bool(shapely.contains_xy(self._near, lon, lat))


def read_pair(
    first: Cell, second: Cell, jurisdiction: JurisdictionExtent, projected_only: bool = False
) -> Reading | None:
    """The one reading of a pair that fits; None where there is no position.

    `first` is what the header calls longitude or X. NoPosition for 0, 0, for a pair that fits nowhere and for
    one with several readings.
    """
    pair = _pair(first, second)
    if pair is None:
        return None
    one, other = pair
    if one.value == 0 and other.value == 0:
        raise NoPosition("zero_position", "0, 0")
    if max(abs(one.value), abs(other.value)) > 180 or projected_only:
        return _only(list(_projected(one.value, other.value, jurisdiction)))
    return _in_degrees(one, other, jurisdiction)


def _only(readings: list[Reading]) -> Reading:
    if not readings:
        raise NoPosition("no_frame_fits", "no known frame puts the pair into the jurisdiction")
    if len(readings) > 1:
        raise NoPosition("several_frames_fit", ", ".join(f"EPSG:{one.epsg}" for one in readings))
    return readings[0]


def _in_degrees(one: Degrees, other: Degrees, jurisdiction: JurisdictionExtent) -> Reading:
    sexagesimal = one.sexagesimal or other.sexagesimal
    as_read = Reading(lon=one.value, lat=other.value, frame="lon_lat", sexagesimal=sexagesimal)
    swapped = Reading(lon=other.value, lat=one.value, frame="lat_lon", sexagesimal=sexagesimal)
    if one.axis == "lat" or other.axis == "lon":
        readings = [swapped]
    elif one.axis == "lon" or other.axis == "lat":
        readings = [as_read]
    else:
        readings = [as_read, swapped]
    candidates = [reading for reading in readings if abs(reading.lat) <= 90]
    for fits in (jurisdiction.holds, jurisdiction.is_near):
        for reading in candidates:
            if fits(reading.lon, reading.lat):
                return reading
    raise NoPosition("no_frame_fits", "the position lies far from the jurisdiction in either order")


def _pair(first: Cell, second: Cell) -> tuple[Degrees, Degrees] | None:
    left, right = one_line(text_of(first)), one_line(text_of(second))
    if left and not right:
        pieces = BETWEEN.split(left)
        if len(pieces) == 2:
            left, right = pieces
    elif right and not left:
        pieces = BETWEEN.split(right)
        if len(pieces) == 2:
            left, right = pieces
    if all(not text or is_one_of(text, UNKNOWN) for text in (left, right)):
        return None
    one, other = _angle(left), _angle(right)
    if one is None or other is None:
        raise NoPosition("unreadable_position", f"{left} {right}".strip())
    return one, other


@lru_cache(10_000)
def _angle(text: str) -> Degrees | None:
    try:
        return Degrees(
            float(text.replace(",", "") if re.match(r"^-?\d{1,3}(,\d{3})+(\.\d+)?$", text) else text)
        )
    except ValueError:
        match = DEGREES.match(text)
    if match is None:
        return None
    degrees, minutes, seconds = (float(match[name] or 0) for name in ("deg", "min", "sec"))
    if minutes >= 60 or seconds > 60:
        return None
    value = math.copysign(abs(degrees) + minutes / 60 + seconds / 3600, degrees)
    letters = (match["before"] or "") + (match["after"] or "")
    if any(letter in letters for letter in "SWsw南西"):
        value = -value
    axis: Literal["lon", "lat"] | None = None
    if any(letter in letters for letter in EAST_WEST):
        axis = "lon"
    elif any(letter in letters for letter in NORTH_SOUTH):
        axis = "lat"
    return Degrees(value, axis, match["min"] is not None)


class GaussKruegerZone(Struct, frozen=True):
    """A zone of CGCS2000 / Gauss-Krüger: its code, central meridian, and the number before its eastings."""

    epsg: int
    meridian: int
    prefix: int | None = None


@cache
def zones() -> tuple[GaussKruegerZone, ...]:
    """EPSG 4491–4501 and 4502–4512 (6°, with and without the zone's number), 4513–4533 and 4534–4554 (3°).

    The plain zones whose meridian is one of both widths are the same projection, and are listed once.
    """
    six = [GaussKruegerZone(4491 + n, 75 + 6 * n, 13 + n) for n in range(11)]
    three = [GaussKruegerZone(4513 + n, 75 + 3 * n, 25 + n) for n in range(21)]
    plain = [GaussKruegerZone(4534 + n, 75 + 3 * n) for n in range(21)]
    return (*six, *three, *plain)


def _projected(one: float, other: float, jurisdiction: JurisdictionExtent) -> Iterator[Reading]:
    """The readings of a pair of metres that lie in the jurisdiction, in both orders."""
    west, east = jurisdiction.west_east
    for easting, northing in ((one, other), (other, one)):
        if not 0 < northing < 6_700_000:
            continue
        prefix = int(easting // 1_000_000)
        for zone in zones():
            if (zone.prefix or 0) != prefix or not west - 6 <= zone.meridian <= east + 6:
                continue
            lon, lat = _to_degrees(zone.epsg).transform(easting, northing)
            if (
                math.isfinite(lon)
                and math.isfinite(lat)
                and _in_zone(lon, zone)
                and jurisdiction.holds(lon, lat)
            ):
                yield Reading(lon=round(lon, 9), lat=round(lat, 9), frame="projected", epsg=zone.epsg)


def _in_zone(lon: float, zone: GaussKruegerZone) -> bool:
    """Whether a longitude is one that a zone is used for; neighbours are drawn over by a degree."""
    return abs(lon - zone.meridian) <= 4.0


@cache
def _to_degrees(epsg: int) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(f"EPSG:{epsg}", "EPSG:4490", always_xy=True)


def shared_points(times: Mapping[Pair, int], least: int = 3) -> dict[Pair, int]:
    """Positions that at least so many rows share, and how many: they stand for a district or a town."""
    return {spot: count for spot, count in times.items() if count >= least}
