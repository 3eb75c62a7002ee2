"""Watches the change log: one watcher in each worker knows the end of the feed and informs subscribers."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog

from registry.domain.errors import Unavailable
from registry.domain.sync.feed import position_of
from registry.domain.sync.feed_cursor import START, LogPosition
from registry.store.database.pool import Reader
from registry.store.sync import feed
from registry.store.sync.feed import FeedHead

log = structlog.get_logger("registry")
LOOK_EVERY_S = 1.0
LASTED_S = 30.0
MIN_PAUSE_S = 0.05
"""Between two looks, so that a hundred changes a second cost twenty looks."""
MAX_WAITING = 1000
"""Changes that a subscriber may lag behind before it is dropped; it returns with its last event id."""
PAGE = 500
MOST_KEPT = 10_000
Batch = list[Mapping[str, Any]]


class Subscription:
    """A bounded queue of batches of changes.

    It is `lost` when the subscriber was too slow, and `outdated` when what it was told is no longer history.
    """

    def __init__(self) -> None:
        self._batches: asyncio.Queue[tuple[Batch, LogPosition, FeedHead | None]] = asyncio.Queue()
        self._waiting = 0
        self.lost = self.outdated = False

    def put(self, batch: Batch, position: LogPosition, head: FeedHead | None = None) -> None:
        """Queue a batch that ends at `position`, at or before `head`; one that does not fit ends it."""
        if self._waiting + len(batch) > MAX_WAITING:
            self.lost = True
            return
        self._waiting += len(batch)
        self._batches.put_nowait((batch, position, head))

    def outdate(self, head: FeedHead) -> None:
        """End the subscription: the registry no longer holds what the subscriber was told."""
        self.lost = self.outdated = True
        self._batches.put_nowait(([], head.last, head))

    def end(self) -> None:
        """Let the subscriber go: it comes back with its last event id, to another server."""
        self.lost = True
        self._batches.put_nowait(([], START, None))

    async def take(self) -> tuple[Batch, LogPosition, FeedHead | None]:
        """The next batch, the position at its end, and the end of the feed after it."""
        batch, position, head = await self._batches.get()
        self._waiting -= len(batch)
        return batch, position, head


class ChangeWatcher:
    """Looks at the feed when the database notifies it, and every second in any case.

    `on_change` is called when the feed has new changes or a new incarnation.
    """

    def __init__(self, reader: Reader, on_change: Callable[[], None] = lambda: None) -> None:
        self._reader = reader
        self._on_change = on_change
        self._subscriptions: set[Subscription] = set()
        self._moved = asyncio.Event()
        self._hint = asyncio.Event()
        self._name = secrets.token_hex(4)
        self._wrote = False
        self.is_closed = False
        """Whether those who wait for news are sent away, because this server ends."""
        self._holds: dict[tuple[str, LogPosition, int], bool] = {}
        self.seen: FeedHead | None = None
        """The end of the feed at the last look."""

    def wake(self) -> None:
        """A change was committed in this worker: look at once, and notify the other workers."""
        self._wrote = True
        self._hint.set()

    async def head(self) -> FeedHead:
        """The end of the feed as this worker last saw it, for whoever comes before the first look too."""
        if self.seen is None:
            self.seen = await feed.head(self._reader)
        return self.seen

    async def moved(self, timeout_s: float) -> bool:
        """Wait for new changes, at most `timeout_s`; whether there are any."""
        event = self._moved
        if self.is_closed:
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await event.wait()
        return event.is_set()

    @property
    def listeners(self) -> int:
        """How many subscriptions are open."""
        return len(self._subscriptions)

    @asynccontextmanager
    async def subscribed(self) -> AsyncIterator[Subscription]:
        """A subscription to every change from now on."""
        subscription = Subscription()
        self._subscriptions.add(subscription)
        if self.is_closed:
            subscription.end()
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def close(self) -> None:
        """Send everybody away who waits for news."""
        self.is_closed = True
        self._moved.set()
        for subscription in list(self._subscriptions):
            subscription.end()

    async def run(self) -> None:
        """Watch until cancelled, and leave no task behind. A database that is away is asked again."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            while True:
                self._hint.clear()
                try:
                    await self.look()
                    await self._notify()
                except Unavailable:
                    pass
                except Exception as error:  # a watcher that ended would leave every subscriber without news
                    log.error("the feed could not be looked at", error=repr(error))
                await asyncio.sleep(MIN_PAUSE_S)
                with suppress(TimeoutError):  # wait_for would swallow a cancellation that meets a hint
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await self._hint.wait()

    async def _listen(self) -> None:
        """A notification only saves time: without the connection a change is seen a second later."""
        failures = 0
        while True:
            began_s = asyncio.get_running_loop().time()
            try:
                await feed.listen(self._reader, self._hear)
            except Exception as error:  # whatever it is, the look every second goes on
                lasted = asyncio.get_running_loop().time() - began_s > LASTED_S
                failures = 1 if lasted else failures + 1
                if failures & (failures - 1) == 0:  # ever more seldom while the database is away
                    log.info("listening again", error=str(error), failures=failures)
            await asyncio.sleep(LOOK_EVERY_S)

    def _hear(self, sender: str) -> None:
        if sender != self._name:
            self._hint.set()

    async def _notify(self) -> None:
        if self._wrote:
            self._wrote = False
            await feed.notify(self._reader, self._name)

    async def look(self) -> None:
        """Look once. It publishes before `seen` moves, so that a look that fails repeats from there."""
        before, head = await self.head(), await feed.head(self._reader)
        if not head.is_current:
            async with self._reader.writer() as writer:
                await feed.begin_incarnation(writer)
            head = await feed.head(self._reader)
        if not await self._follows(before, head):
            self._restart(head)
            return
        await self._publish(before.last, head)
        self.seen = head
        if before.last != head.last:
            self._on_change()
        if head.last > before.last:
            self._moved.set()
            self._moved = asyncio.Event()

    async def holds(self, incarnation: str, last: LogPosition, changes: int, head: FeedHead) -> bool:
        """Whether the registry holds what an incarnation of it held, as far as `head` shows."""
        if incarnation == head.incarnation:
            return last <= head.last
        asked = incarnation, last, changes
        if asked not in self._holds:
            held = await feed.holds(self._reader, *asked)
            if len(self._holds) < MOST_KEPT:
                self._holds[asked] = held
            return held
        return self._holds[asked]

    async def _follows(self, before: FeedHead, head: FeedHead) -> bool:
        if before.incarnation != head.incarnation:
            self._holds.clear()
        return await self.holds(before.incarnation, before.last, before.changes, head)

    def _restart(self, head: FeedHead) -> None:
        """Go on from `head` without what was before; whoever listens must synchronise anew."""
        for subscription in self._subscriptions:
            subscription.outdate(head)
        self._subscriptions.clear()
        self.seen = head
        self._on_change()
        self._moved.set()
        self._moved = asyncio.Event()

    async def _publish(self, after: LogPosition, head: FeedHead) -> None:
        position = after
        while self._subscriptions and position < head.last:
            page = await feed.page(self._reader, None, None, position, PAGE)
            position = min(page.position, head.last)
            batch = [row for row in page.changes if position_of(row) <= position]
            for subscription in list(self._subscriptions):
                subscription.put(batch, position, head)
                if subscription.lost:
                    self._subscriptions.discard(subscription)
            if not page.full:
                break
