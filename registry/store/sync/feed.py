"""The change log as a feed: pages in commit order that never skip a late commit, and its head."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.sync.feed_cursor import LAST_SEQ, START, LogPosition
from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.pool import listen as listen_to
from registry.store.database.query import Query, statement
from registry.store.visibility import realm

_PAGE = """
SELECT edge.horizon::text AS horizon, c.xid::text AS xid, c.seq, c.realm, c.resource_id, c.kind,
       c.version, c.verb, c.at, c.place_before, c.place_after, c.visibility_before, c.visibility_after,
       c.gone_before, c.gone_after,
       ARRAY(SELECT ancestor FROM place_within WHERE code = c.place_before) AS above_before,
       ARRAY(SELECT ancestor FROM place_within WHERE code = c.place_after) AS above_after,
       coalesce(n.visibility, e.visibility) AS visibility_now,
       ARRAY(SELECT ancestor FROM place_within WHERE code = coalesce(n.place, e.place)) AS above_now,
       CASE WHEN e.id IS NOT NULL THEN c.members END AS entry,
       coalesce((e.body->>'published')::boolean, false) AS published_now,
       CASE WHEN p.id IS NULL THEN n.feature ELSE p.feature END AS feature,
       CASE WHEN p.id IS NULL THEN n.public_feature ELSE p.public_feature END AS public_feature
FROM (SELECT registry_horizon() AS horizon OFFSET 0) edge
LEFT JOIN LATERAL (
    SELECT * FROM change_log l
    WHERE (l.xid, l.seq) > ((:xid)::text::xid8, :seq) AND l.xid < edge.horizon @where
    ORDER BY l.xid, l.seq LIMIT :limit
) c ON true
LEFT JOIN resource n ON n.realm = c.realm AND n.id = c.resource_id
LEFT JOIN resource_past p ON p.realm = c.realm AND p.id = c.resource_id AND p.version = c.version
LEFT JOIN entry e ON n.id IS NULL AND e.realm = c.realm AND e.id = c.resource_id
ORDER BY c.xid, c.seq
"""
_REALM = "AND l.realm = :realm"
_PLACE = """
AND (l.place_before = ANY (ARRAY(SELECT code FROM place_within WHERE ancestor = :place))
     OR l.place_after = ANY (ARRAY(SELECT code FROM place_within WHERE ancestor = :place)))
