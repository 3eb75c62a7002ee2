"""What a doctor looks at in a database; the application's role and the owner may run it alike."""

from typing import Any

import sqlalchemy as sa

from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query

FACTS = Query(
    sa.text(
        "SELECT current_setting('server_version') AS postgresql, postgis_lib_version() AS postgis,"
        " clock_timestamp() AS now, (SELECT version_num FROM alembic_version) AS revision,"
        " current_setting('max_connections')::int AS connections,"
        " (SELECT age(datfrozenxid) FROM pg_database WHERE datname = current_database()) AS frozen_age,"
        " current_setting('data_checksums') AS data_checksums,"
        " (SELECT count(*) FROM pg_prepared_xacts)::int AS prepared,"
        " (SELECT failed_count FROM pg_stat_archiver"
        "  WHERE last_failed_time > coalesce(last_archived_time, '-infinity'))::int AS archive_failures"
    )
)
WEAK = Query(
    sa.text(
        "SELECT name, setting FROM pg_settings WHERE setting = 'off'"
        " AND name IN ('fsync', 'full_page_writes', 'synchronous_commit', 'autovacuum') ORDER BY name"
    )
)
BLOCKED = Query(
    sa.text(
        "SELECT a.pid, (pg_blocking_pids(a.pid))[1] AS by,"
        " coalesce(extract(epoch FROM now() - a.query_start), 0)::float AS waits_s"
        " FROM pg_stat_activity a WHERE cardinality(pg_blocking_pids(a.pid)) > 0 ORDER BY a.pid LIMIT 10"
    )
)
SIZES = Query(
    sa.text(
        "SELECT c.relname AS name, pg_total_relation_size(c.oid) AS bytes, c.reltuples::bigint AS rows"
        " FROM pg_class c WHERE c.relkind IN ('r', 'm') AND c.relnamespace = current_schema()::regnamespace"
        " ORDER BY bytes DESC LIMIT 12"
    )
)


async def facts(reader: Reader) -> Row:
    """Versions, clock, limits and what is wrong in general."""
    row = await reader.row(FACTS, {})
    assert row is not None
    return row


async def weak_settings(reader: Reader) -> list[str]:
    """The settings that are off and with which a crash can lose what was acknowledged."""
    return [row["name"] for row in await reader.rows(WEAK, {})]


async def blocked(reader: Reader) -> list[Row]:
    """Sessions that wait for a lock: `pid`, the `by` that holds it, and `waits_s`."""
    return await reader.rows(BLOCKED, {})


async def sizes(reader: Reader) -> list[dict[str, Any]]:
    """The largest tables with their indexes: `name`, `bytes` and about how many `rows`."""
    return [dict(row) for row in await reader.rows(SIZES, {})]
