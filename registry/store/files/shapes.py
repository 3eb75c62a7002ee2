"""Shapes of map formats as GeoJSON in WGS 84 degrees, where their system is known."""

import math
import struct
from functools import cache
from typing import Any

import pyproj
from pyproj.exceptions import CRSError

from registry.domain.intake.files.refusal import RefusedFile
from registry.domain.intake.files.values.datum_words import without_parameters

DEGREES = ("EPSG:4326", "EPSG:4490", "OGC:CRS84")
SAME_AS_WGS84 = ("WGS", "CGCS2000", "China Geodetic Coordinate System 2000", "China 2000")
TYPES = {1: "Point", 2: "LineString", 3: "Polygon", 4: "MultiPoint", 5: "MultiLineString", 6: "MultiPolygon"}
MOST_DEEP = 5


def to_degrees(shape: dict[str, Any], crs: str) -> dict[str, Any]:
    """A GeoJSON geometry whose coordinates are in `crs`, in WGS 84."""
    move = _transformer(crs)
    return shape if move is None else shape | {"coordinates": _moved(shape["coordinates"], move)}


@cache
def _transformer(crs: str) -> pyproj.Transformer | None:
    if crs in DEGREES:
        return None
    if without_parameters(crs):
        raise RefusedFile("no_parameters", system=crs[:60])
    try:
        system = pyproj.CRS.from_user_input(crs)
    except CRSError as error:
        raise RefusedFile("no_parameters", system=crs[:60]) from error
    if system.is_geographic and any(name in system.name for name in SAME_AS_WGS84):
        return None
    return pyproj.Transformer.from_crs(system, "OGC:CRS84", always_xy=True)


def _moved(coordinates: Any, move: pyproj.Transformer) -> Any:
    if coordinates and isinstance(coordinates[0], int | float):
        lon, lat = move.transform(coordinates[0], coordinates[1])
        if not (math.isfinite(lon) and math.isfinite(lat)):
            raise RefusedFile("damaged")
        return [round(lon, 9), round(lat, 9)]
    return [_moved(part, move) for part in coordinates]


class WkbReader:
    """Reads Well-Known Binary, ISO or extended, without heights and measures."""

    def __init__(self, content: bytes, start: int = 0) -> None:
        self._content = content
        self._at = start

    def geometry(self, depth: int = 0) -> dict[str, Any] | None:
        """The geometry at the current position; None for an empty point or a type without coordinates."""
        order = "<" if self._content[self._at] else ">"
        self._at += 1
        (code,) = self._unpack(order + "I")
        if code & 0x20000000:
            self._unpack(order + "I")
        kind, size = self._kind(code)
        if kind not in TYPES or depth > MOST_DEEP:
            return None
        if kind == 1:
            point = self._point(order, size)
            return None if math.isnan(point[0]) else {"type": "Point", "coordinates": point}
        if kind in (2, 3):
            coordinates: Any = self._line(order, size) if kind == 2 else self._rings(order, size)
            return {"type": TYPES[kind], "coordinates": coordinates}
        (count,) = self._unpack(order + "I")
        parts = [self.geometry(depth + 1) for _ in range(self._bounded(count))]
        return {"type": TYPES[kind], "coordinates": [part["coordinates"] for part in parts if part]}

    @staticmethod
    def _kind(code: int) -> tuple[int, int]:
        """The type of a geometry, and how many numbers a position of it has."""
        plain = code & 0x0FFFFFFF
        iso = plain // 1000
        more = (1 if code & 0x80000000 or iso in (1, 3) else 0) + (
            1 if code & 0x40000000 or iso in (2, 3) else 0
        )
        return plain % 1000, 2 + more

    def _unpack(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(form, self._content, self._at)
        self._at += struct.calcsize(form)
        return values

    def _bounded(self, count: int) -> int:
        """A count that the rest of the content may hold."""
        if count > len(self._content) - self._at:
            raise RefusedFile("damaged")
        return count

    def _point(self, order: str, size: int) -> list[float]:
        return [float(value) for value in self._unpack(f"{order}{size}d")[:2]]

    def _line(self, order: str, size: int) -> list[list[float]]:
        (count,) = self._unpack(order + "I")
        return [self._point(order, size) for _ in range(self._bounded(count))]

    def _rings(self, order: str, size: int) -> list[list[list[float]]]:
        (count,) = self._unpack(order + "I")
        return [self._line(order, size) for _ in range(self._bounded(count))]
