"""History has one order that outlives a cluster: restarts, copies put back, dumps into another cluster."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from registry.domain.access.pepper import Peppers
from registry.domain.access.sight import EVERYTHING
from registry.domain.errors import CursorExpired
from registry.domain.records.change import Change, new_version
from registry.runtime import database
from registry.runtime.cluster.embedded import running
from registry.runtime.cluster.programs import servers
from registry.runtime.database import as_role
from registry.runtime.settings import Settings
from registry.services.sync.change_watcher import ChangeWatcher
from registry.services.sync.read_changes import Feed, poll_changes, stream_changes
from registry.services.sync.seal_history import seal_history
from registry.store.database import migrations
from registry.store.database.pool import reading
from registry.store.records import changes
from registry.store.sync import feed, hash_chain
from tests.builders import NOW, make
from tests.scratch import scratch_folder, sweep

PEPPER = b"a pepper of the tests of incarnations"
CREATED = Change(verb="create", actor="test", at=NOW)
EMPTY = """
CREATE EXTENSION IF NOT EXISTS postgis; CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gist; CREATE EXTENSION IF NOT EXISTS btree_gin;
"""


async def write(url: str, count: int = 1) -> list[str]:
    """Create so many records, each in a transaction of its own."""
    made = []
    async with asyncio.timeout(60):
        for _ in range(count):
            async with database.writing(url) as writer:
                record = new_version(make(), NOW)
                await changes.insert(writer, record, CREATED)
                made.append(str(record.id))
    return made


async def allowed() -> None:
    """The client may read everything."""


@asynccontextmanager
async def feeding(url: str) -> AsyncIterator[Feed]:
    async with reading(Settings(pool_size=4, statement_timeout_s=60), as_role(url)) as reader:
        watcher = ChangeWatcher(reader)
        await watcher.look()
        yield Feed(reader, watcher, Peppers(PEPPER), EVERYTHING, None, allowed)


async def told(source: Feed, cursor: str | None) -> tuple[list[str], str]:
    """Everything after the cursor, and the cursor at the end."""
    await source.watcher.look()
    found: list[str] = []
    while True:
        page, _ = await poll_changes(source, cursor, 0, 100)
        found += [change.id for change in page.changes]
        cursor = page.cursor
        if not page.more:
            return found, cursor


@pytest.fixture
def folder() -> Iterator[Path]:
    sweep()
    with scratch_folder() as made:
        yield made


def test_a_restart_loses_no_listener_and_no_cursor(folder: Path) -> None:
    async def before(url: str) -> tuple[list[str], str]:
        async with feeding(url) as source:
            await write(url, 3)
            await seal_history(source.reader, PEPPER)
            return await told(source, None)

    async def after(url: str, cursor: str) -> None:
        made = await write(url, 2)
        async with feeding(url) as source:
            news, _ = await told(source, cursor)
            assert news == made
            assert (await source.watcher.head()).changes == 5
            assert await seal_history(source.reader, PEPPER) == 2
            assert await hash_chain.verify(source.reader, Peppers(PEPPER)) == []

    with running(folder / "data", durable=False) as url:
        migrations.upgrade(url)
        _, cursor = asyncio.run(before(url))
    with running(folder / "data", durable=False) as url:
        asyncio.run(after(url, cursor))


def test_what_a_copy_put_back_has_lost_is_noticed_for_ever(folder: Path) -> None:
    async def lived(url: str, count: int) -> tuple[list[str], str]:
        async with feeding(url) as source:
            await write(url, count)
            return await told(source, None)

    async def relived(url: str, kept: str, lost: str) -> None:
        async with feeding(url) as source:
            await write(url, 60)
            assert len((await told(source, kept))[0]) == 60
            with pytest.raises(CursorExpired):
                await told(source, lost)

    with running(folder / "data", durable=False) as url:
        migrations.upgrade(url)
        _, kept = asyncio.run(lived(url, 5))
    shutil.copytree(folder / "data", folder / "copy", symlinks=True)
    _same_owners(folder / "data", folder / "copy")
    with running(folder / "data", durable=False) as url:
        _, lost = asyncio.run(lived(url, 20))
    with running(folder / "copy", durable=False) as url:
        asyncio.run(relived(url, kept, lost))


def _same_owners(original: Path, copy: Path) -> None:
    for path in [original, *original.rglob("*")]:
        twin = copy / path.relative_to(original)
        if twin.exists() and not path.is_symlink():
            shutil.chown(twin, path.stat().st_uid, path.stat().st_gid)


def run(program: str, *arguments: str) -> None:
    server = servers()[0]
    done = subprocess.run(
        [str(server.bin / program), *arguments], env=server.env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_dump_goes_on_in_another_cluster(folder: Path) -> None:
    """The new cluster counts its transactions from the start: what it writes follows what is there."""
    dump = folder / "registry.dump"

    async def before(url: str) -> tuple[list[str], str]:
        async with feeding(url) as source:
            connection = await asyncpg.connect(url)
            for _ in range(3000):
                await connection.execute("SELECT pg_current_xact_id()")
            await connection.close()
            await write(url, 5)
            await seal_history(source.reader, PEPPER)
            return await told(source, None)

    async def after(url: str, cursor: str, late: str, old: list[str]) -> None:
        made = await write(url, 3)
        async with feeding(url) as source:
            news, _ = await told(source, cursor)
            assert news == made
            assert (await told(source, None))[0] == old + made
            assert await seal_history(source.reader, PEPPER) == 3
            assert await hash_chain.verify(source.reader, Peppers(PEPPER)) == []
            assert await hash_chain.unsealed(source.reader, await hash_chain.head(source.reader)) == 0
            with pytest.raises(CursorExpired):
                await told(source, late)

    async def lost(url: str, cursor: str) -> str:
        await write(url, 2)
        async with feeding(url) as source:
            return (await told(source, cursor))[1]

    async def prepare(url: str) -> None:
        connection = await asyncpg.connect(url.replace("registry@", "postgres@"))
        await connection.execute(EMPTY)
        await connection.close()

    with running(folder / "data", durable=False) as url:
        migrations.upgrade(url)
        old, cursor = asyncio.run(before(url))
        run("pg_dump", "-Fc", "--exclude-table=spatial_ref_sys", f"--file={dump}", url)
        late = asyncio.run(lost(url, cursor))
    with running(folder / "other", durable=False) as url:
        asyncio.run(prepare(url))
        run("pg_restore", "--schema=public", "--exit-on-error", f"--dbname={url}", str(dump))
        asyncio.run(after(url, cursor, late, old))


@pytest.fixture
def url(new_database) -> str:
    return new_database()


@pytest.mark.parametrize("loses", [False, True])
async def test_live_listeners_miss_nothing_at_a_failover_or_are_reset(url: str, loses: bool) -> None:
    """Another start of the server is found between two looks: what was committed meanwhile is told."""
    connection = await asyncpg.connect(url)
    async with feeding(url) as source:
        await write(url, 2)
        await source.watcher.look()
        events = await stream_changes(source, "now")
        assert (await anext(events)).event == "ready"
        listening = asyncio.create_task(anext(events))
        await asyncio.sleep(0)
        made = await write(url)
        await connection.execute("UPDATE incarnation SET server = 'another start'")
        if loses:
            await connection.execute("ALTER TABLE change_log DISABLE TRIGGER append_only")
            await connection.execute("DELETE FROM change_log WHERE seq = 1")
        await source.watcher.look()
        event = await asyncio.wait_for(listening, 10)
        if loses:
            assert event.event == "reset"
        else:
            assert event.change is not None
            assert event.change.id == made[0]
        assert (await feed.head(source.reader)).is_current
    await connection.close()
