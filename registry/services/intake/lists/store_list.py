"""Store the rows of a list of reference data in one transaction, and undo them."""

from collections.abc import Sequence
from typing import Any, cast

import msgspec

from registry.domain.errors import Conflict
from registry.domain.intake.lists.list_kind import ListKind
from registry.services.clock import now
from registry.services.intake.files.intakes import Intake
from registry.services.intake.files.tasks import IntakeTask
from registry.services.intake.lists.item import ItemChange, StoredItem
from registry.services.intake.lists.items import load_items
from registry.services.progress import Advance
from registry.services.records.work import Work
from registry.store.database.pool import Row
from registry.store.intake import intake_rows, intakes

AT_ONCE = 5_000


async def store_list(work: Work, intake: Intake, task: IntakeTask, advance: Advance) -> dict[str, Any]:
    """Store the rows and say how many; Conflict names a row whose item changed since the check."""
    loaded = await load_items(work.writer, work.sight, cast("ListKind", intake.kind), intake.answers.system)
    rows: list[Row] = []
    after = -1
    while batch := await intake_rows.batch(work.writer, intake.id, after, AT_ONCE):
        after = batch[-1]["n"]
        rows += [row for row in batch if not (task.strict and row["severity"] == "warn")]
    before = {row["n"]: await loaded.items.get(row["external_id"]) for row in rows}
    for row in rows:
        held = before[row["n"]]
        if (None if held is None else held.version) != row["target_version"]:
            raise Conflict(f"this was changed since; check the file again: {row['n']} {row['name']}")
    changes = [
        ItemChange(row["external_id"], msgspec.json.decode(row["record"]), row["target_version"])
        for row in rows
    ]
    versions = await loaded.items.store(work, changes)
    noted = [_noted(intake, row, before[row["n"]], versions[row["external_id"]]) for row in rows]
    await intakes.keep_changes(work.writer, noted)
    await intake_rows.settle(work.writer, intake.id, noted)
    advance("store", len(rows), len(rows))
    created = sum(row["action"] == "create" for row in rows)
    return {"created": created, "updated": len(rows) - created, "retired": 0, "unapplied": []}


def _noted(intake: Intake, row: Row, held: StoredItem | None, version: int) -> dict[str, Any]:
    return {
        "intake": intake.id,
        "resource_id": row["target"],
        "n": row["n"],
        "version_before": None if held is None else held.version,
        "version_after": version,
        "contacts_before": [],
        "before": {"key": row["external_id"], "body": None if held is None else held.body},
    }


async def undo_list(
    work: Work, intake: Intake, changes: Sequence[Row], *, leave_edited: bool
) -> tuple[int, list[dict[str, Any]]]:
    """Bring back what was there before; how many, and what was left because somebody edited it since.

    A new place or entry is retired; a new zone, rule, coded value, contact or stock line is removed.
    """
    loaded = await load_items(work.writer, work.sight, cast("ListKind", intake.kind), intake.answers.system)
    undone: list[ItemChange] = []
    left: list[dict[str, Any]] = []
    names = {
        row["n"]: row["name"]
        for row in await intake_rows.lock(work.writer, intake.id, [one["n"] for one in changes])
    }
    for one in changes:
        key = one["before"]["key"]
        held = await loaded.items.get(key)
        if (None if held is None else held.version) != one["version_after"]:
            left.append(dict(one) | {"name": names.get(one["n"], key)})
        else:
            undone.append(ItemChange(key, one["before"]["body"], one["version_after"]))
    if left and not leave_edited:
        listed = ", ".join(f"{one['n']} {one['name']}" for one in left[:20])
        raise Conflict(f"these were edited since: {listed}; leave_edited undoes the others")
    stored = await loaded.items.store(work, undone)
    return len(stored), left


def noted_at() -> str:
    """The time of a receipt."""
    return now().isoformat()
