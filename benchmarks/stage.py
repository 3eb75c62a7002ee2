"""Where the measurements happen: a throw-away cluster with generated live data, and a server on it."""

import asyncio
import os
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from benchmarks.loadgen.command import generate
from registry.cli import seed
from registry.runtime import server
from registry.runtime.database import as_role
from registry.runtime.settings import Settings
from registry.store.database import migrations
from tests.scratch import scratch_cluster

LOG = Path(__file__).parents[1] / ".state" / "bench.log"
"""What the servers say while they are measured."""
WORKERS = 2
WITHOUT_LIMITS: dict[str, Any] = {"inflight_command": 100, "inflight_public": 100, "units_per_minute": 0}
PEPPER = "a pepper that nothing but the benchmarks have"
"""The same for every server on a database: another one would be refused."""
SEED = 20261120
BOX = """
SELECT percentile_disc(ARRAY[0.05, 0.95]) WITHIN GROUP (ORDER BY ST_X(geom)) AS lon,
       percentile_disc(ARRAY[0.05, 0.95]) WITHIN GROUP (ORDER BY ST_Y(geom)) AS lat
  FROM resource TABLESAMPLE BERNOULLI (10) REPEATABLE (1) WHERE realm = 'live' AND geom IS NOT NULL
"""


class Stage(NamedTuple):
    """A database of `rows` live resources, and the box in which most of them lie."""

    rows: int
    database_url: str
    west: float
    south: float
    east: float
    north: float

    def spots(self, count: int = 2000) -> list[tuple[float, float]]:
        """Points spread evenly over the box, the same in every run."""
        chance = random.Random(SEED)
        return [
            (chance.uniform(self.west, self.east), chance.uniform(self.south, self.north))
            for _ in range(count)
        ]


class Served(NamedTuple):
    """A server on a stage."""

    url: str
    supervisor: int

    def worker_memory_mib(self) -> float:
        """Resident memory of the largest worker."""
        return max(_resident_mib(pid) for pid in _children(self.supervisor))

    def workers_spent_s(self) -> float:
        """Processor time of all workers since they began."""
        return sum(spent_s(pid) for pid in _children(self.supervisor))


@contextmanager
def cluster() -> Iterator[str]:
    """The URL of a database with the seeds alone, in a cluster of its own."""
    with scratch_cluster() as url:
        migrations.upgrade(url)
        seed.first(url)
        yield url


def prepare(template_url: str, rows: int) -> Stage:
    """A copy of the seeded database with `rows` live resources, analysed and in memory."""
    parts = urlsplit(template_url)
    name = f"rows_{rows}"
    maintenance = urlunsplit(parts._replace(path="/postgres"))
    url = urlunsplit(parts._replace(path=f"/{name}"))
    asyncio.run(_execute(maintenance, f"CREATE DATABASE {name} TEMPLATE {parts.path.removeprefix('/')}"))
    asyncio.run(generate(url, rows, None))
    return asyncio.run(_measured(url, rows))


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


async def _measured(url: str, rows: int) -> Stage:
    connection = await asyncpg.connect(url, command_timeout=600)
    await connection.execute("VACUUM ANALYZE")
    box = await connection.fetchrow(BOX)
    await connection.close()
    return Stage(rows, url, box["lon"][0], box["lat"][0], box["lon"][1], box["lat"][1])


@contextmanager
def served(stage: Stage, **changed: Any) -> Iterator[Served]:
    """The registry, as `registry serve` runs it, on this stage, with some settings changed."""
    port = free_port()
    told = {"workers": WORKERS, "inflight_command": 1000, "inflight_public": 1000, "log_file": LOG}
    told |= {"default_visibility": "public", "key_pepper": PEPPER} | changed
    chosen = Settings(database_url=as_role(stage.database_url), port=port, **told)
    with server.running(chosen) as process:
        if not server.wait_ready(chosen, process):
            raise RuntimeError("the server did not become ready")
        yield Served(server.address(chosen), process.pid)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(entry.name))
    return found


def spent_s(pid: int) -> float:
    """The processor time of a process in user and system mode."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _resident_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
