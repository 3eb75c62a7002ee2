"""Loads very many resources by COPY; an exercise gets a partition of its own, built first, then attached."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg

from registry.domain.errors import Conflict
from registry.store.database.failures import explained
from registry.store.records.resource_row import COLUMNS
from registry.store.schema.records import LIVE, resource

STOCK_COLUMNS = [
    "realm",
    "resource_id",
    "line",
    "scheme",
    "item_code",
    "quantity",
    "minimum",
    "unit",
    "lot",
    "expires_on",
    "counted_at",
]
Text = Callable[[], AsyncIterator[bytes]]

# Statements are composed by the server's own format(), so that every name is quoted by PostgreSQL.
COMPOSE = """
SELECT format('CREATE TABLE %1$I (LIKE resource INCLUDING DEFAULTS INCLUDING CONSTRAINTS'
              ' INCLUDING GENERATED)', $1::text) AS make,
       format('UPDATE %1$I SET partner_of = p.partner_of FROM place p'
              ' WHERE p.code = place AND p.partner_of IS NOT NULL', $1) AS follow,
       format('ALTER TABLE %1$I ADD PRIMARY KEY (realm, id)', $1) AS key,
       format('ALTER TABLE %1$I ADD CONSTRAINT realm CHECK (realm = %2$L)', $1, $2::text) AS bound,
       format('ALTER TABLE resource ATTACH PARTITION %1$I FOR VALUES IN (%2$L)', $1, $2) AS attach,
       format('ALTER TABLE %1$I DROP CONSTRAINT realm', $1) AS unbound,
       format('ALTER TABLE resource DETACH PARTITION %1$I', $1) AS detach,
       format('ANALYZE %1$I', $1) AS analyze,
       format('DROP TABLE %1$I', $1) AS drop
"""
INDEXES = """
SELECT regexp_replace(
    pg_get_indexdef(indexrelid), '^CREATE INDEX \\S+ ON ONLY \\S+', format('CREATE INDEX ON %I', $1::text)
) AS made
FROM pg_index WHERE indrelid = 'resource'::regclass AND NOT indisunique ORDER BY indexrelid
"""
RECOUNT = "SELECT registry_recount($1)"
"""What is loaded beside the triggers that count records is counted at the end."""
HAS = "SELECT EXISTS (SELECT FROM resource WHERE realm = $1)"
DISPOSABLE = "SELECT current_setting('fsync') = 'off'"
FORGET_PARTS = (
    "DELETE FROM stock_line WHERE realm = $1",
    "DELETE FROM external_id WHERE realm = $1",
    "DELETE FROM contact WHERE realm = $1",
)


async def load_exercise(connection: asyncpg.Connection, exercise: str, records: Text, stock: Text) -> None:
    """Load an exercise that holds nothing yet; Conflict when it does."""
    async with explained(), connection.transaction():
        if await connection.fetchval(HAS, exercise):
            raise Conflict(f"the exercise {exercise} holds records already; remove it first")
        await _hurry(connection)
        table, say = await _composed(connection, exercise)
        await connection.execute(say["make"])
        await connection.copy_to_table(table, columns=COLUMNS, source=records(), format="text")
        await connection.execute(say["key"])
        for row in await connection.fetch(INDEXES, table):
            await connection.execute(row["made"])
        # Not before: this transaction may not use an index that is built over rows it has updated.
        await connection.execute(say["follow"])
        for step in ("bound", "attach", "unbound", "analyze"):
            await connection.execute(say[step])
        await connection.execute(RECOUNT, exercise)
        await connection.copy_to_table("stock_line", columns=STOCK_COLUMNS, source=stock(), format="text")


async def load_live(connection: asyncpg.Connection, records: Text, stock: Text) -> None:
    """Load generated records as live ones; Conflict on any cluster that keeps what it is told."""
    async with explained(), connection.transaction():
        if not await connection.fetchval(DISPOSABLE):
            raise Conflict("generated records may be live only on a cluster that is thrown away (fsync off)")
        await _hurry(connection)
        await connection.execute("ALTER TABLE resource DISABLE TRIGGER list_added")
        await connection.copy_to_table(resource.name, columns=COLUMNS, source=records(), format="text")
        await connection.execute("ALTER TABLE resource ENABLE TRIGGER list_added")
        await connection.execute(RECOUNT, LIVE)
        await connection.execute("ANALYZE resource")
        await connection.copy_to_table("stock_line", columns=STOCK_COLUMNS, source=stock(), format="text")


async def remove_exercise(connection: asyncpg.Connection, exercise: str) -> None:
    """Forget an exercise and all its records."""
    async with explained(), connection.transaction():
        table, say = await _composed(connection, exercise)
        for statement in FORGET_PARTS:
            await connection.execute(statement, exercise)
        if await connection.fetchval("SELECT to_regclass(quote_ident($1)) IS NOT NULL", table):
            await connection.execute(say["detach"])
            await connection.execute(say["drop"])
        await connection.execute("DELETE FROM resource WHERE realm = $1 AND realm <> $2", exercise, LIVE)
        await connection.execute(RECOUNT, exercise)


async def _composed(connection: asyncpg.Connection, exercise: str) -> tuple[str, Any]:
    table = f"resource_{exercise}"[:63]
    return table, await connection.fetchrow(COMPOSE, table, exercise)


async def _hurry(connection: asyncpg.Connection) -> None:
    """Memory for index builds, and one plan for all foreign key checks: planning each costs tenfold."""
    await connection.execute("SET LOCAL maintenance_work_mem = '512MB'")
    await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
