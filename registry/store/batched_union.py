"""Several statements as one UNION ALL: each part has bound values of its own, and each row names its part."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import visitors

from registry.store.database.pool import Row

SHARED = frozenset(
    {"lon", "lat", "shape", "outline", "fetch", "limit", "sight_realm", "sight_scope", "sight_as_of"}
)
"""The bound values that all parts have in common."""


def batched_union(statements: Sequence[Any]) -> sa.CompoundSelect[Any]:
    """The rows of every part, in the order of the parts, with the column `part` for its number.

    A column that only some parts have is NULL in the rows of the others.
    """
    parts = [_with_own_values(number, statement) for number, statement in enumerate(statements)]
    columns = {column.name: column.type for part in parts for column in part.c}
    return sa.union_all(
        *(
            sa.select(
                sa.literal_column(str(number)).label("part"),
                *(
                    part.c[name] if name in part.c else sa.cast(sa.null(), kind).label(name)
                    for name, kind in columns.items()
                ),
            )
            for number, part in enumerate(parts)
        )
    )


def _with_own_values(number: int, statement: Any) -> sa.Subquery:
    def rename(value: Any) -> None:
        if value.required and value.key not in SHARED:
            value.key = _own(number, value.key)

    renamed: sa.CompoundSelect[Any] = visitors.cloned_traverse(statement, {}, {"bindparam": rename})
    return renamed.subquery(f"part{number}")


def _own(number: int, name: str) -> str:
    return f"part{number}_{name}"


def values_of_each(each: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The values of every part, under their names in the statement."""
    return {_own(number, name): value for number, values in enumerate(each) for name, value in values.items()}


def rows_of_each(rows: Sequence[Row], parts: int) -> list[list[Row]]:
    """The rows of every part."""
    grouped: list[list[Row]] = [[] for _ in range(parts)]
    for row in rows:
        grouped[row["part"]].append(row)
    return grouped
