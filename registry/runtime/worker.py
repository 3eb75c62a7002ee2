"""A worker process beside its application: its heartbeat, its idle connections, and its orderly end."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

from registry.runtime import connections
from registry.runtime.connections import ConnectionLimits
from registry.runtime.heartbeat import Sender
from registry.runtime.settings import Settings

log = logging.getLogger("registry.runtime.worker")

SWEEP_EVERY_S = 1.0
SETTLE_S = 1.0
"""How long a connection may be silent at the end before it is closed: its request may be on its way."""
FINISH_S = 6.0
"""How long the requests under way may take at the end."""
LEFT_S = 1.0
LOOK_EVERY_S = 0.02


class Drain:
    """The orderly end of a worker: not ready, no new connections, the last answers, and then nothing."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._requests: set[asyncio.Task[Any]] = set()
        self._listeners: list[Callable[[], None]] = []
        self._ending: asyncio.Task[None] | None = None
        self.begun = self.is_closing = False
        self.started = asyncio.Event()

    def on_closing(self, end: Callable[[], None]) -> None:
        """Call `end` when those who wait for news are to come back to the next server."""
        self._listeners.append(end)

    @contextmanager
    def request(self) -> Iterator[None]:
        """Count a request for the length of a block."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a request without a task")
        self._requests.add(task)
        try:
            yield
        finally:
            self._requests.discard(task)

    def begin(self) -> None:
        """Begin to end, once."""
        if not self.begun:
            self.begun = True
            self._ending = asyncio.get_running_loop().create_task(self._end())

    async def stop(self) -> None:
        """End with the application."""
        if self._ending is not None:
            self._ending.cancel()
            with suppress(asyncio.CancelledError):
                await self._ending

    async def _end(self) -> None:
        port, clock = self._settings.port, asyncio.get_running_loop().time
        await asyncio.sleep(self._settings.drain_s)
        self.is_closing = True
        connections.stop_accepting(port)
        for end in self._listeners:
            end()
        deadline_s = clock() + FINISH_S
        while clock() < deadline_s and self._is_used(port):  # noqa: ASYNC110 - the kernel tells of no change
            await asyncio.sleep(LOOK_EVERY_S)
        os.kill(os.getpid(), signal.SIGINT)  # granian takes it for SIGTERM
        await asyncio.sleep(LEFT_S)
        if left := list(self._requests):
            log.warning("%s requests are cut off at the end", len(left))
        for task in left:
            task.cancel()
        while connections.close(port, lambda _: True):  # noqa: ASYNC110 - likewise
            await asyncio.sleep(LOOK_EVERY_S)

    def _is_used(self, port: int) -> bool:
        return bool(self._requests) or any(one.idle_s < SETTLE_S for one in connections.connections(port))


@asynccontextmanager
async def working(drain: Drain, settings: Settings) -> AsyncIterator[None]:
    """Beat, sweep idle connections and drain at SIGTERM for as long as the block runs."""
    limits = ConnectionLimits(settings.port, settings.connections_per_address, connections.is_local)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, drain.begin)
    tasks = [asyncio.create_task(_beat(drain.started)), asyncio.create_task(_sweep(limits))]
    try:
        yield
    finally:
        await drain.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _beat(started: asyncio.Event) -> None:
    """Beat once the worker can answer."""
    await started.wait()
    await Sender.beat_for_ever()


async def _sweep(limits: ConnectionLimits) -> None:
    while True:
        await asyncio.sleep(SWEEP_EVERY_S)
        limits.sweep()
