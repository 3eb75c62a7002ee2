"""Where and when a collection's features are: boxes rounded outward."""

import math
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from registry.domain.access.sight import Sight
from registry.domain.ogc import catalogue
from registry.domain.ogc.tiling import Box
from registry.domain.records.location import METRES_PER_DEGREE
from registry.store.database.pool import Reader
from registry.store.database.query import Query, statement
from registry.store.ogc.collection_source import source
from registry.store.visibility import Shape, binds, shape, view

DIGITS = 4
MOST_LAT = 89.0
"""Beyond, an area may hold the pole."""


class Extent(Struct, frozen=True):
    """What a collection spans; no box when nothing in it has a position."""

    box: Box | None
    begins: datetime | None
    ends: datetime | None
    count: int


@statement
def _extent(form: Shape, name: str) -> Query:
    rows, described = source(form, name), catalogue.collection(name)
    drawn = described.holds == "footprints"
    geom = view(form).geom if drawn else rows.geom
    radius_m: Any = sa.func.max(rows.table.c.watch_radius_m) if drawn else sa.literal_column("0")
    timed = "valid_from" in rows.queryables.columns
    begins = rows.queryables.columns["valid_from"] if timed else sa.literal_column("NULL::timestamptz")
    ends = rows.queryables.columns["valid_to"] if timed else sa.literal_column("NULL::timestamptz")
    box = sa.func.ST_Extent(geom)
    sides = [getattr(sa.func, f"ST_{side}")(box).label(side) for side in ("XMin", "YMin", "XMax", "YMax")]
    open_start = sa.func.bool_or(begins.is_(None))
    open_end = sa.func.bool_or(ends.is_(None))
    return Query(
        sa.select(
            *sides,
            radius_m.label("radius_m"),
            sa.case((open_start, sa.null()), else_=sa.func.min(begins)).label("begins"),
            sa.case((open_end, sa.null()), else_=sa.func.max(ends)).label("ends"),
            sa.func.count().label("n"),
        )
        .select_from(rows.table)
        .where(rows.seen)
    )


async def extent(reader: Reader, sight: Sight, name: str) -> Extent:
    """What the collection spans in this sight."""
    row = await reader.row(_extent(shape(sight), name), binds(sight))
    if row is None or row["XMin"] is None:
        return Extent(None, None, None, row["n"] if row is not None else 0)
    box = (row["XMin"], row["YMin"], row["XMax"], row["YMax"])
    return Extent(outward(box, row["radius_m"] or 0.0), row["begins"], row["ends"], row["n"])


def outward(box: Box, radius_m: float = 0.0) -> Box:
    """The box grown by a radius and rounded so that it loses nothing; all round across 180° or a pole."""
    west, south, east, north = box
    up = radius_m / METRES_PER_DEGREE * 1.01
    farthest = min(MOST_LAT, max(abs(south), abs(north)) + up)
    across = up / math.cos(math.radians(farthest))
    if radius_m and (farthest == MOST_LAT or west - across < -180 or east + across > 180):
        west, east = -180.0, 180.0
    scale = 10**DIGITS
    return (
        max(-180.0, math.floor((west - across) * scale) / scale),
        max(-90.0, math.floor((south - up) * scale) / scale),
        min(180.0, math.ceil((east + across) * scale) / scale),
        min(90.0, math.ceil((north + up) * scale) / scale),
    )
