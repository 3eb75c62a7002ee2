"""Correct the position of a record."""

from uuid import UUID

from registry.domain.errors import Stale
from registry.domain.identity import new_id
from registry.domain.records.change import Change, check, differences, to_members
from registry.domain.records.relocation import Relocation, relocated
from registry.domain.records.resource import Resource
from registry.services.clock import now
from registry.services.intake.admit import admit_value
from registry.services.records.work import Saved, Work, admit, allow, demand_rights, locked, save
from registry.store.records import corrections


async def relocate(work: Work, identity: UUID, data: Relocation) -> Saved:
    """Apply a corrected position for a planner; propose it to one for a field officer."""
    current = await locked(work, "field", identity)
    if data.base_version not in (None, current.properties.version):
        raise Stale(f"the record is at version {current.properties.version} now; read it again")
    data = await admit_value(work.writer, data)
    change = work.change("locate", now(), data.evidence)
    admitted = await admit(work, relocated(current, data), current)
    await allow(work, "field", admitted.record)
    if work.actor.is_at_least("planner"):
        await demand_rights(work, admitted, current)
        return await save(work, current, admitted, change)
    return await _propose(work, current, check(admitted.record), change)


async def _propose(work: Work, current: Resource, revised: Resource, change: Change) -> Saved:
    identity = new_id(int(change.at.timestamp() * 1000))
    members = differences(to_members(current), to_members(revised))
    values = {"id": identity, "resource_id": current.id, "base_version": current.properties.version}
    values |= {"subject": "location", "members": members, "actor": change.actor, "at": change.at}
    await corrections.insert(work.writer, work.sight, values | {"evidence": {"text": change.reason}})
    return Saved(record=current, outcome="proposed", correction=identity, members=members)
