"""How many statements of a worker run at once: more than the processors can serve only wait elsewhere."""

import asyncio
from types import TracebackType

PATIENCE_S = 0.2


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
        if not self._free.locked():
            self._taken = await self._free.acquire()
            return
        try:
            async with asyncio.timeout(PATIENCE_S):
                self._taken = await self._free.acquire()
        except TimeoutError:
            return

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._taken:
            self._free.release()
