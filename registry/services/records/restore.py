"""Bring a retired record back."""

from uuid import UUID

from registry.domain.errors import Conflict
from registry.domain.records.change import restored
from registry.services.clock import now
from registry.services.records.work import Saved, Work, locked, save
from registry.store.records import history


async def restore(work: Work, identity: UUID, reason: str | None) -> Saved:
    """Give a retired record the lifecycle that it had before; Conflict when it is not retired."""
    current = await locked(work, "field", identity)
    if current.properties.lifecycle != "retired":
        raise Conflict("the resource is not retired")
    stage = await history.lifecycle_before_retirement(work.writer, work.sight, identity)
    return await save(work, current, restored(current, stage), work.change("restore", now(), reason))
