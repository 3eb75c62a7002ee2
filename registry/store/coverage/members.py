"""Set coverage: which places of a level have a resource."""

import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.conditions import Filter
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query, statement
from registry.store.filters import clauses, key_and_values
from registry.store.schema.records import place, place_within
from registry.store.visibility import Shape, binds, shape, view


@statement
def _members(form: Shape, present: frozenset[str]) -> Query:
    """The places of a level under a place, each with whether a resource is (`certain`) or may be in it."""
    seen = view(form)
    where = [seen.seen, *clauses(present, seen)]
    under = sa.select(place_within.c.code).where(place_within.c.ancestor == sa.bindparam("under"))
    own = sa.select(place_within.c.code).where(place_within.c.ancestor == place.c.code).correlate(place)
    mine = sa.func.array(own.scalar_subquery())
    certain = sa.exists().where(*where, seen.c.place == sa.any_(mine), seen.c.quality != "candidate_places")
    possible = sa.exists().where(*where, seen.c.candidate_places.op("&&")(mine))
    return Query(
        sa.select(
            place.c.code,
            place.c.name_zh,
            place.c.name_en,
            certain.label("certain"),
            possible.label("possible"),
        )
        .where(
            place.c.level == sa.bindparam("level"),
            place.c.code == sa.any_(sa.func.array(under.scalar_subquery())),
        )
        .order_by(place.c.code)
        .limit(sa.bindparam("limit", type_=sa.Integer))
    )


async def find(
    reader: Reader, sight: Sight, conditions: Filter, *, under: str, level: str, limit: int
) -> list[Row]:
    """Every place of `level` under a place, with whether a resource is, or may be, in it."""
    present, values = key_and_values(conditions)
    values |= binds(sight) | {"under": under, "level": level, "limit": limit}
    return await reader.rows(_members(shape(sight), present), values)


PLACE_POINTS = Query(
    sa.select(
        place.c.code,
        place.c.name_zh,
        place.c.name_en,
        sa.func.ST_X(place.c.point).label("lon"),
        sa.func.ST_Y(place.c.point).label("lat"),
        place.c.flags,
    )
    .where(
        place.c.level == sa.bindparam("level"),
        sa.or_(
            place.c.code
            == sa.any_(
                sa.func.array(
                    sa.select(place_within.c.code)
                    .where(place_within.c.ancestor == sa.bindparam("under", type_=sa.Text))
                    .scalar_subquery()
                )
            ),
            sa.func.ST_Covers(
                sa.func.ST_SetSRID(sa.func.ST_GeomFromWKB(sa.bindparam("area", type_=sa.LargeBinary)), 4326),
                place.c.point,
            ),
        ),
    )
    .order_by(place.c.code)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)


async def place_points(
    reader: Reader, level: str, under: str | None, area_wkb: bytes | None, limit: int
) -> list[Row]:
    """The places of `level` under a place or inside a polygon, with their points where known."""
    values = {"level": level, "under": under, "area": area_wkb, "limit": limit}
    return await reader.rows(PLACE_POINTS, values)
