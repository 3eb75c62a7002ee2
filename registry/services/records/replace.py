"""Replace a whole record."""

from collections.abc import Callable
from uuid import UUID

from registry.domain.errors import Invalid
from registry.domain.records.change import Draft, record_of
from registry.domain.records.resource import Resource
from registry.services.clock import now
from registry.services.records.edit import edit
from registry.services.records.work import Admission, Edition, Saved, Work, locked

DraftOf = Callable[[Resource], Draft]


async def replace(
    work: Work,
    identity: UUID,
    draft: Draft | DraftOf,
    edition: Edition,
    reason: str | None = None,
    admit: Admission | None = None,
) -> Saved:
    """Put a whole record in place of the edition that was read.

    A draft may be made of the current record, where a client's form cannot say all of it.
    """
    if isinstance(draft, Draft) and draft.id not in (None, identity):
        raise Invalid("the identity in the body is not the one in the path", field="id")
    current = await locked(work, "field", identity, admit)
    draft = draft if isinstance(draft, Draft) else draft(current)
    revised = record_of(draft, identity, work.sight.exercise)
    return await edit(work, current, revised, edition, work.change("update", now(), reason))
