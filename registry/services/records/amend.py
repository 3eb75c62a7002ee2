"""Change some members of a record."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from registry.domain.intake.shape import without_extras
from registry.domain.records.change import patched, with_its_datum
from registry.domain.records.relocation import located_from_raw
from registry.domain.records.resource import Resource
from registry.services.clock import now
from registry.services.records.edit import edit
from registry.services.records.work import Admission, Edition, Saved, Work, locked
from registry.store.records import history

PatchOf = Callable[[Resource], dict[str, Any]]


async def amend(
    work: Work,
    identity: UUID,
    patch: dict[str, Any] | PatchOf,
    edition: Edition,
    reason: str | None = None,
    admit: Admission | None = None,
) -> Saved:
    """Apply a merge patch (RFC 7396) to the edition that was read.

    A patch may be made of the current record, where a client's form cannot say all of it.
    """
    current = await locked(work, "field", identity, admit)
    sent = patch(current) if callable(patch) else patch
    base = current
    if edition.base_version is not None and edition.base_version < current.properties.version:
        base = await history.version(work.writer, work.sight, identity, edition.base_version)
    sent, dropped = without_extras(sent)
    work.writer.findings.extend(dropped)
    revised = located_from_raw(patched(base, with_its_datum(base, sent)))
    change = work.change("update", now(), reason)
    return await edit(work, current, revised, edition, change)
