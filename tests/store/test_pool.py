"""Connections are used again without asyncpg's pool, which resets those on which something failed."""

import asyncio
import os
import signal

import asyncpg
import pytest
import sqlalchemy as sa

from registry.domain.errors import Invalid, Unavailable
from registry.runtime.settings import Settings
from registry.store.database import pool
from registry.store.database.connection_pool import _is_open
from registry.store.database.pool import Reader, reading
from registry.store.database.query import Query
from tests.waiting import until

BACKEND = Query(sa.text("SELECT pg_backend_pid() AS pid"))
NAP = Query(
    sa.text("SELECT pg_sleep(:s), pg_backend_pid() AS pid").bindparams(sa.bindparam("s", type_=sa.Float))
)
FAILING_TEXT = sa.text("SELECT 1 / :zero").bindparams(sa.bindparam("zero", type_=sa.Integer))
FAILING = Query(FAILING_TEXT)


@pytest.fixture
async def reader(role_url):
    async with reading(Settings(pool_size=2, acquire_timeout_s=2), role_url) as opened:
        yield opened


def free(reader: Reader) -> int:
    """How many of its connections the pool holds, or may open."""
    return reader._pool._pool._queue.qsize()


async def backend(reader: Reader) -> int:
    row = await reader.row(BACKEND, {})
    return row["pid"]


async def test_a_returned_connection_is_used_again_without_the_pool(reader) -> None:
    first = await backend(reader)
    assert free(reader) == 1
    assert {await backend(reader) for _ in range(5)} == {first}
    await reader.release_idle()
    assert free(reader) == 2
    assert await backend(reader) == first


async def test_those_who_wait_for_the_pool_get_what_comes_back(reader) -> None:
    rows = await asyncio.gather(*(reader.row(NAP, {"s": 0.02}) for _ in range(20)))
    assert len({row["pid"] for row in rows}) == 2


async def test_nobody_waits_longer_than_the_limit(role_url) -> None:
    async with (
        reading(Settings(pool_size=1, acquire_timeout_s=0.2), role_url) as narrow,
        narrow.connection(),
    ):
        with pytest.raises(Unavailable):
            await narrow.row(BACKEND, {})


async def test_a_connection_under_which_something_failed_goes_through_the_pool(reader) -> None:
    pid = await backend(reader)
    with pytest.raises(Invalid):
        await reader.row(FAILING, {"zero": 0})
    assert free(reader) == 2
    assert await backend(reader) == pid


async def test_a_connection_is_sound_after_its_statement_was_given_up(reader, database_url) -> None:
    """The pool waits until the server has ended the statement."""
    task = asyncio.create_task(reader.row(NAP, {"s": 5}))
    other = await asyncpg.connect(database_url)
    sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    await until(lambda: other.fetchval(sleeping))
    await other.close()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    pids = await asyncio.gather(*(reader.row(NAP, {"s": 0.01}) for _ in range(6)))
    assert len(pids) == 6
    assert free(reader) == 0


async def test_a_connection_that_the_server_closed_meanwhile_is_not_used(reader, database_url) -> None:
    rows = await asyncio.gather(*(reader.row(NAP, {"s": 0.05}) for _ in range(2)))
    dead = {row["pid"] for row in rows}
    other = await asyncpg.connect(database_url)
    for pid in dead:
        await other.execute("SELECT pg_terminate_backend($1)", pid)
    await other.close()
    await until(lambda: not any(_is_open(connection) for connection in reader._pool._at_hand))
    rows = await asyncio.gather(*(reader.row(NAP, {"s": 0.05}) for _ in range(2)))
    assert len({row["pid"] for row in rows} | dead) == 4


async def test_a_transaction_that_failed_leaves_nothing_behind(reader) -> None:
    async def failing() -> None:
        async with reader.writer() as writer:
            await writer.run(BACKEND, {})
            raise ValueError("ours")

    with pytest.raises(ValueError, match="ours"):
        await failing()
    idle = "SELECT count(*) AS n FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
    assert (await reader.row(Query(sa.text(idle)), {}))["n"] == 0


async def test_after_a_failure_the_session_is_as_it_was(reader) -> None:
    """It plans as usual again, and is still not the owner of anything."""
    mode = "SELECT current_setting('plan_cache_mode') AS mode, current_user AS name"
    before = await reader.row(Query(sa.text(mode)), {})
    failing = Query(FAILING_TEXT, by_value=True)
    with pytest.raises(Invalid):
        await reader.rows(failing, {"zero": 0})
    assert await reader.row(Query(sa.text(mode)), {}) == before
    assert tuple(before) == ("auto", "registry_app")


async def test_a_connection_that_cannot_be_given_back_keeps_no_other(role_url) -> None:
    """Its server has stopped: it is closed, and the one that lay idle beside it is lent on."""
    async with reading(Settings(pool_size=2, acquire_timeout_s=0.3), role_url) as reader:
        rows = await asyncio.gather(*(reader.row(NAP, {"s": 0.05}) for _ in range(2)))
        stopped = await reader._pool._at_hand[0].fetchval("SELECT pg_backend_pid()")
        os.kill(stopped, signal.SIGSTOP)
        try:
            with pytest.raises(Unavailable):
                await reader.release_idle()
        finally:
            os.kill(stopped, signal.SIGCONT)
        again = [await asyncio.gather(*(reader.row(NAP, {"s": 0.05}) for _ in range(2))) for _ in range(3)]
        assert {row["pid"] for pair in again for row in pair} & {row["pid"] for row in rows} == {
            row["pid"] for row in rows
        } - {stopped}


async def test_a_connection_that_opens_slowly_is_opened_once_and_used_later(role_url, monkeypatch) -> None:
    """A busy host would never open one if every attempt ended with the request that waits for it."""
    begun, may_end = [], asyncio.Event()

    async def slow(connection: asyncpg.Connection) -> None:
        begun.append(connection.get_server_pid())
        await may_end.wait()

    monkeypatch.setattr(pool, "prepare_application", slow)
    async with reading(Settings(pool_size=1, acquire_timeout_s=0.1), role_url) as reader:
        for _ in range(3):
            with pytest.raises(Unavailable):
                await reader.row(BACKEND, {})
        may_end.set()
        await until(lambda: reader._pool._at_hand)
        assert [await backend(reader)] == begun


async def test_what_is_still_being_opened_ends_with_the_pool(role_url, monkeypatch, database_url) -> None:
    async def never(connection: asyncpg.Connection) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(pool, "prepare_application", never)
    async with reading(Settings(pool_size=2, acquire_timeout_s=0.1), role_url) as reader:
        answers = await asyncio.gather(*(reader.row(BACKEND, {}) for _ in range(4)), return_exceptions=True)
        assert {type(answer) for answer in answers} == {Unavailable}
    other = await asyncpg.connect(database_url)
    left = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE application_name = 'registry' AND datname = current_database()"
    )
    try:
        await until(lambda: other.fetchval(f"SELECT ({left}) = 0"))
    finally:
        await other.close()
