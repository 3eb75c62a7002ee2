"""Approval of mass changes over HTTP: one person asks, another allows."""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath, JSONBody

from registry.api.http import params
from registry.api.http.dependencies import ActorDep, IdempotencyDep, ReaderDep, WriterDep
from registry.api.http.idempotency import rendered, stating
from registry.api.http.links import JSON
from registry.domain.access.actor import Actor, require
from registry.domain.errors import Conflict, Forbidden
from registry.domain.identity import new_id
from registry.domain.values import LongText, ShortText
from registry.store.access import guard
from registry.store.access.idempotency import StoredResponse
from registry.store.database.pool import Writer

Changes_ = Annotated[int, msgspec.Meta(ge=1, le=10_000)]


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many status changes and deletions somebody wants to make, and why."""

    changes: Changes_
    reason: Annotated[LongText, msgspec.Meta(min_length=1)]


class Approval(msgspec.Struct, frozen=True):
    """A wish and who allowed it; it is good for an hour from then."""

    id: UUID
    actor: ShortText
    places: list[str]
    changes: int
    reason: str
    asked_at: datetime
    approved_by: str | None
    approved_at: datetime | None


class Approvals(msgspec.Struct, frozen=True):
    """Wishes, latest first."""

    approvals: list[Approval]


def _describe(row: Mapping[str, Any]) -> Approval:
    return msgspec.convert(dict(row), Approval)


@post("/", responses=stating(201, Approval))
async def ask_approval(
    data: JSONBody[Wish], writer: WriterDep, actor: ActorDep, once: IdempotencyDep
) -> Response[bytes]:
    """Ask for more changes than one person may make alone."""
    return await once(lambda: _ask(writer, actor, data), JSON)


async def _ask(writer: Writer, actor: Actor, data: Wish) -> StoredResponse:
    require(actor, "field")
    identity = new_id(time.time_ns() // 1_000_000)
    await guard.ask(writer, identity, actor, data.changes, data.reason)
    return rendered(_describe(await guard.get(writer, identity)), 201)


@get("/")
async def list_approvals(reader: ReaderDep, actor: ActorDep, limit: params.Limit = 100) -> Approvals:
    """What was asked: everything for planners, one's own for field officers."""
    require(actor, "field")
    own = None if actor.is_at_least("planner") else actor.id
    return Approvals([_describe(row) for row in await guard.find(reader, actor=own, limit=limit)])


@post("/{identity:uuid}/grant", status_code=200, responses=stating(200, Approval))
async def grant_approval(
    identity: FromPath[UUID], writer: WriterDep, actor: ActorDep, once: IdempotencyDep
) -> Response[bytes]:
    """Allow what another person asked; for planners whose places hold all of that person's."""
    return await once(lambda: _grant(writer, actor, identity), JSON)


async def _grant(writer: Writer, actor: Actor, identity: UUID) -> StoredResponse:
    require(actor, "planner")
    wish = await guard.get(writer, identity)
    if wish["actor"] == actor.id:
        raise Forbidden("a second person approves; you asked for this yourself")
    if wish["approved_at"] is not None:
        raise Conflict("this was approved before")
    if actor.places and not await guard.covers(writer, actor.places, wish["places"]):
        raise Forbidden("whoever asked works outside the places your role holds for")
    await guard.approve(writer, identity, actor)
    return rendered(_describe(await guard.get(writer, identity)))


router = Router(
    "/v1/approvals", route_handlers=[ask_approval, list_approvals, grant_approval], tags=["access"]
)
