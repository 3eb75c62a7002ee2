"""A whole server in a process of its own, so that a fault that kills or fattens a worker is seen."""

import asyncio
import gc
import http.client
import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from benchmarks.stage import generate
from registry.cli import seed
from registry.domain.access.credential import new_token
from registry.runtime import database, server
from registry.runtime.database import as_role
from registry.runtime.settings import Settings
from registry.services.access import keys
from tests.test_serve import free_port

PEPPER = "a pepper of the fault tests, long enough"


RECORDS = 24_000


@pytest.fixture(scope="session")
def filled_url(new_database: Callable[[], str]) -> str:
    """The seeds, and so many records that a snapshot fills every buffer between it and a client."""
    url = new_database()
    seed.first(url)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        asyncio.run(generate(url, RECORDS, None))
        gc.collect()
    return url


class Answer(NamedTuple):
    """What came back, and how long it took."""

    status: int
    headers: dict[str, str]
    body: bytes
    took_s: float

    def problem(self) -> dict[str, Any]:
        """The problem details; fails when the answer has none."""
        assert self.headers["content-type"] == "application/problem+json", self
        found: dict[str, Any] = msgspec.json.decode(self.body)
        assert found["status"] == self.status
        return found


class Server(NamedTuple):
    """A running server and the key of its administrator."""

    port: int
    supervisor: int
    token: str

    def ask(self, path: str, method: str = "GET", body: Any = None, **headers: str) -> Answer:
        """One request on a connection of its own; never without a byte for longer than 100 s."""
        begun = time.monotonic()
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=100)) as connection:
            connection.putrequest(method, path, skip_accept_encoding=True)
            if body is not None:
                length = str(len(body))
                headers = {"content-type": "application/geo+json", "content-length": length, **headers}
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            with suppress(BrokenPipeError, ConnectionResetError):
                if body is not None:
                    connection.send(body)
            with closing(connection.getresponse()) as response:
                given = {name.lower(): value for name, value in response.getheaders()}
                return Answer(response.status, given, response.read(), time.monotonic() - begun)

    def create(self, body: bytes, **headers: str) -> Answer:
        """Try to create a resource as the administrator."""
        return self.ask("/v1/resources", "POST", body, authorization=f"Bearer {self.token}", **headers)

    def workers(self) -> set[int]:
        """The processes below the supervisor."""
        numbers = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return {pid for pid in numbers if parent_of(pid) == self.supervisor}

    def memory_mib(self) -> float:
        """Resident memory of the largest worker."""
        return max(_resident_mib(pid) for pid in self.workers())


def _resident_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def parent_of(pid: int) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


OPEN = {"default_visibility": "public"}
"""What the tests of faults store is read without a key."""


@contextmanager
def serving(url: str, **given: Any) -> Iterator[Server]:
    """A server with one worker over this database."""
    token = new_token()

    async def admit() -> None:
        async with database.writing(url) as writer:
            await keys.put_admin_key(writer, PEPPER.encode(), token)

    asyncio.run(admit())
    chosen = Settings(database_url=as_role(url), port=free_port(), key_pepper=PEPPER, **OPEN | given)
    with server.running(chosen) as process:
        assert server.wait_ready(chosen, process)
        yield Server(chosen.port, process.pid, token)


@pytest.fixture(scope="session")
def served(new_database: Callable[[], str]) -> Iterator[Server]:
    """A server over an empty database that the tests of bad input share."""
    with serving(new_database()) as running:
        yield running
