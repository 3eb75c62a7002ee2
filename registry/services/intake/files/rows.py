"""Read the rows of an intake: what each cell says, what was found in it, and what the row would do."""

from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from registry.domain.access.actor import Actor
from registry.domain.access.sight import Sight
from registry.domain.intake.files.plan import Action, RowDecision
from registry.domain.intake.files.stored_row import StoredCells, texts
from registry.domain.intake.lists.list_kind import LIST_KINDS, FileKind
from registry.domain.records import feature
from registry.domain.records.resource import Resource
from registry.services.intake.files.intakes import read_intake
from registry.store.database.pool import Reader, Row
from registry.store.intake import intake_rows


class IntakeRow(Struct, frozen=True, kw_only=True):
    """A row of a file, or a record that a whole list lacks, which has no `row`.

    `cells` are texts by column, `corrections` what somebody put in their place. `record` is what would be
    stored. `target` is the record that it is about, with the version that it was compared with. `codes` are
    those of its findings, or the reason why it was set aside.
    """

    n: int
    row: int | None
    action: Action
    """What the row would do."""
    name: str
    cells: dict[str, str]
    corrections: dict[str, Any]
    """Values that a person typed, by column."""
    decision: RowDecision
    record: Resource | None
    body: dict[str, Any] | None
    """What would be stored of what is no resource."""
    target: UUID | None
    """Identity of the record that it would change."""
    target_version: int | None
    external_id: str | None
    changed: list[str]
    severity: str | None
    findings: list[dict[str, Any]]
    codes: list[str]
    """Codes of the findings."""


class IntakeRowPage(Struct, frozen=True):
    """Some rows in their order; `last` is where the next page goes on, None at the end."""

    rows: list[IntakeRow]
    last: int | None


async def list_rows(
    reader: Reader,
    sight: Sight,
    actor: Actor,
    identity: UUID,
    conditions: dict[str, Any],
    after: int,
    limit: int,
) -> IntakeRowPage:
    """At most `limit` rows of an intake; `conditions` has any of action, severity and code."""
    intake = await read_intake(reader, sight, actor, identity)
    rows = await intake_rows.page(reader, identity, conditions, after, limit + 1)
    return IntakeRowPage(
        [described(row, intake.kind) for row in rows[:limit]],
        rows[limit - 1]["n"] if len(rows) > limit else None,
    )


def described(row: Row, kind: FileKind) -> IntakeRow:
    """A stored row as its owner reads it."""
    plain = (
        *("n", "row", "action", "name", "corrections", "target", "target_version", "external_id"),
        *("changed", "severity", "findings", "codes"),
    )
    is_list = kind in LIST_KINDS
    return IntakeRow(
        **{name: row[name] for name in plain},
        cells=texts(msgspec.convert(row["cells"], StoredCells)),
        decision=msgspec.convert(row["decision"], RowDecision),
        record=None if is_list or row["record"] is None else feature.from_canonical(row["record"]),
        body=msgspec.json.decode(row["record"]) if is_list and row["record"] is not None else None,
    )
