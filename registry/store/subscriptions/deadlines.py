"""SQL of deadlines: how far subscriptions were told of them, and the records that come next."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from registry.domain.subscriptions.deadline import DeadlineKind, Reached
from registry.domain.sync.feed_cursor import LogPosition
from registry.store.database.pool import Row, Writer
from registry.store.database.query import Query

PAGE = 500
LAST_ID = UUID(int=2**128 - 1)
LAST_REALM = "\uffff"
POSITIONS = Query(sa.text("SELECT name, at, id, realm FROM deadline_reader"))
MOVE = Query(
    sa.text(
        "UPDATE deadline_reader SET at = (:at)::timestamptz, id = (:id)::uuid, realm = (:realm)::text"
        " WHERE name = :name"
    )
)
_FOUND = """
SELECT d.at AS deadline, n.realm, n.id AS resource_id, n.kind, n.version, n.updated_at AS at,
       '0' AS xid, 0::bigint AS seq, NULL AS verb, NULL AS entry, false AS published_now,
       n.visibility AS visibility_before, n.visibility AS visibility_after, n.visibility AS visibility_now,
       false AS gone_before, false AS gone_after,
       above.codes AS above_before, above.codes AS above_after, above.codes AS above_now,
       n.feature, n.public_feature,
       n.lifecycle = 'retired' OR EXISTS (
           SELECT FROM change_log c WHERE c.realm = n.realm AND c.resource_id = n.id
              AND (c.xid, c.seq) > ((:read_xid)::text::xid8, (:read_seq)::bigint)) AS is_passed_over
FROM (@due) d
JOIN resource n ON n.realm = d.realm AND n.id = d.id
CROSS JOIN LATERAL (SELECT ARRAY(SELECT ancestor FROM place_within WHERE code = n.place) AS codes) above
ORDER BY d.at, d.id, d.realm
"""
_VERIFIED = """
SELECT verified_at AS at, id, realm FROM resource
WHERE (verified_at, id, realm) > ((:at)::timestamptz, (:id)::uuid, (:realm)::text)
  AND verified_at <= (:upto)::timestamptz
ORDER BY verified_at, id, realm LIMIT (:limit)::integer
"""
_EXPIRES = """
SELECT DISTINCT expires_on::timestamp AT TIME ZONE 'UTC' AS at, resource_id AS id, realm, expires_on
FROM stock_line
WHERE (expires_on, resource_id, realm)
    > (((:at)::timestamptz AT TIME ZONE 'UTC')::date, (:id)::uuid, (:realm)::text)
  AND expires_on <= ((:upto)::timestamptz AT TIME ZONE 'UTC')::date
ORDER BY expires_on, resource_id, realm LIMIT (:limit)::integer
"""
VERIFIED = Query(sa.text(_FOUND.replace("@due", _VERIFIED)))
EXPIRES = Query(sa.text(_FOUND.replace("@due", _EXPIRES)))


class Told(NamedTuple):
    """The last record that was told of, by the value that its deadline follows from; None: nothing yet."""

    at: datetime | None
    id: UUID | None
    realm: str | None


async def told(writer: Writer) -> dict[str, Told]:
    """How far each kind of deadline was told."""
    return {row["name"]: Told(row["at"], row["id"], row["realm"]) for row in await writer.rows(POSITIONS, {})}


async def next_due(
    writer: Writer, kind: DeadlineKind, after: Told, upto: datetime, read: LogPosition
) -> list[Row]:
    """The next records whose deadline has come, as rows of the feed.

    Those are passed over that are retired, and those whose change is not `read` yet: that change tells it.
    """
    values = {"at": after.at, "id": after.id, "realm": after.realm, "upto": upto, "limit": PAGE}
    values |= {"read_xid": str(read.xid), "read_seq": read.seq}
    return await writer.rows(VERIFIED if kind == "verification" else EXPIRES, values)


async def move(writer: Writer, kind: DeadlineKind, to: Told) -> None:
    """Record how far a kind was told, in the transaction that stores the messages."""
    await writer.run(MOVE, {"name": kind} | to._asdict())


def all_until(at: datetime) -> Told:
    """Everything up to a value, whoever has it."""
    return Told(at, LAST_ID, LAST_REALM)


def reached_of(positions: dict[str, Told]) -> Reached:
    """How far they were told, without the records at the very end."""
    return Reached(**{name: position.at for name, position in positions.items()})
