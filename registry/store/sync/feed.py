"""The change log as a feed: pages in commit order that never skip a late commit, and where it stands."""

from collections.abc import Callable
from typing import NamedTuple

import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.sync.feed import END, Mark
from registry.store.database.pool import Reader, Row
from registry.store.database.pool import listen as listen_to
from registry.store.database.query import Query, statement
from registry.store.visibility import realm

_PAGE = """
WITH edge AS (
    SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon,
           (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint AS lsn
)
SELECT edge.horizon::text AS horizon, edge.lsn, c.xid::text AS xid, c.seq, c.realm, c.resource_id, c.kind,
       c.version, c.verb, c.at, c.place_before, c.place_after, c.visibility_before, c.visibility_after,
       c.gone_before, c.gone_after,
       ARRAY(SELECT ancestor FROM place_within WHERE code = c.place_before) AS above_before,
       ARRAY(SELECT ancestor FROM place_within WHERE code = c.place_after) AS above_after,
       coalesce(r.feature, p.feature) AS feature,
       CASE WHEN r.id IS NULL THEN p.public_feature ELSE r.public_feature END AS public_feature
FROM edge
LEFT JOIN LATERAL (
    SELECT * FROM change_log l
    WHERE (l.xid, l.seq) > ((:xid)::text::xid8, :seq) AND l.xid < edge.horizon @where
    ORDER BY l.xid, l.seq LIMIT :limit
) c ON true
LEFT JOIN resource r ON r.realm = c.realm AND r.id = c.resource_id AND r.version = c.version
LEFT JOIN resource_past p ON p.realm = c.realm AND p.id = c.resource_id AND p.version = c.version
ORDER BY c.xid, c.seq
"""
_REALM = "AND l.realm = :realm"
_PLACE = """
AND (l.place_before = ANY (ARRAY(SELECT code FROM place_within WHERE ancestor = :place))
     OR l.place_after = ANY (ARRAY(SELECT code FROM place_within WHERE ancestor = :place)))
"""
STAND = Query(
    sa.text(
        "SELECT concat_ws('/', (SELECT epoch FROM feed_epoch), s.system_identifier, k.timeline_id) AS epoch,"
        " pg_snapshot_xmin(pg_current_snapshot())::text AS horizon,"
        " (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint AS lsn,"
        " (SELECT l.xid::text FROM change_log l WHERE l.xid < pg_snapshot_xmin(pg_current_snapshot())"
        "  ORDER BY l.xid DESC, l.seq DESC LIMIT 1) AS last_xid,"  # a bare xid would be the text of it
        " (SELECT l.seq FROM change_log l WHERE l.xid < pg_snapshot_xmin(pg_current_snapshot())"
        "  ORDER BY l.xid DESC, l.seq DESC LIMIT 1) AS last_seq"
        " FROM pg_control_system() s, pg_control_checkpoint() k"
    )
)
CHANNEL = "registry_changes"
TELL = Query(
    sa.select(sa.func.pg_notify(sa.literal_column(f"'{CHANNEL}'"), sa.bindparam("teller", type_=sa.Text)))
)
ROTATE = Query(sa.text("UPDATE feed_epoch SET epoch = gen_random_uuid()"))


class Stand(NamedTuple):
    """Where the feed is: its history, its last change, the edge up to which all is settled, the position."""

    epoch: str
    last: Mark
    edge: Mark
    lsn: int


class Page(NamedTuple):
    """Changes in commit order, the mark a reader goes on from, and whether there may be more at once."""

    changes: list[Row]
    mark: Mark
    lsn: int
    full: bool


@statement
def _page(by_realm: bool, by_place: bool) -> Query:
    where = (_REALM if by_realm else "") + (_PLACE if by_place else "")
    return Query(sa.text(_PAGE.replace("@where", where)))


async def stand(reader: Reader) -> Stand:
    """Where the feed stands now."""
    row = await reader.row(STAND, {})
    assert row is not None
    last = Mark(int(row["last_xid"] or 0), row["last_seq"] or 0)
    return Stand(row["epoch"], last, Mark(int(row["horizon"]) - 1, END), row["lsn"])


async def tell(reader: Reader, teller: str) -> None:
    """Wake those who listen; never in the transaction of a change, or commits would wait for each other."""
    await reader.row(TELL, {"teller": teller})


async def listen(reader: Reader, heard: Callable[[str], None]) -> None:
    """Call `heard` with every teller until the connection is lost, which ends the call."""
    await listen_to(reader, CHANNEL, heard)


async def page(reader: Reader, sight: Sight | None, place: str | None, after: Mark, limit: int) -> Page:
    """At most `limit` changes after a mark, of one realm and place or of all."""
    given = {"xid": str(after.xid), "seq": after.seq, "limit": limit, "place": place}
    given["realm"] = sight and realm(sight)
    rows = await reader.rows(_page(sight is not None, place is not None), given)
    found = [row for row in rows if row["xid"] is not None]
    lsn = rows[0]["lsn"]
    if len(found) == limit:
        return Page(found, Mark(int(found[-1]["xid"]), found[-1]["seq"]), lsn, True)
    return Page(found, max(after, Mark(int(rows[0]["horizon"]) - 1, END)), lsn, False)
