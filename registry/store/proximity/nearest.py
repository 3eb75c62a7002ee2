"""The nearest k: by the index while its order is certain, otherwise by measuring all that is near enough."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.completeness import MOST_NAMED
from registry.domain.conditions import Filter, to_the_minute
from registry.domain.proximity.edges import SPHERE_ERROR
from registry.domain.proximity.origin import Start
from registry.domain.proximity.ranking import Rank, Ranking, complete_within
from registry.domain.records.resource import KINDS
from registry.store.batched_union import batched_union, rows_of_each, values_of_each
from registry.store.database.kept import READ_AT
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query, passed_on, statement
from registry.store.filters import BROAD, LISTING, clauses, key_and_values
from registry.store.pages import materialized
from registry.store.proximity import origin_sql, possible
from registry.store.proximity.knn_columns import (
    TIERS,
    Hits,
    Possible,
    candidates,
    columns,
    measured,
    nearness,
    within,
)
from registry.store.proximity.origin_sql import OriginSql
from registry.store.visibility import Shape, View, binds, shape, view

LOOKED_THROUGH = 500
"""So many of the nearest are scanned before conditions count as rare here."""
MORE, MORE_AMONG = (32, 128, 1024), (32, 128)
"""Fetch limits tried in turn while the order is uncertain: by the index, and among the scanned."""
EDGE_M: sa.ColumnElement[float] = sa.literal_column("0.01")
"""ST_DWithin may exclude a point at its own ST_Distance."""
FETCH = sa.bindparam("fetch", type_=sa.Integer)
K = sa.bindparam("k", type_=sa.Integer)
MOST_READ: sa.ColumnElement[int] = sa.literal_column(str(MOST_NAMED + 1))
SOME: sa.ColumnElement[int] = sa.literal_column("5")
"""So many are named where there are more than an answer names: to name fifty of thousands decides nothing."""


def _near_first(seen: View, origin: OriginSql, present: frozenset[str], capped: bool) -> sa.Select[Any]:
    """Hits in the order of the index, which is by distance on a sphere."""
    near = [within(seen, origin, sa.bindparam("max_m", type_=sa.Float))] if capped else []
    return (
        sa.select(*columns(seen, origin, present), nearness(seen, origin).label("sphere_m"))
        .where(seen.seen, *clauses(present & BROAD, seen), *near, seen.geom.is_not(None))
        .order_by(nearness(seen, origin))
    )


def _by_index(seen: View, origin: OriginSql, present: frozenset[str], capped: bool, tier: int) -> Any:
    """The first hits by the index, for conditions that most records meet.

    A literal limit tells the planner that few rows are needed, so that one generic plan serves every value.
    """
    inner = _near_first(seen, origin, present, capped).limit(sa.literal_column(str(tier))).subquery("first")
    return sa.select(inner).limit(FETCH)


@statement
def _candidates(form: Shape, present: frozenset[str], drawn: bool, capped: bool, tier: int) -> Query:
    seen, origin = view(form), origin_sql.of(drawn)
    return Query(passed_on(_by_index(seen, origin, present, capped, tier).subquery()).add_cte(*origin.ctes))


@statement
def _with_moment(form: Shape, present: frozenset[str], capped: bool, tier: int) -> Query:
    """The candidates near a spot, and a last row with how far the k-th may be and the moment of both."""
    seen, origin = view(form), origin_sql.of(False)
    first = materialized(_by_index(seen, origin, present, capped, tier), "candidate")
    return _ended(first, {"reach_m": _reach_m(first, capped), "moment": READ_AT})


def _ended(first: Any, last: dict[str, Any]) -> Query:
    """The candidates, and a last row of what is said of all of them."""
    labelled = {name: column.label(name) for name, column in last.items()}
    rows = passed_on(first).add_columns(*(sa.null().label(name) for name in last))
    only = sa.select(*(sa.null().label(column.name) for column in first.c), *labelled.values())
    return Query(sa.union_all(rows, only))


@statement
def _with_possible(
    form: Shape, present: frozenset[str], capped: bool, tier: int, is_all_located: bool
) -> Query:
    """The candidates near a spot, and a last row with the records that may be among the first k of them.

    Records without a position are not looked for when all are known to be located.
    """
    seen, origin = view(form), origin_sql.of(False)
    first = materialized(_by_index(seen, origin, present, capped, tier), "candidate")
    hits = sa.select(first.c.id).order_by(first.c.distance_m, first.c.id).limit(K)
    reach_m = materialized(sa.select(_reach_m(first, capped).label("reach_m")), "reach")
    bound_m: Any = sa.select(reach_m.c.reach_m).scalar_subquery()
    others = seen.c.id != sa.all_(sa.func.array(hits.scalar_subquery()))
    each = possible.located(seen, origin, present, bound_m, others)
    if not is_all_located:
        each = [*possible.unlocated(seen, origin, present, bound_m), *each]
    rows = materialized(sa.select(sa.union_all(*each).limit(MOST_READ).subquery("each")), "doubt")
    count = sa.select(sa.func.count()).select_from(rows).scalar_subquery()
    named = sa.select(
        *(column for column in rows.c if column.name not in ("places", "failing", "unknown")),
        possible.bounds(rows.c.places).label("bounds"),
    ).limit(sa.case((count >= MOST_READ, SOME), else_=MOST_READ))
    whole: Any = sa.func.json_agg(sa.literal_column("named"), type_=sa.JSON)
    return _ended(
        first,
        {
            "records": sa.select(whole).select_from(named.subquery("named")).scalar_subquery(),
            "more": count >= MOST_READ,
            "lost": _are_anywhere(rows),
            "is_all_located": sa.true() if is_all_located else _is_all_located(seen, present),
            "reach_m": bound_m,
            "moment": READ_AT,
        },
    )


def _are_anywhere(rows: Any) -> sa.ColumnElement[bool]:
    """Whether nothing bounds where any of these records may be."""
    bounded = sa.or_(rows.c.distance_m.is_not(None), sa.func.cardinality(rows.c.places) > 0)
    return sa.not_(sa.exists().select_from(rows).where(bounded))


def _is_all_located(seen: View, present: frozenset[str]) -> sa.ColumnElement[bool]:
    listed = [seen.seen, *clauses((present & LISTING) - {"valid_at"}, seen)]
    cases = [sa.exists().where(*listed, *missing) for missing in possible.without_position(seen)]
    return sa.not_(sa.or_(*cases))


def _reach_m(first: Any, capped: bool) -> sa.ColumnElement[float]:
    """How far the k-th of the candidates may be: whoever may be nearer may be among the first k.

    It is NULL when fewer than k are found without a cap.
    """
    most = first.c.distance_m + first.c.uncertainty_m
    kth = sa.select(most).order_by(most).offset(K - 1).limit(1).scalar_subquery()
    reach_m: sa.ColumnElement[float] = kth + sa.bindparam("spread_m", type_=sa.Float)
    return sa.func.least(reach_m, sa.bindparam("max_m", type_=sa.Float)) if capped else reach_m


def nearest_rows(seen: View, origin: OriginSql, present: frozenset[str], capped: bool) -> sa.Subquery:
    """The nearest 500 rows that meet the broad conditions, with their `rank`."""
    near = _near_first(seen, origin, present & BROAD, capped).with_only_columns(*seen.c)
    first = near.limit(sa.literal_column(str(LOOKED_THROUGH))).subquery("first")
    rank = sa.type_coerce(sa.func.row_number().over(), sa.BigInteger)
    return sa.select(first, rank.label("rank")).subquery("resource")


def _through_nearest(seen: View, origin: OriginSql, present: frozenset[str], capped: bool) -> Any:
    """The hits among the nearest 500, for conditions that may be rare; they may be too few.

    Only a condition on stock needs ORDER BY: the planner may join it from the other side.
    """
    among = seen.over(nearest_rows(seen, origin, present, capped))
    hits = sa.select(
        *columns(among, origin, present), nearness(among, origin).label("sphere_m"), among.c.rank
    ).where(*clauses(present - BROAD, among))
    if "item" in present:
        hits = hits.order_by(among.c.rank)
    return hits.limit(FETCH)


@statement
def _looked_through(form: Shape, present: frozenset[str], drawn: bool, capped: bool) -> Query:
    seen, origin = view(form), origin_sql.of(drawn)
    hits = passed_on(_through_nearest(seen, origin, present, capped).subquery("hit"))
    return Query(hits.add_cte(*origin.ctes))


@statement
def _rare(form: Shape, present: frozenset[str], drawn: bool, capped: bool) -> Query:
    """The first hits of all, for conditions that are rare here: selected by those, then sorted."""
    seen, origin = view(form), origin_sql.of(drawn)
    where = [seen.seen, *clauses(present, seen)]
    near = [within(seen, origin, sa.bindparam("max_m", type_=sa.Float))] if capped else []
    meeting = sa.select(seen.c.id, nearness(seen, origin).label("sphere_m"))
    few = meeting.where(*where, *near, seen.geom.is_not(None)).cte("few")
    few = few.prefix_with("MATERIALIZED", dialect="postgresql")
    first = sa.select(few).order_by(few.c.sphere_m).limit(FETCH).subquery("first")
    hits = sa.select(*columns(seen, origin, present), first.c.sphere_m).select_from(
        first.join(seen.table, sa.and_(seen.seen, seen.c.id == first.c.id))
    )
    return Query(passed_on(hits.subquery("hit")).add_cte(*origin.ctes), by_value=True)


Case = tuple[Shape, frozenset[str], bool, bool]


class Unlocated(NamedTuple):
    """What is kept of the records without a position that meet the conditions on a list.

    `crowd` names some of them where more may be anywhere than an answer names: then those that may be near a
    spot need not be looked for. `is_none` says that there are none.
    """

    crowd: list[Row] | None
    is_none: bool


Candidates = tuple[list[Row], Possible | None]
"""Rows in spherical order, and the records that may be among the hits where the same statement finds them."""
Attempt = Callable[[Reader, Case, dict[str, Any], Candidates | None], Awaitable[Candidates]]


async def _first(reader: Reader, case: Case, values: dict[str, Any], begun: Candidates | None) -> Candidates:
    """The first `fetch` hits, by the statement that suits the conditions; `begun` has those of the first."""
    fetch = values["fetch"]
    if case[1] <= BROAD:
        return begun or await _by_distance(reader, case, values)
    if fetch <= LOOKED_THROUGH:
        found = begun or await _among(reader, case, values)
        if len(found[0]) == fetch:
            return found
    return await reader.rows(_rare(*case), values), None


async def _by_distance(reader: Reader, case: Case, values: dict[str, Any]) -> Candidates:
    """The first `fetch` hits by the index; near a spot with the records that may be among the first k."""
    form, present, drawn, capped = case
    tier = _tier(values["fetch"])
    if drawn or "spread_m" not in values:
        return await reader.rows(_candidates(*case, tier), values), None
    question = ("unlocated", form, present, values["listed_by"])
    kept: Unlocated | None = reader.kept.latest(question)
    if kept is not None and kept.crowd is not None:
        *rows, last = await reader.rows(_with_moment(form, present, capped, tier), values)
        if reader.kept.get_of_lists(question, last["moment"]) is kept:
            return rows, Possible(kept.crowd, True, last["reach_m"], last["moment"])
    trusted = kept is not None and kept.is_none
    *rows, last = await reader.rows(_with_possible(form, present, capped, tier, trusted), values)
    if trusted and reader.kept.get_of_lists(question, last["moment"]) is not kept:
        *rows, last = await reader.rows(_with_possible(form, present, capped, tier, False), values)
    crowd = last["records"] if last["more"] and last["lost"] else None
    reader.kept.put(question, last["moment"], Unlocated(crowd, last["is_all_located"]))
    return rows, Possible(last["records"] or [], last["more"], last["reach_m"], last["moment"])


async def _among(
    reader: Reader, case: Case, values: dict[str, Any], _: Candidates | None = None
) -> Candidates:
    """The first `fetch` hits among the scanned records, or fewer."""
    return await reader.rows(_looked_through(*case), values), None


@statement
def _all_near(form: Shape, present: frozenset[str], drawn: bool, rank: Rank) -> Query:
    """The first k of all within a distance, in exact order."""
    seen, origin = view(form), origin_sql.of(drawn)
    where = [seen.seen, *clauses(present, seen)]
    bound = sa.bindparam("bound_m", type_=sa.Float) * sa.literal_column(str(1 + SPHERE_ERROR)) + EDGE_M
    found = (
        sa.select(*columns(seen, origin, present)).where(*where, within(seen, origin, bound)).subquery("near")
    )
    order: Any = found.c.distance_m
    if rank == "distance_max":
        order = found.c.distance_m + found.c.uncertainty_m
    elif rank == "arrival":
        paces = {kind: sa.bindparam(f"pace_{kind}", type_=sa.Float) for kind in KINDS}
        beyond = found.c.distance_m - sa.bindparam("margin_m", type_=sa.Float)
        order = sa.func.greatest(beyond, sa.literal_column("0.0")) * sa.case(paces, value=found.c.kind)
    hits = sa.select(found).order_by(order, found.c.id).limit(K)
    return Query(passed_on(hits.subquery("hit")).add_cte(*origin.ctes))


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
    present, values = key_and_values(wanted)
    values["listed_by"] = sight, to_the_minute(wanted)
    return await _nearest(reader, sight, (present, values), start, k, max_m, order)


async def nearest_of_each(
    reader: Reader, sight: Sight, wants: Sequence[Filter], start: Start, *, k: int, max_m: float | None
) -> list[Hits]:
    """`nearest` for each of several sets of conditions; one statement settles most of them."""
    each = [key_and_values(wanted) for wanted in wants]
    drawn, cap_m = start.shape is not None, _cap_m(start, max_m)
    presents, fetch = tuple(present for present, _ in each), candidates(k)
    query = _first_of_each(shape(sight), presents, drawn, max_m is not None, _tier(fetch))
    given = binds(sight) | origin_sql.binds(start) | {"fetch": fetch}
    own = [values | {"max_m": cap_m} for _, values in each]
    rows = await reader.rows(query, given | values_of_each(own))
    order = Ranking(margin_m=start.margin_m)
    return [
        await _nearest(reader, sight, question, start, k, max_m, order, (found, None))
        for question, found in zip(each, rows_of_each(rows, len(each)), strict=True)
    ]


@statement
def _first_of_each(
    form: Shape, each: tuple[frozenset[str], ...], drawn: bool, capped: bool, tier: int
) -> Query:
    seen, origin = view(form), origin_sql.of(drawn)
    firsts = [
        passed_on(
            (
                _by_index(seen, origin, present, capped, tier)
                if present <= BROAD
                else _through_nearest(seen, origin, present, capped)
            ).subquery("hit")
        )
        for present in each
    ]
    return Query(batched_union(firsts).add_cte(*origin.ctes))


def _tier(fetch: int) -> int:
    return next(tier for tier in TIERS if tier >= fetch)


def _cap_m(start: Start, max_m: float | None) -> float | None:
    return None if max_m is None else max_m + start.margin_m


async def _nearest(
    reader: Reader,
    sight: Sight,
    question: tuple[frozenset[str], dict[str, Any]],
    start: Start,
    k: int,
    max_m: float | None,
    order: Ranking,
    begun: Candidates | None = None,
) -> Hits:
    present, cap_m = question[0], _cap_m(start, max_m)
    values = question[1] | binds(sight) | origin_sql.binds(start) | {"max_m": cap_m, "k": k}
    if order.rank == "distance" and begun is None:
        values["spread_m"] = 2 * start.margin_m if start.uncertain else 0.0
    case = shape(sight), present, start.shape is not None, max_m is not None
    for ask, fetch in _attempts(present, candidates(k)):
        rows, possible_hits = await ask(reader, case, values | {"fetch": fetch}, begun)
        begun = None
        if len(rows) < fetch and ask is _among:
            break
        first = _first_of(rows, start, order, k)
        if len(rows) < fetch or (value := _value(order, first[-1])) == 0:
            return Hits(first, None, possible_hits)
        reach_m = order.reach_m(value)
        if complete_within(max(row["sphere_m"] for row in rows), reach_m):
            return Hits(first, max(row.get("rank") or 0 for row in rows) or None, possible_hits)
    values |= {
        "bound_m": reach_m if cap_m is None else min(reach_m, cap_m),
        "k": candidates(k),
        "margin_m": start.margin_m,
    }
    values |= {f"pace_{kind}": pace.seconds_per_m() for kind, pace in order.paces.items()}
    exact = _all_near(shape(sight), present, start.shape is not None, order.rank)
    rows = await reader.rows(exact, dict.fromkeys(PACE_BINDS) | values)
    return Hits(_first_of(rows, start, order, k))


def _attempts(present: frozenset[str], fetch: int) -> list[tuple[Attempt, int]]:
    """Which statement to try with which fetch limit, until the order is certain."""
    again, steps = (_first, MORE) if present <= BROAD else (_among, MORE_AMONG)
    return [(_first, fetch), *((again, more) for more in steps if more > fetch)]


PACE_BINDS = [f"pace_{kind}" for kind in KINDS]


def _first_of(rows: list[Row], start: Start, order: Ranking, k: int) -> list[Row]:
    """The first k with exact distances; only rows that may be among them are measured to the edge."""
    if start.shape is not None and len(rows) > k:
        most = sorted(_value(order, row) for row in rows)[k - 1]
        rows = [row for row in rows if _least_value(order, row) <= most]
    if start.shape is not None:
        rows = measured(rows, start)
    return sorted(rows, key=lambda row: (_value(order, row), row["id"]))[:k]


def _value(order: Ranking, row: Row) -> float:
    """What a row is ordered by: metres, or seconds."""
    return order.value(row["distance_m"], row["uncertainty_m"], row["kind"])


def _least_value(order: Ranking, row: Row) -> float:
    """The least that a row may be ordered by once its distance is measured to the edge of a shape."""
    distance_m = max(0.0, row["distance_m"] / (1 + SPHERE_ERROR) - 0.01)
    return order.value(distance_m, row["uncertainty_m"], row["kind"])
