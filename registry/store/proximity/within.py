"""All located records within a distance."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.conditions import Filter
from registry.domain.cursor import DistanceCursor
from registry.domain.proximity.edges import SPHERE_ERROR
from registry.domain.proximity.origin import Start
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query, passed_on, statement
from registry.store.filters import BROAD, clauses, key_and_values
from registry.store.proximity import origin_sql
from registry.store.proximity.knn_columns import TIERS, columns, distance, measured, nearness, within
from registry.store.proximity.nearest import EDGE_M
from registry.store.proximity.origin_sql import OriginSql
from registry.store.visibility import Shape, View, binds, shape, view


def _reach_m(
    seen: View, origin: OriginSql, where: Sequence[sa.ColumnElement[Any]], radius_m: Any, tier: int
) -> sa.ColumnElement[float]:
    """How far a first page reaches at the most: as many of the nearest as it needs are not farther.

    They come in the order of the index, so that it does not read the whole circle, as later ones do.
    """
    metres = distance(seen, origin).label("distance_m")
    near = sa.select(metres).where(*where, within(seen, origin, radius_m), seen.geom.is_not(None))
    first = near.order_by(nearness(seen, origin)).limit(sa.literal_column(str(tier))).subquery("first")
    is_full = sa.func.count() == sa.literal_column(str(tier))
    farthest_m = sa.func.max(first.c.distance_m) + EDGE_M
    bound_m = sa.case((is_full, sa.func.least(farthest_m, radius_m)), else_=radius_m)
    reach_m: sa.ColumnElement[float] = sa.select(bound_m).select_from(first).scalar_subquery()
    return reach_m


@statement
def _near(form: Shape, present: frozenset[str], drawn: bool, paged: bool, tier: int | None) -> Query:
    seen, origin = view(form), origin_sql.of(drawn)
    where = [seen.seen, *clauses(present, seen)]
    radius_m: Any = sa.bindparam("radius_m", type_=sa.Float)
    if tier is not None:
        radius_m = _reach_m(seen, origin, where, radius_m, tier)
    near = [within(seen, origin, radius_m)]
    if drawn:
        box = sa.func._ST_Expand(origin.geog, radius_m + sa.literal_column("1"))
        inside = sa.func.ST_Covers(origin.geom, seen.geom)
        near = [seen.geog.op("&&")(box), sa.or_(inside, within(seen, origin, radius_m))]
    found = sa.select(*columns(seen, origin, present)).where(*where, *near).subquery("near")
    statement = sa.select(found)
    if paged:
        last = sa.tuple_(sa.bindparam("after_m", type_=sa.Float), sa.bindparam("after", type_=sa.Uuid))
        statement = statement.where(sa.tuple_(found.c.distance_m, found.c.id) > last)
    ordered = statement.order_by(found.c.distance_m, found.c.id)
    hits = ordered.limit(sa.bindparam("limit", type_=sa.Integer))
    return Query(passed_on(hits.subquery("hit")).add_cte(*origin.ctes))


async def within_distance(
    reader: Reader,
    sight: Sight,
    wanted: Filter,
    start: Start,
    *,
    radius_m: float,
    after: DistanceCursor | None = None,
    limit: int,
) -> list[Row]:
    """Located resources that meet `wanted` at most `radius_m` from the origin's edge, nearest first."""
    present, values = key_and_values(wanted)
    values |= binds(sight) | origin_sql.binds(start) | {"radius_m": radius_m + start.margin_m, "limit": limit}
    if after is not None:
        values |= {"after_m": after.distance_m, "after": after.after}
    tier = next((tier for tier in TIERS if tier >= limit), None)
    if after is not None or start.shape is not None or not present <= BROAD:
        tier = None  # what is rare or comes later is not found by the order of distance
    query = _near(shape(sight), present, start.shape is not None, after is not None, tier)
    if start.shape is None:
        return await reader.rows(query, values)
    reach_m = values["radius_m"]
    values["radius_m"] = reach_m * (1 + SPHERE_ERROR) + 0.01
    rows = await reader.rows(query, values)
    return [row for row in measured(rows, start) if row["distance_m"] <= reach_m]
