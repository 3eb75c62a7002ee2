"""Answers that are too long for memory: rows in batches, or the bytes of PostgreSQL's COPY.

A stream takes its connection at the first request for data, and returns it when it ends or is closed.
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
"""Chunks that are read from the database before the client has taken them."""
UNQUOTED = {"quote": "\x01", "delimiter": "\x02"}
"""Options of COPY with characters that JSON text never has, so that CSV leaves every line as it is."""


async def batches(
    reader: Reader, queries: Sequence[Query], values: Mapping[str, Any]
) -> AsyncGenerator[list[Row], None]:
    """The rows of several statements, one after the other, in batches, from one snapshot."""
    async with reader.unhurried() as connection:
        for query in queries:
            async with explained():
                cursor = await connection.cursor(query.text, *query.args(values))
                rows = await cursor.fetch(BATCH, timeout=PATIENCE_S)
            while rows:
                yield rows
                async with explained():
                    rows = await cursor.fetch(BATCH, timeout=PATIENCE_S)


async def copied(
    reader: Reader, query: Query, values: Mapping[str, Any], **options: Any
) -> AsyncGenerator[bytes, None]:
    """The bytes of COPY for a statement; at most a few chunks are held while the client is slow."""
    chunks: asyncio.Queue[bytes | bytearray | None] = asyncio.Queue(CHUNKS_AHEAD)

    async def run() -> None:
        try:
            async with reader.unhurried() as connection, explained():
                await connection.copy_from_query(
                    query.text,
                    *query.args(values),
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
    """The chunks joined to pieces that are worth sending; only the last one may be smaller."""
    piece = bytearray()
    while (chunk := await chunks.get()) is not None:
        piece += chunk
        if len(piece) >= PIECE:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)


async def begun(stream: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The stream once its first chunk is there, so that an error comes before the response begins."""
    first = await anext(stream, None)

    async def whole() -> AsyncGenerator[bytes, None]:
        async with aclosing(stream):
            if first is not None:
                yield first
            async for chunk in stream:
                yield chunk

    return whole()