"""
HEAD = Query(
    sa.text(
        "SELECT i.id::text AS incarnation, i.is_current, i.horizon::text AS horizon,"
        " last.xid::text AS last_xid, last.seq AS last_seq, coalesce(sealed.changes, 0) + (SELECT count(*)"
        "  FROM change_log l WHERE l.xid < i.horizon"
        "  AND (l.xid, l.seq) > (coalesce(sealed.xid, '0'::xid8), coalesce(sealed.seq, 0))) AS changes"
        " FROM (SELECT id, registry_horizon() AS horizon,"
        "  pg_is_in_recovery() OR server = registry_server() AS is_current"
        "  FROM incarnation ORDER BY n DESC LIMIT 1) i"
        " LEFT JOIN (SELECT upto_xid AS xid, upto_seq AS seq, changes FROM history_seal"
        "  ORDER BY n DESC LIMIT 1) sealed ON true"
        " LEFT JOIN LATERAL (SELECT l.xid, l.seq FROM change_log l WHERE l.xid < i.horizon"
        "  ORDER BY l.xid DESC, l.seq DESC LIMIT 1) last ON true"
    )
)
BEGIN_INCARNATION = Query(sa.text("SELECT registry_incarnation() AS n"))
HOLDS = Query(
    sa.text(
        "SELECT EXISTS (SELECT FROM incarnation WHERE id = (:incarnation)::text::uuid)"
        " AND coalesce(sealed.changes, 0) + (SELECT count(*) FROM change_log l"
        "  WHERE (l.xid, l.seq) > (coalesce(sealed.upto_xid, '0'::xid8), coalesce(sealed.upto_seq, 0))"
        "  AND (l.xid, l.seq) <= ((:xid)::text::xid8, :seq)) = (:changes)::bigint AS holds"
        " FROM (SELECT) one LEFT JOIN (SELECT upto_xid, upto_seq, changes FROM history_seal"
        "  WHERE (upto_xid, upto_seq) <= ((:xid)::text::xid8, :seq) ORDER BY n DESC LIMIT 1) sealed ON true"
    )
)
# From the newest backwards: it reads as many changes as lie between, which the client then reads too.
BEFORE = Query(
    sa.text(
        "SELECT xid::text AS xid, seq FROM change_log WHERE at < (:instant)::timestamptz"
        " ORDER BY change_log.xid DESC, change_log.seq DESC LIMIT 1"
    )
)
CHANNEL = "registry_changes"
NOTIFY = Query(
    sa.select(sa.func.pg_notify(sa.literal_column(f"'{CHANNEL}'"), sa.bindparam("sender", type_=sa.Text)))
)


class FeedHead(NamedTuple):
    """The end of the feed.

    `incarnation` names the start of the server that wrote last, and `is_current` says whether that is this
    one. `last` is the newest change, of `changes` in all. All transactions up to `settled` have ended.
    """

    incarnation: str
    is_current: bool
    last: LogPosition
    changes: int
    settled: LogPosition


class FeedPage(NamedTuple):
    """Changes in commit order, the position to continue from, and whether there may be more at once.

    All transactions up to `settled` had ended when the page was read.
    """

    changes: list[Row]
    position: LogPosition
    full: bool
    settled: LogPosition


@statement
def _page(by_realm: bool, by_place: bool) -> Query:
    where = (_REALM if by_realm else "") + (_PLACE if by_place else "")
    return Query(sa.text(_PAGE.replace("@where", where)))


async def head(reader: Reader) -> FeedHead:
    """The end of the feed now."""
    row = await reader.row(HEAD, {})
    assert row is not None
    last = LogPosition(int(row["last_xid"] or 0), row["last_seq"] or 0)
    settled = LogPosition(int(row["horizon"]) - 1, LAST_SEQ)
    return FeedHead(row["incarnation"], row["is_current"], last, row["changes"], settled)


async def position_before(reader: Reader, instant: datetime) -> LogPosition:
    """The position of the last change that was made before an instant."""
    row = await reader.row(BEFORE, {"instant": instant})
    return START if row is None else LogPosition(int(row["xid"]), row["seq"])


async def begin_incarnation(writer: Writer) -> None:
    """Begin a new incarnation, unless this start of the server has one."""
    await writer.row(BEGIN_INCARNATION, {})


async def holds(reader: Reader, incarnation: str, last: LogPosition, changes: int) -> bool:
    """Whether all `changes` up to `last` that this incarnation told of are here."""
    values = {"incarnation": incarnation, "xid": str(last.xid), "seq": last.seq, "changes": changes}
    row = await reader.row(HOLDS, values)
    return row is not None and bool(row["holds"])


async def notify(reader: Reader, sender: str) -> None:
    """Wake the other workers.

    Never call it in the transaction of a change: commits that notify wait for each other.
    """
    await reader.row(NOTIFY, {"sender": sender})


async def listen(reader: Reader, heard: Callable[[str], None]) -> None:
    """Call `heard` with the sender of every notification; the call ends when the connection is lost."""
    await listen_to(reader, CHANNEL, heard)


async def page(
    reader: Reader, sight: Sight | None, place: str | None, after: LogPosition, limit: int
) -> FeedPage:
    """At most `limit` changes after a position: of one realm and place, or of all without a sight."""
    values = {"xid": str(after.xid), "seq": after.seq, "limit": limit, "place": place}
    values["realm"] = sight and realm(sight)
    rows = await reader.rows(_page(sight is not None, place is not None), values)
    changes = [row for row in rows if row["xid"] is not None]
    settled = LogPosition(int(rows[0]["horizon"]) - 1, LAST_SEQ)
    if len(changes) == limit:
        return FeedPage(changes, LogPosition(int(changes[-1]["xid"]), changes[-1]["seq"]), True, settled)
    return FeedPage(changes, max(after, settled), False, settled)
