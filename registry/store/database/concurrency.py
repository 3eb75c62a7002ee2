"""The concurrency limit of a worker: more statements than the processors can serve only wait elsewhere."""

import asyncio
from contextlib import suppress
from types import TracebackType

PATIENCE_S = 0.2


async def acquire_within(semaphore: asyncio.Semaphore, seconds: float) -> None:
    """Acquire a semaphore, without a timer where it is free; TimeoutError when it is not free in time."""
    if not semaphore.locked():
        await semaphore.acquire()
        return
    async with asyncio.timeout(seconds):
        await semaphore.acquire()


class StatementLimit:
    """So many statements at once, first come, first served; after 0.2 s nobody waits behind slow ones."""

    def __init__(self, at_once: int) -> None:
        self.free = asyncio.Semaphore(at_once)

    @property
    def waiting(self) -> int:
        """How many statements wait for a slot."""
        waiters = self.free._waiters
        return len(waiters) if waiters else 0

    def slot(self) -> "StatementSlot":
        """Wait up to 0.2 s for a slot, then run anyway."""
        return StatementSlot(self.free)


class StatementSlot:
    """A slot for the length of a block, given back if one was free in time."""

    __slots__ = ("_free", "_taken")

    def __init__(self, free: asyncio.Semaphore) -> None:
        self._free = free
        self._taken = False

    async def __aenter__(self) -> None:
        with suppress(TimeoutError):
            await acquire_within(self._free, PATIENCE_S)
            self._taken = True

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._taken:
            self._free.release()
