"""A database of the release before, with data in it, comes to this one; migrations lock with a limit."""

import asyncio
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from alembic import command

from registry.domain.access.pepper import Peppers
from registry.runtime import database
from registry.runtime.database import as_role
from registry.runtime.settings import Settings
from registry.services.operate.retain import retain
from registry.services.records.check import check
from registry.services.records.render import render
from registry.services.seeding import seed
from registry.services.sync.seal_history import seal_history
from registry.store.database import migrations
from registry.store.database.pool import reading
from registry.store.database.probe import UnusableDatabase, described
from registry.store.sync import feed

PEPPER = b"the pepper of the tests of upgrades"
BEFORE = "0006"
"""The last schema in which a change had the transaction number of its server alone."""


@pytest.fixture
def url(new_database) -> str:
    return new_database()


def several(url: str) -> str:
    """The same database behind a list of hosts, of which the first does not answer."""
    parts = urlsplit(url)
    folder = parts.query.removeprefix("host=")
    query = f"host=/nowhere,{folder}&port=5432,5432&target_session_attrs=read-write"
    return urlunsplit(parts._replace(query=query))


def test_migrations_go_to_the_host_that_takes_writes(url: str) -> None:
    command.downgrade(migrations.configuration(url), BEFORE)
    migrations.upgrade(several(url))
    assert migrations.is_current(several(url))


def test_several_hosts_are_named_without_the_password() -> None:
    text = described("postgresql://me:secret@one:5432,two:5433/registry?target_session_attrs=read-write")
    assert text == "the database registry on one:5432 or two:5433"


def test_data_of_the_release_before_is_kept_and_sealed(url: str) -> None:
    async def fill() -> None:
        async with database.writing(url) as writer:
            await seed.seed_if_new(writer)
        async with reading(Settings(pool_size=2), as_role(url)) as reader:
            await seal_history(reader, PEPPER)

    async def examine() -> list[str]:
        await render(lambda: database.writing(url))
        async with reading(Settings(pool_size=2), as_role(url)) as reader:
            head = await feed.head(reader)
            assert head.changes > 40
            assert head.last.xid < 2**44
            await seal_history(reader, PEPPER)
        async with database.writing(url) as writer:
            return await check(writer, Peppers(PEPPER))

    async def as_before() -> None:
        """What the old release wrote: numbers of the server alone, seals without a name."""
        connection = await asyncpg.connect(url)
        await connection.execute("ALTER TABLE history_seal DISABLE TRIGGER append_only")
        await connection.execute("DELETE FROM history_seal")
        await connection.execute("ALTER TABLE history_seal ENABLE TRIGGER append_only")
        await connection.execute("ALTER TABLE change_log DISABLE TRIGGER append_only")
        await connection.execute(
            "UPDATE change_log SET xid = (xid::text::bigint & ((1::bigint << 44) - 1))::text::xid8"
        )
        await connection.execute("ALTER TABLE change_log ENABLE TRIGGER append_only")
        await connection.close()

    asyncio.run(fill())
    asyncio.run(as_before())
    command.downgrade(migrations.configuration(url), BEFORE)
    migrations.upgrade(url)
    assert asyncio.run(examine()) == []


def test_a_migration_that_waits_for_a_table_gives_up_and_changes_nothing(url: str, monkeypatch) -> None:
    command.downgrade(migrations.configuration(url), BEFORE)

    async def blocked() -> None:
        holder = await asyncpg.connect(url)
        transaction = holder.transaction()
        await transaction.start()
        await holder.execute("LOCK TABLE change_log")
        try:
            with pytest.raises(UnusableDatabase, match="another transaction holds a table"):
                await asyncio.to_thread(migrations.upgrade, url)
        finally:
            await holder.close()

    asyncio.run(blocked())
    assert asyncio.run(migrations._revision(url)) == BEFORE
    migrations.upgrade(url)


async def test_only_old_entries_of_the_audit_are_forgotten(url: str) -> None:
    now = datetime.now(UTC)
    connection = await asyncpg.connect(url)
    for days in (400, 200, 1):
        await connection.execute(
            "INSERT INTO audit (at, actor, role, action, target, status, request_id)"
            " VALUES ($1, 'a', 'viewer', 'read', 't', 200, 'r')",
            now - timedelta(days=days),
        )
    assert await retain(lambda: database.writing(url), 100, now) == 2
    assert await connection.fetchval("SELECT count(*) FROM audit") == 1
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("DELETE FROM audit")
    await connection.close()
