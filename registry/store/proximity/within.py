"""All located records within a distance."""

import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.conditions import Filter
from registry.domain.cursor import DistanceCursor
from registry.domain.proximity.edges import SPHERE_ERROR
from registry.domain.proximity.origin import Start
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query, passed_on, statement
from registry.store.filters import clauses, key_and_values
from registry.store.proximity import origin_sql
from registry.store.proximity.knn_columns import columns, measured, within
from registry.store.visibility import Shape, binds, shape, view


@statement
def _near(form: Shape, present: frozenset[str], drawn: bool, paged: bool) -> Query:
    seen, origin = view(form), origin_sql.of(drawn)
    where = [seen.seen, *clauses(present, seen)]
    radius_m = sa.bindparam("radius_m", type_=sa.Float)
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
    query = _near(shape(sight), present, start.shape is not None, after is not None)
    if start.shape is None:
        return await reader.rows(query, values)
    reach_m = values["radius_m"]
    values["radius_m"] = reach_m * (1 + SPHERE_ERROR) + 0.01
    rows = await reader.rows(query, values)
    return [row for row in measured(rows, start) if row["distance_m"] <= reach_m]
