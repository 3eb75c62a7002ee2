"""The stock lines of the requested items, with the distance of their depots."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from registry.domain.access.sight import Sight
from registry.domain.completeness import MOST_NAMED
from registry.domain.conditions import Filter
from registry.domain.proximity.origin import Start
from registry.domain.proximity.supplies import Need
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query, passed_on, statement
from registry.store.filters import LISTING, clauses, in_date, key_and_values, met_or_undecided
from registry.store.proximity import origin_sql, possible
from registry.store.proximity.knn_columns import columns, distance, within
from registry.store.schema.records import stock_line
from registry.store.visibility import Shape, View, binds, shape, view

MOST_LINES = 5000
MAX_M = sa.bindparam("max_m", type_=sa.Float)
SILENT: sa.ColumnElement[Any] = sa.literal_column("ARRAY['items']", type_=ARRAY(sa.Text))
"""What a depot leaves unknown that never listed its stock, or never counted an item."""


def _needed() -> Any:
    """Whether a stock line is of a needed item."""
    pairs = sa.func.unnest(*(sa.bindparam(name, type_=ARRAY(sa.Text)) for name in ("schemes", "codes")))
    need = pairs.table_valued("scheme", "code", name="need").render_derived()
    same = stock_line.c.item_code == need.c.code, stock_line.c.scheme == need.c.scheme
    return stock_line.join(need, sa.and_(*same))


@statement
def _holding(form: Shape, present: frozenset[str], drawn: bool, capped: bool) -> Query:
    seen, origin = view(form), origin_sql.of(drawn)
    some = sa.or_(stock_line.c.quantity > 0, stock_line.c.quantity.is_(None))
    names = ("resource_id", "scheme", "item_code", "quantity", "unit", "counted_at")
    lines = (
        sa.select(*(stock_line.c[name] for name in names), sa.not_(in_date()).label("expired"))
        .select_from(_needed())
        .where(stock_line.c.realm == sa.bindparam("sight_realm"), some)
        .subquery("line")
    )
    where = [seen.seen, seen.is_shown(), *clauses(present, seen)]
    if capped:
        where.append(within(seen, origin, MAX_M))
    found = (
        sa.select(
            *columns(seen, origin, present),
            seen.c.tier,
            *(line for line in lines.c if line.name != "resource_id"),
        )
        .select_from(seen.table.join(lines, seen.c.id == lines.c.resource_id))
        .where(*where)
        .order_by(sa.text("distance_m"), seen.c.id)
        .limit(sa.literal_column(str(MOST_LINES)))
        .subquery("found")
    )
    return Query(passed_on(found).order_by(found.c.distance_m, found.c.id).add_cte(*origin.ctes))


@statement
def _possible(form: Shape, present: frozenset[str], drawn: bool, capped: bool) -> Query:
    """Depots that may hold an item within reach: of unknown stock, of uncertain position, or both."""
    seen, origin = view(form), origin_sql.of(drawn)
    silent, holds = _silent(seen), _holds(seen)
    others = [seen.seen, *clauses(present & LISTING, seen), *met_or_undecided(present - LISTING, seen)]
    here = possible.row(seen, origin, present, located=True).where(*others, seen.geom.is_not(None))
    nowhere = possible.unlocated(seen, origin, present, MAX_M if capped else None)
    if capped:
        beyond = distance(seen, origin) > MAX_M
        each = [
            here.where(within(seen, origin, MAX_M)),
            *possible.located(seen, origin, present, MAX_M, beyond, sa.or_(silent, holds)),
            *(one.where(sa.or_(silent, holds)) for one in nowhere),
        ]
    else:
        each = [here, *(one.where(silent) for one in nowhere)]
    marked = [
        sa.select(one.add_columns(silent.label("silent"), holds.label("holds")).subquery()) for one in each
    ]
    rows = sa.union_all(*marked).subquery("each")
    open_ones = sa.func.cardinality(rows.c.unknown) > sa.literal_column("0")
    kept = sa.select(rows).where(
        sa.func.cardinality(rows.c.failing) == sa.literal_column("0"),
        sa.or_(
            rows.c.silent,
            sa.and_(rows.c.holds, open_ones),
            *([rows.c.distance_m.is_(None), rows.c.distance_m > MAX_M] if capped else []),
        ),
    )
    first = kept.order_by(rows.c.distance_m, rows.c.id).limit(sa.literal_column(str(MOST_NAMED + 1)))
    named = first.subquery("kept")
    unknown = sa.case(
        (named.c.silent, sa.func.array_cat(named.c.unknown, SILENT)), else_=named.c.unknown
    ).label("unknown")
    plain = [c for c in named.c if c.name not in ("places", "failing", "unknown", "silent", "holds")]
    bounds = possible.bounds(named.c.places).label("bounds")
    return Query(sa.select(*plain, unknown, bounds).add_cte(*origin.ctes))


def _silent(seen: View) -> sa.ColumnElement[bool]:
    """Whether a depot listed no stock at all, or did not count a needed item."""
    own = stock_line.c.realm == seen.c.realm, stock_line.c.resource_id == seen.c.id
    any_line = sa.select(stock_line.c.quantity).where(*own).exists()
    uncounted = sa.select(stock_line.c.quantity).select_from(_needed())
    uncounted = uncounted.where(*own, stock_line.c.quantity.is_(None), in_date())
    return sa.or_(sa.not_(seen.is_shown()), sa.not_(any_line), uncounted.exists())


def _holds(seen: View) -> sa.ColumnElement[bool]:
    own = stock_line.c.realm == seen.c.realm, stock_line.c.resource_id == seen.c.id
    some = sa.select(stock_line.c.quantity).select_from(_needed()).where(*own, in_date())
    return sa.and_(seen.is_shown(), some.where(stock_line.c.quantity > 0).exists())


async def holding(
    reader: Reader, sight: Sight, wanted: Filter, start: Start, needs: Sequence[Need], max_m: float | None
) -> list[Row]:
    """The stock lines of these items, `expired` ones too, nearest depot first; at most 5,000.

    Unlocated depots come last; none is within `max_m` for certain.
    """
    query, values = _question(_holding, sight, wanted, start, needs, max_m)
    return await reader.rows(query, values)


async def may_hold(
    reader: Reader, sight: Sight, wanted: Filter, start: Start, needs: Sequence[Need], max_m: float | None
) -> list[Row]:
    """Depots that may hold some of these items within `max_m`, up to 51."""
    query, values = _question(_possible, sight, wanted, start, needs, max_m)
    return await reader.rows(query, values)


def _question(
    factory: Any, sight: Sight, wanted: Filter, start: Start, needs: Sequence[Need], max_m: float | None
) -> tuple[Query, dict[str, Any]]:
    present, values = key_and_values(wanted)
    values |= binds(sight) | origin_sql.binds(start)
    items = dict.fromkeys((need.scheme, need.code) for need in needs)
    values |= {"schemes": [scheme for scheme, _ in items], "codes": [code for _, code in items]}
    values |= {"max_m": None if max_m is None else max_m + start.margin_m}
    values["stock_on"] = None if wanted.valid_at is None else wanted.valid_at.date()
    return factory(shape(sight), present, start.shape is not None, max_m is not None), values
