"""Answers kept under a key that the client chose, so that a retry has one effect."""

import hashlib
from datetime import datetime

import sqlalchemy as sa
from msgspec import Struct

from registry.domain.errors import Conflict, Duplicate, Invalid
from registry.store.database.pool import Writer
from registry.store.database.query import Query
from registry.store.schema.changes import idempotency

RUNNING = "a request with this Idempotency-Key is still running"
KEPT_DAYS = 60
"""Longer than any device is expected to be away."""


class Answer(Struct, frozen=True):
    """A stored answer: its status, headers and body."""

    status: int
    headers: dict[str, str]
    body: bytes


_MINE = (idempotency.c.actor == sa.bindparam("actor"), idempotency.c.key == sa.bindparam("key"))
_KEPT = ("fingerprint", "status", "headers", "body")


def _claim() -> Query:
    """Take the key for this transaction, and touch the answer that is kept under it."""
    name = sa.func.hashtextextended(sa.bindparam("claim", type_=sa.Text), 0)
    claim = sa.select(sa.func.pg_try_advisory_xact_lock(name).label("mine")).cte("claim")
    replay = (
        sa.update(idempotency)
        .values(replayed_at=sa.bindparam("at", type_=sa.TIMESTAMP(timezone=True)))
        .where(*_MINE, claim.c.mine)
        .returning(*(idempotency.c[name] for name in _KEPT))
        .cte("replay")
    )
    found = sa.select(claim.c.mine, *(replay.c[name] for name in _KEPT))
    return Query(found.select_from(claim.outerjoin(replay, sa.true())))


CLAIM = _claim()
KEEP = Query(
    sa.insert(idempotency).values(
        {
            column.name: sa.bindparam(column.name, type_=column.type)
            for column in idempotency.columns
            if column.name != "replayed_at"
        }
    )
)
PURGE = Query(
    sa.delete(idempotency).where(
        idempotency.c.created_at < sa.bindparam("before", type_=sa.TIMESTAMP(timezone=True))
    )
)


def fingerprint(*parts: bytes) -> bytes:
    """What a request asks for, as one hash."""
    return hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).digest()


async def recall(writer: Writer, actor: str, key: str, asked: bytes, at: datetime) -> Answer | None:
    """The stored answer under a key, or None where this request is the first.

    Touching the row makes the replay a write of its own, so that its commit waits for replication as the
    first one did. Conflict while another request with the key runs; Invalid for a key of another request.
    """
    row = await writer.row(CLAIM, {"claim": f"{actor}\x1f{key}", "actor": actor, "key": key, "at": at})
    if row is None or not row["mine"]:
        raise Conflict(RUNNING)
    if row["fingerprint"] is None:
        return None
    if row["fingerprint"] != asked:
        raise Invalid("this Idempotency-Key was used for another request")
    return Answer(row["status"], row["headers"], row["body"])


async def keep(writer: Writer, actor: str, key: str, asked: bytes, answer: Answer, at: datetime) -> None:
    """Store the answer in the transaction that did the work.

    Conflict, and all of it undone, when the first request ended just as this one asked whether it runs.
    """
    values = {"actor": actor, "key": key, "fingerprint": asked, "created_at": at}
    try:
        await writer.run(KEEP, values | {name: getattr(answer, name) for name in answer.__struct_fields__})
    except Duplicate as error:
        raise Conflict(RUNNING) from error
