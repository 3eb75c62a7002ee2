"""What is near: the nearest k, and all within a distance."""

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.sql.util import ClauseAdapter

from registry.domain.edges import SPHERE_ERROR
from registry.domain.origin import Start
from registry.domain.ranking import Rank, Ranking, seen_all
from registry.domain.resource import KINDS
from registry.domain.search import DistancePage, Filter
from registry.domain.sight import Sight
from registry.store import origins
from registry.store.filters import BROAD, UNKNOWN, asked, clauses, met_or_undecided, undecided
from registry.store.hits import (
    MOST_COUNTED,
    TIERS,
    candidates,
    columns,
    counted,
    distance,
    measured,
    nearness,
    parted,
    within,
)
from registry.store.origins import Ground
from registry.store.pool import Reader, Row
from registry.store.query import Query
from registry.store.schema import resource
from registry.store.sight import Shape, View, binds, shape, view

LOOKED_THROUGH = 500
"""So many of the nearest are looked through before conditions are taken to be rare here."""
MORE, MORE_AMONG = (128, 1024), (32, 128)
"""Fetched in turn while the order is in doubt: of what most records meet, and among those looked through."""
EDGE_M: sa.ColumnElement[float] = sa.literal_column("0.01")
"""ST_DWithin may exclude a point at its own ST_Distance."""


class Hits(NamedTuple):
    """Hits in the order that was asked, and how many more meet the conditions but have no position."""

    rows: list[Row]
    unlocated: int


def _near_first(seen: View, ground: Ground, present: frozenset[str], capped: bool) -> sa.Select[Any]:
    """Hits in the index's order, which is by distance on a sphere."""
    near = [within(seen, ground, sa.bindparam("max_m", type_=sa.Float))] if capped else []
    return (
        sa.select(*columns(seen, ground, present), nearness(seen, ground).label("sphere_m"))
        .where(seen.seen, *clauses(present & BROAD, seen), *near, seen.geom.is_not(None))
        .order_by(nearness(seen, ground))
    )


@cache
def _candidates(form: Shape, present: frozenset[str], drawn: bool, capped: bool, tier: int) -> Query:
    """The first by the index that meet conditions which most records meet.

    A limit that is plain text lets the planner see that few rows are wanted: one plan serves every value.
    """
    seen, ground = view(form), origins.ground(drawn)
    inner = _near_first(seen, ground, present, capped).limit(sa.literal_column(str(tier))).subquery("first")
    hits = sa.select(inner).limit(sa.bindparam("fetch", type_=sa.Integer))
    return Query(counted(hits, seen, present).add_cte(*ground.ctes))


def _nearest_rows(seen: View, ground: Ground, present: frozenset[str], capped: bool) -> sa.Subquery:
    """The nearest 500 rows that meet the conditions which most meet, under the name of their table."""
    near = _near_first(seen, ground, present & BROAD, capped).with_only_columns(resource)
    return near.limit(sa.literal_column(str(LOOKED_THROUGH))).subquery("resource")


@cache
def _looked_through(form: Shape, present: frozenset[str], drawn: bool, capped: bool) -> Query:
    """Those among the nearest 500 that meet conditions which may be rare: enough or not."""
    seen, ground = view(form), origins.ground(drawn)
    inner = _nearest_rows(seen, ground, present, capped)
    hits = (
        sa.select(*columns(seen, ground, present), nearness(seen, ground).label("sphere_m"))
        .where(*clauses(present - BROAD, seen))
        .limit(sa.bindparam("fetch", type_=sa.Integer))
    )
    among: sa.Select[Any] = ClauseAdapter(inner).traverse(hits)
    return Query(counted(among, seen, present).add_cte(*ground.ctes))


@cache
def _rare(form: Shape, present: frozenset[str], drawn: bool, capped: bool) -> Query:
    """The first of all that meet conditions which are rare here: found by them, then put in order."""
    seen, ground = view(form), origins.ground(drawn)
    where = [seen.seen, *clauses(present, seen)]
    near = [within(seen, ground, sa.bindparam("max_m", type_=sa.Float))] if capped else []
    meeting = sa.select(resource.c.realm, resource.c.id, nearness(seen, ground).label("sphere_m"))
    few = meeting.where(*where, *near, seen.geom.is_not(None)).cte("few")
    few = few.prefix_with("MATERIALIZED", dialect="postgresql")
    fetch = sa.bindparam("fetch", type_=sa.Integer)
    first = sa.select(few).order_by(few.c.sphere_m).limit(fetch).subquery("first")
    hits = sa.select(*columns(seen, ground, present), first.c.sphere_m).select_from(
        first.join(resource, sa.and_(resource.c.realm == first.c.realm, resource.c.id == first.c.id))
    )
    return Query(counted(hits, seen, present).add_cte(*ground.ctes), by_value=True)


