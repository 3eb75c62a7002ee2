"""Approvals of mass changes over HTTP: one person asks, another grants."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath, JSONBody

from registry.api.http import params
from registry.api.http.dependencies import OF_PRIMARY, ActorDep, IdempotencyDep, ReaderDep, WriterDep
from registry.api.http.idempotency import rendered, stating
from registry.api.http.links import JSON
from registry.domain.access.approval import Approval
from registry.domain.values import LongText
from registry.services.access import approvals as service
from registry.store.access.idempotency import StoredResponse


class ApprovalRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many status changes and deletions somebody wants to make, and why."""

    changes: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    """How many changes are wanted."""
    reason: Annotated[LongText, msgspec.Meta(min_length=1)]


class Approvals(msgspec.Struct, frozen=True):
    """Approvals, latest first."""

    approvals: list[Approval]


@post("/", responses=stating(201, Approval))
async def ask_approval(
    data: JSONBody[ApprovalRequest], writer: WriterDep, actor: ActorDep, once: IdempotencyDep
) -> Response[bytes]:
    """Ask for more changes than one person may make alone."""

    async def ask() -> StoredResponse:
        return rendered(await service.ask_approval(writer, actor, data.changes, data.reason), 201)

    return await once(ask, JSON)


@get("/")
async def list_approvals(reader: ReaderDep, actor: ActorDep, limit: params.Limit = 100) -> Approvals:
    """What was asked: everything for planners, their own for field officers."""
    return Approvals(await service.list_approvals(reader, actor, limit))


@post("/{identity:uuid}/grant", status_code=200, responses=stating(200, Approval))
async def grant_approval(
    identity: FromPath[UUID], writer: WriterDep, actor: ActorDep, once: IdempotencyDep
) -> Response[bytes]:
    """Grant what another person asked for; for planners whose places include all of that person's."""

    async def grant() -> StoredResponse:
        return rendered(await service.grant_approval(writer, actor, identity))

    return await once(grant, JSON)


router = Router(
    "/v1/approvals",
    route_handlers=[ask_approval, list_approvals, grant_approval],
    tags=["access"],
    opt=OF_PRIMARY,
)
