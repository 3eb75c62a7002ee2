"""Store the checked rows of an intake: all that are to be stored, in one transaction, or none."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import to_builtins

from registry.domain.access.actor import sight_of
from registry.domain.access.sight import Sight
from registry.domain.errors import Conflict
from registry.domain.intake.lists.list_kind import LIST_KINDS
from registry.services.access.limit_mass_changes import count_changes
from registry.services.clock import now
from registry.services.intake.files.close_list import close_list
from registry.services.intake.files.intakes import Intake, read_intake
from registry.services.intake.files.store_rows import StoredRows, create_rows, edit_of, edit_rows, prepared
from registry.services.intake.files.tasks import IntakeTask
from registry.services.intake.lists.store_list import store_list
from registry.services.progress import Advance, unwatched
from registry.services.records.work import Work
from registry.store.access import scope
from registry.store.database.pool import OpenWriter, Reader, Row, Writer
from registry.store.intake import intake_rows, intakes
from registry.store.intake import reference as store
from registry.store.records import bulk_changes
from registry.store.records.bulk_changes import PreparedRecords

AT_ONCE = 2_000
KEPT_COMMITTED = timedelta(days=30)
MOST_NAMED = 20


async def commit_intake(
    open_writer: OpenWriter, task: IntakeTask, advance: Advance = unwatched
) -> dict[str, Any]:
    """Store the rows of an intake and return its receipt; Conflict names the rows that stand against it."""
    async with open_writer() as writer:
        work = await work_of(writer, task)
        intake = await read_intake(writer, work.sight, task.actor, task.intake)
        counts = await demand_committable(writer, work.sight, intake, task)
        await count_changes(writer, task.actor, counts["removals"])
        at, stored = now(), StoredRows()
        if intake.kind in LIST_KINDS:
            receipt = {"by": task.actor.id, "at": at.isoformat(), "waiting": counts["waiting"]}
            receipt |= await store_list(work, intake, task, advance)
            await _note(writer, intake, receipt, at + KEPT_COMMITTED)
            return receipt
        reason = f"import of {intake.file_name} ({intake.id})"
        done, change = 0, work.change("create", at, reason)
        batch = await _next_batch(writer, intake.id, -1, task)
        first = await asyncio.to_thread(prepared, batch.kept, at, change)
        while batch.last is not None:
            following = await _next_batch(writer, intake.id, batch.last, task)
            # The next records are prepared while the database writes these.
            preparing = asyncio.create_task(asyncio.to_thread(prepared, following.kept, at, change))
            changed = await _store(work, batch.kept, first, at, reason, stored)
            await intakes.keep_changes(writer, changed)
            await intake_rows.settle(writer, intake.id, changed)
            done += batch.read
            advance("store", done, counts["storing"])
            batch, first = following, await preparing
        receipt = {"by": task.actor.id, "at": at.isoformat(), "waiting": counts["waiting"]}
        receipt |= to_builtins(stored)
        if task.close:
            receipt["closed"] = str(await close_list(work, intake))
        await _note(writer, intake, receipt, at + KEPT_COMMITTED)
        return receipt


class _Batch(NamedTuple):
    """Rows to store, how many were read with them, and the number of the last; None at the end."""

    kept: list[Row]
    read: int
    last: int | None


async def _next_batch(writer: Writer, intake: UUID, after: int, task: IntakeTask) -> _Batch:
    rows = await intake_rows.batch(writer, intake, after, AT_ONCE)
    kept = [row for row in rows if not (task.strict and row["severity"] == "warn")]
    return _Batch(kept, len(rows), rows[-1]["n"] if rows else None)


async def work_of(writer: Writer, task: IntakeTask) -> Work:
    """The unit of work of a task, bound to the places of its actor."""
    await scope.bind(writer, task.actor, task.mass_change_limit)
    writer.default_visibility = task.default_visibility
    sight = sight_of(task.actor, task.exercise)
    return Work(writer, task.actor, sight, task.request_id, task.via)


async def demand_committable(
    reader: Reader, sight: Sight, intake: Intake, task: IntakeTask
) -> dict[str, int]:
    """How many rows would be stored; Conflict where the intake cannot be stored as it was checked."""
    if intake.state not in ("checked", "committed"):
        raise Conflict(f"the file is {intake.state}; only a checked one can be stored")
    if intake.report is not None and intake.report.questions:
        raise Conflict("a question about the file is open; answer it first")
    if str(await store.version(reader)) != intake.reference:
        raise Conflict("places or vocabularies changed since the file was checked; check it again")
    counts = await intake_rows.count(reader, intake.id)
    if intake.state == "committed" and not counts["storing"] and not task.close:
        raise Conflict("no row is left to store; correct those that wait, or check it again")
    waiting = counts["waiting"] + (counts["warned"] if task.strict else 0)
    if task.policy == "all" and waiting:
        raise Conflict(f"{waiting} rows wait for a correction or a decision; policy=clean stores the others")
    if task.close:
        _demand_whole(intake, waiting)
    if intake.kind in LIST_KINDS:
        return counts
    moved = await intake_rows.moved(reader, sight, intake.id, intake.answers.system)
    if moved:
        raise Conflict(
            "these rows are about records that changed since the file was checked; check it again: "
            + named(moved)
        )
    return counts


def named(rows: Sequence[Row]) -> str:
    """Rows by number and name, as an error lists them."""
    listed = [f"{row['n']} {row['name']}" for row in rows[:MOST_NAMED]]
    return ", ".join(listed) + (", …" if len(rows) > MOST_NAMED else "")


def _demand_whole(intake: Intake, waiting: int) -> None:
    if intake.kind in LIST_KINDS:
        raise Conflict("only a list of resources can be declared complete by its file")
    if intake.answers.whole_list_of is None:
        raise Conflict("say first of which place this is the whole list: whole_list_of")
    if waiting:
        raise Conflict(f"{waiting} rows wait; a list is complete only when all of its rows are stored")


async def _store(
    work: Work, rows: Sequence[Row], first: PreparedRecords, at: datetime, reason: str, stored: StoredRows
) -> list[dict[str, Any]]:
    others = [row for row in rows if row["target"] is not None]
    current = await bulk_changes.lock(work.writer, work.sight, [row["target"] for row in others])
    moved = [row for row in others if _version(current, row["target"]) != row["target_version"]]
    if moved:
        raise Conflict(f"these records were changed just now; check the file again: {named(moved)}")
    changed = await create_rows(work, rows, first, at)
    edits = [edit_of(row, current[row["target"]]) for row in others]
    changed += await edit_rows(work, edits, at, reason, stored)
    stored.created += len(first.records)
    stored.retired += sum(row["action"] == "retire" for row in others)
    stored.updated += sum(row["action"] == "update" for row in others)
    return changed


def _version(current: dict[UUID, Any], identity: UUID) -> int | None:
    return current[identity].properties.version if identity in current else None


async def _note(writer: Writer, intake: Intake, receipt: dict[str, Any], expires_at: Any) -> None:
    """Note what was stored; an earlier receipt of the same file stays beside it."""
    earlier = [] if intake.receipt is None else [*intake.receipt.get("commits", [])]
    whole = {"commits": [*earlier, receipt]}
    await intakes.amend(
        writer,
        intake.id,
        state="committed",
        receipt=whole,
        committed_at=now(),
        expires_at=expires_at,
    )
