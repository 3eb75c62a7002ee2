"""A SQLAlchemy Core statement, compiled once and run by asyncpg."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect

DIALECT = asyncpg_dialect.dialect()  # type: ignore[no-untyped-call]


def utf8(text: sa.ColumnElement[Any]) -> sa.ColumnElement[bytes]:
    """The text as bytes, where it is only passed on: decoding and encoding it would cost most of a read."""
    return sa.func.convert_to(text, sa.literal_column("'UTF8'"), type_=sa.LargeBinary)


def passed_on(rows: sa.FromClause) -> sa.Select[Any]:
    """The rows with their features as bytes: those that are left, for converting costs as much as reading."""
    return sa.select(*(utf8(one).label(one.name) if one.name == "feature" else one for one in rows.c))


class Query:
    """Text and argument order of one statement; a bind that nobody gives is a KeyError.

    `by_value` has the server plan for the values that come, where one plan would not suit them all.
    Refuses statements that keep a post-compile hole (`in_()`, `literal_execute`): asyncpg cannot run them.
    """

    __slots__ = ("by_value", "fixed", "names", "text")

    def __init__(self, statement: sa.ClauseElement, *, by_value: bool = False) -> None:
        self.by_value = by_value
        compiled: Any = statement.compile(dialect=DIALECT)
        self.text = str(compiled)
        if "POSTCOMPILE" in self.text:
            raise ValueError("the statement needs in_() or literal_execute replaced by = ANY(:list)")
        self.names: tuple[str, ...] = tuple(compiled.positiontup or ())
        self.fixed = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}

    def args(self, given: Mapping[str, Any]) -> list[Any]:
        """The values in the order the text wants them."""
        return [given[name] if name in given else self.fixed[name] for name in self.names]
