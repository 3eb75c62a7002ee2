"""The change feed over HTTP: pages, long poll, and a stream."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from litestar import Router, get
from litestar.datastructures import State
from litestar.params import HeaderParameter, QueryParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage

from registry.api.http import params
from registry.api.http.contract.openapi import EVENTS
from registry.api.http.dependencies import ReaderDep, SightDep
from registry.api.http.poll_cache import cached_poll
from registry.api.http.request import HttpRequest
from registry.domain.access.sight import Sight
from registry.domain.errors import CursorExpired, InvalidQuery, Unavailable
from registry.domain.sync.feed import Cursor, Mark, check_cursor, eyes_of, seal, unseal
from registry.domain.sync.feed_rows import Told, tell
from registry.services.sync.change_watcher import Batch, Listener, Watch
from registry.store.database.pool import Reader
from registry.store.sync import feed
from registry.store.sync.feed import Stand

WaitS = Annotated[float, QueryParameter(ge=0, le=55, description="Wait so long for a change, seconds.")]
PageLimit = Annotated[int, QueryParameter(name="limit", ge=1, le=500)]
LastEventId = Annotated[str | None, HeaderParameter(name="Last-Event-ID", max_length=400)]
HEARTBEAT_S = 15.0
START = Mark(0, 0)


class Changes(msgspec.Struct, frozen=True):
    """Changes in commit order, the cursor to go on from, and whether there are more at once."""

    changes: list[Told]
    cursor: str
    more: bool


class Feed:
    """A reader of the feed: its eyes, its place, and the key its cursors are sealed with."""

    def __init__(self, state: State, sight: Sight, place: str | None) -> None:
        if sight.as_of is not None:
            raise InvalidQuery("the feed has no as_of; use a cursor", field="as_of")
        self.watch: Watch = state.watch
        self.key: bytes = state.secret
        self.sight, self.place = sight, place
        self.eyes = eyes_of(sight, place)

    def cursor(self, epoch: str, mark: Mark, lsn: int) -> str:
        """The sealed text of a place in the feed."""
        return seal(Cursor(epoch, self.eyes, mark, lsn), self.key)

    def told(self, batch: Batch) -> list[tuple[Mark, Told]]:
        """What this reader may know of a batch, each with its place in the feed."""
        marked = ((Mark(int(row["xid"]), row["seq"]), row) for row in batch if self._mine(row))
        return [(mark, said) for mark, row in marked if (said := tell(row, self.sight, self.place))]

    def _mine(self, row: Any) -> bool:
        return bool(row["realm"] == (self.sight.exercise or "live"))

    async def after(self, reader: Reader, mark: Mark, limit: int) -> feed.Page:
        """The page after a mark."""
        return await feed.page(reader, self.sight, self.place, mark, limit)

    async def start(self, reader: Reader, text: str | None) -> tuple[Mark, Stand]:
        """Where a reader goes on: its cursor, `now`, or the beginning; CursorExpired when it must resync."""
        stand = await self.watch.current()
        if text is None:
            return START, stand
        if text == "now":
            return stand.edge, stand
        cursor = unseal(text, self.key)
        if cursor.lsn > stand.lsn or cursor.epoch != stand.epoch:
            stand = await feed.stand(reader)
        check_cursor(cursor, epoch=stand.epoch, lsn=stand.lsn, eyes=self.eyes)
        return cursor.mark, stand


@get("/changes", before_request=cached_poll)
async def read_changes(
    request: HttpRequest,
    state: State,
    sight: SightDep,
    cursor: params.Cursor = None,
    place: params.PlaceParam = None,
    wait_s: WaitS = 0,
    page_limit: PageLimit = 200,
) -> Changes:
    """What changed after the cursor, in commit order; `now` starts here, none at the beginning."""
    source = Feed(state, sight, place)
    mark, stand = await source.start(state.reader, cursor)
    if mark >= stand.last and wait_s == 0:
        known = cursor if cursor not in (None, "now") else None
        told = Changes([], known or source.cursor(stand.epoch, mark, stand.lsn), False)
        if known and stand is source.watch.stand:  # an older one may be behind what happened meanwhile
            source.watch.poll_cache.keep(request.scope, told)
        return told
    return await _wait(source, state.reader, mark, wait_s, page_limit)


async def _wait(source: Feed, reader: Reader, mark: Mark, wait_s: float, limit: int) -> Changes:
    """The first page that tells this reader something, or the last one when the time is over."""
    clock = asyncio.get_running_loop().time
    until = clock() + wait_s
    while True:
        stand = await source.watch.current()
        page = await source.after(reader, mark, limit)
        told = [said for _, said in source.told(page.changes)]
        left_s = until - clock()
        if told or page.full or left_s <= 0:
            return Changes(told, source.cursor(stand.epoch, page.mark, page.lsn), page.full)
        mark = page.mark
        await source.watch.moved(left_s)


@get("/changes/stream", media_type=EVENTS)
async def stream_changes(
    state: State,
    reader: ReaderDep,
    sight: SightDep,
    cursor: params.Cursor = None,
    place: params.PlaceParam = None,
    last_event_id: LastEventId = None,
) -> ServerSentEvent:
    """Changes as server-sent events; `Last-Event-ID` goes on where the connection broke."""
    source = Feed(state, sight, place)
    try:
        mark, stand = await source.start(reader, last_event_id or cursor or "now")
    except CursorExpired as expired:
        return ServerSentEvent(_reset(expired))
    return ServerSentEvent(_events(source, reader, mark, stand))


async def _reset(expired: CursorExpired) -> AsyncIterator[ServerSentEventMessage]:
    told = msgspec.json.encode({"detail": expired.detail, "resync": "/v1/sync/digest"}).decode()
    yield ServerSentEventMessage(event="reset", data=told)


async def _events(
    source: Feed, reader: Reader, mark: Mark, stand: Stand
) -> AsyncIterator[ServerSentEventMessage]:
    async with source.watch.listening() as listener:
        yield _message("ready", source.cursor(stand.epoch, mark, stand.lsn), b"{}")
        while mark < (await source.watch.current()).last:
            try:
                page = await source.after(reader, mark, 500)
            except Unavailable:
                return  # the client comes back with its last event id
            for at, said in source.told(page.changes):
                yield _said(source, stand, at, said)
            mark = page.mark
            if not page.full:
                break
        async for event in _live(source, listener, mark, stand):
            yield event


async def _live(
    source: Feed, listener: Listener, mark: Mark, stand: Stand
) -> AsyncIterator[ServerSentEventMessage]:
    """What the watcher tells, until the listener is too slow; comments in between keep the line open."""
    while not listener.lost:
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                batch, upto = await listener.take()
        except TimeoutError:
            yield ServerSentEventMessage(comment="still here")
            continue
        for at, said in source.told(batch):
            if at > mark:
                yield _said(source, stand, at, said)
        mark = max(mark, upto)


def _said(source: Feed, stand: Stand, at: Mark, said: Told) -> ServerSentEventMessage:
    return _message(said.op, source.cursor(stand.epoch, at, stand.lsn), msgspec.json.encode(said))


def _message(event: str, identity: str, data: bytes) -> ServerSentEventMessage:
    return ServerSentEventMessage(event=event, id=identity, data=data.decode())


router = Router("/v1", route_handlers=[read_changes, stream_changes], tags=["feed"])
