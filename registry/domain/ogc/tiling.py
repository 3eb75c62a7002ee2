"""The WebMercatorQuad tile matrix set: the bounds of a tile, and the tiles that a change affects."""

import math
from collections.abc import Iterator

from msgspec import Struct

URI = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
CRS_URI = "http://www.opengis.net/def/crs/EPSG/0/3857"
HALF_WORLD_M = 20_037_508.342789244
CELL_0_M = 156_543.03392804097
SCALE_0 = 559_082_264.0287178
MAX_ZOOM = 22
MAX_LAT = 85.05112877980659
EXTENT = 4096
"""Units along one side of a tile."""
BUFFER = 64
"""Units drawn beyond each side, so that symbols on an edge are whole."""
CLUSTER_BELOW = 16
"""From this zoom on, records are not clustered."""

CELL_ZOOM = 24
"""Zoom of the stored Morton codes: cells of 2.4 m at the equator."""

Box = tuple[float, float, float, float]


class Tile(Struct, frozen=True, order=True):
    """One tile: zoom, row from the top, column from the left."""

    z: int
    row: int
    col: int

    @property
    def exists(self) -> bool:
        """Whether the matrix set has this tile."""
        side = 1 << self.z if 0 <= self.z <= MAX_ZOOM else 0
        return 0 <= self.row < side and 0 <= self.col < side

    @property
    def cells(self) -> tuple[int, int]:
        """The first and last Morton code (Z-order) of its cells."""
        first = 0
        for bit in range(self.z):
            first |= ((self.col >> bit & 1) | (self.row >> bit & 1) << 1) << 2 * bit
        below = 2 * (CELL_ZOOM - self.z)
        return first << below, (first + 1 << below) - 1

    def metres(self, margin: float = 0.0) -> Box:
        """West, south, east, north in Web Mercator metres, grown by that share of the side."""
        side = 2 * HALF_WORLD_M / (1 << self.z)
        west, north = self.col * side - HALF_WORLD_M, HALF_WORLD_M - self.row * side
        grow = margin * side
        return west - grow, north - side - grow, west + side + grow, north + grow

    def degrees(self, margin: float = 0.0) -> Box:
        """West, south, east, north in degrees, grown by that share of the side and kept on the earth."""
        west, south, east, north = self.metres(margin)
        return max(-180.0, _lon(west)), _lat(south), min(180.0, _lon(east)), _lat(north)


def _lon(x: float) -> float:
    return x / HALF_WORLD_M * 180.0


def _lat(y: float) -> float:
    return math.degrees(2 * math.atan(math.exp(y / HALF_WORLD_M * math.pi)) - math.pi / 2)


def _column(lon: float) -> float:
    return (lon + 180.0) / 360.0


def _row(lat: float) -> float:
    bounded = math.radians(max(-MAX_LAT, min(MAX_LAT, lat)))
    return (1 - math.asinh(math.tan(bounded)) / math.pi) / 2


def limits(box: Box, z: int, margin: float = 0.0) -> tuple[int, int, int, int]:
    """First and last row, first and last column of the tiles at `z` that a lon/lat box meets.

    With a margin, also those that would draw it in the buffer of that share of their side.
    """
    west, south, east, north = box
    side = 1 << z

    def clamp(value: float) -> int:
        return max(0, min(side - 1, math.floor(value)))

    return (
        clamp(_row(north) * side - margin),
        clamp(_row(south) * side + margin),
        clamp(_column(west) * side - margin),
        clamp(_column(east) * side + margin),
    )


REACH = BUFFER / EXTENT + 1e-9
"""The buffer of a tile as a share of its side, with room for rounding."""


def span(box: Box, z: int) -> tuple[int, int, int, int]:
    """First and last row, first and last column of the tiles at `z` that draw something inside this box."""
    return limits(box, z, REACH)


def touched(box: Box, z: int) -> Iterator[tuple[int, int]]:
    """Row and column of every tile at `z` that a change inside this box may alter."""
    first_row, last_row, first_col, last_col = span(box, z)
    for row in range(first_row, last_row + 1):
        for col in range(first_col, last_col + 1):
            yield row, col
