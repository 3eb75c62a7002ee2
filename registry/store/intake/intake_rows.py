"""SQL of the rows of an intake: as they were read, and what each would do."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query, statement
from registry.store.schema.intake import intake_row
from registry.store.schema.records import external_id, resource
from registry.store.visibility import realm

INTAKE = intake_row.c.intake == sa.bindparam("intake", type_=sa.Uuid)
COLUMNS = [column.name for column in intake_row.columns]
PLANNED = [name for name in COLUMNS if name not in ("intake", "n", "row", "cells")]
SHOWN = [intake_row.c[name] for name in COLUMNS if name not in ("intake", "contacts")]
TO_STORE = sa.text("(action IN ('create', 'update') OR action = 'retire' AND decision ->> 'take' = 'retire')")
"""The rows that a commit stores."""
WAITING = sa.text("action IN ('confirm', 'refused')")

CLEAR = Query(sa.delete(intake_row).where(INTAKE))
PRIOR = Query(
    sa.select(intake_row.c.row, intake_row.c.corrections, intake_row.c.decision).where(
        INTAKE,
        intake_row.c.row.is_not(None),
        sa.text("(corrections <> '{}'::jsonb OR decision <> '{}'::jsonb)"),
    )
)
_NUMBERED = intake_row.c.n == sa.any_(sa.bindparam("numbers", type_=sa.ARRAY(sa.Integer)))
LOCK = Query(sa.select(intake_row).where(INTAKE, _NUMBERED).order_by(intake_row.c.n).with_for_update())
RELATED = Query(
    sa.select(intake_row.c.n).where(
        INTAKE,
        sa.or_(
            intake_row.c.external_id == sa.any_(sa.bindparam("external_ids", type_=sa.ARRAY(sa.Text))),
            intake_row.c.target == sa.any_(sa.bindparam("targets", type_=sa.ARRAY(sa.Uuid))),
        ),
        intake_row.c.row.is_not(None),
    )
)
REPLAN = Query(
    sa.update(intake_row)
    .where(INTAKE, intake_row.c.n == sa.bindparam("at", type_=sa.Integer))
    .values({name: sa.bindparam(name, type_=intake_row.c[name].type) for name in PLANNED})
)
STORED_COLUMNS = (
    *("intake", "n", "action", "name", "record", "target", "target_version", "contacts", "findings"),
    *("severity", "decision", "external_id"),
)
"""What a commit needs of a row: its cells stay where they are."""
CORRECT = Query(
    sa.update(intake_row)
    .where(INTAKE, intake_row.c.n == sa.bindparam("at", type_=sa.Integer))
    .values({name: sa.bindparam(name, type_=intake_row.c[name].type) for name in ("corrections", "decision")})
)
BATCH = Query(
    sa.select(*(intake_row.c[name] for name in STORED_COLUMNS))
    .where(INTAKE, intake_row.c.n > sa.bindparam("after", type_=sa.Integer), TO_STORE)
    .order_by(intake_row.c.n)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
REMOVALS = sa.text(
    "(action = 'update' AND 'removal' = ANY (codes) OR action = 'retire' AND decision ->> 'take' = 'retire')"
)
"""The rows that count against the limit on mass changes."""
COUNT_TO_STORE = Query(
    sa.select(
        sa.func.count().filter(TO_STORE).label("storing"),
        sa.func.count().filter(WAITING).label("waiting"),
        sa.func.count().filter(REMOVALS).label("removals"),
        sa.func.count()
        .filter(TO_STORE, intake_row.c.severity == sa.literal_column("'warn'"))
        .label("warned"),
    ).where(INTAKE)
)
ACTIONS = Query(
    sa.select(intake_row.c.action, sa.func.count().label("rows")).where(INTAKE).group_by(intake_row.c.action)
)
_CODE = sa.func.unnest(intake_row.c.codes).label("code")
CODES = Query(sa.select(_CODE, sa.func.count().label("rows")).where(INTAKE).group_by(_CODE))
MOVED = Query(
    sa.select(intake_row.c.n, intake_row.c.name)
    .select_from(
        intake_row.outerjoin(
            resource,
            sa.and_(resource.c.realm == sa.bindparam("realm"), resource.c.id == intake_row.c.target),
        )
    )
    .where(
        INTAKE,
        TO_STORE,
        intake_row.c.target.is_not(None),
        resource.c.version.is_distinct_from(intake_row.c.target_version),
    )
    .order_by(intake_row.c.n)
    .limit(100)
)
TAKEN = Query(
    sa.select(intake_row.c.n, intake_row.c.name)
    .join_from(
        intake_row,
        external_id,
        sa.and_(
            external_id.c.realm == sa.bindparam("realm"),
            external_id.c.system == sa.bindparam("system"),
            external_id.c.id == intake_row.c.external_id,
        ),
    )
    .where(INTAKE, intake_row.c.action == sa.literal_column("'create'"))
    .order_by(intake_row.c.n)
    .limit(100)
)
_DONE = (
    sa.func.unnest(
        sa.bindparam("numbers", type_=sa.ARRAY(sa.Integer)),
        sa.bindparam("targets", type_=sa.ARRAY(sa.Uuid)),
        sa.bindparam("versions", type_=sa.ARRAY(sa.Integer)),
    )
    .table_valued("n", "target", "version", name="done")
    .render_derived()
)
SETTLE = Query(
    sa.update(intake_row)
    .where(INTAKE, intake_row.c.n == _DONE.c.n)
    .values(action=sa.literal_column("'stored'"), target=_DONE.c.target, target_version=_DONE.c.version)
)
DECIDE = Query(
    sa.update(intake_row)
    .where(
        INTAKE,
        intake_row.c.action == sa.bindparam("action"),
        sa.bindparam("code", type_=sa.Text) == sa.any_(intake_row.c.codes),
    )
    .values(decision=sa.bindparam("decision", type_=intake_row.c.decision.type))
)
CLAUSES: dict[str, sa.ColumnElement[bool]] = {
    "action": intake_row.c.action == sa.bindparam("action"),
    "severity": intake_row.c.severity == sa.bindparam("severity"),
    "code": sa.bindparam("code", type_=sa.Text) == sa.any_(intake_row.c.codes),
}


@statement
def _page(conditions: frozenset[str]) -> Query:
    return Query(
        sa.select(*SHOWN)
        .where(
            INTAKE,
            intake_row.c.n > sa.bindparam("after", type_=sa.Integer),
            *(CLAUSES[name] for name in sorted(conditions)),
        )
        .order_by(intake_row.c.n)
        .limit(sa.bindparam("limit", type_=sa.Integer))
    )


async def page(
    reader: Reader, identity: UUID, conditions: Mapping[str, Any], after: int, limit: int
) -> list[Row]:
    """Rows in their order; `conditions` has any of action, severity and code."""
    values = {name: value for name, value in conditions.items() if value is not None}
    return await reader.rows(
        _page(frozenset(values)), values | {"intake": identity, "after": after, "limit": limit}
    )


async def clear(writer: Writer, identity: UUID) -> None:
    """Remove all rows of an intake."""
    await writer.run(CLEAR, {"intake": identity})


async def add(writer: Writer, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store rows by COPY."""
    if rows:
        await writer.copy(intake_row.name, COLUMNS, [[row[name] for name in COLUMNS] for row in rows])


