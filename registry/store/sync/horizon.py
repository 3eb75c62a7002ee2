"""What the feed and the seals wait for: transactions that were begun before others that have committed."""

from typing import NamedTuple

import sqlalchemy as sa

from registry.store.database.pool import Reader
from registry.store.database.query import Query

WAITING = Query(
    sa.text(
        "SELECT count(*) AS changes, coalesce(extract(epoch FROM now() - min(at)), 0)::float AS lag_s"
        " FROM change_log WHERE xid >= (SELECT registry_horizon())"
    )
)
# Everybody may see locks; the times and programs of other accounts are for members of pg_read_all_stats.
OLDEST = Query(
    sa.text(
        "SELECT a.pid, a.datname AS database, a.usename AS account, a.application_name AS program, a.state,"
        " extract(epoch FROM now() - a.xact_start)::float AS open_s"
        " FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted"
        " AND l.transactionid = (SELECT pg_snapshot_xmin(pg_current_snapshot())::xid)"
        " AND a.pid <> pg_backend_pid()"
    )
)
END = Query(sa.text("SELECT pg_terminate_backend((:pid)::int) AS ended"))
OWN = "registry"
"""How the programs of the registry name their connections."""


class OpenTransaction(NamedTuple):
    """The oldest open transaction of the server; what the account may not see of it is None."""

    pid: int
    database: str
    account: str
    program: str | None
    state: str | None
    open_s: float | None


class FeedLag(NamedTuple):
    """Committed changes that the feed may not tell yet, since when, and what it waits for."""

    changes: int
    lag_s: float
    oldest: OpenTransaction | None


async def lag(reader: Reader) -> FeedLag:
    """How far the feed and the seals lag behind what has been committed."""
    waiting = await reader.row(WAITING, {})
    assert waiting is not None
    if not waiting["changes"]:
        return FeedLag(0, 0.0, None)
    row = await reader.row(OLDEST, {})
    oldest = None if row is None else OpenTransaction(**row)
    return FeedLag(waiting["changes"], waiting["lag_s"], oldest)


async def end(reader: Reader, pid: int) -> bool:
    """End the connection of a transaction; whether there was one that the account may end."""
    row = await reader.row(END, {"pid": pid})
    return row is not None and bool(row["ended"])
