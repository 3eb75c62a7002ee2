"""The area of a coverage request: a place or a polygon, divided by the places in it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

from registry.domain.coverage.listing import Unit
from registry.domain.coverage.watcher import AreaPart
from registry.domain.errors import InvalidQuery, NotFound
from registry.domain.values import Name
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query
from registry.store.schema.records import place, place_member

MOST_PARTS = 400
PARTING_LEVELS = ("town", "district")

PLACE_COLUMNS = (
    place.c.code,
    place.c.name_zh,
    place.c.name_en,
    place.c.level,
    place.c.extent,
    place.c.extent_basis.label("basis"),
)
PLACE = Query(sa.select(*PLACE_COLUMNS).where(place.c.code == sa.bindparam("code")))
MEMBER = sa.select(place_member.c.place).where(place_member.c.area == sa.bindparam("code"))
BOUND = place.alias("bound")
PARTS = Query(
    sa.select(*PLACE_COLUMNS, BOUND.c.extent.label("bound"))
    .select_from(place.outerjoin(BOUND, BOUND.c.code == place.c.extent_from))
    .where(
        sa.or_(
            sa.and_(place.c.parent == sa.bindparam("code"), place.c.level != "management_area"),
            place.c.code == sa.any_(sa.func.array(MEMBER.scalar_subquery())),
        )
    )
    .order_by(place.c.code)
)
AREA = sa.func.ST_SetSRID(sa.func.ST_GeomFromWKB(sa.bindparam("area", type_=sa.LargeBinary)), 4326)
CROSSED = Query(
    sa.select(*PLACE_COLUMNS)
    .where(place.c.level == sa.bindparam("level"), sa.func.ST_Intersects(place.c.extent, AREA))
    .order_by(place.c.code)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)


HOLDER = Query(
    sa.select(place.c.code)
    .where(place.c.extent_basis == sa.literal_column("'boundary'"), sa.func.ST_Covers(place.c.extent, AREA))
    .order_by(sa.func.ST_Area(place.c.extent), place.c.code)
    .limit(1)
)


class DividedArea(NamedTuple):
    """An area, and the places that divide it.

    `territory` is the place that the list of resources is of, None for everywhere. The ground of the places
    `without_extent` lies in `unmeasured`; None where nothing bounds it.
    """

    wkb: bytes
    whole: AreaPart
    parts: list[AreaPart]
    territory: str | None
    without_extent: list[Unit]
    unmeasured: list[bytes] | None


def _part(row: Mapping[str, Any]) -> AreaPart:
    name = Name(row["name_zh"], row["name_en"])
    return AreaPart(shape=row["extent"], code=row["code"], name=name, assumed=row["basis"] != "boundary")


async def place_area(reader: Reader, code: str) -> DividedArea:
    """A place and the places directly under it that have an extent.

    NotFound for an unknown place, InvalidQuery for one without an extent.
    """
    row = await reader.row(PLACE, {"code": code})
    if row is None:
        raise NotFound("place", code)
    if row["extent"] is None:
        raise InvalidQuery(f"place {code} has no extent, so no share of it can be computed", field="place")
    under = await reader.rows(PARTS, {"code": code})
    parts = [_part(part) for part in under if part["extent"] is not None]
    return DividedArea(row["extent"], _part(row), parts, code, *_without_extent(row, under))


def _without_extent(whole: Row, under: list[Row]) -> tuple[list[Unit], list[bytes] | None]:
    """The parts without an extent, and the ground that holds them; a drawn boundary holds its own parts."""
    blank = [part for part in under if part["extent"] is None]
    units = [Unit(part["code"], Name(part["name_zh"], part["name_en"])) for part in blank]
    if whole["basis"] == "boundary":
        return units, []
    bounds = {part["bound"] for part in blank}
    return units, None if None in bounds else sorted(bounds)


async def place_name(reader: Reader, code: str) -> Name:
    """The name of a place, with or without an extent."""
    row = await reader.row(PLACE, {"code": code})
    if row is None:
        raise NotFound("place", code)
    return Name(row["name_zh"], row["name_en"])


async def polygon_area(reader: Reader, area_wkb: bytes) -> DividedArea:
    """A polygon and the towns it touches, or the districts when the towns are too many.

    Its territory is the smallest place whose boundary holds all of it.
    """
    holder = await reader.row(HOLDER, {"area": area_wkb})
    territory, whole = None if holder is None else holder["code"], AreaPart(shape=area_wkb)
    for level in PARTING_LEVELS:
        values = {"level": level, "area": area_wkb, "limit": MOST_PARTS + 1}
        rows = await reader.rows(CROSSED, values)
        if len(rows) <= MOST_PARTS:
            return DividedArea(area_wkb, whole, [_part(row) for row in rows], territory, [], [])
    return DividedArea(area_wkb, whole, [], territory, [], [])
