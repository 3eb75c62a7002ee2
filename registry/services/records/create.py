"""Record a new resource."""

from uuid import UUID

from msgspec import structs

from registry.domain.access.actor import require
from registry.domain.errors import Stale
from registry.domain.identity import new_id
from registry.domain.records.change import Draft, new_version, record_of
from registry.domain.records.state import check_clocks, statements
from registry.services.clock import now
from registry.services.intake.admit import keep_findings
from registry.services.intake.external_ids import take_external_ids
from registry.services.records.work import Saved, Work, admit, demand_rights
from registry.store.records import changes, resources


async def create(work: Work, draft: Draft, reason: str | None = None) -> Saved:
    """Store a draft under its own identity or a new one; Duplicate when the identity is taken."""
    require(work.actor, "field")
    at = now()
    identity = draft.id or new_id(int(at.timestamp() * 1000))
    admitted = await admit(work, record_of(draft, identity, work.sight.exercise))
    record = new_version(admitted.record, at)
    check_clocks(statements(record), at)
    await demand_rights(work, structs.replace(admitted, record=record))
    await take_external_ids(work.writer, work.sight, work.actor.id, record)
    text = await changes.insert(work.writer, record, work.change("create", at, reason))
    await keep_findings(work.writer, work.sight, work.actor.id, admitted)
    return Saved(record=record, outcome="created", feature=text, findings=admitted.findings)


async def create_at(work: Work, identity: UUID, draft: Draft, reason: str | None = None) -> Saved:
    """Store a draft under an identity that must be free; Stale when it is not."""
    require(work.actor, "field")
    if await resources.get(work.writer, work.sight, identity) is not None:
        raise Stale("there is a resource with this identity")
    return await create(work, structs.replace(draft, id=identity), reason)
