"""What is near, in one statement each: nearest, within, covering."""

from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from geoalchemy2 import Geography

from registry.domain.search import DistancePage, Filter
from registry.domain.sight import Sight
from registry.store.filters import asked, clauses
from registry.store.pool import Reader, Row
from registry.store.query import Query
from registry.store.schema import reach, resource
from registry.store.sight import Shape, View, binds, shape, view

SPOT = sa.cast(
    sa.func.ST_SetSRID(
        sa.func.ST_MakePoint(sa.bindparam("lon", type_=sa.Float), sa.bindparam("lat", type_=sa.Float)), 4326
    ),
    Geography(geometry_type=None, spatial_index=False),
)


class Hits(NamedTuple):
    """Hits nearest first, and how many more meet the conditions but have no position to measure from."""

    rows: list[Row]
    unlocated: int


def _with_unlocated(hits: sa.Select[Any], seen: View, where: list[Any]) -> Query:
    """The hits, followed by one row without id whose distance column carries the count: one round trip."""
    inner = hits.subquery()
    missing = sa.select(
        sa.null(), sa.null(), sa.cast(sa.func.count(), sa.Float), sa.literal_column("0.0"), sa.null()
    ).where(*where, resource.c.geom.is_(None))
    found = sa.select(inner)
    return Query(sa.union_all(found, missing.select_from(seen.table)))


def _hits(rows: list[Row]) -> Hits:
    return Hits(rows[:-1], int(rows[-1]["distance_m"]))


def _distance(view: View) -> sa.ColumnElement[float]:
    return sa.func.ST_Distance(view.geog, SPOT)


def _hit(view: View, *more: Any) -> sa.Select[Any]:
    return sa.select(
        resource.c.id,
        view.feature.label("feature"),
        _distance(view).label("distance_m"),
        sa.func.coalesce(view.uncertainty_m, 0.0).label("uncertainty_m"),
        sa.func.degrees(sa.func.ST_Azimuth(SPOT, view.geog)).label("bearing_deg"),
        *more,
    )


def _within(view: View, metres: Any) -> sa.ColumnElement[bool]:
    return sa.func.ST_DWithin(view.geog, SPOT, metres)


