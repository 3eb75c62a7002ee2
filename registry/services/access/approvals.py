"""Approvals of mass changes: one person asks, a second person grants."""

import time
from uuid import UUID

from registry.domain.access.actor import Actor, require
from registry.domain.access.approval import Approval
from registry.domain.errors import Conflict, Forbidden
from registry.domain.identity import new_id
from registry.store.access import approvals
from registry.store.database.pool import Reader, Writer


async def ask_approval(writer: Writer, actor: Actor, changes: int, reason: str) -> Approval:
    """Ask for more status changes and deletions than one person may make alone."""
    require(actor, "field")
    identity = new_id(time.time_ns() // 1_000_000)
    await approvals.insert(writer, identity, actor, changes, reason)
    return await approvals.get(writer, identity)


async def list_approvals(reader: Reader, actor: Actor, limit: int) -> list[Approval]:
    """The latest requests: all of them for planners, their own for field officers."""
    require(actor, "field")
    return await approvals.find(reader, None if actor.is_at_least("planner") else actor.id, limit)


async def grant_approval(writer: Writer, actor: Actor, identity: UUID) -> Approval:
    """Grant what another person asked for; for planners whose places include all of that person's."""
    require(actor, "planner")
    approval = await approvals.get(writer, identity)
    if approval.actor == actor.id:
        raise Forbidden("a second person approves; you asked for this yourself")
    if approval.approved_at is not None:
        raise Conflict("this was approved before")
    if actor.places is not None and not await approvals.covers(writer, actor.places, approval.places):
        raise Forbidden("whoever asked works outside the places your role holds for")
    await approvals.approve(writer, identity, actor)
    return await approvals.get(writer, identity)
