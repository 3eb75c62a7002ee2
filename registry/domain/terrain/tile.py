"""A file of elevations as it is kept: where its cells lie, and their heights."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from msgspec import Struct

from registry.domain.terrain.elevation import ElevationGrid, Heights, transformer

MOST_ELEVATION_BYTES = 256 * 2**20
CHUNK = 256
"""Heights are stored in squares of so many cells."""

Bounds = tuple[float, float, float, float]


class GridFrame(Struct, frozen=True, kw_only=True):
    """Where a grid lies, as in `ElevationGrid`, and how many cells it has."""

    crs: int
    first_x: float
    first_y: float
    step_x: float
    step_y: float
    columns: int
    rows: int


class ElevationTile(GridFrame, frozen=True, kw_only=True):
    """The heights as little-endian 32-bit floats, row by row from the north; NaN is a void."""

    heights: bytes

    def array(self) -> Heights:
        """The heights, rows by columns."""
        return np.frombuffer(self.heights, dtype="<f4").reshape(self.rows, self.columns)


class Window(NamedTuple):
    """Some columns and rows of a grid; the ends are beyond the last."""

    column: int
    row: int
    column_end: int
    row_end: int

    @property
    def empty(self) -> bool:
        """Whether it holds no cell."""
        return self.column >= self.column_end or self.row >= self.row_end


def bounds_deg(frame: GridFrame) -> Bounds:
    """West, south, east, north of all cells, in degrees."""
    line = np.linspace(-0.5, 0.5, 21)
    column = (line + 0.5) * frame.columns - 0.5
    row = (line + 0.5) * frame.rows - 0.5
    x = frame.first_x + column * frame.step_x
    y = frame.first_y - row * frame.step_y
    rim_x = np.concatenate([x, x, np.full(21, x[0]), np.full(21, x[-1])])
    rim_y = np.concatenate([np.full(21, y[0]), np.full(21, y[-1]), y, y])
    lon, lat = transformer(frame.crs).transform(rim_x, rim_y, direction="INVERSE")
    return float(np.min(lon)), float(np.min(lat)), float(np.max(lon)), float(np.max(lat))


def window_of(frame: GridFrame, around: Bounds) -> Window:
    """The cells that lie within a box in degrees, and one more on each side."""
    west, south, east, north = around
    lon, lat = np.meshgrid(np.linspace(west, east, 9), np.linspace(south, north, 9))
    x, y = transformer(frame.crs).transform(lon.ravel(), lat.ravel())
    column = (np.asarray(x) - frame.first_x) / frame.step_x
    row = (frame.first_y - np.asarray(y)) / frame.step_y
    return Window(
        max(0, int(np.floor(column.min())) - 1),
        max(0, int(np.floor(row.min())) - 1),
        min(frame.columns, int(np.ceil(column.max())) + 2),
        min(frame.rows, int(np.ceil(row.max())) + 2),
    )


def chunks(tile: ElevationTile) -> Iterator[tuple[int, int, Heights]]:
    """The squares of a tile that hold any height: number of the square from the west and from the north."""
    heights = tile.array()
    for row in range(0, tile.rows, CHUNK):
        for column in range(0, tile.columns, CHUNK):
            square = heights[row : row + CHUNK, column : column + CHUNK]
            if not np.isnan(square).all():
                yield column // CHUNK, row // CHUNK, square


def assembled(frame: GridFrame, window: Window, squares: Iterator[tuple[int, int, Heights]]) -> ElevationGrid:
    """The part of a grid that a window holds, from the squares that meet it."""
    heights = np.full(
        (window.row_end - window.row, window.column_end - window.column), np.nan, dtype=np.float32
    )
    for across, down, square in squares:
        left, top = across * CHUNK - window.column, down * CHUNK - window.row
        to_row, to_column = max(top, 0), max(left, 0)
        part = square[to_row - top :, to_column - left :]
        part = part[: heights.shape[0] - to_row, : heights.shape[1] - to_column]
        heights[to_row : to_row + part.shape[0], to_column : to_column + part.shape[1]] = part
    return ElevationGrid(
        crs=frame.crs,
        first_x=frame.first_x + window.column * frame.step_x,
        first_y=frame.first_y - window.row * frame.step_y,
        step_x=frame.step_x,
        step_y=frame.step_y,
        heights=heights,
    )
