"""The registry as a newcomer has it, seeds and demonstration, for checks that only read."""

import asyncio
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from registry.app import create_app
from registry.runtime.database import as_role
from registry.runtime.settings import Settings
from registry.services.seeding import seed
from registry.store.database.pool import Writer, prepare

ROOT = Path(__file__).parents[2]


async def _seed(url: str) -> None:
    connection = await asyncpg.connect(url)
    await prepare(connection)
    async with connection.transaction():
        await seed.seed_if_new(Writer(connection))
    await connection.close()


@pytest.fixture(scope="session")
def seeded_url(new_database) -> str:
    """A database with the seeds and the demonstration."""
    url: str = new_database()
    with asyncio.Runner() as runner:
        runner.run(_seed(url))
    return url


@pytest.fixture(scope="session")
async def face(seeded_url: str) -> AsyncIterator[AsyncTestClient[Litestar]]:
    """A client of the whole application over the seeds."""
    app = create_app(
        Settings(
            pool_size=4, cors_origins="https://maps.example", acquire_timeout_s=20, statement_timeout_s=60
        ),
        as_role(seeded_url),
    )
    async with AsyncTestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture(scope="session")
def live(seeded_url: str) -> Iterator[str]:
    """The OGC root of a server of its own over the seeds: what other people's software is pointed at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serve = ["-m", "granian", "--interface", "asgi", "--factory", "--host", "127.0.0.1", "--port", str(port)]
    environment = {
        **os.environ,
        "DATABASE_URL": as_role(seeded_url),
        "REGISTRY_KEY_PEPPER": "p" * 32,
        "no_proxy": "*",
    }
    process = subprocess.Popen(
        [sys.executable, *serve, "--log-level", "error", "registry.app:create"],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(f"http://127.0.0.1:{port}/health/live")
        yield f"http://127.0.0.1:{port}/ogc"
    finally:
        process.terminate()
        process.wait(75)


def _wait(url: str) -> None:
    for _ in range(300):
        with suppress(OSError):
            urllib.request.urlopen(url, timeout=1).close()
            return
        time.sleep(0.1)
    pytest.fail(f"{url} did not answer")
