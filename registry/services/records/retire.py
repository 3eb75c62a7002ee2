"""Take a record out of service for good."""

from uuid import UUID

from registry.domain.errors import Invalid
from registry.domain.records.change import retired
from registry.services.clock import now
from registry.services.records.work import Admission, Edition, Saved, Work, check_edition, locked, save


async def retire(
    work: Work, identity: UUID, edition: Edition, reason: str | None, admit: Admission | None = None
) -> Saved:
    """Retire the edition that was read; Invalid without a reason."""
    current = await locked(work, "field", identity, admit)
    check_edition(current, edition)
    if not reason:
        raise Invalid("say why: reason=", field="reason")
    return await save(work, current, retired(current), work.change("retire", now(), reason))
