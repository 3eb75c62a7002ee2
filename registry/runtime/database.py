"""The database of this process: the one in DATABASE_URL, or the embedded cluster."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import asyncpg

from registry.runtime.cluster import embedded
from registry.runtime.settings import Settings
from registry.store.database import migrations
from registry.store.database.pool import Writer, prepare
from registry.store.database.probe import probe


@contextmanager
def available(settings: Settings) -> Iterator[str]:
    """The URL of a running database with PostGIS; starts the embedded cluster when no URL is set."""
    if settings.database_url:
        asyncio.run(probe(settings.database_url))
        yield settings.database_url
    else:
        with embedded.running(settings.data_dir) as url:
            yield url


@contextmanager
def migrated(settings: Settings) -> Iterator[str]:
    """The same, brought to the schema of this release."""
    with available(settings) as url:
        migrations.upgrade(url)
        yield url


@asynccontextmanager
async def writing(url: str) -> AsyncIterator[Writer]:
    """One transaction on a connection of its own, without the time limits of a request."""
    connection = await asyncpg.connect(url, server_settings={"jit": "off"})
    try:
        await prepare(connection)
        async with connection.transaction():
            yield Writer(connection)
    finally:
        await connection.close()
