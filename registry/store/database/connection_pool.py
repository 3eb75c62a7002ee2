"""Connections that are kept at hand between statements, in front of asyncpg's pool."""

import asyncio

import asyncpg

from registry.store.database.concurrency import acquire_within
from registry.store.database.read_trace import TRACE

OPEN_S = 10.0
"""How long a connection may take to be opened, which is longer than a request waits for it."""


class ConnectionPool:
    """Hands out the connections of asyncpg's pool, and keeps the returned ones at hand.

    To acquire and release one in asyncpg's pool costs a task and two timers, even with a `reset` that does
    nothing: as much as a short statement. That pool still opens connections, resets those on which something
    failed, and closes idle ones once `release_idle` has returned them.
    """

    def __init__(self, pool: asyncpg.Pool, timeout_s: float) -> None:
        self._pool = pool
        self._timeout_s = timeout_s
        self._places = asyncio.Semaphore(pool.get_max_size())
        self._at_hand: list[asyncpg.Connection] = []
        self._openings: set[asyncio.Future[asyncpg.Connection]] = set()

    def figures(self) -> dict[str, float]:
        """How many connections there may be, are open, and answer a request."""
        size = self._pool.get_max_size()
        busy = self._pool.get_size() - self._pool.get_idle_size() - len(self._at_hand)
        return {"pool_size": size, "pool_connections": self._pool.get_size(), "pool_busy": busy}

    def connection(self) -> "ConnectionLease":
        """A connection for the length of a block; after an error in the block asyncpg's pool resets it."""
        return ConnectionLease(self)

    async def acquire(self) -> asyncpg.Connection:
        """An open connection, first come, first served; TimeoutError when none comes free in time."""
        await acquire_within(self._places, self._timeout_s)
        try:
            while self._at_hand:
                connection = self._at_hand.pop()
                if _is_open(connection):
                    return connection
                await self._return(connection)
        except BaseException:
            self._places.release()
            raise
        return await self._opened()

    async def _opened(self) -> asyncpg.Connection:
        """A connection of asyncpg's pool, which is kept at hand when it comes too late for its request.

        A busy host takes longer to open one than a request waits. If each attempt ended with its request,
        none would ever succeed.
        """
        opening = asyncio.ensure_future(self._pool.acquire(timeout=OPEN_S))
        self._openings.add(opening)
        opening.add_done_callback(self._openings.discard)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await asyncio.shield(opening)
        except BaseException:
            opening.add_done_callback(self._keep)
            raise

    def _keep(self, opening: "asyncio.Future[asyncpg.Connection]") -> None:
        """Keep what an abandoned attempt has opened, and give back its place."""
        if not opening.cancelled() and opening.exception() is None:
            self._at_hand.append(opening.result())
        self._places.release()

    async def terminate(self) -> None:
        """Close every connection, those that are being opened too."""
        openings = list(self._openings)
        for opening in openings:
            opening.cancel()
        await asyncio.gather(*openings, return_exceptions=True)
        self._pool.terminate()

    async def release(self, connection: asyncpg.Connection, *, sound: bool) -> None:
        """Take a connection back; asyncpg's pool resets or closes one that is not sound."""
        try:
            if sound:
                self._at_hand.append(connection)
            else:
                await self._return(connection)
        finally:
            self._places.release()

    async def _return(self, connection: asyncpg.Connection) -> None:
        await self._pool.release(connection, timeout=self._timeout_s)

    async def release_idle(self) -> None:
        """Return what is at hand to asyncpg's pool, the longest idle first; if one fails, the others stay."""
        for _ in range(len(self._at_hand)):
            if self._at_hand:  # a statement may have taken one meanwhile
                await self._return(self._at_hand.pop(0))


class ConnectionLease:
    """One connection for the length of a block."""

    __slots__ = ("_connection", "_pool", "_trace")

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._trace = TRACE.get()

    async def __aenter__(self) -> asyncpg.Connection:
        self._connection = await self._pool.acquire()
        if self._trace is not None:
            self._connection.add_log_listener(self._trace.hear)
        return self._connection

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._trace is not None and _is_open(self._connection):
            self._connection.remove_log_listener(self._trace.hear)
        await self._pool.release(self._connection, sound=kind is None)


def _is_open(connection: asyncpg.Connection) -> bool:
    """Whether a connection can be used; asyncpg's pool has taken back one that closed while it lay idle."""
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        return False
