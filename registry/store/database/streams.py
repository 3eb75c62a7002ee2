"""Answers too long to hold: rows in batches, or the very bytes that PostgreSQL's COPY sends.

A stream opens its connection when it is first asked and gives it back when it ends or is closed.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from registry.store.database.failures import explained
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query

BATCH = 500
PIECE = 131_072
PATIENCE_S = 900.0
CHUNKS_AHEAD = 8
"""Chunks read from the database before the client has taken them."""
NEVER = {"quote": "\x01", "delimiter": "\x02"}
"""Characters that JSON text never has, so that COPY's CSV leaves every line as it is."""


async def batches(
    reader: Reader, queries: Sequence[Query], given: Mapping[str, Any]
) -> AsyncGenerator[list[Row], None]:
    """Every row of one answer after the other, some hundred at a time, from one instant."""
    async with reader.unhurried() as connection:
        for query in queries:
            async with explained():
                cursor = await connection.cursor(query.text, *query.args(given))
                rows = await cursor.fetch(BATCH, timeout=PATIENCE_S)
            while rows:
                yield rows
                async with explained():
                    rows = await cursor.fetch(BATCH, timeout=PATIENCE_S)


async def copied(
    reader: Reader, query: Query, given: Mapping[str, Any], **options: Any
) -> AsyncGenerator[bytes, None]:
    """The bytes of COPY for the answer; no more than some chunks are held while the client is slow."""
    chunks: asyncio.Queue[bytes | bytearray | None] = asyncio.Queue(CHUNKS_AHEAD)

    async def run() -> None:
        try:
            async with reader.unhurried() as connection, explained():
                await connection.copy_from_query(
                    query.text,
                    *query.args(given),
                    output=chunks.put,
                    format="csv",
                    timeout=PATIENCE_S,
                    **options,
                )
        finally:
            await chunks.put(None)

    copying = asyncio.create_task(run())
    try:
        async for piece in _pieces(chunks):
            yield piece
        await copying
    finally:
        copying.cancel()
        await asyncio.wait([copying])


async def _pieces(chunks: asyncio.Queue[bytes | bytearray | None]) -> AsyncGenerator[bytes, None]:
    """The chunks joined to pieces of a size that is worth sending; the last one may be smaller."""
    gathered = bytearray()
    while (chunk := await chunks.get()) is not None:
        gathered += chunk
        if len(gathered) >= PIECE:
            yield bytes(gathered)
            gathered.clear()
    if gathered:
        yield bytes(gathered)


async def begun(stream: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The same stream once its first chunk is made, so that what is wrong is said before an answer begins."""
    first = await anext(stream, None)

    async def whole() -> AsyncGenerator[bytes, None]:
        async with aclosing(stream):
            if first is not None:
                yield first
            async for chunk in stream:
                yield chunk

    return whole()
