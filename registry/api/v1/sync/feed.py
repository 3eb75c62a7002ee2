"""The change feed over HTTP: pages, long poll, and a stream of server-sent events."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Router, get
from litestar.datastructures import State
from litestar.params import HeaderParameter, QueryParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage

from registry.api.http import params
from registry.api.http.access.admission import admission_of
from registry.api.http.access.authentication import credential_in
from registry.api.http.access.realm_check import ANY_EXERCISE
from registry.api.http.contract.openapi import EVENTS
from registry.api.http.dependencies import OF_PRIMARY, ReaderDep, SightDep
from registry.api.http.poll_cache import PollCache, cached_poll
from registry.api.http.request import HttpRequest
from registry.domain.access.sight import Sight
from registry.domain.conditions import aware
from registry.services.sync import read_changes as change_feed
from registry.services.sync.read_changes import NOW, ChangePage, Feed, FeedEvent

RETRY_MS = 500
WaitS = Annotated[float, QueryParameter(ge=0, le=55, description="Wait so long for a change, seconds.")]
PageLimit = Annotated[int, QueryParameter(name="limit", ge=1, le=500, description="Changes of one page.")]
Registers = Annotated[
    bool,
    QueryParameter(
        name="registers",
        description="Also the changes of register entries: incidents, cordons, warnings and the others.",
    ),
]
Since = Annotated[
    datetime | None,
    QueryParameter(name="since", description="Begin at this instant (RFC 3339) in place of a cursor."),
]
LastEventId = Annotated[
    str | None,
    HeaderParameter(name="Last-Event-ID", max_length=400, description="The id of the last event you have."),
]


def feed_of(request: HttpRequest, sight: Sight, place: str | None) -> Feed:
    """The feed as this request may read it."""
    state, look = request.app.state, credential_in(request.scope).look
    return Feed(state.reader, state.change_watcher, state.peppers, sight, place, look)


@get("/changes", before_request=cached_poll, opt=ANY_EXERCISE)
async def read_changes(
    request: HttpRequest,
    state: State,
    sight: SightDep,
    cursor: params.Cursor = None,
    place: params.PlaceParam = None,
    registers: Registers = False,
    since: Since = None,
    wait_s: WaitS = 0,
    page_limit: PageLimit = 200,
) -> ChangePage:
    """What changed after the cursor or since an instant, in commit order; `now` starts here."""
    source = feed_of(request, sight, place)._replace(registers=registers)
    source = source._replace(waiting=admission_of(request.scope).paused)
    page, holds = await change_feed.poll_changes(source, cursor, wait_s, page_limit, aware(since, "since"))
    if holds:
        cache: PollCache = state.poll_cache
        cache.keep(request.scope, page)
    return page


@get("/changes/stream", media_type=EVENTS, opt=ANY_EXERCISE)
async def stream_changes(
    request: HttpRequest,
    reader: ReaderDep,
    sight: SightDep,
    cursor: params.Cursor = None,
    place: params.PlaceParam = None,
    registers: Registers = False,
    last_event_id: LastEventId = None,
) -> ServerSentEvent:
    """Changes as server-sent events; `Last-Event-ID` continues where the connection broke."""
    source = feed_of(request, sight, place)._replace(registers=registers)
    events = await change_feed.stream_changes(source, last_event_id or cursor or NOW)
    return ServerSentEvent(_messages(events))


async def _messages(events: AsyncIterator[FeedEvent]) -> AsyncIterator[ServerSentEventMessage]:
    async for event in events:
        yield _message(event)


def _message(event: FeedEvent) -> ServerSentEventMessage:
    if event.event == "heartbeat":
        return ServerSentEventMessage(comment="still here")
    if event.event == "goodbye":
        return ServerSentEventMessage(comment="come back", retry=RETRY_MS)
    data: Any = event.change or {}
    if event.event == "reset":
        data = {"detail": event.detail, "resync": "/v1/sync/digest"}
    if event.event == "end":
        data = {"detail": event.detail}
    return ServerSentEventMessage(event=event.event, id=event.cursor, data=msgspec.json.encode(data).decode())


router = Router("/v1", route_handlers=[read_changes, stream_changes], tags=["feed"], opt=OF_PRIMARY)
