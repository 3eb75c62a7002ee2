"""A synchronous standby is promoted: no change is lost or untold, and no cursor expires."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import asyncpg
import pytest

from registry.domain.access.pepper import Peppers
from registry.domain.access.sight import EVERYTHING
from registry.runtime.cluster.embedded import running
from registry.runtime.database import as_role
from registry.runtime.settings import Settings
from registry.services.sync.change_watcher import ChangeWatcher
from registry.services.sync.read_changes import Feed, stream_changes
from registry.services.sync.seal_history import seal_history
from registry.store.database import migrations
from registry.store.database.pool import reading
from registry.store.sync import feed, hash_chain
from tests.scratch import scratch_folder, sweep
from tests.standby import either, standby_of
from tests.sync.test_incarnations import PEPPER, allowed, told, write
from tests.waiting import until

SLOW = Settings(pool_size=4, statement_timeout_s=60, acquire_timeout_s=20)


@pytest.fixture
def folder() -> Iterator[Path]:
    sweep()
    with scratch_folder() as made:
        yield made


async def ask(url: str, *statements: str) -> object:
    connection = await asyncpg.connect(url.replace("registry@", "postgres@"))
    answer = None
    for statement in statements:
        answer = await connection.fetchval(statement)
    await connection.close()
    return answer


async def fail_over(stack: ExitStack, primary: str, standby: str) -> None:
    await ask(primary, "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")

    async def is_synchronous() -> bool:
        return await ask(primary, "SELECT sync_state FROM pg_stat_replication") in ("sync", "quorum")

    await until(is_synchronous, within_s=60)
    async with reading(SLOW, as_role(either(primary, standby))) as reader:
        watcher = ChangeWatcher(reader)
        source = Feed(reader, watcher, Peppers(PEPPER), EVERYTHING, None, allowed)
        await write(primary, 3)
        await watcher.look()
        await seal_history(reader, PEPPER)
        _, cursor = await told(source, None)
        async with reading(SLOW, as_role(standby)) as there:
            assert (await feed.head(there)).is_current
            assert (await feed.page(there, EVERYTHING, None, feed.LogPosition(0, 0), 10)).changes
        events = await stream_changes(source, "now")
        assert (await anext(events)).event == "ready"
        listening = asyncio.create_task(anext(events))
        await asyncio.sleep(0)
        unseen = await write(primary, 1)
        await asyncio.to_thread(stack.close)
        await ask(standby, "ALTER SYSTEM SET synchronous_standby_names = ''", "SELECT pg_reload_conf()")
        assert await ask(standby, "SELECT pg_promote()")
        after = await write(standby, 1)
        await ask(standby, "CHECKPOINT")
        await until(lambda: _looked(watcher), within_s=60)
        event = await asyncio.wait_for(listening, 20)
        assert event.change is not None
        assert [event.change.id, (await anext(events)).change.id] == unseen + after
        assert (await told(source, cursor))[0] == unseen + after
        assert await seal_history(reader, PEPPER) == 2
        assert await hash_chain.verify(reader, Peppers(PEPPER)) == []
        await events.aclose()


async def _looked(watcher: ChangeWatcher) -> bool:
    try:
        await watcher.look()
    except Exception:
        return False
    return True


def test_a_promotion_loses_nothing_and_expires_no_cursor(folder: Path) -> None:
    with ExitStack() as stack:
        primary = stack.enter_context(running(folder / "one"))
        migrations.upgrade(primary)
        with standby_of(primary, folder / "two") as standby:
            asyncio.run(fail_over(stack, primary, standby))
