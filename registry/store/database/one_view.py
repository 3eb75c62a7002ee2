"""Answers that may need several statements and come from one view of the database all the same."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from registry.store.database.pool import Reader, Row, SnapshotReader
from registry.store.database.query import Query

T = TypeVar("T")


class SecondStatement(Exception):
    """The answer needs more than one statement."""


class OneStatement(Reader):
    """Runs one statement, which is a view of its own; a second raises SecondStatement."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._is_spent = False
        self.kept = reader.kept

    async def rows(self, query: Query, given: Mapping[str, Any]) -> list[Row]:
        """Every row of the answer."""
        self._spend()
        return await self._reader.rows(query, given)

    async def row(self, query: Query, given: Mapping[str, Any]) -> Row | None:
        """The first row of the answer, if there is one."""
        self._spend()
        return await self._reader.row(query, given)

    @asynccontextmanager
    async def snapshot(self, *, one_plan: bool = False) -> AsyncIterator[Reader]:
        """Refused: who needs a snapshot needs more than one statement."""
        raise SecondStatement
        yield self

    def _spend(self) -> None:
        if self._is_spent:
            raise SecondStatement
        self._is_spent = True


async def from_one_view(
    reader: Reader, answer: Callable[[Reader], Awaitable[T]], *, several: bool = False
) -> T:
    """What `answer` reads from one view of the database: one statement, or several in a snapshot.

    BEGIN, SET and COMMIT cost a short question a third of its rate. So `answer` first runs without them, and
    from the start again in a snapshot when it needs a second statement; at once there with `several`.
    """
    if isinstance(reader, SnapshotReader):
        return await answer(reader)
    if not several:
        with suppress(SecondStatement):
            return await answer(OneStatement(reader))
    async with reader.snapshot(one_plan=True) as snapshot:
        return await answer(snapshot)
