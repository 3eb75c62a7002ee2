"""SQL around a backup: facts, the snapshot it is taken of, and the database that it is restored into."""

from typing import NamedTuple

import sqlalchemy as sa

from registry.domain.backup.manifest import BackupFacts
from registry.store.database.pool import Reader, Writer
from registry.store.database.query import Query

MARK = "restore_unfinished"
"""A table that is there while a restore is under way; a start refuses a database that has it."""
FACTS = Query(
    sa.text(
        "SELECT (SELECT version_num FROM alembic_version) AS revision,"
        " (SELECT count(*) FROM resource) AS records, (SELECT count(*) FROM resource_past) AS past_versions,"
        " (SELECT count(*) FROM change_log) AS changes, (SELECT count(*) FROM observation) AS observations,"
        " (SELECT count(*) FROM place) AS places, (SELECT count(*) FROM entry) AS entries,"
        " (SELECT count(*) FROM api_key) AS keys, (SELECT count(*) FROM history_seal) AS seals,"
        " coalesce((SELECT encode(hash, 'hex') FROM history_seal ORDER BY n DESC LIMIT 1), '') AS seal_hash,"
        " (SELECT id FROM pepper WHERE until IS NULL) AS pepper_id,"
        " (SELECT count(*) FROM attachment) AS attachments"
    )
)
SNAPSHOT = Query(
    sa.text(
        "SELECT pg_export_snapshot() AS snapshot,"
        " current_setting('server_version_num')::int / 10000 AS major,"
        " (SELECT sum(pg_table_size(c.oid))::bigint FROM pg_class c"
        "  WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace) AS table_bytes"
    )
)
STATE = Query(
    sa.text(
        "SELECT to_regclass('alembic_version') IS NOT NULL AS is_used,"
        f" to_regclass('{MARK}') IS NOT NULL AS is_unfinished, coalesce(current_schema(), 'public') AS home,"
        " current_setting('server_version_num')::int / 10000 AS major,"
        " pg_database_size(current_database()) AS bytes"
    )
)
# What an unfinished restore left; what belongs to an extension stays.
CLEAR = """
DO $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT c.oid::regclass AS name, c.relkind FROM pg_class c
         WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'S')
           AND NOT c.relispartition AND c.relname <> 'restore_unfinished'
           AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.objsubid = 0
                            AND d.classid = 'pg_class'::regclass AND d.deptype IN ('e', 'a', 'i'))
    LOOP
        EXECUTE format('DROP %s IF EXISTS %s CASCADE',
                       CASE found.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, found.name);
    END LOOP;
    FOR found IN
        SELECT p.oid::regprocedure AS name FROM pg_proc p
         WHERE p.pronamespace = current_schema()::regnamespace
           AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    LOOP
        EXECUTE format('DROP FUNCTION IF EXISTS %s CASCADE', found.name);
    END LOOP;
END $$
"""
READY = """
DO $$
DECLARE
    home CONSTANT name := current_schema();
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'registry_app') THEN
        CREATE ROLE registry_app NOLOGIN;
    END IF;
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO registry_app', home);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I
                    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO registry_app', home);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I
                    GRANT USAGE, SELECT ON SEQUENCES TO registry_app', home);
END $$
"""
EXTENSIONS = ("postgis", "pg_trgm", "btree_gist", "btree_gin")
UNHURRIED = Query(sa.text("SELECT set_config('idle_in_transaction_session_timeout', '0', true)"))


class TargetState(NamedTuple):
    """A database before a restore: whether it is a registry, or half of one, its schema and its size."""

    is_used: bool
    is_unfinished: bool
    home: str
    major: int
    bytes: int


class DumpSource(NamedTuple):
    """A snapshot to dump, the server's major version, and the bytes of the tables without their indexes."""

    snapshot: str
    major: int
    table_bytes: int


async def facts(reader: Reader) -> BackupFacts:
    """What the database holds."""
    row = await reader.row(FACTS, {})
    assert row is not None
    return BackupFacts(**row)


async def source(writer: Writer) -> DumpSource:
    """The snapshot of this transaction, which holds until the transaction ends."""
    await writer.row(UNHURRIED, {})
    row = await writer.row(SNAPSHOT, {})
    assert row is not None
    return DumpSource(**row)


async def state(reader: Reader) -> TargetState:
    """What a restore finds."""
    row = await reader.row(STATE, {})
    assert row is not None
    return TargetState(**row)


async def prepare(writer: Writer) -> None:
    """Mark the database, remove what an unfinished restore left, and make extensions and the role."""
    await writer.script(f"CREATE TABLE IF NOT EXISTS {MARK} (since timestamptz NOT NULL DEFAULT now())")
    await writer.script(CLEAR)
    for name in EXTENSIONS:
        await writer.script(f"CREATE EXTENSION IF NOT EXISTS {name}")
    await writer.script(READY)


async def finish(writer: Writer) -> None:
    """Gather the planner's statistics and take the mark away."""
    await writer.script("ANALYZE")
    await writer.script(f"DROP TABLE {MARK}")
