"""One server with the seeds and the demonstration, for examples, clients, commands and documentation."""

import asyncio
from collections.abc import Callable, Iterator
from typing import NamedTuple

import httpx
import pytest

from registry.domain.access.credential import new_token
from registry.runtime import database, server
from registry.runtime.database import as_role
from registry.runtime.settings import Settings
from registry.services.access import keys
from registry.services.seeding import seed
from tests.test_serve import free_port

PEPPER = "a pepper of the tests of a whole server"


class Running(NamedTuple):
    """A server that runs: its address, the key of its administrator, and its database."""

    url: str
    key: str
    database_url: str
    role_url: str
    pepper: str

    @property
    def signed(self) -> dict[str, str]:
        """The header of the administrator."""
        return {"Authorization": f"Bearer {self.key}"}


@pytest.fixture(scope="session")
def running(new_database: Callable[[], str]) -> Iterator[Running]:
    """The server that these tests share; what they write has identities of their own."""
    url, token = new_database(), new_token()

    async def fill() -> None:
        async with database.writing(url) as writer:
            await seed.seed_if_new(writer)
            await keys.put_admin_key(writer, PEPPER.encode(), token)

    with asyncio.Runner() as runner:
        runner.run(fill())
    chosen = Settings(
        database_url=as_role(url),
        port=free_port(),
        key_pepper=PEPPER,
        acquire_timeout_s=20,
        statement_timeout_s=60,
    )
    with server.running(chosen) as process:
        assert server.wait_ready(chosen, process)
        yield Running(f"http://127.0.0.1:{chosen.port}", token, url, as_role(url), PEPPER)


@pytest.fixture(scope="module")
def web(running: Running) -> Iterator[httpx.Client]:
    """A client of the server that is signed as its administrator."""
    with httpx.Client(base_url=running.url, headers=running.signed, timeout=120) as client:
        yield client
