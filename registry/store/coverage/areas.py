"""The area of a coverage request: a place or a polygon, divided by the places in it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

from registry.domain.coverage.watcher import AreaPart
from registry.domain.errors import InvalidQuery, NotFound
from registry.domain.values import Name
from registry.store.database.pool import Reader
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
PARTS = Query(
    sa.select(*PLACE_COLUMNS)
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


class DividedArea(NamedTuple):
    """An area, and the places that divide it."""

    wkb: bytes
    whole: AreaPart
    parts: list[AreaPart]


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
    return DividedArea(
        row["extent"], _part(row), [_part(part) for part in under if part["extent"] is not None]
    )


async def place_name(reader: Reader, code: str) -> Name:
    """The name of a place, with or without an extent."""
    row = await reader.row(PLACE, {"code": code})
    if row is None:
        raise NotFound("place", code)
    return Name(row["name_zh"], row["name_en"])


async def polygon_area(reader: Reader, area_wkb: bytes) -> DividedArea:
    """A polygon and the towns it touches, or the districts when the towns are too many."""
    for level in PARTING_LEVELS:
        values = {"level": level, "area": area_wkb, "limit": MOST_PARTS + 1}
        rows = await reader.rows(CROSSED, values)
        if len(rows) <= MOST_PARTS:
            return DividedArea(area_wkb, AreaPart(shape=area_wkb), [_part(row) for row in rows])
    return DividedArea(area_wkb, AreaPart(shape=area_wkb), [])
