"""Store what rows say: records with their past, log, observations, findings and contacts, in bulk."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import msgspec
from msgspec import Struct, field

from registry.domain.intake.files.plan import DOUBLES
from registry.domain.intake.finding import Finding
from registry.domain.records import feature
from registry.domain.records.change import Change, Verb, new_version, next_version, retired
from registry.domain.records.resource import Resource
from registry.domain.records.state import check_clocks, statements
from registry.services.intake.admit import changed_findings, finding_row
from registry.services.records.observe import observe_edit
from registry.services.records.work import Work
from registry.store.database.pool import Row
from registry.store.intake import findings
from registry.store.records import bulk_changes
from registry.store.records.bulk_changes import Amendment, PreparedRecords
from registry.store.visibility import realm

TOLD_APART = "the import says that it is another thing (导入时确认不是同一资源)"


class StoredRows(Struct):
    """How many rows were stored by what they did, and the rows whose state a later observation overrides."""

    created: int = 0
    updated: int = 0
    retired: int = 0
    unapplied: list[int] = field(default_factory=list)


class Edit(NamedTuple):
    """A row that changes a stored record: the version that is current, and what it becomes."""

    row: Row
    current: Resource
    revised: Resource


def prepared(rows: Sequence[Row], at: datetime, change: Change) -> PreparedRecords:
    """The new records of rows as they are stored; pure."""
    records = [new_version(feature.from_canonical(row["record"]), at) for row in new_of(rows)]
    for record in records:
        check_clocks(statements(record), at)
    return bulk_changes.prepared(records, change)


def new_of(rows: Sequence[Row]) -> list[Row]:
    """The rows that make a new record."""
    return [row for row in rows if row["target"] is None]


async def create_rows(
    work: Work, rows: Sequence[Row], first: PreparedRecords, at: datetime
) -> list[dict[str, Any]]:
    """Store the records that are new; what was changed, for undoing it."""
    await bulk_changes.insert_many(work.writer, first)
    pairs = list(zip(new_of(rows), first.records, strict=True))
    await _keep_findings(work, pairs, {}, at)
    await _put_contacts(work, pairs)
    return [_changed(row, record, None) for row, record in pairs]


async def edit_rows(
    work: Work, edits: Sequence[Edit], at: datetime, reason: str, stored: StoredRows
) -> list[dict[str, Any]]:
    """Store what rows change of records, with their findings and contacts; what was changed."""
    records = await store_edits(work, edits, at, reason, stored)
    ids = [record.id for record in records]
    before = await bulk_changes.contacts_of(work.writer, work.sight, ids)
    pairs = list(zip((one.row for one in edits), records, strict=True))
    stated = [(row, record) for row, record in pairs if row["action"] != "retire"]
    await _keep_findings(work, stated, await findings.of_records(work.writer, work.sight, ids), at)
    await _put_contacts(work, stated)
    return [
        _changed(row, record, record.properties.version - 1)
        | {"contacts_before": [_plain(one) for one in before.get(record.id, ())]}
        for row, record in pairs
    ]


async def store_edits(
    work: Work, edits: Sequence[Edit], at: datetime, reason: str, stored: StoredRows
) -> list[Resource]:
    """Store the next versions of records, which are locked, and return them."""
    amendments = []
    for one in edits:
        revised = await _observed(work, one, at, stored)
        following = next_version(one.current, revised, at)
        change = work.change(_verb(one.current, following), at, reason)
        amendments.append((Amendment(one.current, following), change))
    await bulk_changes.amend_many(work.writer, amendments)
    return [amended.revised for amended, _ in amendments]


def _verb(current: Resource, following: Resource) -> Verb:
    was, is_now = (one.properties.lifecycle == "retired" for one in (current, following))
    if was == is_now:
        return "update"
    return "retire" if is_now else "restore"


async def _observed(work: Work, one: Edit, at: datetime, stored: StoredRows) -> Resource:
    """The record in the state that its observations make, where the row says anything of the state."""
    if statements(one.current) == statements(one.revised):
        return one.revised
    after = await observe_edit(work, one.current, one.revised, at)
    if after.unapplied:
        stored.unapplied.append(one.row["n"])
    return after.record


def edit_of(row: Row, current: Resource) -> Edit:
    """What a row makes of the current version of its record."""
    if row["action"] == "retire":
        return Edit(row, current, retired(current))
    return Edit(row, current, feature.from_canonical(row["record"]))


def _changed(row: Row, record: Resource, before: int | None) -> dict[str, Any]:
    return {
        "intake": row["intake"],
        "resource_id": record.id,
        "n": row["n"],
        "version_before": before,
        "version_after": record.properties.version,
        "contacts_before": [],
        "before": None,
    }


def _plain(contact: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": str(contact["id"])} | {
        name: contact[name] for name in ("role", "name", "phone", "published")
    }


async def _keep_findings(
    work: Work, pairs: Sequence[tuple[Row, Resource]], known: Mapping[UUID, Sequence[Row]], at: datetime
) -> None:
    """Store the warnings of rows beside their records, and remove those that no longer hold.

    A likely double that a person told apart is stored as settled, so that nothing raises it again.
    """
    shared = {"realm": realm(work.sight), "found_at": at, "actor": work.actor.id}
    settled = {"settled_at": at, "settled_by": work.actor.id, "reason": TOLD_APART}
    added: list[dict[str, Any]] = []
    removed: list[UUID] = []
    for row, record in pairs:
        found = msgspec.convert(row["findings"], list[Finding])
        changed = changed_findings(found, known.get(record.id, ()), of_file=True)
        added += [finding_row(one, at) | shared | {"subject": record.id} for one in changed.added]
        added += [
            finding_row(one, at) | shared | settled | {"subject": record.id, "severity": "warn"}
            for one in found
            if row["decision"].get("take") == "new" and one.code in DOUBLES
        ]
        removed += changed.removed
    await findings.replace(work.writer, removed, ())
    await findings.add_many(work.writer, added)


def contact_id(record: UUID, number: int) -> UUID:
    """The identity of a contact that comes from a file, so that the next file puts another in its place."""
    return uuid5(record, f"contact of a file {number}")


async def _put_contacts(work: Work, pairs: Sequence[tuple[Row, Resource]]) -> None:
    rows = [
        {"published": False} | one | {"id": contact_id(record.id, number), "resource_id": record.id}
        for row, record in pairs
        for number, one in enumerate(row["contacts"])
    ]
    await bulk_changes.put_contacts(work.writer, work.sight, rows)
