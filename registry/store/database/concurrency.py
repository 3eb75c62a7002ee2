"""How many statements of a worker run at once: more than the processors can serve only wait elsewhere."""

import asyncio
from contextlib import suppress
from types import TracebackType

PATIENCE_S = 0.2


async def taken(free: asyncio.Semaphore, patience_s: float) -> None:
    """Take a place, at once where one is free; TimeoutError when none comes free in time."""
    if not free.locked():
        await free.acquire()
        return
    async with asyncio.timeout(patience_s):
        await free.acquire()


class Turns:
    """First come, first served, for a fifth of a second; after that nobody waits behind slow statements."""

    def __init__(self, at_once: int) -> None:
        self.free = asyncio.Semaphore(at_once)

    def turn(self) -> "Turn":
        """One's turn, or as good as one's turn, for as long as a block lasts."""
        return Turn(self.free)


class Turn:
    """A place among those that run, given back at the end of the block if there was one in time."""

    __slots__ = ("_free", "_taken")

    def __init__(self, free: asyncio.Semaphore) -> None:
        self._free = free
        self._taken = False

    async def __aenter__(self) -> None:
        with suppress(TimeoutError):
            await taken(self._free, PATIENCE_S)
            self._taken = True

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._taken:
            self._free.release()
