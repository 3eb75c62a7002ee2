"""Responses stored under a key that the client chose, so that a retry has one effect."""

import hashlib
from datetime import datetime

import sqlalchemy as sa
from msgspec import Struct
from msgspec.structs import asdict

from registry.domain.errors import Conflict, Duplicate, Invalid
from registry.store.database.pool import Writer
from registry.store.database.query import Query
from registry.store.schema.changes import idempotency

RUNNING = "a request with this Idempotency-Key is still running"
KEPT_DAYS = 60
"""Longer than any device is expected to be away."""


class StoredResponse(Struct, frozen=True):
    """A response as it was given: stored and given again, never interpreted here."""

    status: int
    headers: dict[str, str]
    body: bytes


_MINE = (idempotency.c.actor == sa.bindparam("actor"), idempotency.c.key == sa.bindparam("key"))
_KEPT = ("fingerprint", "status", "headers", "body")


def _claim() -> Query:
    """Take the key for this transaction, and update the response that is stored under it."""
    name = sa.func.hashtextextended(sa.bindparam("claim", type_=sa.Text), 0)
    claim = sa.select(sa.func.pg_try_advisory_xact_lock(name).label("mine")).cte("claim")
    replay = (
        sa.update(idempotency)
        .values(replayed_at=sa.bindparam("at", type_=sa.TIMESTAMP(timezone=True)))
        .where(*_MINE, claim.c.mine)
        .returning(*(idempotency.c[name] for name in _KEPT))
        .cte("replay")
    )
    stored = sa.select(claim.c.mine, *(replay.c[name] for name in _KEPT))
    return Query(stored.select_from(claim.outerjoin(replay, sa.true())))


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
    """The parts of a request as one hash."""
    return hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).digest()


async def recall(writer: Writer, actor: str, key: str, request: bytes, at: datetime) -> StoredResponse | None:
    """The stored response under a key, or None for the first request with it.

    `request` is the fingerprint. The row is updated, so that the commit of a replay waits for replication as
    the first one did. Conflict while another request with the key runs; Invalid for another request's key.
    """
    row = await writer.row(CLAIM, {"claim": f"{actor}\x1f{key}", "actor": actor, "key": key, "at": at})
    if row is None or not row["mine"]:
        raise Conflict(RUNNING)
    if row["fingerprint"] is None:
        return None
    if row["fingerprint"] != request:
        raise Invalid("this Idempotency-Key was used for another request")
    return StoredResponse(row["status"], row["headers"], row["body"])


async def keep(
    writer: Writer, actor: str, key: str, request: bytes, response: StoredResponse, at: datetime
) -> None:
    """Store the response in the transaction that did the work.

    Conflict, and all of it undone, when the first request committed while this one asked whether it runs.
    """
    values = {"actor": actor, "key": key, "fingerprint": request, "created_at": at}
    try:
        await writer.run(KEEP, values | asdict(response))
    except Duplicate as error:
        raise Conflict(RUNNING) from error