Case = tuple[Shape, frozenset[str], bool, bool]
Ask = Callable[[Reader, Case, dict[str, Any]], Awaitable[tuple[list[Row], int]]]


async def _first(reader: Reader, case: Case, values: dict[str, Any]) -> tuple[list[Row], int]:
    """The first `fetch` on the sphere, by the way that suits the conditions, and the unlocated count."""
    fetch = values["fetch"]
    if case[1] <= BROAD:
        tier = next(tier for tier in TIERS if tier >= fetch)
        return parted(await reader.rows(_candidates(*case, tier), values))
    if fetch <= LOOKED_THROUGH:
        rows, unlocated = await _among(reader, case, values)
        if len(rows) == fetch:
            return rows, unlocated
    return parted(await reader.rows(_rare(*case), values))


async def _among(reader: Reader, case: Case, values: dict[str, Any]) -> tuple[list[Row], int]:
    """The first `fetch` among those looked through, or fewer, and the unlocated count."""
    return parted(await reader.rows(_looked_through(*case), values))


@cache
def _all_near(form: Shape, present: frozenset[str], drawn: bool, rank: Rank) -> Query:
    """The first k of everything within a distance, in the exact order."""
    seen, ground = view(form), origins.ground(drawn)
    where = [seen.seen, *clauses(present, seen)]
    bound = sa.bindparam("bound_m", type_=sa.Float) * sa.literal_column(str(1 + SPHERE_ERROR)) + EDGE_M
    found = (
        sa.select(*columns(seen, ground, present)).where(*where, within(seen, ground, bound)).subquery("near")
    )
    order: Any = found.c.distance_m
    if rank == "distance_max":
        order = found.c.distance_m + found.c.uncertainty_m
    elif rank == "arrival":
        paces = {kind: sa.bindparam(f"pace_{kind}", type_=sa.Float) for kind in KINDS}
        beyond = found.c.distance_m - sa.bindparam("margin_m", type_=sa.Float)
        order = sa.func.greatest(beyond, sa.literal_column("0.0")) * sa.case(paces, value=found.c.kind)
    hits = sa.select(found).order_by(order, found.c.id).limit(sa.bindparam("k", type_=sa.Integer))
    return Query(counted(hits, seen, present).add_cte(*ground.ctes))


async def nearest(
    reader: Reader,
    sight: Sight,
    wanted: Filter,
    start: Start,
    *,
    k: int,
    max_m: float | None = None,
    ranking: Ranking | None = None,
) -> Hits:
    """The first `k` located resources that meet `wanted`, in the order of `ranking`, none beyond `max_m`.

    The index orders by distance on a sphere, which differs from the ellipsoid's by up to 0.6 %: a few more
    than k are fetched, then many more, and when these leave the order in doubt too, as where many are far
    away and close together, everything that may belong is measured. Nothing is nearer than what lies in the
    origin: of more than k in a large area, any k are the answer.
    """
    order = ranking or Ranking(margin_m=start.margin_m)
    present, values = asked(wanted)
    cap_m = None if max_m is None else max_m + start.margin_m
    values |= binds(sight) | origins.binds(start) | {"max_m": cap_m}
    case = shape(sight), present, start.shape is not None, max_m is not None
    for ask, fetch in _attempts(present, candidates(k)):
        rows, unlocated = await ask(reader, case, values | {"fetch": fetch})
        if len(rows) < fetch and ask is _among:
            break
        rows = _sorted(measured(rows, start), order)
        if len(rows) < fetch:
            return Hits(rows[:k], unlocated)
        value = _value(order, rows[k - 1])
        reach_m = order.reach_m(value)
        if value == 0 or seen_all(max(row["sphere_m"] for row in rows), reach_m):
            return Hits(rows[:k], unlocated)
    values |= {
        "bound_m": reach_m if cap_m is None else min(reach_m, cap_m),
        "k": candidates(k),
        "margin_m": start.margin_m,
    }
    values |= {f"pace_{kind}": pace.seconds_per_m() for kind, pace in order.paces.items()}
    exact = _all_near(shape(sight), present, start.shape is not None, order.rank)
    rows, unlocated = parted(await reader.rows(exact, dict.fromkeys(PACE_BINDS) | values))
    return Hits(_sorted(measured(rows, start), order)[:k], unlocated)


