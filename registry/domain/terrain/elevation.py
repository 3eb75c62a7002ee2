"""Elevations on a regular lattice, and their heights around one spot in its own plane.

Heights belong to the centres of cells. Between centres they are bilinear; outside the lattice and beside a
void they are not known (NaN), never 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import Proj, Transformer

from registry.domain.coverage.geometry.plane import GEOD, Floats

WGS84 = 4326
NODES = 9
DEGREE = 3
POWERS = [(i, j) for i in range(DEGREE + 1) for j in range(DEGREE + 1 - i)]

Heights = NDArray[np.float32]


@dataclass(frozen=True)
class ElevationGrid:
    """Heights in metres above one datum, row by row from the north; NaN is a void.

    `first_x`, `first_y` are the centre of the north-western cell in the coordinates of the EPSG code `crs`.
    """

    crs: int
    first_x: float
    first_y: float
    step_x: float
    step_y: float
    heights: Heights


@dataclass(frozen=True)
class LocalPlane:
    """Metres east and north of a spot: distances and directions from it are geodesic (WGS 84)."""

    lon: float
    lat: float

    @property
    def projection(self) -> Proj:
        """The azimuthal equidistant projection about the spot."""
        return _projection(self.lon, self.lat)

    def inverse(self, xy: Floats) -> Floats:
        """Lon/lat in degrees of metres east and north; longitudes run on across the antimeridian."""
        lon, lat = self.projection(xy[:, 0], xy[:, 1], inverse=True)
        return np.column_stack([(lon - self.lon + 180.0) % 360.0 - 180.0 + self.lon, lat])


@lru_cache(maxsize=64)
def _projection(lon: float, lat: float) -> Proj:
    return Proj(proj="aeqd", lat_0=lat, lon_0=lon, ellps="WGS84")


@lru_cache(maxsize=16)
def transformer(crs: int) -> Transformer:
    """From WGS 84 lon/lat to the coordinates of an EPSG code, easting or longitude first."""
    return Transformer.from_crs(WGS84, crs, always_xy=True)


class LocalGround:
    """The heights of some grids around one spot, asked for in metres east and north of it.

    Where grids overlap, the first that knows a height tells it.
    """

    def __init__(self, grids: Sequence[ElevationGrid], plane: LocalPlane, reach_m: float) -> None:
        self._reach_m = reach_m
        self._grids = [(grid.heights, _cells_of(grid, plane, reach_m)) for grid in grids]

    def heights(self, x_m: Floats, y_m: Floats) -> Heights:
        """The height at each point; NaN where it is not known."""
        found = np.full(x_m.shape, np.nan, dtype=np.float32)
        for at, (heights, cells) in enumerate(self._grids):
            column, row = _evaluated(cells, x_m / self._reach_m, y_m / self._reach_m)
            sampled = bilinear(heights, column, row)
            found = sampled if at == 0 else np.where(np.isnan(found), sampled, found)
        return found


def cell_size_m(grid: ElevationGrid, plane: LocalPlane) -> float:
    """The shorter side of a cell at the spot, in metres."""
    x, y = transformer(grid.crs).transform(plane.lon, plane.lat)
    inverse = transformer(grid.crs)
    ends = [(x, y), (x + grid.step_x, y), (x, y + grid.step_y)]
    lon, lat = np.array([inverse.transform(*end, direction="INVERSE") for end in ends]).T
    east = GEOD.inv(lon[0], lat[0], lon[1], lat[1])[2]
    north = GEOD.inv(lon[0], lat[0], lon[2], lat[2])[2]
    return float(min(east, north))


def _cells_of(grid: ElevationGrid, plane: LocalPlane, reach_m: float) -> tuple[Floats, Floats]:
    """Polynomials from the plane, in units of the reach, to column and row.

    Within 60 km of the spot the terms of fourth order move no point by a centimetre.
    """
    line = np.linspace(-1.0, 1.0, NODES)
    u, v = (a.ravel() for a in np.meshgrid(line, line))
    lon, lat = plane.inverse(np.column_stack([u, v]) * reach_m).T
    x, y = transformer(grid.crs).transform(lon, lat)
    if grid.crs == WGS84:
        middle = grid.first_x + grid.step_x * grid.heights.shape[1] / 2
        x = x + 360.0 * np.round((middle - plane.lon) / 360.0)
    column, row = (np.asarray(x) - grid.first_x) / grid.step_x, (grid.first_y - np.asarray(y)) / grid.step_y
    terms = np.column_stack([u**i * v**j for i, j in POWERS])
    fitted: Floats = np.asarray(np.linalg.lstsq(terms, np.column_stack([column, row]), rcond=None)[0], float)
    return fitted[:, 0], fitted[:, 1]


def _evaluated(cells: tuple[Floats, Floats], u: Floats, v: Floats) -> tuple[Floats, Floats]:
    """Column and row by Horner's scheme."""
    of = {power: at for at, power in enumerate(POWERS)}

    def value(terms: Floats) -> Floats:
        whole: Any = 0.0
        for i in range(DEGREE, -1, -1):
            inner: Any = 0.0
            for j in range(DEGREE - i, -1, -1):
                inner = inner * v + terms[of[i, j]]
            whole = whole * u + inner
        return np.asarray(whole)

    return value(cells[0]), value(cells[1])


def bilinear(heights: Heights, column: Floats, row: Floats) -> Heights:
    """Heights between the centres of cells; up to half a cell beyond the outermost, that of the outermost."""
    rows, columns = heights.shape
    inside = (column >= -0.5) & (column <= columns - 0.5) & (row >= -0.5) & (row <= rows - 0.5)
    c, r = np.clip(column, 0.0, columns - 1.0), np.clip(row, 0.0, rows - 1.0)
    left, top = (
        np.minimum(c.astype(np.int32), max(columns - 2, 0)),
        np.minimum(r.astype(np.int32), max(rows - 2, 0)),
    )
    across, down = (c - left).astype(np.float32), (r - top).astype(np.float32)
    flat, at = heights.ravel(), top * columns + left
    right, below = (0 if columns == 1 else 1), (0 if rows == 1 else columns)
    upper = flat[at] + across * (flat[at + right] - flat[at])
    lower = flat[at + below] + across * (flat[at + below + right] - flat[at + below])
    found = upper + down * (lower - upper)
    found[~inside] = np.nan
    return np.asarray(found, dtype=np.float32)