@cache
def _nearest(form: Shape, present: frozenset[str], capped: bool) -> Query:
    """k nearest by geodesic distance.

    `<->` on geography orders by distance on a sphere, so the k it finds first only bound the answer: the
    second step takes everything within the farthest of them and orders by the distance on the ellipsoid.
    The centimetre is there because ST_DWithin may exclude a point at its own ST_Distance.
    """
    seen = view(form)
    asked_for = [seen.seen, *clauses(present, seen)]
    where = list(asked_for)
    if capped:
        where.append(_within(seen, sa.bindparam("max_m", type_=sa.Float)))
    first = (
        sa.select(_distance(seen).label("distance_m"))
        .where(*where, seen.geom.is_not(None))
        .order_by(seen.geog.op("<->")(SPOT))
        .limit(sa.bindparam("k", type_=sa.Integer))
        .cte("first")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    bound = sa.select(sa.func.max(first.c.distance_m) + sa.literal_column("0.01")).scalar_subquery()
    statement = _hit(seen).where(*where, _within(seen, bound))
    ordered = statement.order_by(sa.text("distance_m"), resource.c.id)
    return _with_unlocated(ordered.limit(sa.bindparam("k", type_=sa.Integer)), seen, asked_for)


async def nearest(
    reader: Reader, sight: Sight, wanted: Filter, *, lon: float, lat: float, k: int, max_m: float | None
) -> Hits:
    """The `k` nearest located resources that meet `wanted`, nearest first, none beyond `max_m` metres."""
    present, values = asked(wanted)
    query = _nearest(shape(sight), present, max_m is not None)
    values |= binds(sight) | {"lon": lon, "lat": lat, "k": k, "max_m": max_m}
    return _hits(await reader.rows(query, values))


@cache
def _near(form: Shape, present: frozenset[str], paged: bool) -> Query:
    seen = view(form)
    statement = _hit(seen).where(
        seen.seen, *clauses(present, seen), _within(seen, sa.bindparam("radius_m", type_=sa.Float))
    )
    if paged:
        last = sa.tuple_(sa.bindparam("after_m", type_=sa.Float), sa.bindparam("after", type_=sa.Uuid))
        statement = statement.where(sa.tuple_(_distance(seen), resource.c.id) > last)
    ordered = statement.order_by(sa.text("distance_m"), resource.c.id)
    limited = ordered.limit(sa.bindparam("limit", type_=sa.Integer))
    return _with_unlocated(limited, seen, [seen.seen, *clauses(present, seen)])


async def within(
    reader: Reader,
    sight: Sight,
    wanted: Filter,
    *,
    lon: float,
    lat: float,
    radius_m: float,
    after: DistancePage | None,
    limit: int,
) -> Hits:
    """Located resources that meet `wanted` at most `radius_m` metres away, nearest first."""
    present, values = asked(wanted)
    values |= binds(sight) | {"lon": lon, "lat": lat, "radius_m": radius_m, "limit": limit}
    if after is not None:
        values |= {"after_m": after.distance_m, "after": after.after}
    return _hits(await reader.rows(_near(shape(sight), present, after is not None), values))


@cache
def _covering(form: Shape, present: frozenset[str]) -> Query:
    """Watch points that reach the spot from some possible position, or whose own footprint holds it."""
    seen = view(form)
    where = [seen.seen, *clauses(present, seen)]
    far_m = resource.c.watch_radius_m + sa.func.coalesce(seen.uncertainty_m, sa.literal_column("0"))
    columns = (
        resource.c.name_zh,
        resource.c.name_en,
        resource.c.watch_radius_m,
        resource.c.sector_from_deg,
        resource.c.sector_to_deg,
        sa.func.degrees(sa.func.ST_Azimuth(seen.geog, SPOT)).label("outward_deg"),
    )
    by_radius = _hit(seen, *columns, sa.literal_column("false").label("by_footprint")).where(
        *where,
        resource.c.watch_radius_m.is_not(None),
        seen.geom.is_not(None),
        reach(seen.geom, seen.uncertainty_m).op("&&")(SPOT),
        _within(seen, far_m),
        resource.c.footprint.is_(None),
    )
    drawn = sa.func.ST_Covers(resource.c.footprint, sa.cast(SPOT, resource.c.geom.type))
    by_footprint = _hit(seen, *columns, sa.literal_column("true").label("by_footprint")).where(
        *where, resource.c.footprint.is_not(None), _footprint_shown(form), drawn
    )
    both = sa.union_all(by_radius, by_footprint).subquery()
    return Query(sa.select(both).order_by(both.c.distance_m, both.c.id).limit(sa.bindparam("limit")))


def _footprint_shown(form: Shape) -> sa.ColumnElement[bool]:
    if form.clearance != "public":
        return sa.true()
    return sa.literal_column("visibility") == sa.literal_column("'public'")


async def covering(
    reader: Reader, sight: Sight, wanted: Filter, *, lon: float, lat: float, limit: int
) -> list[Row]:
    """Located watch points that cover the spot from where they are or may be, nearest first."""
    present, values = asked(wanted)
    values |= binds(sight) | {"lon": lon, "lat": lat, "limit": limit}
    return await reader.rows(_covering(shape(sight), present), values)


@cache
def _loose(form: Shape, present: frozenset[str]) -> Query:
    seen = view(form)
    return Query(
        sa.select(
            resource.c.id,
            resource.c.name_zh,
            resource.c.name_en,
            resource.c.quality,
            resource.c.watch_radius_m,
            resource.c.place,
            resource.c.candidate_places,
        )
        .where(
            seen.seen,
            *clauses(present, seen),
            resource.c.geom.is_(None),
            resource.c.watch_radius_m.is_not(None),
        )
        .order_by(resource.c.id)
        .limit(sa.bindparam("limit", type_=sa.Integer))
    )


async def loose(reader: Reader, sight: Sight, wanted: Filter, limit: int) -> list[Row]:
    """Watch points that have a radius and no position: what is known of their place instead."""
    present, values = asked(wanted)
    return await reader.rows(_loose(shape(sight), present), values | binds(sight) | {"limit": limit})
