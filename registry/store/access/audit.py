"""The audit in the database: add, find."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa

from registry.domain.access.audit import Action, Trace
from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query, statement
from registry.store.schema.access import audit

FIELDS = Trace.__struct_fields__
ADD = Query(sa.insert(audit).values({name: sa.bindparam(name, type_=audit.c[name].type) for name in FIELDS}))
CLAUSES: dict[str, sa.ColumnElement[bool]] = {
    "actor": audit.c.actor == sa.bindparam("actor"),
    "action": audit.c.action == sa.bindparam("action"),
    "since": audit.c.at >= sa.bindparam("since", type_=sa.TIMESTAMP(timezone=True)),
    "until": audit.c.at < sa.bindparam("until", type_=sa.TIMESTAMP(timezone=True)),
    "before": audit.c.seq < sa.bindparam("before", type_=sa.BigInteger),
}


@statement
def _find(present: frozenset[str]) -> Query:
    where = [CLAUSES[name] for name in sorted(present)]
    latest = sa.select(audit).where(*where).order_by(audit.c.seq.desc())
    return Query(latest.limit(sa.bindparam("limit", type_=sa.Integer)))


async def add(writer: Writer, traces: Sequence[Trace]) -> None:
    """Write these down; nothing changes or removes them afterwards."""
    await writer.run_many(ADD, [msgspec.structs.asdict(trace) for trace in traces])


async def find(
    reader: Reader,
    *,
    limit: int,
    before: int | None = None,
    actor: str | None = None,
    action: Action | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Row]:
    """Traces that meet the conditions, latest first, before the sequence number `before`."""
    asked = {"before": before, "actor": actor, "action": action, "since": since, "until": until}
    given = {name: value for name, value in asked.items() if value is not None}
    return await reader.rows(_find(frozenset(given)), given | {"limit": limit})
