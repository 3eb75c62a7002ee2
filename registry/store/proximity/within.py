"""All records within a distance, and those that only an unknown value or place excludes."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.conditions import Filter
from registry.domain.cursor import DistanceCursor
from registry.domain.proximity.edges import SPHERE_ERROR
from registry.domain.proximity.origin import Start
from registry.store.batched_union import batched_union, rows_of_each, values_of_each
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query, statement
from registry.store.filters import BROAD, OPEN, clauses, key_and_values, met_or_undecided, undecided
from registry.store.proximity import origin_sql
from registry.store.proximity.knn_columns import (
    MOST_COUNTED,
    Hits,
    columns,
    counted,
    distance,
    measured,
    parted,
    within,
)
from registry.store.proximity.nearest import LOOKED_THROUGH, nearest_rows
from registry.store.proximity.origin_sql import OriginSql
from registry.store.visibility import Shape, View, binds, shape, view


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
    return Query(counted(hits, seen, present).add_cte(*origin.ctes))


async def within_distance(
    reader: Reader,
    sight: Sight,
    wanted: Filter,
    start: Start,
    *,
    radius_m: float,
    after: DistanceCursor | None = None,
    limit: int,
) -> Hits:
    """Located resources that meet `wanted` at most `radius_m` from the origin's edge, nearest first."""
    present, values = key_and_values(wanted)
    values |= binds(sight) | origin_sql.binds(start) | {"radius_m": radius_m + start.margin_m, "limit": limit}
    if after is not None:
        values |= {"after_m": after.distance_m, "after": after.after}
    query = _near(shape(sight), present, start.shape is not None, after is not None)
    if start.shape is None:
        return Hits(*parted(await reader.rows(query, values)))
    reach_m = values["radius_m"]
    values["radius_m"] = reach_m * (1 + SPHERE_ERROR) + 0.01
    rows, unlocated = parted(await reader.rows(query, values))
    kept = [row for row in measured(rows, start) if row["distance_m"] <= reach_m]
    return Hits(kept, unlocated)


def _inside_rows(seen: View, origin: OriginSql, present: frozenset[str]) -> sa.Subquery:
    """Up to 500 rows inside a shape that meet the broad conditions."""
    held = seen.geog.op("&&")(origin.near), sa.func.ST_Covers(origin.geom, seen.geom)
    met = sa.select(*seen.c).where(seen.seen, *clauses(present & BROAD, seen), *held)
    return met.limit(sa.literal_column(str(LOOKED_THROUGH))).subquery("resource")


class SearchBound(NamedTuple):
    """How far to look for records that only an unknown value excludes from an answer.

    With `scanned` only so many of the nearest are read: they hold all that lies within `bound_m`.
    """

    wanted: Filter
    bound_m: float
    scanned: int | None = None


Way = tuple[frozenset[str], bool, bool]
"""The conditions, whether the number to scan is known, and whether all hits lie inside a shape."""


def _left_out(form: Shape, way: Way, drawn: bool) -> sa.Select[Any]:
    """The nearest records that meet every condition except some that are undecided.

    The nearest are all within a distance, up to 500, or just as many as were looked through for the hits:
    a distance does not end a scan in the order of distance. Inside a shape all are as near.
    """
    present, ranked, inside = way
    seen, origin = view(form), origin_sql.of(drawn)
    inner = _inside_rows(seen, origin, present) if inside else nearest_rows(seen, origin, present, not ranked)
    nearer = []
    if ranked and not inside:
        inner = sa.select(inner).limit(sa.bindparam("through", type_=sa.Integer)).subquery("resource")
        nearer = [distance(seen.over(inner), origin) <= sa.bindparam("max_m", type_=sa.Float)]
    among = seen.over(inner)
    cases = undecided(present, among)
    listed = sa.select(
        *(among.c[name] for name in ("id", "name_zh", "name_en", "kind")),
        distance(among, origin).label("distance_m"),
        *(case.label(name) for name, case in cases.items()),
    )
    return listed.where(*met_or_undecided(present - BROAD, among), sa.or_(*cases.values()), *nearer).limit(
        sa.bindparam("limit", type_=sa.Integer)
    )


@statement
def _each_left_out(form: Shape, ways: tuple[Way, ...], drawn: bool) -> Query:
    origin = origin_sql.of(drawn)
    return Query(batched_union([_left_out(form, way, drawn) for way in ways]).add_cte(*origin.ctes))


async def find_undecided(
    reader: Reader, sight: Sight, bounds: Sequence[SearchBound], start: Start
) -> list[list[Row]]:
    """For each bound, up to 51 located records that only an unknown value excludes.

    A row has one boolean column for each unknown value. The list is empty for a filter whose every condition
    can be decided.
    """
    drawn = start.shape is not None
    given: list[dict[str, Any]] = []
    ways: list[Way] = []
    for bound in bounds:
        present, values = key_and_values(bound.wanted)
        max_m = bound.bound_m + start.margin_m
        given.append(values | {"max_m": max_m, "through": bound.scanned})
        ways.append((present, bound.scanned is not None, drawn and max_m == 0))
    open_ones = [n for n, (present, _, _) in enumerate(ways) if not present.isdisjoint(OPEN)]
    if not open_ones:
        return [[] for _ in bounds]
    query = _each_left_out(shape(sight), tuple(ways[n] for n in open_ones), drawn)
    shared = binds(sight) | origin_sql.binds(start) | {"limit": MOST_COUNTED + 1}
    rows = await reader.rows(query, shared | values_of_each([given[n] for n in open_ones]))
    found = dict(zip(open_ones, rows_of_each(rows, len(open_ones)), strict=True))
    return [found.get(n, []) for n in range(len(bounds))]


@statement
def _unlocated(form: Shape, present: frozenset[str]) -> Query:
    seen = view(form)
    columns = (seen.c[name] for name in ("id", "name_zh", "name_en", "kind", "place", "quality"))
    return Query(
        sa.select(*columns)
        .where(seen.seen, *clauses(present, seen), seen.c.geom.is_(None))
        .order_by(seen.c.id)
        .limit(sa.literal_column(str(MOST_COUNTED + 1)))
    )


async def unlocated(reader: Reader, sight: Sight, wanted: Filter) -> list[Row]:
    """Records that meet `wanted` and have no position to measure from, some of them."""
    present, values = key_and_values(wanted)
    return await reader.rows(_unlocated(shape(sight), present), values | binds(sight))
