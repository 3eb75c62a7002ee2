"""The database of this process: the one of the settings, or the embedded cluster."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from registry.runtime.cluster import embedded
from registry.runtime.settings import Settings, SettingsError
from registry.store.database import migrations
from registry.store.database.pool import Writer, prepare
from registry.store.database.probe import (
    OWNER_SETTING,
    ROLE,
    ROLE_SETTING,
    probe_limits,
    probe_owner,
    probe_role,
)


class Urls(NamedTuple):
    """One database as the application reaches it, and as its owner does where that is configured."""

    role: str
    owner: str | None


@contextmanager
def opened(settings: Settings) -> Iterator[Urls]:
    """A running database with the schema of this release; it is migrated where its owner is configured."""
    if settings.database_url is None:
        with owned(settings) as owner_url:
            if settings.owner_url is not None:
                raise SettingsError(f"{OWNER_SETTING} is set and {ROLE_SETTING} is not: set both")
            asyncio.run(probe_role(as_role(owner_url)))
            yield Urls(as_role(owner_url), owner_url)
        return
    if settings.owner_url is not None:
        _migrate(settings.owner_url, OWNER_SETTING)
    asyncio.run(probe_role(settings.database_url))
    if settings.pooler:
        asyncio.run(probe_limits(settings.database_url, settings.statement_timeout_s))
    migrations.demand_current(settings.database_url)
    yield Urls(settings.database_url, settings.owner_url)


@contextmanager
def migrated(settings: Settings) -> Iterator[str]:
    """The URL of such a database for the application's role."""
    with opened(settings) as urls:
        yield urls.role


@contextmanager
def owned(settings: Settings) -> Iterator[str]:
    """The URL of such a database for its owner; without REGISTRY_OWNER_URL the one in DATABASE_URL."""
    configured = settings.owner_url or settings.database_url
    if configured is None:
        with embedded.running(settings.data_dir, archive_dir=settings.archive_dir) as url:
            migrations.upgrade(url)
            yield url
    else:
        _migrate(configured, OWNER_SETTING if settings.owner_url else ROLE_SETTING)
        yield configured


@contextmanager
def available(settings: Settings) -> Iterator[str]:
    """The URL of the database as it is, not migrated, for whoever is configured to read it."""
    configured = settings.database_url or settings.owner_url
    if configured is None:
        with embedded.running(settings.data_dir, archive_dir=settings.archive_dir) as url:
            yield url
    else:
        yield configured


@contextmanager
def unmigrated(settings: Settings) -> Iterator[str]:
    """The URL for the owner of the database as it is: empty, where something is restored into it."""
    configured = settings.owner_url or settings.database_url
    if configured is None:
        with embedded.running(settings.data_dir, archive_dir=settings.archive_dir) as url:
            yield url
    else:
        asyncio.run(probe_owner(configured, OWNER_SETTING if settings.owner_url else ROLE_SETTING))
        yield configured


def _migrate(owner_url: str, setting: str) -> None:
    asyncio.run(probe_owner(owner_url, setting))
    migrations.upgrade(owner_url)


def as_role(owner_url: str) -> str:
    """The same database of a private cluster, which asks nobody on its socket for a password."""
    parts = urlsplit(owner_url)
    return urlunsplit(parts._replace(netloc=f"{ROLE}@{parts.netloc.rpartition('@')[2]}"))


@asynccontextmanager
async def writing(url: str) -> AsyncIterator[Writer]:
    """One transaction on a connection of its own, without the time limits of a request."""
    connection = await asyncpg.connect(
        url, server_settings={"jit": "off", "application_name": "registry owner"}
    )
    try:
        await prepare(connection)
        async with connection.transaction():
            yield Writer(connection)
    finally:
        await connection.close()