def _attempts(present: frozenset[str], fetch: int) -> list[tuple[Ask, int]]:
    """How to ask, and for how many, until the order is beyond doubt."""
    again, steps = (_first, MORE) if present <= BROAD else (_among, MORE_AMONG)
    return [(_first, fetch), *((again, more) for more in steps if more > fetch)]


PACE_BINDS = [f"pace_{kind}" for kind in KINDS]


def _sorted(rows: list[Row], order: Ranking) -> list[Row]:
    return sorted(rows, key=lambda row: (_value(order, row), row["id"]))


def _value(order: Ranking, row: Row) -> float:
    return order.value(row["distance_m"], row["uncertainty_m"], row["kind"])


@cache
def _near(form: Shape, present: frozenset[str], drawn: bool, paged: bool) -> Query:
    seen, ground = view(form), origins.ground(drawn)
    where = [seen.seen, *clauses(present, seen)]
    radius_m = sa.bindparam("radius_m", type_=sa.Float)
    near = [within(seen, ground, radius_m)]
    if drawn:
        box = sa.func._ST_Expand(ground.geog, radius_m + sa.literal_column("1"))
        inside = sa.func.ST_Covers(ground.geom, seen.geom)
        near = [seen.geog.op("&&")(box), sa.or_(inside, within(seen, ground, radius_m))]
    found = sa.select(*columns(seen, ground, present)).where(*where, *near).subquery("near")
    statement = sa.select(found)
    if paged:
        last = sa.tuple_(sa.bindparam("after_m", type_=sa.Float), sa.bindparam("after", type_=sa.Uuid))
        statement = statement.where(sa.tuple_(found.c.distance_m, found.c.id) > last)
    ordered = statement.order_by(found.c.distance_m, found.c.id)
    hits = ordered.limit(sa.bindparam("limit", type_=sa.Integer))
    return Query(counted(hits, seen, present).add_cte(*ground.ctes))


async def within_distance(
    reader: Reader,
    sight: Sight,
    wanted: Filter,
    start: Start,
    *,
    radius_m: float,
    after: DistancePage | None = None,
    limit: int,
) -> Hits:
    """Located resources that meet `wanted` at most `radius_m` from the origin's edge, nearest first."""
    present, values = asked(wanted)
    values |= binds(sight) | origins.binds(start) | {"radius_m": radius_m + start.margin_m, "limit": limit}
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


@cache
def _left_out(form: Shape, present: frozenset[str], drawn: bool) -> Query:
    """Those among the nearest 500 that meet every condition but some which nobody can decide."""
    seen, ground = view(form), origins.ground(drawn)
    cases = undecided(present, seen)
    inner = _nearest_rows(seen, ground, present, True)
    listed = sa.select(
        resource.c.id,
        resource.c.name_zh,
        resource.c.name_en,
        resource.c.kind,
        distance(seen, ground).label("distance_m"),
        *(case.label(name) for name, case in cases.items()),
    ).where(*met_or_undecided(present - BROAD, seen), sa.or_(*cases.values()))
    among: sa.Select[Any] = ClauseAdapter(inner).traverse(listed)
    return Query(among.limit(sa.bindparam("limit", type_=sa.Integer)).add_cte(*ground.ctes))


async def left_out(reader: Reader, sight: Sight, wanted: Filter, start: Start, bound_m: float) -> list[Row]:
    """Located records within `bound_m` of the origin that an unknown value keeps out, some of them.

    Each row says in columns named after the case what is unknown; nothing when no condition can be undecided.
    """
    present, values = asked(wanted)
    if present.isdisjoint(UNKNOWN):
        return []
    values |= (
        binds(sight) | origins.binds(start) | {"max_m": bound_m + start.margin_m, "limit": MOST_COUNTED + 1}
    )
    return await reader.rows(_left_out(shape(sight), present, start.shape is not None), values)


@cache
def _unlocated(form: Shape, present: frozenset[str]) -> Query:
    seen = view(form)
    columns = (resource.c.id, resource.c.name_zh, resource.c.name_en, resource.c.kind, resource.c.place)
    return Query(
        sa.select(*columns, resource.c.quality)
        .where(seen.seen, *clauses(present, seen), resource.c.geom.is_(None))
        .order_by(resource.c.id)
        .limit(sa.literal_column(str(MOST_COUNTED + 1)))
    )


async def unlocated(reader: Reader, sight: Sight, wanted: Filter) -> list[Row]:
    """Records that meet `wanted` and have no position to measure from, some of them."""
    present, values = asked(wanted)
    return await reader.rows(_unlocated(shape(sight), present), values | binds(sight))
