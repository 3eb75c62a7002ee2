"""Origins in SQL: a spot from two numbers, or a shape that is prepared once for the whole statement."""

from typing import Any, NamedTuple

import sqlalchemy as sa
from geoalchemy2 import Geography

from registry.domain.errors import NoGeometry, NotFound
from registry.domain.proximity import edges
from registry.domain.proximity.origin import Start
from registry.domain.proximity.outline import outline
from registry.store.database.pool import Reader
from registry.store.database.query import Query
from registry.store.pages import materialized
from registry.store.schema.records import place

GEOGRAPHY = Geography(geometry_type=None, spatial_index=False)
POINT = sa.func.ST_SetSRID(
    sa.func.ST_MakePoint(sa.bindparam("lon", type_=sa.Float), sa.bindparam("lat", type_=sa.Float)),
    sa.literal_column("4326"),
)
SPOT = sa.cast(POINT, GEOGRAPHY)
STEP_DEG: sa.ColumnElement[float] = sa.literal_column(str(edges.STEP_DEG))
"""Edges are straight in lon/lat (RFC 7946). Pieces this short leave the great circle by millimetres."""
MOST_PIECES: sa.ColumnElement[float] = sa.literal_column(str(edges.MOST_PIECES))


class OriginSql(NamedTuple):
    """What a statement measures from: a geography, its flat shape, and the CTEs that it needs.

    `near` is what it orders by: nothing is farther from it than from the geography.
    """

    geog: sa.ColumnElement[Any]
    geom: sa.ColumnElement[Any]
    near: sa.ColumnElement[Any]
    ctes: tuple[sa.CTE, ...] = ()


def _plain(shape: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """`shape` as a geometry of the server: GeoAlchemy2 would select it as bytes, in a WITH clause too."""
    return sa.type_coerce(shape, sa.types.NULLTYPE)


def _bound_shape(name: str) -> sa.ColumnElement[Any]:
    shape = sa.func.ST_GeomFromWKB(sa.bindparam(name, type_=sa.LargeBinary))
    return sa.func.ST_SetSRID(shape, sa.literal_column("4326"))


def _shape() -> OriginSql:
    flat = materialized(sa.select(_plain(_bound_shape("shape")).label("geom")), "flat")
    length = sa.func.ST_Perimeter(flat.c.geom) + sa.func.ST_Length(flat.c.geom)
    step = sa.func.greatest(STEP_DEG, length / MOST_PIECES)
    laid = sa.select(_plain(sa.cast(sa.func.ST_Segmentize(flat.c.geom, step), GEOGRAPHY)).label("geog"))
    origin = materialized(laid, "origin")
    hull = materialized(sa.select(_plain(sa.cast(_bound_shape("outline"), GEOGRAPHY)).label("geog")), "hull")
    return OriginSql(
        geog=sa.select(origin.c.geog).scalar_subquery(),
        geom=sa.select(flat.c.geom).scalar_subquery(),
        near=sa.select(hull.c.geog).scalar_subquery(),
        ctes=(flat, origin, hull),
    )


FROM_SPOT = OriginSql(geog=SPOT, geom=POINT, near=SPOT)
FROM_SHAPE = _shape()


def of(drawn: bool) -> OriginSql:
    """The SQL of an origin that is drawn, or of a spot."""
    return FROM_SHAPE if drawn else FROM_SPOT


def binds(start: Start) -> dict[str, Any]:
    """The bound values of an origin."""
    outer = None if start.shape is None else outline(start.shape)
    return {"lon": start.lon, "lat": start.lat, "shape": start.shape, "outline": outer}


def _place() -> Query:
    bound = place.alias("bound")
    return Query(
        sa.select(
            place.c.extent_from,
            bound.c.extent_basis.label("basis"),
            sa.func.ST_AsBinary(bound.c.extent).label("extent"),
        )
        .select_from(place.outerjoin(bound, bound.c.code == place.c.extent_from))
        .where(place.c.code == sa.bindparam("code"))
    )


PLACE = _place()


async def start_of_place(reader: Reader, code: str) -> Start:
    """The extent of a place, or of the place above it that has one; NotFound, or NoGeometry without one."""
    row = await reader.row(PLACE, {"code": code})
    if row is None:
        raise NotFound("place", code)
    if row["extent"] is None:
        raise NoGeometry(f"place {code} has no extent and nothing above it has one", field="place")
    described: dict[str, Any] = {"place": code}
    if row["extent_from"] != code:
        described["extent_of"] = row["extent_from"]
    if row["basis"] != "boundary":
        described["assumed_extent"] = True
    return Start(shape=row["extent"], described=described)
