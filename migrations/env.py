"""Alembic's entry: runs the migrations over asyncpg, under one lock, against store.schema."""

import asyncio
import importlib
import pkgutil
from typing import Any

import asyncpg
from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from registry.store import schema
from registry.store.schema.records import PARTITIONS, metadata

LOCK = 7_305_110
LOCK_TIMEOUT_S = 10
"""A migration that waits longer for a table gives up: everybody else would wait behind it."""
for module in pkgutil.iter_modules(schema.__path__):
    importlib.import_module(f"registry.store.schema.{module.name}")


def include_object(thing: Any, name: str | None, kind: str, reflected: bool, compare_to: object) -> bool:
    """Partitions and PostGIS's own tables are not ours to compare."""
    if kind == "table" and (name in PARTITIONS or name in ("spatial_ref_sys", "alembic_version")):
        return False
    if kind == "foreign_key_constraint" and reflected and thing.elements[0].column.table.name in PARTITIONS:
        return False
    return bool(alembic_helpers.include_object(thing, name, kind, reflected, compare_to))


def run(connection: Connection) -> None:
    """Upgrade inside one transaction; a second process waits for the lock and finds nothing to do."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_object=include_object,
        process_revision_directives=alembic_helpers.writer,
        render_item=alembic_helpers.render_item,
    )
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'"))
        context.run_migrations()


async def online(url: str) -> None:
    """Connect, migrate, leave. The driver reads the URL itself: it may name several hosts."""
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url), poolclass=pool.NullPool
    )
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await engine.dispose()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    asyncio.run(online(context.config.get_main_option("sqlalchemy.url") or ""))
