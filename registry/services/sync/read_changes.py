"""Read the change feed: a page, a long poll, or a stream of changes, each as one client may see it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from datetime import datetime
from typing import Any, NamedTuple

from msgspec import Struct

from registry.domain.access.pepper import Peppers
from registry.domain.access.sight import Sight
from registry.domain.errors import CursorExpired, InvalidQuery, Unauthenticated, Unavailable
from registry.domain.records.resource import KINDS
from registry.domain.sync.feed import FeedChange, position_of, visible_change
from registry.domain.sync.feed_cursor import (
    START,
    FeedCursor,
    LogPosition,
    audience_of,
    check_cursor,
    decrypt_cursor,
    encrypt_cursor,
)
from registry.services.sync.change_watcher import PAGE, Batch, ChangeWatcher, Subscription
from registry.store.database.pool import Reader
from registry.store.database.read_trace import note_read
from registry.store.sync import feed
from registry.store.sync.feed import FeedHead
from registry.store.visibility import realm

NOW = "now"
HEARTBEAT_S = 15.0
OUTDATED = "the registry was restored to another point since; compare digests and go on"
LOOK_EVERY_S = 2.0
"""How often a stream asks whether its client may still read."""
LONGEST_S = 3600.0
"""The greatest age of a stream; its client connects again with its last event id."""


class ChangePage(Struct, frozen=True):
    """Changes in commit order, the cursor to continue from, and whether there are more at once."""

    changes: list[FeedChange]
    cursor: str
    more: bool


class FeedEvent(Struct, frozen=True):
    """One event of a stream: its name, the cursor after it, and its change.

    `ready` comes first and carries no change. `reset` says that the cursor expired, and `end` that the
    credential is not what it was, each with the reason as `detail`, as the last event. `heartbeat` says only
    that the stream is alive.
    """

    event: str
    cursor: str | None = None
    change: FeedChange | None = None
    detail: str | None = None


class Feed(NamedTuple):
    """The feed as one client reads it: its sight, place and credential, and the peppers of its cursors."""

    reader: Reader
    watcher: ChangeWatcher
    peppers: Peppers
    sight: Sight
    place: str | None
    look: Callable[[], Awaitable[None]]
    """Raises Unauthenticated when the client may not read any more what it might when it came."""
    registers: bool = False
    """Whether the changes of register entries are told too; snapshots and digests hold resources only."""
    waiting: Callable[[], AbstractAsyncContextManager[None]] = nullcontext
    """Entered while there is nothing to do but wait."""

    def cursor(self, head: FeedHead, position: LogPosition, since: LogPosition | None = None) -> str:
        """The cursor after `position` for a client that began to read at `since`, or there.

        `head` was read when everything before the position was told.
        """
        audience, since = audience_of(self.sight, self.place, registers=self.registers), since or position
        cursor = FeedCursor(head.incarnation, audience, position, head.last, head.changes, since)
        return encrypt_cursor(cursor, self.peppers.current)

    def visible(self, batch: Batch, since: LogPosition) -> list[tuple[LogPosition, FeedChange]]:
        """The changes of a batch that a client who began at `since` may see, each with its position."""
        own = (row for row in batch if self._is_own(row["realm"]) and self._is_told(row))
        told = []
        for row in own:
            change = visible_change(row, self.sight, self.place, since)
            if change is not None:
                told.append((position_of(row), change))
                if "restricted" in (row["visibility_after"], row["visibility_now"]):
                    note_read()
        return told

    def _is_own(self, name: str) -> bool:
        return name == realm(self.sight)

    def _is_told(self, row: Mapping[str, Any]) -> bool:
        return self.registers or row["kind"] in KINDS

    async def page(self, after: LogPosition, limit: int) -> tuple[feed.FeedPage, FeedHead]:
        """The page after a position, and an end of the feed that is not before its changes."""
        head = await self.watcher.head()
        page = await feed.page(self.reader, self.sight, self.place, after, limit)
        if page.changes and position_of(page.changes[-1]) > head.last:
            head = await feed.head(self.reader)
        return page, head

    async def start(self, cursor: str | None) -> "FeedStart":
        """Where a client continues: after its cursor, at the end for `now`, else at the beginning.

        CursorExpired when the client must synchronise anew.
        """
        demand_present(self.sight)
        head = await self.watcher.head()
        if cursor is None:
            return FeedStart(START, head, None)
        if cursor == NOW:
            return FeedStart(head.settled, head, head.settled)
        read = decrypt_cursor(cursor, self.peppers)
        held = read.incarnation, read.last, read.changes
        holds = await self.watcher.holds(*held, head)
        if not holds:  # the watcher may be a moment behind
            head = await feed.head(self.reader)
            holds = await self.watcher.holds(*held, head)
        audience = audience_of(self.sight, self.place, registers=self.registers)
        check_cursor(read, audience, holds=holds)
        return FeedStart(read.position, head, read.since)


class FeedStart(NamedTuple):
    """Where a client continues to read, the end of the feed, and that end when the client began to read.

    A client that begins with this request begins at the end of its first page.
    """

    position: LogPosition
    head: FeedHead
    since: LogPosition | None


def demand_present(sight: Sight) -> None:
    """InvalidQuery for a sight of the past, which the feed cannot show."""
    if sight.as_of is not None:
        raise InvalidQuery("the feed has no as_of; use a cursor", field="as_of")


async def poll_changes(
    source: Feed, cursor: str | None, wait_s: float, limit: int, since_at: datetime | None = None
) -> tuple[ChangePage, bool]:
    """The changes after a cursor, or since an instant; waits up to `wait_s` for the first one.

    The flag says that the page holds for this cursor until the watcher sees a change.
    """
    if since_at is not None and cursor is not None:
        raise InvalidQuery("give either a cursor or an instant to begin at", field="since")
    start = await source.start(cursor)
    if since_at is not None:
        start = start._replace(position=await feed.position_before(source.reader, since_at))
    position, head, since = start
    if position < head.last or wait_s > 0 or since_at is not None:
        return await _first_page(source, start, wait_s, limit), False
    if cursor is None or cursor == NOW:
        return ChangePage([], source.cursor(head, position, since=since), False), False
    # A head that the watcher no longer has may be behind what happened meanwhile.
    return ChangePage([], cursor, False), head is source.watcher.seen


async def _first_page(source: Feed, start: FeedStart, wait_s: float, limit: int) -> ChangePage:
    """The first page that shows this client something, or the last page when the time is over."""
    position, _, since = start
    clock = asyncio.get_running_loop().time
    until_s = clock() + wait_s
    while True:
        page, head = await source.page(position, limit)
        since = since or page.settled
        changes = [change for _, change in source.visible(page.changes, since)]
        left_s = until_s - clock()
        if changes or page.full or left_s <= 0 or source.watcher.is_closed:
            await source.look()
            return ChangePage(changes, source.cursor(head, page.position, since), page.full)
        position = page.position
        async with source.waiting():
            await source.watcher.moved(left_s)


async def stream_changes(source: Feed, cursor: str) -> AsyncIterator[FeedEvent]:
    """Every change after a cursor, then each as it happens; ends when this client is too slow."""
    try:
        start = await source.start(cursor)
    except CursorExpired as expired:
        return _expired(expired)
    return _while_allowed(_events(source, start))


async def _expired(error: CursorExpired) -> AsyncIterator[FeedEvent]:
    yield FeedEvent("reset", detail=error.detail)


async def _while_allowed(events: AsyncIterator[FeedEvent]) -> AsyncIterator[FeedEvent]:
    """The events until the client may not read them any more, or nothing can say whether it may."""
    try:
        async for event in events:
            yield event
    except Unauthenticated as error:
        yield FeedEvent("end", detail=error.detail)
    except Unavailable:
        return  # the client returns with its last event id


async def _events(source: Feed, start: FeedStart) -> AsyncIterator[FeedEvent]:
    position, head, since = start
    async with source.watcher.subscribed() as subscription:
        since = since or head.settled
        yield FeedEvent("ready", source.cursor(head, position, since=since))
        while position < (await source.watcher.head()).last:
            page, head = await source.page(position, PAGE)
            await source.look()
            for at, change in source.visible(page.changes, since):
                yield FeedEvent(change.op, source.cursor(head, at, since=since), change)
            position = page.position
            if not page.full:
                break
        async for event in _live(source, subscription, FeedStart(position, head, since)):
            yield event


async def _live(source: Feed, subscription: Subscription, start: FeedStart) -> AsyncIterator[FeedEvent]:
    """What the watcher publishes, with heartbeats in between, until the subscription is lost."""
    position, head, since = start.position, start.head, start.since or start.position
    clock = asyncio.get_running_loop().time
    began_s = told_s = clock()
    while not subscription.lost and clock() - began_s < LONGEST_S:
        try:
            async with asyncio.timeout(LOOK_EVERY_S):
                batch, end, after = await subscription.take()
        except TimeoutError:
            with suppress(Unavailable):  # nothing is told meanwhile
                await source.look()
            if clock() - told_s >= HEARTBEAT_S:
                told_s = clock()
                yield FeedEvent("heartbeat")
            continue
        await source.look()
        head = after or head
        for at, change in source.visible(batch, since):
            if at > position:
                yield FeedEvent(change.op, source.cursor(head, at, since=since), change)
        position = max(position, end)
    if subscription.outdated:
        yield FeedEvent("reset", detail=OUTDATED)
    else:
        yield FeedEvent("goodbye")
