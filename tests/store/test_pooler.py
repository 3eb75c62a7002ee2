"""Behind pgbouncer nothing depends on the session: limits, role and row security hold."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import msgspec
import pytest

from benchmarks.stage import free_port
from registry.app import create_app
from registry.store.database.pool import reading
from registry.store.database.probe import UnusableDatabase, probe_limits, role_limits
from tests.api.conftest import UNHURRIED, serving, signing
from tests.api.test_writes import URL, created
from tests.waiting import soon

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no pgbouncer here")
ALTER = "ALTER ROLE registry_app IN DATABASE {} SET {} = '{}'"


def version() -> tuple[int, ...]:
    said = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in said.split()[1].split(".")[:2])


@pytest.fixture
def url(new_database) -> str:
    return new_database()


@pytest.fixture
def pooled(url: str, tmp_path: Path) -> Iterator[str]:
    """The database behind a pooler: transactions from 1.21 on, sessions with an older one."""
    parts, port = urlsplit(url), free_port()
    host, name = parse_qs(parts.query)["host"][0], parts.path.removeprefix("/")
    mode = "transaction\nmax_prepared_statements = 500" if version() >= (1, 21) else "session"
    (tmp_path / "users").write_text('"registry_app" ""\n')
    (tmp_path / "bouncer.ini").write_text(
        f"[databases]\n{name} = host={host}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
        f"unix_socket_dir =\nauth_type = trust\nauth_file = {tmp_path}/users\npool_mode = {mode}\n"
    )
    for path in (tmp_path, *tmp_path.parents[:2]):
        path.chmod(0o755)
    root = ["--user", "postgres"] if os.geteuid() == 0 else []
    process = subprocess.Popen([PROGRAM, "-q", *root, str(tmp_path / "bouncer.ini")])
    target = f"postgresql://registry_app@127.0.0.1:{port}/{name}"
    assert soon(lambda: _answers(target))
    yield target
    process.terminate()
    process.wait()


def _answers(url: str) -> bool:
    async def ask() -> bool:
        with suppress(OSError, asyncpg.PostgresError):
            connection = await asyncpg.connect(url)
            await connection.close()
            return True
        return False

    with asyncio.Runner() as runner:
        return runner.run(ask())


@pytest.fixture
def limited(url: str) -> None:
    """Limits of the role itself, made before the pooler opens a connection."""

    async def run() -> None:
        connection = await asyncpg.connect(url.replace("registry@", "postgres@"))
        name = urlsplit(url).path.removeprefix("/")
        for setting, value in role_limits(30).items():
            await connection.execute(ALTER.format(name, setting, value))
        await connection.close()

    with asyncio.Runner() as runner:
        runner.run(run())


def test_a_role_without_limits_is_one_sentence(pooled: str) -> None:
    with (
        asyncio.Runner() as runner,
        pytest.raises(UnusableDatabase, match="ALTER ROLE registry_app SET statement_timeout = '3000'"),
    ):
        runner.run(probe_limits(pooled, 3))


def test_the_registry_works_behind_a_pooler(url: str, limited: None, pooled: str) -> None:
    async def work() -> None:
        await probe_limits(pooled, 3)
        settings = msgspec.structs.replace(UNHURRIED, pool_size=4, pooler=True)
        async with serving(create_app(settings, pooled)) as client:
            planner = await signing(url)("planner")
            made = await asyncio.gather(*(created(client, planner) for _ in range(8)))
            near = {"lon": 106.65, "lat": 29.03, "kind": "shelter", "k": 10}
            for _ in range(5):
                answers = await asyncio.gather(
                    *(client.get("/v1/proximity/nearest", params=near, headers=planner) for _ in range(4))
                )
                assert [answer.status_code for answer in answers] == [200] * 4, answers[0].text
            assert (await client.get(f"{URL}/{made[0][0]}")).status_code == 200
            assert (await client.get("/health/ready")).status_code == 200
        async with reading(settings, pooled) as reader, reader.writer() as writer:
            shown = await writer._connection.fetchrow(
                "SELECT session_user::text AS account, current_setting('statement_timeout') AS limited,"
                " current_setting('plan_cache_mode') AS plans"
            )
            assert tuple(shown) == ("registry_app", "30s", "auto")
            await writer._connection.execute("SELECT set_config('registry.scope', '', true)")
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await writer._connection.execute("UPDATE resource SET place = place")

    with asyncio.Runner() as runner:
        runner.run(work())
