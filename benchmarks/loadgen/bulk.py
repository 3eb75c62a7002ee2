"""Loads very many resources by COPY; an exercise gets a partition of its own, built first, then attached."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

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
FLAT_COLUMNS = ["realm", "resource_id", "place", "feature", "public_feature"]
Text = Callable[[], AsyncIterator[bytes]]
LOCK_TRIES = 50


class Sources(NamedTuple):
    """COPY text of the records, of their flat features and of their stock lines, to be read in this order."""

    records: Text
    flat: Text
    stock: Text


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
       format('DROP TABLE IF EXISTS %1$I', $1) AS drop
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
ATTACHED = "SELECT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = to_regclass(quote_ident($1)))"
DISPOSABLE = "SELECT current_setting('fsync') = 'off'"
PARTS = ("stock_line", "external_id", "contact", "flat_feature")
FORGET_PARTS = tuple(f"DELETE FROM {table} WHERE realm = $1" for table in PARTS)


async def load_exercise(connection: asyncpg.Connection, exercise: str, sources: Sources) -> None:
    """Load an exercise that holds nothing yet; Conflict when it does.

    The partition is built before others see it, and attached in a moment: readers of other exercises wait for
    nothing else. What is interrupted leaves the exercise to be removed.
    """
    async with explained():
        if await connection.fetchval(HAS, exercise):
            raise Conflict(f"the exercise {exercise} holds records already; remove it first")
        table, say = await _composed(connection, exercise)
        async with connection.transaction():
            await _hurry(connection)
            await connection.execute(say["drop"])
            await connection.execute(say["make"])
            await connection.copy_to_table(table, columns=COLUMNS, source=sources.records(), format="text")
            await connection.execute(say["key"])
            for row in await connection.fetch(INDEXES, table):
                await connection.execute(row["made"])
            # Not before: this transaction may not use an index that is built over rows it has updated.
            await connection.execute(say["follow"])
            await connection.execute(say["bound"])
        await _in_a_moment(connection, say["attach"], say["unbound"])
        async with connection.transaction():
            await _hurry(connection)
            await connection.execute(say["analyze"])
            await connection.execute(RECOUNT, exercise)
            await _copy_parts(connection, sources)


async def _in_a_moment(connection: asyncpg.Connection, *statements: str) -> None:
    """Run statements that lock readers out, as soon as nobody has to wait for them for long."""
    for tries in range(1, LOCK_TRIES + 1):
        try:
            async with connection.transaction():
                await connection.execute("SET LOCAL lock_timeout = '300ms'")
                for statement in statements:
                    await connection.execute(statement)
            return
        except asyncpg.LockNotAvailableError:
            if tries == LOCK_TRIES:
                raise
            await asyncio.sleep(random.uniform(0.05, 0.3))


async def _copy_parts(connection: asyncpg.Connection, sources: Sources) -> None:
    for table, columns, source in (
        ("flat_feature", FLAT_COLUMNS, sources.flat),
        ("stock_line", STOCK_COLUMNS, sources.stock),
    ):
        await connection.copy_to_table(table, columns=columns, source=source(), format="text")


async def load_live(connection: asyncpg.Connection, sources: Sources) -> None:
    """Load generated records as live ones; Conflict on any cluster that keeps what it is told."""
    async with explained(), connection.transaction():
        if not await connection.fetchval(DISPOSABLE):
            raise Conflict("generated records may be live only on a cluster that is thrown away (fsync off)")
        await _hurry(connection)
        await connection.execute("ALTER TABLE resource DISABLE TRIGGER list_added")
        await connection.copy_to_table(
            resource.name, columns=COLUMNS, source=sources.records(), format="text"
        )
        await connection.execute("ALTER TABLE resource ENABLE TRIGGER list_added")
        await connection.execute(RECOUNT, LIVE)
        await connection.execute("ANALYZE resource")
        await _copy_parts(connection, sources)


async def remove_exercise(connection: asyncpg.Connection, exercise: str) -> None:
    """Forget an exercise and all its records."""
    async with explained():
        table, say = await _composed(connection, exercise)
        for statement in FORGET_PARTS:
            await connection.execute(statement, exercise)
        if await connection.fetchval(ATTACHED, table):
            await _in_a_moment(connection, say["detach"])
        async with connection.transaction():
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
