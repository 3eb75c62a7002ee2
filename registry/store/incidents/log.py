"""SQL of the log of incidents: append a line, read the lines."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from registry.domain.access.sight import Sight
from registry.domain.incidents.incident import LogKind, LogLine
from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query
from registry.store.schema.incidents import incident_log
from registry.store.schema.plans import MOMENT
from registry.store.visibility import realm

_WRITTEN = ("realm", "incident", "at", "actor", "kind", "version", "text")
APPEND = Query(
    sa.insert(incident_log)
    .values(
        {name: sa.bindparam(name, type_=incident_log.c[name].type) for name in _WRITTEN}
        | {"body": sa.bindparam("body", type_=JSONB)}
    )
    .returning(incident_log.c.seq)
)
_UNTIL = sa.bindparam("until", type_=MOMENT)
LINES = Query(
    sa.select(incident_log)
    .where(
        incident_log.c.realm == sa.bindparam("realm", type_=sa.Text),
        incident_log.c.incident == sa.any_(sa.bindparam("incidents", type_=sa.ARRAY(sa.Uuid))),
        incident_log.c.seq > sa.bindparam("after", type_=sa.BigInteger),
        sa.or_(_UNTIL.is_(None), incident_log.c.at <= _UNTIL),
    )
    .order_by(incident_log.c.seq)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
MOST_LINES = 10_000


async def append(
    writer: Writer,
    sight: Sight,
    incident: UUID,
    kind: LogKind,
    *,
    at: datetime,
    actor: str,
    version: int | None = None,
    text: str | None = None,
    body: dict[str, Any] | None = None,
) -> LogLine:
    """Append a line; it is never changed again."""
    values: dict[str, Any] = {"at": at, "actor": actor, "kind": kind, "version": version, "text": text}
    values["body"] = body or {}
    row = await writer.row(APPEND, values | {"realm": realm(sight), "incident": incident})
    assert row is not None
    return LogLine(seq=row["seq"], **values)


async def lines(
    reader: Reader, sight: Sight, incidents: list[UUID], *, after: int = 0, limit: int = MOST_LINES
) -> dict[UUID, list[LogLine]]:
    """The lines of incidents up to the instant of the sight, in their order."""
    values = {"realm": realm(sight), "incidents": incidents, "after": after, "until": sight.as_of}
    by_incident: dict[UUID, list[LogLine]] = {identity: [] for identity in incidents}
    for row in await reader.rows(LINES, values | {"limit": limit}):
        by_incident[row["incident"]].append(_line(row))
    return by_incident


def _line(row: Row) -> LogLine:
    names = ("seq", "at", "actor", "kind", "version", "text", "body")
    return LogLine(**{name: row[name] for name in names})
