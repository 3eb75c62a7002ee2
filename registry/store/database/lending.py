"""Connections lent for as long as a block lasts, and kept at hand between blocks."""

import asyncio

import asyncpg

from registry.store.database.concurrency import taken


class Lender:
    """Lends a pool's connections; those that come back sound are lent again without the pool.

    Taking one from the pool and giving it back are two tasks, three timers and a statement that resets the
    session, as much as many a statement of ours. The pool still opens connections, resets those under which
    something failed, and closes those that lie idle once `rest` has given them back.
    """

    def __init__(self, pool: asyncpg.Pool, timeout_s: float) -> None:
        self._pool = pool
        self._timeout_s = timeout_s
        self._places = asyncio.Semaphore(pool.get_max_size())
        self._at_hand: list[asyncpg.Connection] = []

    def lend(self) -> "Loan":
        """A connection for a block; one that an error left goes back to the pool."""
        return Loan(self)

    async def take(self) -> asyncpg.Connection:
        """An open connection, first come, first served; TimeoutError when none comes free in time."""
        await taken(self._places, self._timeout_s)
        try:
            while self._at_hand:
                kept = self._at_hand.pop()
                if _is_open(kept):
                    return kept
                await self._pool.release(kept)
            return await self._pool.acquire(timeout=self._timeout_s)
        except BaseException:
            self._places.release()
            raise

    async def give(self, lent: asyncpg.Connection, *, sound: bool) -> None:
        """Take a connection back; the pool sees to one that is not sound."""
        try:
            if sound:
                self._at_hand.append(lent)
            else:
                await self._pool.release(lent)
        finally:
            self._places.release()

    async def rest(self) -> None:
        """Give the pool back what lies idle, the longest first; if one fails, the others stay at hand."""
        for _ in range(len(self._at_hand)):
            if self._at_hand:  # somebody may have taken one meanwhile
                await self._pool.release(self._at_hand.pop(0))


class Loan:
    """One connection, lent for a block."""

    __slots__ = ("_lender", "_lent")

    def __init__(self, lender: Lender) -> None:
        self._lender = lender

    async def __aenter__(self) -> asyncpg.Connection:
        self._lent = await self._lender.take()
        return self._lent

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        await self._lender.give(self._lent, sound=kind is None)


def _is_open(kept: asyncpg.Connection) -> bool:
    """Whether a connection can be used; one that was closed while it lay idle is the pool's again."""
    try:
        return not kept.is_closed()
    except asyncpg.InterfaceError:
        return False
