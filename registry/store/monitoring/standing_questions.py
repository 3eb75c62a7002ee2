"""SQL of standing questions: what changed since they were looked at, and which of them are due."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.conditions import Filter
from registry.domain.monitoring.standing_question import StandingQuestion
from registry.domain.sync.feed_cursor import LogPosition
from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query, statement
from registry.store.filters import clauses, key_and_values
from registry.store.schema.plans import entry
from registry.store.visibility import Shape, binds, shape, view

PAGE = 2_000
CHANGES = Query(
    sa.text(
        "SELECT c.xid::text AS xid, c.seq, c.realm, c.kind, c.resource_id, c.via,"
        " ARRAY(SELECT ancestor FROM place_within WHERE code IN (c.place_before, c.place_after)) AS above"
        " FROM change_log c"
        " WHERE (c.xid, c.seq) > ((:xid)::text::xid8, (:seq)::bigint) AND c.xid < (SELECT registry_horizon())"
        " ORDER BY c.xid, c.seq LIMIT (:limit)::integer"
    )
)
ACTIVE = Query(
    sa.select(entry.c.realm, entry.c.body).where(
        entry.c.register == sa.literal_column("'standing_question'"), sa.not_(entry.c.retired)
    )
)
DUE = Query(
    sa.text(
        "INSERT INTO question_due (realm, id, due_at)"
        " VALUES ((:realm)::text, (:id)::uuid, (:due_at)::timestamptz)"
        " ON CONFLICT (realm, id) DO UPDATE SET due_at = least(question_due.due_at, excluded.due_at)"
    )
)
LEASE = Query(
    sa.text(
        "UPDATE question_due SET due_at = (:until)::timestamptz WHERE (realm, id) = ("
        "  SELECT realm, id FROM question_due WHERE due_at <= (:now)::timestamptz"
        "  ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)"
        " RETURNING realm, id"
    )
)
NEXT = Query(
    sa.text(
        "UPDATE question_due SET due_at = (:next)::timestamptz"
        " WHERE realm = :realm AND id = (:id)::uuid AND due_at = (:until)::timestamptz"
    )
)
FORGET = Query(sa.text("DELETE FROM question_due WHERE realm = :realm AND id = (:id)::uuid"))


class LogPage(NamedTuple):
    """Changes of the log in their order, and whether there may be more."""

    changes: list[Row]
    full: bool


async def page(writer: Writer, after: LogPosition) -> LogPage:
    """The next changes after a position."""
    rows = await writer.rows(CHANGES, {"xid": str(after.xid), "seq": after.seq, "limit": PAGE})
    return LogPage(rows, len(rows) == PAGE)


async def active(writer: Writer) -> list[tuple[str, StandingQuestion]]:
    """Every question that is not retired, with its realm."""
    rows = await writer.rows(ACTIVE, {})
    return [(row["realm"], msgspec.convert(row["body"], StandingQuestion)) for row in rows]


async def put_due(writer: Writer, questions: Iterable[tuple[str, UUID]], at: datetime) -> None:
    """Have these questions worked at an instant, unless they are due before."""
    await writer.run_many(DUE, [{"realm": realm, "id": one, "due_at": at} for realm, one in questions])


async def lease(writer: Writer, now: datetime, until: datetime) -> tuple[str, UUID] | None:
    """One question that is due, which nobody else works before `until`."""
    row = await writer.row(LEASE, {"now": now, "until": until})
    return None if row is None else (row["realm"], row["id"])


async def put_next(writer: Writer, key: tuple[str, UUID], leased: datetime, at: datetime) -> None:
    """When a leased question is due next; one that was touched meanwhile keeps its own time."""
    await writer.run(NEXT, {"realm": key[0], "id": key[1], "until": leased, "next": at})


async def forget(writer: Writer, key: tuple[str, UUID]) -> None:
    """Work a question no more."""
    await writer.run(FORGET, {"realm": key[0], "id": key[1]})


@statement
def _count(form: Shape, present: frozenset[str]) -> Query:
    seen = view(form)
    return Query(
        sa.select(sa.func.count().label("count"))
        .select_from(seen.table)
        .where(seen.seen, *clauses(present, seen)),
        by_value=True,
    )


async def count(reader: Reader, sight: Sight, wanted: Filter) -> int:
    """How many records meet the conditions for certain."""
    present, values = key_and_values(wanted)
    row = await reader.row(_count(shape(sight), present), binds(sight) | values)
    return 0 if row is None else int(row["count"])