async def prior(reader: Reader, identity: UUID) -> list[Row]:
    """What people said of rows: row, corrections, decision."""
    return await reader.rows(PRIOR, {"intake": identity})


async def lock(writer: Writer, identity: UUID, numbers: Sequence[int]) -> list[Row]:
    """Rows by their numbers, locked."""
    return await writer.rows(LOCK, {"intake": identity, "numbers": list(numbers)})


async def related(
    reader: Reader, identity: UUID, external_ids: Sequence[str], targets: Sequence[UUID]
) -> set[int]:
    """The rows that have one of these identities, or are about one of these records."""
    values = {"intake": identity, "external_ids": list(external_ids), "targets": list(targets)}
    return {row["n"] for row in await reader.rows(RELATED, values)}


async def replan(writer: Writer, identity: UUID, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store anew what rows would do."""
    await writer.run_many(REPLAN, [dict(row) | {"intake": identity, "at": row["n"]} for row in rows])


async def batch(reader: Reader, identity: UUID, after: int, limit: int) -> list[Row]:
    """The next rows that a commit stores."""
    return await reader.rows(BATCH, {"intake": identity, "after": after, "limit": limit})


async def count(reader: Reader, identity: UUID) -> dict[str, int]:
    """How many rows a commit stores, how many of them remove something or have a warning, how many wait."""
    row = await reader.row(COUNT_TO_STORE, {"intake": identity})
    return dict(row or {})


async def actions(reader: Reader, identity: UUID) -> dict[str, int]:
    """How many rows there are of each action."""
    return {row["action"]: row["rows"] for row in await reader.rows(ACTIONS, {"intake": identity})}


async def codes(reader: Reader, identity: UUID) -> dict[str, int]:
    """How many rows there are with a finding of each code."""
    return {row["code"]: row["rows"] for row in await reader.rows(CODES, {"intake": identity})}


async def moved(reader: Reader, sight: Sight, identity: UUID, system: str) -> list[Row]:
    """Rows whose record changed, or whose identity somebody took since the check; 100 of each."""
    values = {"intake": identity, "realm": realm(sight), "system": system}
    return [*await reader.rows(MOVED, values), *await reader.rows(TAKEN, values)]


async def settle(writer: Writer, identity: UUID, changes: Sequence[Mapping[str, Any]]) -> None:
    """Note of rows that they are stored, and as which version of which record."""
    values = {
        "intake": identity,
        "numbers": [one["n"] for one in changes],
        "targets": [one["resource_id"] for one in changes],
        "versions": [one["version_after"] for one in changes],
    }
    await writer.run(SETTLE, values)


async def correct(writer: Writer, identity: UUID, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep corrections and decisions of rows; they have to be checked again then."""
    await writer.run_many(CORRECT, [dict(row) | {"intake": identity, "at": row["n"]} for row in rows])


async def decide(writer: Writer, identity: UUID, action: str, code: str, decision: dict[str, Any]) -> int:
    """Decide all rows of an action that have a finding of a code; how many."""
    values = {"intake": identity, "action": action, "code": code, "decision": decision}
    tag = await writer.run(DECIDE, values)
    return int(tag.rpartition(" ")[2])
