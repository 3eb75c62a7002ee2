"""The stock lines of the requested items, with the distance of their depots."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from registry.domain.access.sight import Sight
from registry.domain.conditions import Filter
from registry.domain.proximity.origin import Start
from registry.domain.proximity.supplies import Need
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query, passed_on, statement
from registry.store.filters import clauses, key_and_values
from registry.store.proximity import origin_sql
from registry.store.proximity.knn_columns import columns, within
from registry.store.schema.records import stock_line
from registry.store.visibility import Shape, binds, shape, view

MOST_LINES = 5000


@statement
def _holding(form: Shape, present: frozenset[str], drawn: bool, capped: bool) -> Query:
    seen, origin = view(form), origin_sql.of(drawn)
    pairs = sa.func.unnest(*(sa.bindparam(name, type_=ARRAY(sa.Text)) for name in ("schemes", "codes")))
    asked_for = pairs.table_valued("scheme", "code", name="need").render_derived()
    lines = (
        sa.select(
            stock_line.c.resource_id,
            stock_line.c.scheme,
            stock_line.c.item_code,
            stock_line.c.quantity,
            stock_line.c.unit,
            stock_line.c.counted_at,
        )
        .select_from(
            stock_line.join(
                asked_for,
                sa.and_(
                    stock_line.c.item_code == asked_for.c.code, stock_line.c.scheme == asked_for.c.scheme
                ),
            )
        )
        .where(
            stock_line.c.realm == sa.bindparam("sight_realm"),
            sa.or_(stock_line.c.quantity > 0, stock_line.c.quantity.is_(None)),
        )
        .subquery("line")
    )
    where = [seen.seen, *clauses(present, seen)]
    if capped:
        near = within(seen, origin, sa.bindparam("max_m", type_=sa.Float))
        where.append(sa.or_(near, seen.c.geom.is_(None)))
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


async def holding(
    reader: Reader, sight: Sight, wanted: Filter, start: Start, needs: Sequence[Need], max_m: float | None
) -> list[Row]:
    """The stock lines of these items, nearest depot first, unlocated depots last; at most 5,000."""
    present, values = key_and_values(wanted)
    values |= binds(sight) | origin_sql.binds(start)
    items = dict.fromkeys((need.scheme, need.code) for need in needs)
    values |= {"schemes": [scheme for scheme, _ in items], "codes": [code for _, code in items]}
    values |= {"max_m": None if max_m is None else max_m + start.margin_m}
    query = _holding(shape(sight), present, start.shape is not None, max_m is not None)
    return await reader.rows(query, values)
