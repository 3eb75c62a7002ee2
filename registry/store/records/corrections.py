"""Corrections: proposed locations and edits in conflict, which wait for a person."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.errors import NotFound
from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query, statement
from registry.store.schema.changes import correction
from registry.store.visibility import Shape, binds, realm, shape, view

DECIDED = ("state", "decided_by", "decided_at", "decision_reason")
INSERT = Query(
    sa.insert(correction).values(
        {
            column.name: sa.bindparam(column.name, type_=column.type)
            for column in correction.columns
            if column.name not in DECIDED
        }
    )
)
LOCK = Query(
    sa.select(correction)
    .where(correction.c.realm == sa.bindparam("realm"), correction.c.id == sa.bindparam("id"))
    .with_for_update()
)
DECIDE = Query(
    sa.update(correction)
    .values({name: sa.bindparam(name, type_=correction.c[name].type) for name in DECIDED})
    .where(correction.c.id == sa.bindparam("id"))
)


@statement
def _find(form: Shape, present: frozenset[str]) -> Query:
    seen = view(form)
    clauses = {
        "subject": correction.c.subject == sa.bindparam("subject"),
        "state": correction.c.state == sa.bindparam("state"),
        "resource_id": correction.c.resource_id == sa.bindparam("resource_id"),
        "after": correction.c.id > sa.bindparam("after"),
    }
    joined = correction.join(
        seen.table, sa.and_(seen.c.realm == correction.c.realm, seen.c.id == correction.c.resource_id)
    )
    statement = sa.select(correction, seen.c.place).select_from(joined)
    where = [clauses[name] for name in sorted(present)]
    realms = correction.c.realm == sa.bindparam("sight_realm")
    return Query(
        statement.where(seen.seen, realms, *where).order_by(correction.c.id).limit(sa.bindparam("limit"))
    )


async def insert(writer: Writer, sight: Sight, values: dict[str, Any]) -> None:
    """Store a correction for a person to decide."""
    await writer.run(INSERT, {"realm": realm(sight), "overlapping": [], "evidence": {}} | values)


async def find(reader: Reader, sight: Sight, conditions: dict[str, Any], limit: int) -> list[Row]:
    """At most `limit` corrections by identity; `conditions` has any of subject, state, resource_id, after."""
    present = {name: value for name, value in conditions.items() if value is not None}
    query = _find(shape(sight), frozenset(present))
    return await reader.rows(query, binds(sight) | present | {"limit": limit})


async def lock(writer: Writer, sight: Sight, identity: UUID) -> Row:
    """One correction, locked until the transaction ends; NotFound when there is none."""
    row = await writer.row(LOCK, {"realm": realm(sight), "id": identity})
    if row is None:
        raise NotFound("correction", identity)
    return row


async def decide(
    writer: Writer, identity: UUID, *, state: str, by: str, at: datetime, reason: str | None
) -> None:
    """Record what a person decided."""
    values = {"id": identity, "state": state, "decided_by": by, "decided_at": at, "decision_reason": reason}
    await writer.run(DECIDE, values)
