"""One watcher of the change log in each worker: knows where the feed stands, and tells those who listen."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog

from registry.api.http.poll_cache import PollCache
from registry.domain.errors import Unavailable
from registry.domain.sync.feed import Mark
from registry.store.database.pool import Reader
from registry.store.sync import feed
from registry.store.sync.feed import Stand

log = structlog.get_logger("registry")
LOOK_EVERY_S = 1.0
REST_S = 0.05
"""Between two looks, so that a hundred changes a second are seen in twenty looks."""
MOST_WAITING = 1000
"""Changes a listener may be behind before it is let go; it comes back with its last event id."""
Batch = list[Mapping[str, Any]]


class Listener:
    """A queue of batches with a bound on their changes; `lost` when it was too slow and has been let go."""

    def __init__(self) -> None:
        self._batches: asyncio.Queue[tuple[Batch, Mark]] = asyncio.Queue()
        self._waiting = 0
        self.lost = False

    def put(self, batch: Batch, upto: Mark) -> None:
        """Have a batch wait to be taken; one that is too much has the listener lost instead."""
        if self._waiting + len(batch) > MOST_WAITING:
            self.lost = True
            return
        self._waiting += len(batch)
        self._batches.put_nowait((batch, upto))

    async def take(self) -> tuple[Batch, Mark]:
        """The next batch, and the mark up to which it tells."""
        batch, upto = await self._batches.get()
        self._waiting -= len(batch)
        return batch, upto


class Watch:
    """Looks at the feed when the database says that something changed, and every second all the same."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._listeners: set[Listener] = set()
        self._moved = asyncio.Event()
        self._hint = asyncio.Event()
        self._name = secrets.token_hex(4)
        self._wrote = False
        self.poll_cache = PollCache()
        self.stand: Stand | None = None

    def wake(self) -> None:
        """Something was committed here: look at once, and tell the other workers."""
        self._wrote = True
        self._hint.set()

    async def current(self) -> Stand:
        """Where the feed stands, as last seen by this worker."""
        if self.stand is None:
            self.stand = await feed.stand(self._reader)
        return self.stand

    async def moved(self, timeout_s: float) -> bool:
        """Wait until the feed has moved, or the time is over."""
        event = self._moved
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await event.wait()
        return event.is_set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Listener]:
        """Be told of every change from now on."""
        listener = Listener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def run(self) -> None:
        """Watch until cancelled, and then leave no task behind; a database that is away is asked again."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._take_hints())
            while True:
                self._hint.clear()
                try:
                    await self._look()
                    await self._tell_others()
                except Unavailable:
                    pass
                except Exception as error:  # a watch that ended would leave every listener without news
                    log.error("the feed could not be looked at", error=repr(error))
                await asyncio.sleep(REST_S)
                with suppress(TimeoutError):  # wait_for would swallow a cancellation that meets a hint
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await self._hint.wait()

    async def _take_hints(self) -> None:
        """LISTEN is only a wake-up: a dead connection costs a second of delay, never a change."""
        while True:
            try:
                await feed.listen(self._reader, self._hear)
            except Exception as error:  # whatever it is, the second look at the feed goes on
                log.info("listening again", error=str(error))
            await asyncio.sleep(LOOK_EVERY_S)

    def _hear(self, teller: str) -> None:
        if teller != self._name:
            self._hint.set()

    async def _tell_others(self) -> None:
        if self._wrote:
            self._wrote = False
            await feed.tell(self._reader, self._name)

    async def _look(self) -> None:
        """Listeners are told before the stand moves: a look that fails between is made again from there."""
        before, now = self.stand, await feed.stand(self._reader)
        if before is None or before.epoch != now.epoch:
            self.stand = now
            self.poll_cache.clear()
            return
        await self._tell(before.last, now)
        self.stand = now
        if before.last != now.last:
            self.poll_cache.clear()
        if now.last > before.last:
            self._moved.set()
            self._moved = asyncio.Event()

    async def _tell(self, after: Mark, now: Stand) -> None:
        mark = after
        while self._listeners and mark < now.last:
            page = await feed.page(self._reader, None, None, mark, 500)
            mark = page.mark
            for listener in list(self._listeners):
                listener.put(page.changes, mark)
                if listener.lost:
                    self._listeners.discard(listener)
            if not page.full:
                break
