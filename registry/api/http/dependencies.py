"""The dependencies of handlers: reader, writer, actor, sight, unit of work and idempotency."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated, Any, cast

from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter

from registry.api.http import params
from registry.api.http.access.authentication import actor_in
from registry.api.http.access.realm_check import writes
from registry.api.http.idempotency import Idempotency, IdempotencyKey
from registry.api.http.request import HttpRequest
from registry.api.http.response_headers import POSITION
from registry.domain.access.actor import Actor, sight_of
from registry.domain.access.sight import Sight
from registry.domain.errors import Refused
from registry.domain.intake.finding import refusals
from registry.domain.records.clock import past_instant
from registry.services.clock import now
from registry.services.records.work import Work
from registry.store.access import scope
from registry.store.database.pool import Reader, Writer
from registry.store.database.standby import Standby

ExerciseName = Annotated[
    str | None,
    QueryParameter(
        name="exercise",
        pattern=params.EXERCISE,
        max_length=params.LONGEST_EXERCISE,
        description="Ask inside a drill or demonstration instead of real life.",
    ),
]


StrictParam = Annotated[
    bool, QueryParameter(name="strict", description="Refuse what the gate would only warn of.")
]
AsOf = Annotated[
    datetime | None,
    QueryParameter(name="as_of", description="Answer from what was recorded at this instant (RFC 3339)."),
]
ReaderDep = NamedDependency[Reader]
"""Reads; it holds no connection between statements."""
WriterDep = NamedDependency[Writer]
"""Writes in one transaction, which commits before the response is sent."""
WorkDep = NamedDependency[Work]
"""The unit of work of a change: its transaction, actor and sight."""
IdempotencyDep = NamedDependency[Idempotency]
"""Wraps a change, so that a retry with the same Idempotency-Key has one effect."""
ActorDep = NamedDependency[Actor]
"""The authenticated caller."""
SightDep = NamedDependency[Sight]
"""What the request may see: clearance, exercise and instant."""


OF_PRIMARY = {"of_primary": True}
"""The option of a route that tells what a standby may not know yet: the feed, jobs, tiles that are kept."""


def reader(request: HttpRequest, state: State, actor: ActorDep) -> Reader:
    """The reader of the application: of the primary, or of a standby that holds what the caller knows of.

    `reader` names `actor`, and `sight` names `reader`, so that Litestar resolves them in sequence. To resolve
    them at the same time it opens a task group, which costs a quarter of a short request.
    """
    standby: Standby | None = state.standby
    if standby is None or writes(request):
        return cast("Reader", state.reader)
    if "of_primary" in request.route_handler.opt:
        return standby.available()
    return standby.reader_for(actor.id, request.headers.get(POSITION))


async def writer(
    request: HttpRequest, state: State, strict: StrictParam = False
) -> AsyncGenerator[Writer, None]:
    """One transaction: committed before the response is sent, rolled back when the handler raises.

    A body that did not pass the gate is never committed.

    Row security in the database refuses what the actor's role and places do not allow.
    """
    source: Reader = state.reader
    request.scope["state"]["changes"] = True
    async with source.writer() as opened:
        await scope.bind(opened, actor_in(request.scope), state.settings.mass_change_limit)
        opened.strict = strict
        opened.default_visibility = state.settings.default_visibility
        opened.findings = list(request.scope["state"].get("body_findings", ()))
        yield opened
        _demand_examined(request, opened)
        request.scope["state"]["response_headers"].set_findings(opened.findings)
    state.change_watcher.wake()
    standby: Standby | None = state.standby
    if standby is not None:
        position = await standby.wrote(actor_in(request.scope).id)
        request.scope["state"]["response_headers"].set_position(position)


def _demand_examined(request: HttpRequest, opened: Writer) -> None:
    handler = request.route_handler
    if handler.parsed_data_field is not None and "examined" in handler.opt and not opened.examined:
        raise RuntimeError(f"{handler.handler_name} stores a body that did not pass the gate")
    if refused := refusals(opened.findings, strict=opened.strict):
        raise Refused(refused)


def work(request: HttpRequest, writer: WriterDep, exercise: ExerciseName = None, as_of: AsOf = None) -> Work:
    """The unit of work of a request."""
    who = actor_in(request.scope)
    seen = sight_of(who, exercise, past_instant(as_of, now()))
    return Work(writer, who, seen, request.scope["state"]["request_id"])


def once(request: HttpRequest, writer: WriterDep, idempotency_key: IdempotencyKey = None) -> Idempotency:
    """The idempotency of a request."""
    return Idempotency(request, writer, actor_in(request.scope), idempotency_key)


def actor(request: HttpRequest) -> Actor:
    """The authenticated caller."""
    return actor_in(request.scope)


def sight(actor: ActorDep, reader: ReaderDep, exercise: ExerciseName = None, as_of: AsOf = None) -> Sight:
    """What this request may see. Only here does a role become a sight."""
    return sight_of(actor, exercise, past_instant(as_of, now()))


DEPENDENCIES: dict[str, Any] = {
    "reader": Provide(reader, sync_to_thread=False),
    "writer": Provide(writer),
    "actor": Provide(actor, sync_to_thread=False),
    "sight": Provide(sight, sync_to_thread=False),
    "work": Provide(work, sync_to_thread=False),
    "once": Provide(once, sync_to_thread=False),
}
