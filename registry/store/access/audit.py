"""SQL of the audit: add and find entries."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from registry.domain.access.audit import AuditEntry
from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query, statement
from registry.store.schema.access import audit

FIELDS = AuditEntry.__struct_fields__
ADD = Query(sa.insert(audit).values({name: sa.bindparam(name, type_=audit.c[name].type) for name in FIELDS}))
CLAUSES: dict[str, sa.ColumnElement[bool]] = {
    "actor": audit.c.actor == sa.bindparam("actor"),
    "action": audit.c.action == sa.bindparam("action"),
    "since": audit.c.at >= sa.bindparam("since", type_=sa.TIMESTAMP(timezone=True)),
    "until": audit.c.at < sa.bindparam("until", type_=sa.TIMESTAMP(timezone=True)),
    "before": audit.c.seq < sa.bindparam("before", type_=sa.BigInteger),
}


AT_ONCE = 20_000
OLD = (
    sa.select(audit.c.seq)
    .where(audit.c.at < sa.bindparam("before", type_=sa.TIMESTAMP(timezone=True)))
    .order_by(audit.c.seq)
    .limit(sa.literal_column(str(AT_ONCE)))
)
FORGET = Query(sa.delete(audit).where(audit.c.seq == sa.any_(sa.func.array(OLD.scalar_subquery()))))


@statement
def _find(present: frozenset[str]) -> Query:
    where = [CLAUSES[name] for name in sorted(present)]
    latest = sa.select(audit).where(*where).order_by(audit.c.seq.desc())
    return Query(latest.limit(sa.bindparam("limit", type_=sa.Integer)))


async def add(writer: Writer, entries: Sequence[AuditEntry]) -> None:
    """Insert entries; nobody can change or delete them afterwards."""
    await writer.run_many(ADD, [msgspec.structs.asdict(entry) for entry in entries])


async def forget(writer: Writer, before: datetime) -> int:
    """Delete some of the entries of before an instant, as their owner; how many.

    The trigger that keeps everybody from it is off for this transaction alone.
    """
    await writer.script("ALTER TABLE audit DISABLE TRIGGER append_only")
    tag = await writer.run(FORGET, {"before": before})
    await writer.script("ALTER TABLE audit ENABLE TRIGGER append_only")
    return int(tag.rpartition(" ")[2])


async def find(reader: Reader, limit: int, conditions: Mapping[str, Any]) -> list[Row]:
    """The latest entries that meet the conditions of CLAUSES that have a value."""
    values = {name: value for name, value in conditions.items() if value is not None}
    return await reader.rows(_find(frozenset(values)), values | {"limit": limit})


def entry_of(row: Row) -> AuditEntry:
    """The entry in a row."""
    return msgspec.convert(dict(row), AuditEntry, strict=False)
