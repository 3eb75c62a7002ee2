"""What handlers are given: a reader, a writer, and the sight of the question."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated, Any

from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter

from registry.api.http import params
from registry.api.http.access.authentication import actor_in
from registry.api.http.idempotency import IdempotencyKey, Once
from registry.domain.access.actor import Actor, sight_of
from registry.domain.access.sight import Sight
from registry.domain.search import aware
from registry.services.records.editing import Desk
from registry.store.access import scope
from registry.store.database.pool import Reader, Writer

Asked = Request[Any, Any, Any]
ExerciseName = Annotated[
    str | None,
    QueryParameter(
        name="exercise",
        pattern=params.EXERCISE,
        max_length=params.LONGEST_EXERCISE,
        description="Ask inside a drill or demonstration instead of real life.",
    ),
]


AsOf = Annotated[
    datetime | None,
    QueryParameter(name="as_of", description="Answer from what was recorded at this instant (RFC 3339)."),
]
Asks = NamedDependency[Reader]
"""A handler's reader: no connection is held between its statements."""
Changes = NamedDependency[Writer]
"""A handler's writer: one transaction, committed before the answer is sent."""
At = NamedDependency[Desk]
"""Where a handler changes records: its transaction, who asks, what they see."""
Retried = NamedDependency[Once]
"""What a handler wraps its change in, so that a retry under the same key has one effect."""
Who = NamedDependency[Actor]
"""Who asks."""
Sees = NamedDependency[Sight]
"""What the question may see."""


def reader(state: State, actor: Who) -> Reader:
    """Takes a connection for each statement; nothing is held between them.

    Reader and sight name what they follow, so that Litestar resolves one after the other: several at a time
    cost a task group, which is a quarter of a short request.
    """
    found: Reader = state.reader
    return found


async def writer(request: Asked, state: State) -> AsyncGenerator[Writer, None]:
    """One transaction a request: committed before the answer is sent, rolled back when the handler raises.

    The database refuses what the actor's role and places do not allow.
    """
    source: Reader = state.reader
    request.scope["state"]["changes"] = True
    async with source.writer() as opened:
        await scope.hold(opened, actor_in(request.scope), state.settings.mass_change_limit)
        yield opened
    state.watch.wake()


def desk(request: Asked, writer: Changes, exercise: ExerciseName = None, as_of: AsOf = None) -> Desk:
    """The desk of a request."""
    who = actor_in(request.scope)
    seen = sight_of(who, exercise, aware(as_of, "as_of"))
    return Desk(writer, who, seen, request.scope["state"]["request_id"])


def once(request: Asked, writer: Changes, idempotency_key: IdempotencyKey = None) -> Once:
    """The request's one effect."""
    return Once(request, writer, actor_in(request.scope), idempotency_key)


def actor(request: Asked) -> Actor:
    """Who asks."""
    return actor_in(request.scope)


def sight(actor: Who, reader: Asks, exercise: ExerciseName = None, as_of: AsOf = None) -> Sight:
    """What this question may see: the one place where a role becomes a view."""
    return sight_of(actor, exercise, aware(as_of, "as_of"))


DEPENDENCIES: dict[str, Any] = {
    "reader": Provide(reader, sync_to_thread=False),
    "writer": Provide(writer),
    "actor": Provide(actor, sync_to_thread=False),
    "sight": Provide(sight, sync_to_thread=False),
    "desk": Provide(desk, sync_to_thread=False),
    "once": Provide(once, sync_to_thread=False),
}
