"""The moment that a reader reads at, and answers that are kept for it."""

from collections.abc import Awaitable, Callable, Hashable
from typing import TypeVar

import sqlalchemy as sa

from registry.store.database.kept import READ_AT
from registry.store.database.pool import Reader
from registry.store.database.query import Query

T = TypeVar("T")
NOW = Query(sa.select(READ_AT.label("moment")))


async def moment(reader: Reader) -> str | None:
    """The moment that the reader reads at; None in a transaction that has written."""
    row = await reader.row(NOW, {})
    return None if row is None else row["moment"]


async def kept_or_read(
    reader: Reader, question: Hashable, at: str | None, read: Callable[[Reader], Awaitable[T]]
) -> T:
    """What was answered at this very moment; else what `read` answers in a snapshot, which is kept."""
    kept: T | None = reader.kept.get(question, at)
    if kept is None:
        async with reader.snapshot() as view:
            kept = await read(view)
            reader.kept.put(question, await moment(view), kept)
    return kept
