"""SQL of those who follow the change log by themselves: how far each has read it."""

from typing import NamedTuple

import sqlalchemy as sa

from registry.domain.sync.feed_cursor import LogPosition
from registry.store.database.pool import Writer
from registry.store.database.query import Query

CLAIM = Query(sa.text("SELECT pg_try_advisory_xact_lock((:lock)::bigint) AS mine"))
POSITION = Query(sa.text("SELECT xid::text AS xid, seq FROM log_reader WHERE name = :name"))
MOVE = Query(sa.text("UPDATE log_reader SET xid = (:xid)::text::xid8, seq = :seq WHERE name = :name"))


class LogReader(NamedTuple):
    """Someone who follows the log, and the lock by which one process at a time does it."""

    name: str
    lock: int


WEBHOOKS = LogReader("webhooks", 730519)
STANDING_QUESTIONS = LogReader("standing_questions", 730520)


async def claim(writer: Writer, reader: LogReader) -> LogPosition | None:
    """How far the log was read, for the length of the transaction; None while another process reads it."""
    claimed = await writer.row(CLAIM, {"lock": reader.lock})
    row = await writer.row(POSITION, {"name": reader.name}) if claimed and claimed["mine"] else None
    return None if row is None else LogPosition(int(row["xid"]), row["seq"])


async def move(writer: Writer, reader: LogReader, to: LogPosition) -> None:
    """Record how far the log was read, in the transaction that stores what came of it."""
    await writer.run(MOVE, {"name": reader.name, "xid": str(to.xid), "seq": to.seq})
