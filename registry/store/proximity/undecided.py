"""Records that may belong to an answer, and those that a condition excludes from it."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.completeness import MOST_NAMED
from registry.domain.conditions import Filter
from registry.domain.proximity.edges import SPHERE_ERROR
from registry.domain.proximity.origin import Start
from registry.store import doubt
from registry.store.batched_union import batched_union, rows_of_each, values_of_each
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query, statement
from registry.store.filters import BROAD, LISTING, clauses, key_and_values
from registry.store.pages import materialized
from registry.store.proximity import origin_sql, possible
from registry.store.proximity.knn_columns import distance
from registry.store.proximity.nearest import LOOKED_THROUGH, nearest_rows
from registry.store.proximity.origin_sql import OriginSql
from registry.store.proximity.unplaced import places_once
from registry.store.visibility import Shape, View, binds, shape, view

FEW: sa.ColumnElement[int] = sa.literal_column(str(MOST_NAMED + 1))
MANY: sa.ColumnElement[int] = sa.literal_column(str(LOOKED_THROUGH + 1))
REACH_M = sa.bindparam("reach_m", type_=sa.Float)
INSIDE_M = sa.bindparam("max_m", type_=sa.Float)
HITS = sa.bindparam("hits", type_=sa.ARRAY(sa.Uuid))


class SearchBound(NamedTuple):
    """How far to look for a filter: a record that may be within `bound_m` of the origin's edge may belong.

    Without a bound all may. Those recorded within `inside_m` belong, unless `hits` lists those that do. With
    `scanned` only so many of the nearest are read: they hold all that lies within `inside_m`.
    """

    wanted: Filter
    bound_m: float | None
    inside_m: float | None = None
    scanned: int | None = None
    hits: tuple[UUID, ...] | None = None


class UndecidedRows(NamedTuple):
    """The records that may belong, the excluded ones by condition, and whether there may be more of them.

    `excluded` has rows of name, n, id and distance_m, `not_stated` rows of name and n.
    """

    records: list[Row]
    excluded: list[Row]
    not_stated: list[Row]
    more: bool


class Way(NamedTuple):
    """What selects the text of a part: the conditions, and how far and how many are searched."""

    present: frozenset[str]
    ranked: bool = False
    inside: bool = False
    bounded: bool = True


def _inside_rows(seen: View, origin: OriginSql, present: frozenset[str]) -> sa.Subquery:
    """Up to 500 rows inside a shape that meet the broad conditions."""
    held = seen.geog.op("&&")(origin.near), sa.func.ST_Covers(origin.geom, seen.geom)
    met = sa.select(*seen.c).where(seen.seen, *clauses(present & BROAD, seen), *held)
    return met.limit(sa.literal_column(str(LOOKED_THROUGH))).subquery("resource")


def _nearest(seen: View, origin: OriginSql, way: Way) -> sa.CTE:
    """The nearest records, whatever excludes them.

    They are up to 500, or just as many as were scanned for the hits: a distance does not end a scan in the
    order of distance. Inside a shape all are as near.
    """
    if way.inside:
        nearest = _inside_rows(seen, origin, way.present)
    else:
        nearest = nearest_rows(seen, origin, way.present, way.bounded and not way.ranked)
    inner = sa.select(nearest)
    if way.ranked:
        inner = inner.limit(sa.bindparam("through", type_=sa.Integer))
    rows: sa.CTE = materialized(inner, "among")
    return rows


def _among(seen: View, origin: OriginSql, way: Way) -> sa.Select[Any]:
    """Those of the rows in `seen` that are within the bound."""
    near = [distance(seen, origin) <= INSIDE_M] if way.bounded and not way.inside else []
    met = clauses((way.present & LISTING) - BROAD, seen)
    return possible.row(seen, origin, way.present, located=True).where(*met, *near)


def _limited(each: Sequence[sa.Select[Any]], name: str, limit: sa.ColumnElement[int]) -> sa.Select[Any]:
    """The rows of several selections, up to a limit."""
    every = sa.union_all(*each).subquery(f"each_{name}")
    return sa.select(sa.select(every).limit(limit).subquery(name))


def _part(form: Shape, way: Way, drawn: bool) -> sa.Select[Any]:
    """One row: the undecided and the excluded as JSON, and how many rows were read to find them."""
    seen, origin = view(form), origin_sql.of(drawn)
    parts, ctes, read = [], [], doubt.NONE
    if way.present - LISTING:
        nearest = _nearest(seen, origin, way)
        parts, ctes = [_among(seen.over(nearest), origin, way)], [nearest]
        read = read if way.ranked else _number(nearest)
    near = None
    if way.bounded:
        places = places_once(origin.geom, REACH_M)
        near, ctes = sa.select(places.c.codes).scalar_subquery(), [*ctes, places]
    nowhere = possible.unlocated(seen, origin, way.present, REACH_M if way.bounded else None, near=near)
    parts.append(_limited(nowhere, "nowhere", MANY))
    if way.bounded:
        outside = distance(seen, origin) > INSIDE_M
        each = possible.located(seen, origin, way.present, REACH_M, outside)
        parts.append(_limited(each, "around", FEW))
    rows = materialized(sa.union_all(*parts), "doubt")
    missing = _number(sa.select(rows).where(rows.c.distance_m.is_(None)).subquery("missing"))
    return sa.select(
        _undecided(rows).label("records"),
        doubt.excluded(rows).label("excluded"),
        doubt.not_stated(rows).label("not_stated"),
        sa.func.greatest(read, missing).label("read"),
    ).add_cte(*ctes, rows, nest_here=True)


def _number(rows: Any) -> Any:
    return sa.select(sa.func.count()).select_from(rows).scalar_subquery()


def _undecided(rows: Any) -> Any:
    """Those that no condition excludes and that are no hits, the nearest first."""
    doubtful = sa.or_(
        sa.func.cardinality(rows.c.unknown) > doubt.NONE,
        rows.c.distance_m.is_(None),
        rows.c.distance_m > INSIDE_M,
        rows.c.id != sa.all_(HITS),
    )
    least = rows.c.distance_m - sa.func.coalesce(rows.c.uncertainty_m, sa.literal_column("0"))
    fitting = sa.select(rows).where(sa.func.cardinality(rows.c.failing) == doubt.NONE, doubtful)
    kept = fitting.order_by(least, rows.c.id).limit(FEW).subquery("kept")
    named = sa.select(
        *(column for column in kept.c if column.name not in ("places", "failing")),
        possible.bounds(kept.c.places).label("bounds"),
    )
    return doubt.as_json(named, "u")


@statement
def _each(form: Shape, ways: tuple[Way, ...], drawn: bool) -> Query:
    origin = origin_sql.of(drawn)
    return Query(batched_union([_part(form, way, drawn) for way in ways]).add_cte(*origin.ctes))


async def find_undecided(
    reader: Reader, sight: Sight, bounds: Sequence[SearchBound], start: Start
) -> list[UndecidedRows]:
    """For each bound the records that may belong to the answer, and those that conditions exclude."""
    drawn = start.shape is not None
    each = [_way_and_values(bound, start) for bound in bounds]
    query = _each(shape(sight), tuple(way for way, _ in each), drawn)
    shared = binds(sight) | origin_sql.binds(start)
    rows = await reader.rows(query, shared | values_of_each([values for _, values in each]))
    return [_found(row) for (row,) in rows_of_each(rows, len(bounds))]


def _way_and_values(bound: SearchBound, start: Start) -> tuple[Way, dict[str, Any]]:
    drawn = start.shape is not None
    present, values = key_and_values(bound.wanted)
    values |= {"reach_m": None, "max_m": None, "through": bound.scanned, "hits": bound.hits}
    if bound.bound_m is None:
        return Way(present, bounded=False), values
    reach_m = bound.bound_m + start.margin_m
    inside_m = reach_m if bound.inside_m is None else bound.inside_m + start.margin_m
    slack = 1 + SPHERE_ERROR if drawn else 1.0
    values |= {"reach_m": reach_m * slack + 0.01, "max_m": inside_m * slack + (0.01 if drawn else 0.0)}
    return Way(present, bound.scanned is not None, drawn and inside_m == 0), values


def _found(row: Row) -> UndecidedRows:
    records = row["records"] or []
    more = row["read"] >= LOOKED_THROUGH or len(records) > MOST_NAMED
    return UndecidedRows(records, row["excluded"] or [], row["not_stated"] or [], more)
