"""SQL of subscriptions: insert, find, end, health."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from registry.domain.subscriptions.subscription import WebhookSubscription
from registry.domain.sync.feed_cursor import LogPosition
from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query
from registry.store.schema.access import api_key
from registry.store.schema.subscriptions import subscription

_SINCE = ("since_xid", "since_seq")
_MADE = (
    "id", "name", "url", "place", "kinds", "events", "secret", "owner", "role", "places", "exercise",
    "created_at",
)  # fmt: skip
_XID: Any = sa.cast(sa.cast(sa.bindparam("since_xid", type_=sa.Text), sa.Text), subscription.c.since_xid.type)
INSERT = Query(
    sa.insert(subscription).values(
        {name: sa.bindparam(name, type_=subscription.c[name].type) for name in (*_MADE, "since_seq")}
        | {"since_xid": _XID}
    )
)
_PLAIN = [column for column in subscription.columns if column.name not in ("secret", "since_xid")]
_COLUMNS = [*_PLAIN, sa.cast(subscription.c.since_xid, sa.Text).label("since_xid")]
_OWNER = sa.bindparam("owner", type_=sa.Text)
FIND = Query(
    sa.select(*_COLUMNS)
    .where(sa.or_(_OWNER.is_(None), subscription.c.owner == _OWNER))
    .order_by(subscription.c.id)
)
_ID = subscription.c.id == sa.bindparam("id", type_=sa.Uuid)
GET = Query(sa.select(*_COLUMNS).where(_ID))
_HOLDER = sa.func.concat(sa.literal_column("'key:'"), api_key.c.holder)
_VALID = sa.exists().where(
    subscription.c.owner == _HOLDER,
    api_key.c.role == subscription.c.role,
    api_key.c.places == subscription.c.places,
    api_key.c.revoked_at.is_(None),
    sa.or_(api_key.c.expires_at.is_(None), api_key.c.expires_at > sa.func.now()),
)
ACTIVE = Query(sa.select(*_COLUMNS).where(subscription.c.ended_at.is_(None), _VALID))
"""Those whose owner still has a key of the same role and places."""
_HASHED = sa.cast(
    sa.func.hashtextextended(sa.cast(subscription.c.id, sa.Text), sa.literal_column("0")), sa.Numeric
)
WHICH = Query(
    sa.select(
        sa.func.concat(sa.func.count(), sa.literal_column("'/'"), sa.func.sum(_HASHED)).label("which")
    ).where(subscription.c.ended_at.is_(None), _VALID)
)
END = Query(
    sa.update(subscription)
    .where(_ID, subscription.c.ended_at.is_(None))
    .values(ended_at=sa.func.now(), end_reason=sa.bindparam("reason", type_=sa.Text))
)


async def insert(writer: Writer, made: WebhookSubscription, secret: bytes) -> None:
    """Store a subscription with its encrypted secret."""
    values = {name: getattr(made, name) for name in _MADE if name != "secret"}
    values |= {"secret": secret, "since_xid": str(made.since.xid), "since_seq": made.since.seq}
    await writer.run(INSERT, values)


async def find(reader: Reader, owner: str | None) -> list[WebhookSubscription]:
    """The subscriptions of an owner, or all of them."""
    return [_of(row) for row in await reader.rows(FIND, {"owner": owner})]


async def get(reader: Reader, identity: UUID) -> WebhookSubscription | None:
    """One subscription."""
    row = await reader.row(GET, {"id": identity})
    return None if row is None else _of(row)


async def active(reader: Reader) -> list[WebhookSubscription]:
    """The subscriptions that are told of changes now."""
    return [_of(row) for row in await reader.rows(ACTIVE, {})]


async def which(reader: Reader) -> str:
    """A text that changes when others are told of changes; what a subscription asks for never changes."""
    row = await reader.row(WHICH, {})
    assert row is not None
    return str(row["which"])


async def end(writer: Writer, identity: UUID, reason: str) -> None:
    """End a subscription; what it was not told yet stays in the outbox."""
    await writer.run(END, {"id": identity, "reason": reason})


def _of(row: Row) -> WebhookSubscription:
    values = {name: value for name, value in row.items() if name not in _SINCE}
    return WebhookSubscription(**values, since=LogPosition(int(row["since_xid"]), row["since_seq"]))


FAILED = Query(
    sa.update(subscription)
    .where(_ID)
    .values(
        failures=subscription.c.failures + 1,
        last_failed_at=sa.func.now(),
        last_error=sa.bindparam("error", type_=sa.Text),
    )
)
DELIVERED = Query(sa.update(subscription).where(_ID).values(failures=0, last_delivered_at=sa.func.now()))


async def note_outcome(writer: Writer, identity: UUID, error: str | None) -> None:
    """The health of a subscription after a delivery, or after a failed one."""
    if error is None:
        await writer.run(DELIVERED, {"id": identity})
    else:
        await writer.run(FAILED, {"id": identity, "error": error})
