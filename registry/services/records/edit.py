"""Save an edit of a record: of the current version, or merged with what others changed since an older one.

Where both changed a member, a person decides.
"""

from msgspec import structs

from registry.domain.errors import Stale
from registry.domain.identity import new_id
from registry.domain.records.change import Change, differences, merge, to_members
from registry.domain.records.resource import Resource
from registry.services.intake.admit import AdmittedRecord
from registry.services.records.observe import observe_edit
from registry.services.records.work import (
    Edition,
    Saved,
    Work,
    admit,
    allow,
    check_edition,
    demand_rights,
    save,
)
from registry.store.records import corrections, history


async def edit(work: Work, current: Resource, revised: Resource, edition: Edition, change: Change) -> Saved:
    """Save an edit of an edition; an overlap with other edits is recorded, never overwritten."""
    if edition.base_version is None:
        check_edition(current, edition)
    admitted = await admit(work, revised, current)
    await allow(work, "field", admitted.record)
    if edition.base_version not in (None, current.properties.version):
        return await _save_merged(work, current, admitted, edition.base_version or 0, change)
    return await save_edit(work, current, admitted, change)


async def save_edit(work: Work, current: Resource, admitted: AdmittedRecord, change: Change) -> Saved:
    """Store an edited record; what the edit says of the state is an observation among the others."""
    await demand_rights(work, admitted, current)
    after = await observe_edit(work, current, admitted.record, change.at)
    saved = await save(work, current, structs.replace(admitted, record=after.record), change)
    return structs.replace(saved, unapplied=after.unapplied)


async def _save_merged(
    work: Work, current: Resource, admitted: AdmittedRecord, base_version: int, change: Change
) -> Saved:
    """Bring an edit of an older version into the current one, or keep it as a correction."""
    if base_version > current.properties.version:
        raise Stale(f"there is no version {base_version}; the record is at {current.properties.version}")
    revised = admitted.record
    base = await history.version(work.writer, work.sight, current.id, base_version)
    merged = merge(base, current, revised)
    if merged.overlapping:
        identity = new_id(int(change.at.timestamp() * 1000))
        values = {"id": identity, "resource_id": current.id, "base_version": base_version}
        values |= {"subject": "conflict", "members": differences(to_members(base), to_members(revised))}
        values |= {"actor": change.actor, "overlapping": list(merged.overlapping), "at": change.at}
        await corrections.insert(work.writer, work.sight, values)
        return Saved(record=current, outcome="conflict", correction=identity, overlapping=merged.overlapping)
    saved = await save_edit(work, current, structs.replace(admitted, record=merged.record), change)
    others = tuple(range(base_version + 1, current.properties.version + 1))
    return structs.replace(saved, outcome="merged", merged_with=others)
