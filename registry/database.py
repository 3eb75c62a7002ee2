"""The database of this process: the one in DATABASE_URL, or the embedded cluster."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from registry import cluster
from registry.settings import Settings
from registry.store import migrations
from registry.store.probe import probe


@contextmanager
def available(settings: Settings) -> Iterator[str]:
    """The URL of a running database with PostGIS; starts the embedded cluster when no URL is set."""
    if settings.database_url:
        asyncio.run(probe(settings.database_url))
        yield settings.database_url
    else:
        with cluster.running(settings.data_dir) as url:
            yield url


@contextmanager
def migrated(settings: Settings) -> Iterator[str]:
    """The same, brought to the schema of this release."""
    with available(settings) as url:
        migrations.upgrade(url)
        yield url
