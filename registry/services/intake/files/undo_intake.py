"""Undo an intake: bring back what was there before, where nobody changed it since."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from msgspec import structs

from registry.domain.access.actor import sight_of
from registry.domain.errors import Conflict
from registry.domain.intake.lists.list_kind import LIST_KINDS
from registry.domain.records.change import from_members, retired, to_members
from registry.domain.records.removal import is_removal
from registry.domain.records.resource import Resource
from registry.services.access.limit_mass_changes import count_changes
from registry.services.clock import now
from registry.services.intake.files.commit_intake import named, work_of
from registry.services.intake.files.intakes import Intake, read_intake
from registry.services.intake.files.store_rows import Edit, StoredRows, contact_id, store_edits
from registry.services.intake.files.tasks import IntakeTask
from registry.services.intake.lists.store_list import undo_list
from registry.services.progress import Advance, unwatched
from registry.services.records.work import Work
from registry.store.database.pool import OpenWriter, Reader, Row
from registry.store.intake import intakes
from registry.store.records import bulk_changes, versions_of

AT_ONCE = 2_000
MOST_CONTACTS = 20
"""Contacts of one row that are looked for."""


async def undo_intake(
    open_writer: OpenWriter, task: IntakeTask, advance: Advance = unwatched
) -> dict[str, Any]:
    """Undo what an intake stored and say what was undone.

    A new record is retired and gives its outer identities back; a changed one gets its earlier members as a
    new version. Conflict names the records that were edited since, unless those are to be left.
    """
    async with open_writer() as writer:
        work = await work_of(writer, task)
        intake = await read_intake(writer, sight_of(task.actor, task.exercise), task.actor, task.intake)
        changes = await demand_undoable(writer, work, intake, leave_edited=task.leave_edited)
        undone = 0
        left: list[dict[str, Any]] = []
        if intake.kind in LIST_KINDS:
            undone, left = await undo_list(work, intake, changes, leave_edited=task.leave_edited)
            changes = []
        for start in range(0, len(changes), AT_ONCE):
            part = changes[start : start + AT_ONCE]
            undone += await _undo(work, part, f"undo of the import of {intake.file_name} ({intake.id})", left)
            advance("undo", start + len(part), len(changes))
        if left and not task.leave_edited and intake.kind not in LIST_KINDS:
            raise Conflict(f"these records were edited since: {named(left)}")
        receipt = (intake.receipt or {}) | {
            "undone": {"by": task.actor.id, "at": now().isoformat(), "records": undone},
            "left": [{"row": one["n"], "id": str(one["resource_id"]), "name": one["name"]} for one in left],
        }
        await intakes.forget_changes(writer, intake.id)
        await intakes.amend(writer, intake.id, state="undone", receipt=receipt, undone_at=now())
        return receipt


async def demand_undoable(reader: Reader, work: Work, intake: Intake, *, leave_edited: bool) -> Sequence[Row]:
    """What the intake stored; Conflict where it stored nothing, or others edited it since."""
    if intake.state != "committed":
        raise Conflict(f"the file is {intake.state}; only what was stored can be undone")
    if intake.kind in LIST_KINDS:
        return await intakes.changes_of(reader, intake.id)
    edited = await versions_of.edited(reader, work.sight, intake.id)
    if edited and not leave_edited:
        raise Conflict(f"these records were edited since: {named(edited)}; leave_edited undoes the others")
    return await intakes.changes_of(reader, intake.id)


async def _undo(work: Work, changes: Sequence[Row], reason: str, left: list[dict[str, Any]]) -> int:
    current = await bulk_changes.lock(work.writer, work.sight, [one["resource_id"] for one in changes])
    still = []
    for one in changes:
        record = current.get(one["resource_id"])
        if record is not None and record.properties.version == one["version_after"]:
            still.append(one)
        elif record is not None:
            left.append(dict(one) | {"name": str(record.properties.name)})
    past = await versions_of.members(
        work.writer,
        work.sight,
        [(one["resource_id"], one["version_before"]) for one in still if one["version_before"]],
    )
    edits = [
        Edit(
            one,
            current[one["resource_id"]],
            _before(current[one["resource_id"]], past.get(one["resource_id"])),
        )
        for one in still
    ]
    counted = sum(is_removal(one.current, one.revised) for one in edits if one.row["version_before"])
    await count_changes(work.writer, work.actor, counted)
    await store_edits(work, edits, now(), reason, StoredRows())
    await _restore_contacts(work, still)
    return len(edits)


def _before(current: Resource, past: Resource | None) -> Resource:
    """What a record was before the import; one that was not there is retired."""
    if past is not None:
        return from_members(current, to_members(past))
    gone = retired(current)
    return structs.replace(gone, properties=structs.replace(gone.properties, external_ids=[]))


async def _restore_contacts(work: Work, changes: Sequence[Row]) -> None:
    """Put the contacts back that were there, and purge those that came with the file."""
    before: list[dict[str, Any]] = []
    for one in changes:
        before += [
            contact | {"id": UUID(contact["id"]), "resource_id": one["resource_id"]}
            for contact in one["contacts_before"]
        ]
    kept = {one["id"] for one in before}
    came = [contact_id(one["resource_id"], number) for one in changes for number in range(MOST_CONTACTS)]
    await bulk_changes.purge_contacts(work.writer, work.sight, [one for one in came if one not in kept])
    await bulk_changes.put_contacts(work.writer, work.sight, before)
