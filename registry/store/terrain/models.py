"""SQL of terrain models: store one with its heights, the one in use, the heights around a spot."""

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa

from registry.domain.terrain.elevation import ElevationGrid, Heights
from registry.domain.terrain.tile import CHUNK, Bounds, ElevationTile, GridFrame, assembled, chunks, window_of
from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query
from registry.store.schema.terrain import terrain_chunk, terrain_grid, terrain_model

DEFLATE_LEVEL = 1
HEIGHT = np.dtype("<f4")


def _insert(table: sa.Table) -> Any:
    named = [column for column in table.columns if column.identity is None]
    return sa.insert(table).values(
        {column.name: sa.bindparam(column.name, type_=column.type) for column in named}
    )


def _int(name: str) -> sa.BindParameter[int]:
    return sa.bindparam(name, type_=sa.Integer)


_VERSION = _int("version")
BEGIN = Query(_insert(terrain_model).returning(terrain_model.c.version))
FINISH = Query(
    sa.update(terrain_model)
    .where(terrain_model.c.version == _VERSION)
    .values(
        {
            name: sa.bindparam(f"new_{name}", type_=terrain_model.c[name].type)
            for name in ("digest", "cells", "voids", "west_deg", "south_deg", "east_deg", "north_deg")
        }
    )
)
ADD_GRID = Query(_insert(terrain_grid))
ADD_CHUNK = Query(_insert(terrain_chunk))
FORGET_OTHERS = Query(sa.delete(terrain_model).where(terrain_model.c.version != _VERSION))
CURRENT = Query(
    sa.select(terrain_model).order_by(terrain_model.c.version.desc()).limit(sa.literal_column("1"))
)
_SIDES = {side: sa.bindparam(side, type_=sa.Float) for side in ("west", "south", "east", "north")}
NEAR = Query(
    sa.select(terrain_grid)
    .where(
        terrain_grid.c.version == _VERSION,
        terrain_grid.c.west_deg <= _SIDES["east"],
        terrain_grid.c.east_deg >= _SIDES["west"],
        terrain_grid.c.south_deg <= _SIDES["north"],
        terrain_grid.c.north_deg >= _SIDES["south"],
    )
    .order_by(terrain_grid.c.number)
)
CHUNKS = Query(
    sa.select(terrain_chunk.c.across, terrain_chunk.c.down, terrain_chunk.c.heights).where(
        terrain_chunk.c.version == _VERSION,
        terrain_chunk.c.number == _int("number"),
        terrain_chunk.c.across.between(_int("left"), _int("right")),
        terrain_chunk.c.down.between(_int("top"), _int("bottom")),
    )
)


async def begin(writer: Writer, values: dict[str, Any]) -> int:
    """Store a model without heights; its version, which is in use once the transaction commits."""
    row = await writer.row(BEGIN, values)
    assert row is not None
    return int(row["version"])


async def add_tile(writer: Writer, version: int, number: int, tile: ElevationTile, bounds: Bounds) -> None:
    """Store the heights of one file."""
    frame = {name: getattr(tile, name) for name in GridFrame.__struct_fields__}
    key = {"version": version, "number": number}
    await writer.run(ADD_GRID, key | frame | sides(bounds))
    for across, down, heights in chunks(tile):
        await writer.run(ADD_CHUNK, key | {"across": across, "down": down, "heights": pack(heights)})


async def finish(writer: Writer, version: int, values: dict[str, Any]) -> None:
    """State what a model holds, and forget every other one."""
    await writer.run(FINISH, {"version": version} | {f"new_{name}": value for name, value in values.items()})
    await writer.run(FORGET_OTHERS, {"version": version})


async def current(reader: Reader) -> Row | None:
    """The model in use."""
    return await reader.row(CURRENT, {})


async def grids_near(
    reader: Reader, version: int, around: Bounds, most_cells: int
) -> list[ElevationGrid] | None:
    """What of a model's grids meets a box in degrees; None where it is more than so many cells."""
    west, south, east, north = around
    box = {"west": west, "south": south, "east": east, "north": north}
    rows = await reader.rows(NEAR, {"version": version} | box)
    frames = [(row["number"], _frame(row)) for row in rows]
    windows = [(number, frame, window_of(frame, around)) for number, frame in frames]
    if (
        sum((w.column_end - w.column) * (w.row_end - w.row) for _, _, w in windows if not w.empty)
        > most_cells
    ):
        return None
    found = []
    for number, frame, window in windows:
        if not window.empty:
            ends = {
                "left": window.column // CHUNK,
                "right": (window.column_end - 1) // CHUNK,
                "top": window.row // CHUNK,
                "bottom": (window.row_end - 1) // CHUNK,
            }
            squares = await reader.rows(CHUNKS, {"version": version, "number": number} | ends)
            found.append(assembled(frame, window, (_square(frame, row) for row in squares)))
    return found


def sides(bounds: Bounds) -> dict[str, float]:
    """The columns of a box."""
    return dict(zip(("west_deg", "south_deg", "east_deg", "north_deg"), bounds, strict=True))


def _frame(row: Row) -> GridFrame:
    return GridFrame(**{name: row[name] for name in GridFrame.__struct_fields__})


def pack(heights: Heights) -> bytes:
    """Heights deflated, all first bytes before all second ones: that halves them."""
    ranked = np.ascontiguousarray(heights, dtype=HEIGHT).view(np.uint8).reshape(-1, HEIGHT.itemsize).T
    return zlib.compress(ranked.tobytes(), DEFLATE_LEVEL)


def unpack(packed: bytes, shape: Sequence[int]) -> Heights:
    """The heights of a square of so many rows and columns."""
    ranked = np.frombuffer(zlib.decompress(packed), dtype=np.uint8).reshape(HEIGHT.itemsize, -1)
    return np.ascontiguousarray(ranked.T).view(HEIGHT).reshape(tuple(shape))


def _square(frame: GridFrame, row: Row) -> tuple[int, int, Heights]:
    across, down = row["across"], row["down"]
    shape = (min(CHUNK, frame.rows - down * CHUNK), min(CHUNK, frame.columns - across * CHUNK))
    return across, down, unpack(row["heights"], shape)
