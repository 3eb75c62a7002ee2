"""A foreign open transaction holds the feed back: that is measured, shown, and ended by the owner."""

from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from registry.domain.records.change import Change
from registry.runtime import database
from registry.runtime.database import as_role
from registry.runtime.settings import Settings
from registry.services.sync.watch_feed_lag import FeedLagWatcher, end_foreign_transaction
from registry.store.database.pool import reading
from registry.store.records import changes
from registry.store.sync import feed
from tests.builders import NOW, make
from tests.waiting import until

CREATED = Change(verb="create", actor="test", at=NOW)


@pytest.fixture
def url(new_database) -> str:
    return new_database()


def elsewhere(url: str) -> str:
    """Another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(netloc="postgres@", path="/postgres"))


@asynccontextmanager
async def held_back(url: str, program: str):
    """A committed change behind a transaction that another program has open."""
    foreign = await asyncpg.connect(elsewhere(url), server_settings={"application_name": program})
    transaction = foreign.transaction()
    await transaction.start()
    await foreign.execute("SELECT pg_current_xact_id()")
    async with database.writing(url) as writer:
        await changes.insert(writer, make(), CREATED)
    try:
        yield foreign
    finally:
        await foreign.close()


async def test_the_lag_is_measured_with_who_causes_it(url: str) -> None:
    async with reading(Settings(pool_size=2), as_role(url)) as reader, held_back(url, "reports") as foreign:
        watcher = FeedLagWatcher(reader)
        await watcher.look()
        assert watcher.seen.changes == 1
        assert watcher.seen.lag_s > 0
        assert watcher.seen.oldest is not None
        assert watcher.seen.oldest.pid == foreign.get_server_pid()
        assert watcher.seen.oldest.database == "postgres"
        assert (await feed.head(reader)).last.xid == 0


async def test_the_owner_ends_it_after_a_while_and_the_change_is_told(url: str) -> None:
    owner = urlunsplit(urlsplit(url)._replace(netloc="postgres@"))
    async with reading(Settings(pool_size=2), as_role(url)) as reader, held_back(url, "reports") as foreign:
        async with database.writing(owner) as writer:
            assert await end_foreign_transaction(writer, after_s=3600) is None
            ended = await end_foreign_transaction(writer, after_s=0)
        assert ended is not None
        assert ended.oldest.pid == foreign.get_server_pid()
        await until(foreign.is_closed)
        assert (await feed.head(reader)).last.xid > 0


async def test_an_import_of_our_own_is_left_alone(url: str) -> None:
    owner = urlunsplit(urlsplit(url)._replace(netloc="postgres@"))
    async with held_back(url, "registry owner"), database.writing(owner) as writer:
        assert await end_foreign_transaction(writer, after_s=0) is None
