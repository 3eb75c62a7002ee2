"""Answers that are too long for memory: rows in batches, or the bytes of PostgreSQL's COPY.

A stream takes its connection at the first request for data, and returns it when it ends or is closed. A
client that reads slowly would hold it for minutes, so what goes to a client passes a spool.
"""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Any

from registry.domain.errors import Unavailable
from registry.store.database.failures import explained
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query
from registry.store.database.read_trace import SETTING, YES, note_read

BATCH = 500
PIECE = 131_072
PATIENCE_S = 900.0
CHUNKS_AHEAD = 8
"""Chunks that are read from the database before the client has taken them."""
SPOOL_MEMORY_BYTES = 1_048_576
MOST_SPOOLED_BYTES = 2 * 2**30
"""What all spools of a process may hold; in files but for the first MiB of each."""
Slot = Callable[[], AbstractAsyncContextManager[None]]
SILENT = "SET LOCAL client_min_messages = error"
NOTED = f"SELECT current_setting('{SETTING}', true) = '{YES}'"
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
    """The bytes of COPY for a statement; at most a few chunks are held while the client is slow.

    The driver loses what it has read of a COPY when a notice comes in between, so that none may come; whether
    a restricted row was read is asked at the end.
    """
    chunks: asyncio.Queue[bytes | bytearray | None] = asyncio.Queue(CHUNKS_AHEAD)

    async def run() -> None:
        try:
            async with reader.unhurried() as connection, explained():
                await connection.execute(SILENT)
                await connection.copy_from_query(
                    query.text,
                    *query.args(values),
                    output=chunks.put,
                    format="csv",
                    timeout=PATIENCE_S,
                    **options,
                )
                if await connection.fetchval(NOTED):
                    note_read()
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


class Spool:
    """The bytes of a stream between the database and a client: in memory, from 1 MiB on in a file."""

    held_bytes = 0
    """What all spools of this process hold."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(SPOOL_MEMORY_BYTES)  # noqa: SIM115 - closed by `close`
        self._length = 0
        self._grown = asyncio.Event()

    async def fill(self, source: AsyncGenerator[bytes, None], slot: Slot) -> None:
        """Take all of the source inside a slot, at the pace of the database."""
        try:
            async with slot(), aclosing(source):
                async for piece in source:
                    self._add(piece)
        finally:
            self._grown.set()

    def _add(self, piece: bytes) -> None:
        if Spool.held_bytes + len(piece) > MOST_SPOOLED_BYTES:
            raise Unavailable("as many long answers as this server can hold are being read", retry_after_s=30)
        self._file.seek(self._length)
        self._file.write(piece)
        self._length += len(piece)
        Spool.held_bytes += len(piece)
        self._grown.set()

    async def read(self, offset: int, filling: asyncio.Task[None]) -> bytes:
        """The next bytes from `offset`, none at the end of the source; its failure is raised there."""
        while offset == self._length:
            if filling.done():
                filling.result()
                return b""
            self._grown.clear()
            await self._grown.wait()
        self._file.seek(offset)
        return self._file.read(PIECE)

    def close(self) -> None:
        """Drop what is held."""
        Spool.held_bytes -= self._length
        self._length = 0
        self._file.close()

    def __del__(self) -> None:
        """Drop it too where the answer was never read to its end and nobody ended its generator."""
        self.close()


async def spooled(
    source: AsyncGenerator[bytes, None], slot: Slot, look: Callable[[], Awaitable[None]]
) -> AsyncGenerator[bytes, None]:
    """The same bytes at the client's pace; the source is read inside a slot at the pace of the database.

    `look` raises when the client may not have what it has not taken yet, and ends the answer.
    """
    spool, offset = Spool(), 0
    filling = asyncio.create_task(spool.fill(source, slot))
    try:
        while piece := await spool.read(offset, filling):
            offset += len(piece)
            await look()
            yield piece
    finally:
        filling.cancel()
        try:
            await asyncio.wait([filling])
        finally:  # this task may be cancelled too
            spool.close()
