"""Health is answered outside every limit, and says what is wrong by name."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from registry.app import create_app
from registry.runtime.cluster.embedded import directory_of, running
from registry.runtime.database import as_role, writing
from registry.runtime.settings import Settings
from registry.services import health
from registry.store.database import failures
from registry.store.database.health import DatabaseState
from registry.store.database.pool import Reader
from tests.api.conftest import Client, serving
from tests.builders import a_resource
from tests.scratch import scratch_folder
from tests.waiting import until


@pytest.fixture
def own_url(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.fixture
def foreign_url(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.fixture
async def own(own_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    """An application over a database of its own, whose every look is a new one."""
    monkeypatch.setattr(health, "FRESH_S", -1.0)
    async with opened(own_url) as client:
        yield client


@asynccontextmanager
async def opened(url: str, **given) -> AsyncIterator[Client]:
    async with serving(create_app(Settings(pool_size=2, **given), as_role(url))) as client:
        yield client


async def executed(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


async def test_ready_names_every_check_and_commits(own: Client, own_url: str) -> None:
    connection = await asyncpg.connect(own_url)
    last = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
    before = await connection.fetchval(last)
    answer = await own.get("/health/ready")
    assert answer.json()["status"] == "ready"
    assert answer.json()["checks"] == dict.fromkeys(("disk", "database", "feed", "migration"), "ok")
    assert await connection.fetchval(last) > before, "it wrote"
    await connection.close()


async def test_health_asks_for_no_credential_and_looks_at_none(own: Client) -> None:
    for path in ("/health/live", "/health/ready"):
        answer = await own.get(path, headers={"Authorization": "Bearer of nothing"})
        assert answer.status_code == 200, path


@pytest.mark.parametrize(
    ("statement", "wrong"),
    [
        ("UPDATE alembic_version SET version_num = '0001'", "migration: the database is at 0001"),
        (
            "ALTER DATABASE @ SET default_transaction_read_only = on",
            "database: it accepts no",
        ),
    ],
)
async def test_ready_says_what_is_wrong(own_url: str, statement: str, wrong: str) -> None:
    url = own_url
    await executed(url, statement.replace("@", urlsplit(url).path[1:]))
    async with opened(url) as client:
        answer = await client.get("/health/ready")
        assert answer.status_code == 503
        assert wrong in answer.json()["detail"]
        assert int(answer.headers["Retry-After"]) >= 1
        assert (await client.get("/health/live")).status_code == 200


async def test_a_full_disk_is_not_ready_although_the_database_answers(
    own: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures.DISK_FULL, "at_s", 0.0)  # undone afterwards
    failures.explain(asyncpg.DiskFullError("no space left on device"))
    answer = await own.get("/health/ready")
    assert (answer.status_code, answer.json()["detail"]) == (
        503,
        "disk: a change found no space left in the database; questions are answered",
    )
    monkeypatch.setattr(health, "FULL_FOR_S", 0.0)
    assert (await own.get("/health/ready")).status_code == 200


async def test_space_is_looked_at_where_the_embedded_cluster_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    with scratch_folder() as folder:
        assert directory_of("postgresql://somewhere/registry", folder) is None

        def url() -> str:
            with running(folder, durable=False) as given:
                return given

        assert directory_of(await asyncio.to_thread(url), folder) == folder
        monkeypatch.setattr(health, "LEAST_FREE_BYTES", 2**60)
        check = health.HealthCheck(None, "head", folder)  # type: ignore[arg-type]
        assert f"are free in {folder}" in str(check._full())


async def test_a_feed_behind_a_foreign_transaction_is_named_and_still_ready(
    own: Client, monkeypatch: pytest.MonkeyPatch, own_url: str, foreign_url: str
) -> None:
    monkeypatch.setattr(health, "LATE_S", 0.2)
    foreign = await asyncpg.connect(foreign_url)
    async with foreign.transaction():
        await foreign.execute("CREATE TABLE held ()")
        await told(own_url)

        async def is_late() -> bool:
            answer = await own.get("/health/ready")
            assert answer.status_code == 200
            return (
                answer.json()["status"] == "degraded" and "is still open" in answer.json()["checks"]["feed"]
            )

        await until(is_late)
    await foreign.close()
    await until(lambda: is_fine(own))


async def is_fine(client: httpx.AsyncClient) -> bool:
    return (await client.get("/health/ready")).json()["status"] == "ready"


async def told(url: str) -> None:
    """A change, which the feed would tell."""
    async with writing(url) as writer:
        await a_resource(writer)


async def test_ready_answers_while_every_connection_of_the_pool_is_taken(own: Client) -> None:
    reader = own.app.state.reader
    async with AsyncExitStack() as held:
        with suppress(TimeoutError):
            while True:
                await held.enter_async_context(reader.connection())
        assert (await own.get("/health/ready")).status_code == 200


async def test_a_look_that_hangs_keeps_nobody_waiting_and_is_not_begun_again(
    own: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, may_end = [], asyncio.Event()
    real = health.health.look

    async def slow(reader: Reader) -> DatabaseState:
        looked.append(reader)
        await may_end.wait()
        return await real(reader)

    monkeypatch.setattr(health.health, "look", slow)
    monkeypatch.setattr(health, "LOOK_S", 0.05)
    answers = await asyncio.gather(*(own.get("/health/ready") for _ in range(5)))
    answers.append(await own.get("/health/ready"))
    assert {(one.status_code, "database: it has not answered for" in one.text) for one in answers} == {
        (503, True)
    }
    assert len(looked) == 1
    may_end.set()
    monkeypatch.setattr(health, "LOOK_S", 60.0)
    await until(lambda: is_fine(own))
