"""What an operator watches of the database, in one statement that the application's role may run."""

import sqlalchemy as sa

from registry.store.database.pool import Reader
from registry.store.database.query import Query

GAUGES = Query(
    sa.text(
        "SELECT pg_database_size(current_database())::float AS database_bytes,"
        " (SELECT sum(numbackends) FROM pg_stat_database)::float AS database_connections,"
        " pg_total_relation_size('attachment')::float AS attachments_bytes,"
        " current_setting('max_connections')::float AS database_connections_limit,"
        " (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END"
        "  - '0/0'::pg_lsn)::float AS database_wal_bytes_total,"
        " pg_is_in_recovery()::int::float AS database_is_standby,"
        " (SELECT failed_count::float FROM pg_stat_archiver WHERE current_setting('archive_mode') <> 'off')"
        "  AS database_archive_failures_total,"
        " (SELECT extract(epoch FROM now() - coalesce(last_archived_time, stats_reset))::float"
        "  FROM pg_stat_archiver WHERE current_setting('archive_mode') <> 'off')"
        " AS database_archive_age_seconds,"
        " (SELECT count(*) FROM pg_stat_replication)::float AS database_replicas,"
        " (SELECT max(pg_current_wal_lsn() - replay_lsn)::float FROM pg_stat_replication"
        "  WHERE NOT pg_is_in_recovery()) AS database_replica_lag_bytes,"
        " (SELECT count(*)::float FROM job WHERE finished_at IS NULL) AS jobs_open,"
        " (SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::float FROM job"
        "  WHERE finished_at IS NULL) AS jobs_oldest_seconds"
    )
)
UNSEALED = Query(
    sa.text(
        "SELECT count(*)::float AS history_unsealed_changes,"
        " coalesce(extract(epoch FROM now() - min(l.at)), 0)::float AS history_seal_age_seconds"
        " FROM change_log l WHERE (l.xid, l.seq) > ("
        "  coalesce((SELECT upto_xid FROM history_seal ORDER BY n DESC LIMIT 1), '0'::xid8),"
        "  coalesce((SELECT upto_seq FROM history_seal ORDER BY n DESC LIMIT 1), 0))"
    )
)


async def gauges(reader: Reader) -> dict[str, float | None]:
    """Figures by the names of their gauges; None where the account may not see one."""
    values: dict[str, float | None] = {}
    for query in (GAUGES, UNSEALED):
        values |= dict(await reader.row(query, {}) or {})
    return values
