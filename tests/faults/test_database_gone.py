"""Without a database, or without a free connection, the answer is a quick 503; afterwards it is as before."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg
import pytest

from registry.runtime.cluster import processes, supervision
from registry.runtime.cluster.embedded import running
from registry.store.database import migrations
from tests.faults.conftest import Answer, Server, serving
from tests.scratch import scratch_folder
from tests.waiting import soon

LIMIT_S = 1.0
STATEMENT_S = 2.0
PATIENCE_S = 120.0
QUESTION = "/v1/resources"


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """The data directory of a cluster that these tests may break."""
    with scratch_folder() as folder:
        yield folder / "data"


@pytest.fixture(autouse=True)
def _nobody_revives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the supervision of the embedded cluster: here the database stays as it was left."""
    monkeypatch.setattr(supervision, "CHECK_EVERY_S", 3600.0)


@contextmanager
def served(home: Path) -> Iterator[Server]:
    with running(home, durable=False) as url:
        migrations.upgrade(url)
        limits = {"acquire_timeout_s": LIMIT_S, "statement_timeout_s": STATEMENT_S}
        with serving(url, pool_size=2, **limits) as server:
            assert server.ask(QUESTION).status == 200
            yield server


def assert_503(answer: Answer) -> None:
    """An answer, which says when to come back: no client was left to wait."""
    assert answer.status == 503, answer
    assert answer.problem()["type"].endswith("#unavailable")
    assert int(answer.headers["retry-after"]) >= 1


def recovers(server: Server) -> bool:
    """Whether all is well again: one answer may be given before the server has noticed what it lost."""
    return soon(
        lambda: server.ask(QUESTION).status == server.ask("/health/ready").status == 200, PATIENCE_S, 0.2
    )


def pg(home: Path) -> set[int]:
    return processes.owners(home / "pgdata")


def backends(home: Path) -> set[int]:
    return pg(home) - {processes.postmaster(home / "pgdata")}


def test_a_killed_database_is_503_and_service_returns_by_itself(home: Path) -> None:
    with served(home) as server:
        workers = server.workers()
        os.kill(processes.postmaster(home / "pgdata") or 0, signal.SIGKILL)
        assert processes.wait_gone(home / "pgdata", PATIENCE_S)
        for path in (QUESTION, "/v1/proximity/nearest?lon=106&lat=29"):
            assert_503(server.ask(path))
        assert soon(lambda: server.ask("/health/ready").status == 503)  # it may look once a second only
        assert_503(server.ask("/health/ready"))
        assert server.ask("/health/live").status == 200
        with running(home, durable=False):
            assert recovers(server)
            assert server.workers() == workers


def test_a_database_that_hangs_is_503_and_service_returns_by_itself(home: Path) -> None:
    with served(home) as server:
        stopped = pg(home)
        try:
            for pid in stopped:
                os.kill(pid, signal.SIGSTOP)
            assert_503(server.ask(QUESTION))
            assert_503(server.ask(QUESTION))
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
        assert recovers(server)


def test_killed_backends_cost_at_most_the_request_they_served(home: Path) -> None:
    with served(home) as server:
        for _ in range(5):
            assert soon(lambda: backends(home))  # none while the cluster is started again
            victim = max(backends(home))
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
            assert soon(lambda gone=victim: gone not in backends(home))
            assert recovers(server)


def test_an_exhausted_pool_is_503(new_database: Callable[[], str]) -> None:
    url = new_database()
    limits = {"acquire_timeout_s": LIMIT_S, "statement_timeout_s": 10.0}
    with serving(url, pool_size=2, **limits) as server:
        holders = [threading.Thread(target=server.ask, args=[QUESTION]) for _ in range(2)]
        with locked(url):
            for holder in holders:
                holder.start()
            assert soon(lambda: taken(url) == len(holders))
            assert_503(server.ask(QUESTION))
        for holder in holders:
            holder.join()
    with serving(url, pool_size=2) as server:
        assert server.ask(QUESTION).status == 200


def taken(url: str) -> int:
    """How many connections of the pool wait for the lock, or listen."""
    busy = "(wait_event_type = 'Lock' OR query ILIKE 'LISTEN%')"
    count = f"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND {busy}"

    async def ask() -> int:
        connection = await asyncpg.connect(url)
        try:
            return int(await connection.fetchval(count))
        finally:
            await connection.close()

    return asyncio.run(ask())


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Nobody can read resources until the block ends."""
    ready, done = threading.Event(), threading.Event()

    async def hold() -> None:
        connection = await asyncpg.connect(url)
        async with connection.transaction():
            await connection.execute("LOCK TABLE resource IN ACCESS EXCLUSIVE MODE")
            ready.set()
            await asyncio.to_thread(done.wait)
        await connection.close()

    thread = threading.Thread(target=asyncio.run, args=[hold()])
    thread.start()
    assert ready.wait(50)
    try:
        yield
    finally:
        done.set()
        thread.join()
