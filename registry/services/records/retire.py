"""Take a record out of service for good, and bring it back."""

from uuid import UUID

from registry.domain.errors import Conflict, Invalid
from registry.domain.records.change import restored, retired
from registry.services.clock import now
from registry.services.records.work import Admission, Edition, Saved, Work, admit, check_edition, locked, save
from registry.store.records import history


async def retire(
    work: Work, identity: UUID, edition: Edition, reason: str | None, admission: Admission | None = None
) -> Saved:
    """Retire the edition that was read; Invalid without a reason."""
    current = await locked(work, "field", identity, admission)
    check_edition(current, edition)
    if not reason:
        raise Invalid("say why: reason=", field="reason")
    return await save(
        work, current, await admit(work, retired(current), current), work.change("retire", now(), reason)
    )


async def restore(work: Work, identity: UUID, reason: str | None) -> Saved:
    """Give a retired record the lifecycle that it had before; Conflict when it is not retired."""
    current = await locked(work, "field", identity)
    if current.properties.lifecycle != "retired":
        raise Conflict("the resource is not retired")
    stage = await history.lifecycle_before_retirement(work.writer, work.sight, identity)
    admitted = await admit(work, restored(current, stage), current)
    return await save(work, current, admitted, work.change("restore", now(), reason))
