"""SQL of the report of a kind: how many records each place has, and what they state."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.conditions import Filter
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query, statement
from registry.store.filters import clauses, key_and_values
from registry.store.visibility import Shape, binds, shape, view


@statement
def _groups(form: Shape, present: frozenset[str], measures: tuple[str, ...]) -> Query:
    seen = view(form)
    figures: list[Any] = []
    for name in measures:
        column = seen.c[name]
        figures += [
            sa.func.count(column).label(f"stated_{name}"),
            sa.func.sum(sa.cast(column, sa.Float)).label(f"sum_{name}"),
            sa.func.min(sa.cast(column, sa.Float)).label(f"least_{name}"),
            sa.func.max(sa.cast(column, sa.Float)).label(f"greatest_{name}"),
        ]
    counted = (sa.func.count().label("records"), sa.func.count(seen.geom).label("located"))
    return Query(
        sa.select(seen.c.place, *counted, *figures)
        .where(seen.seen, *clauses(present, seen))
        .group_by(seen.c.place)
        .order_by(seen.c.place)
    )


async def groups(reader: Reader, sight: Sight, wanted: Filter, measures: Sequence[str]) -> list[Row]:
    """For each place: records, located, and for each measure how many state it, sum, least and greatest."""
    present, values = key_and_values(wanted)
    return await reader.rows(_groups(shape(sight), present, tuple(measures)), binds(sight) | values)
