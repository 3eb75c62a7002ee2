"""A SQLAlchemy Core statement, compiled once and run by asyncpg."""

import sys
from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from typing import Any, ParamSpec, cast
from weakref import WeakSet

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect

from registry.store.as_of import INSTANT, reads_present

P = ParamSpec("P")
DIALECT = asyncpg_dialect.dialect()  # type: ignore[no-untyped-call]
KEPT = 2_000
"""Statements kept of each factory, the most recently used; an OGC filter can make any number of them."""


def utf8(text: sa.ColumnElement[Any]) -> sa.ColumnElement[bytes]:
    """The text as bytes, for text that is only passed on: decoding and encoding would cost most of a read."""
    return sa.func.convert_to(text, sa.literal_column("'UTF8'"), type_=sa.LargeBinary)


def passed_on(rows: sa.FromClause) -> sa.Select[Any]:
    """The rows with `feature` as bytes, converted in the outermost SELECT for the rows within LIMIT alone."""
    return sa.select(*(utf8(one).label(one.name) if one.name == "feature" else one for one in rows.c))


class Query:
    """Text and argument order of one statement. A missing value is a KeyError.

    With `by_value` the server plans for the values of each call, where one plan would not suit them all.
    Refuses `in_()` and `literal_execute`, which asyncpg cannot run, and a statement that reads both the past
    and the present.
    """

    __slots__ = ("__weakref__", "by_value", "fixed", "module", "names", "present", "text")

    def __init__(self, statement: sa.ClauseElement, *, by_value: bool = False) -> None:
        self.by_value = by_value
        self.module: str = sys._getframe(1).f_globals["__name__"]
        compiled: Any = statement.compile(dialect=DIALECT)
        self.text = str(compiled)
        if "POSTCOMPILE" in self.text:
            raise ValueError("the statement needs in_() or literal_execute replaced by = ANY(:list)")
        self.names: tuple[str, ...] = tuple(compiled.positiontup or ())
        self.fixed = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        self.present = reads_present(statement)
        if self.present and INSTANT.key in self.names:
            raise ValueError("the statement reads the present and the past: take every column from one View")
        QUERIES.add(self)

    def args(self, values: Mapping[str, Any]) -> list[Any]:
        """The values in the order of the placeholders; ValueError for an instant if the present is read."""
        if self.present and values.get(INSTANT.key) is not None:
            raise ValueError(f"a statement of {self.module} reads the present, and was asked for the past")
        return [values[name] if name in values else self.fixed[name] for name in self.names]


QUERIES: WeakSet[Query] = WeakSet()
"""Every statement there is. Tests prepare them all."""
FACTORIES: list[Callable[..., Query]] = []
"""Every function that makes statements for shapes of questions. Tests call each with every shape."""


def statement(make: Callable[P, Query]) -> Callable[P, Query]:
    """Keep what a factory of statements makes, by its arguments, and register the factory."""

    @wraps(make)
    def checked(*args: P.args, **kwargs: P.kwargs) -> Query:
        query = make(*args, **kwargs)
        if query.present and any(getattr(arg, "past", False) for arg in args):
            raise ValueError(
                f"{query.module}.{make.__qualname__} reads the present, and is asked for the past"
            )
        return query

    kept = wraps(make)(lru_cache(KEPT)(checked))
    FACTORIES.append(kept)
    return cast(Callable[P, Query], kept)
