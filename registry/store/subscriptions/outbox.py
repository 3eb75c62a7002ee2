"""SQL of the outbox: the messages, leases, outcomes, replay."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from registry.domain.sync.feed_cursor import LogPosition
from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query
from registry.store.schema.plans import MOMENT
from registry.store.schema.subscriptions import webhook_message
from registry.store.sync.log_readers import WEBHOOKS

SKIP = Query(
    sa.text(
        "UPDATE log_reader SET xid = (:xid)::text::xid8, seq = :seq"
        " WHERE name = :name AND (xid, seq) < ((:xid)::text::xid8, :seq)"
        " AND NOT EXISTS (SELECT FROM subscription WHERE ended_at IS NULL)"
    )
)
_SENT = ("subscription", "subject", "type", "body", "created_at")
INSERT = Query(
    sa.insert(webhook_message).values(
        {name: sa.bindparam(name, type_=webhook_message.c[name].type) for name in _SENT}
        | {"due_at": sa.bindparam("created_at", type_=MOMENT)}
    )
)
LEASE_S = 60.0
"""Longer than an attempt takes. A process that dies with a message lets it be sent again after so long."""
_LEASE = """
WITH ready AS (
    SELECT m.n, m.subscription, m.due_at FROM webhook_message m
    JOIN subscription s ON s.id = m.subscription AND s.ended_at IS NULL AND EXISTS (
        SELECT FROM api_key k WHERE 'key:' || k.holder = s.owner AND k.role = s.role AND k.places = s.places
          AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > (:now)::timestamptz))
    WHERE m.delivered_at IS NULL AND m.given_up_at IS NULL AND m.due_at <= (:now)::timestamptz
      AND NOT EXISTS (
        SELECT FROM webhook_message e
        WHERE e.subscription = m.subscription AND e.subject = m.subject AND e.n < m.n
          AND e.delivered_at IS NULL AND e.given_up_at IS NULL)
      AND m.subscription <> ALL ((:busy)::uuid[])
    ORDER BY m.due_at, m.n LIMIT 500
), ranked AS (
    SELECT n, due_at, row_number() OVER (PARTITION BY subscription ORDER BY due_at, n) AS place FROM ready
), due AS (
    SELECT m.n FROM webhook_message m
    WHERE m.n IN (SELECT n FROM ranked WHERE place <= (:each)::integer
                   ORDER BY due_at, n LIMIT (:limit)::integer)
      AND m.delivered_at IS NULL AND m.given_up_at IS NULL AND m.due_at <= (:now)::timestamptz
    FOR UPDATE OF m SKIP LOCKED
)
UPDATE webhook_message m
SET due_at = (:now)::timestamptz + make_interval(secs => (:lease_s)::float8), attempts = m.attempts + 1
FROM due, subscription s
WHERE m.n = due.n AND s.id = m.subscription
RETURNING m.n, m.id, m.subscription, m.body, m.attempts, s.url, s.secret
"""
LEASE = Query(sa.text(_LEASE))
_N = webhook_message.c.n == sa.bindparam("n", type_=sa.BigInteger)
DELIVERED = Query(sa.update(webhook_message).where(_N).values(delivered_at=sa.func.now(), last_error=None))
FAILED = Query(
    sa.update(webhook_message)
    .where(_N)
    .values(
        due_at=sa.func.coalesce(sa.bindparam("due_at", type_=MOMENT), webhook_message.c.due_at),
        given_up_at=sa.case((sa.bindparam("due_at", type_=MOMENT).is_(None), sa.func.now())),
        last_error=sa.bindparam("error", type_=sa.Text),
    )
)
_OF = webhook_message.c.subscription == sa.bindparam("subscription", type_=sa.Uuid)
_SHOWN = [column for column in webhook_message.columns if column.name not in ("body", "subscription")]
FIND = Query(
    sa.select(*_SHOWN)
    .where(_OF)
    .order_by(webhook_message.c.n.desc())
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
REPLAY = Query(
    sa.update(webhook_message)
    .where(_OF, webhook_message.c.created_at >= sa.bindparam("since", type_=MOMENT))
    .values(delivered_at=None, given_up_at=None, attempts=0, due_at=sa.func.now())
)
FORGET = Query(
    sa.delete(webhook_message).where(
        sa.func.coalesce(webhook_message.c.delivered_at, webhook_message.c.given_up_at)
        < sa.bindparam("before", type_=MOMENT)
    )
)
WAITING = Query(
    sa.select(
        sa.func.count().label("waiting"), sa.func.min(webhook_message.c.created_at).label("oldest_at")
    ).where(_OF, webhook_message.c.delivered_at.is_(None), webhook_message.c.given_up_at.is_(None))
)


class DueMessage(NamedTuple):
    """A message that this process sends now; a second attempt has the same identity."""

    n: int
    id: UUID
    subscription: UUID
    body: str
    attempts: int
    url: str
    secret: bytes


async def skip_to(writer: Writer, to: LogPosition) -> None:
    """Pass over what came before the first subscription."""
    await writer.run(SKIP, {"name": WEBHOOKS.name, "xid": str(to.xid), "seq": to.seq})


async def put(writer: Writer, messages: Sequence[dict[str, Any]]) -> None:
    """Store messages that are due at once."""
    await writer.run_many(INSERT, messages)


async def lease(
    writer: Writer, now: datetime, limit: int, each: int = 1_000, busy: Sequence[UUID] = ()
) -> list[DueMessage]:
    """The messages that this process sends now; of each record of a subscription the first alone.

    At most `each` of a subscription, and none of the `busy` ones.
    """
    values = {"now": now, "limit": limit, "each": each, "busy": list(busy), "lease_s": LEASE_S}
    rows = await writer.rows(LEASE, values)
    return [DueMessage(**{name: row[name] for name in DueMessage._fields}) for row in rows]


async def deliver(writer: Writer, n: int) -> None:
    """The message has arrived."""
    await writer.run(DELIVERED, {"n": n})


async def fail(writer: Writer, n: int, due_at: datetime | None, error: str) -> None:
    """The message did not arrive: it is sent again when it is due, or given up."""
    await writer.run(FAILED, {"n": n, "due_at": due_at, "error": error})


async def find(reader: Reader, identity: UUID, limit: int) -> list[Row]:
    """The newest messages of a subscription, without their bodies."""
    return await reader.rows(FIND, {"subscription": identity, "limit": limit})


async def waiting(reader: Reader, identity: UUID) -> Row:
    """How many messages wait, and since when."""
    row = await reader.row(WAITING, {"subscription": identity})
    assert row is not None
    return row


async def replay(writer: Writer, identity: UUID, since: datetime) -> int:
    """Send again what was stored since an instant, under the same identities."""
    tag = await writer.run(REPLAY, {"subscription": identity, "since": since})
    return int(tag.rpartition(" ")[2])


async def forget(writer: Writer, before: datetime) -> None:
    """Delete what was delivered or given up before an instant."""
    await writer.run(FORGET, {"before": before})
