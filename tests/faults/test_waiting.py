"""What waits holds nothing: neither slot nor connection nor worker, whoever waits and for what."""

import asyncio
import re
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from registry.domain.ogc.tiling import Tile, touched
from tests.faults.conftest import Server, serving

SLOWEST_MS = 250
AREA = (106.4, 28.9, 106.9, 29.3)
"""What a browser that opens the map looks at, in degrees."""


@pytest.fixture(scope="module")
def crowded(new_database: Callable[[], str]) -> Iterator[Server]:
    """A server with one worker and its usual limits."""
    with serving(new_database()) as running:
        yield running


@asynccontextmanager
async def client(server: Server, connections: int = 100, **headers: str):
    limits = httpx.Limits(max_connections=connections)
    base = f"http://127.0.0.1:{server.port}"
    async with httpx.AsyncClient(base_url=base, timeout=20, limits=limits, headers=headers) as opened:
        yield opened


def signed(server: Server) -> dict[str, str]:
    return {"authorization": f"Bearer {server.token}"}


async def asked(http: httpx.AsyncClient, path: str, times: int, pause_s: float = 0.0) -> list[float]:
    """Milliseconds of each answer; anything but 200 fails."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        answer = await http.get(path)
        taken.append((time.perf_counter() - begun) * 1000)
        assert answer.status_code == 200, answer.text
        await asyncio.sleep(pause_s)
    return taken


def p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


async def trickle(server: Server, over: asyncio.Event) -> None:
    """A body that is announced as large and arrives at a kilobyte a second."""
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        b"POST /v1/proximity/alert-area HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Content-Length: 900000\r\n\r\n"
    )
    with suppress(ConnectionError):
        while not over.is_set():
            writer.write(b" " * 110)
            await writer.drain()
            with suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    await over.wait()
    writer.close()


async def test_long_polls_and_slow_bodies_leave_everybody_else_alone(crowded: Server) -> None:
    over = asyncio.Event()
    async with (
        client(crowded) as waiting,
        client(crowded) as public,
        client(crowded, **signed(crowded)) as own,
    ):
        polls = [asyncio.create_task(waiting.get("/v1/changes?cursor=now&wait_s=50")) for _ in range(40)]
        bodies = [asyncio.create_task(trickle(crowded, over)) for _ in range(20)]
        await asyncio.sleep(1)
        for path in ("/health/live", "/health/ready", "/", "/v1/resources"):
            assert max(await asked(public, path, 10)) < 1000, path
        assert max(await asked(own, "/v1/resources", 20)) < 1000
        over.set()
        for poll in polls:
            poll.cancel()
        await asyncio.gather(*polls, *bodies, return_exceptions=True)


async def test_ten_browsers_that_open_the_map_at_once_lose_no_tile(crowded: Server) -> None:
    tiles = [Tile(z, row, col) for z in (9, 10, 11) for row, col in touched(AREA, z)][:24]
    paths = [f"/ogc/tiles/WebMercatorQuad/{one.z}/{one.row}/{one.col}" for one in tiles]

    async def browse() -> list[int]:
        async with client(crowded, connections=6) as browser:
            return [one.status_code for one in await asyncio.gather(*map(browser.get, paths))]

    statuses = await asyncio.gather(*(browse() for _ in range(10)))
    assert {status for seen in statuses for status in seen} == {200}


class Crowd:
    """Clients in a thread of their own that ask one question again and again, and count the answers."""

    def __init__(self, server: Server, members: int, path: str) -> None:
        self._server, self._members = server, members
        self._request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        self._over = False
        self.statuses: Counter[int] = Counter()
        self.retry_after: set[int] = set()

    def __enter__(self) -> "Crowd":
        self._thread = threading.Thread(target=asyncio.run, args=[self._all()])
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        self._thread.join()

    async def _all(self) -> None:
        await asyncio.gather(*(self._one() for _ in range(self._members)))

    async def _one(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._server.port)
        while not self._over:
            writer.write(self._request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            [length] = re.findall(rb"content-length: (\d+)", head)
            await reader.readexactly(int(length))
            self.statuses[int(head.split()[1])] += 1
            self.retry_after.update(int(one) for one in re.findall(rb"retry-after: (\d+)", head))
        writer.close()


async def test_a_crowd_beyond_capacity_leaves_a_command_client_its_answers(crowded: Server) -> None:
    crowd = Crowd(crowded, 100, "/v1/proximity/nearest?lon=106.6&lat=29.0&k=10")
    async with client(crowded, **signed(crowded)) as own:
        await asked(own, "/v1/resources?limit=10", 10)
        with crowd:
            taken = await asked(own, "/v1/resources?limit=10", 200, 0.02)
    assert crowd.statuses.keys() <= {200, 503}
    assert crowd.retry_after <= {1, 2, 3}
    assert p99(taken) < SLOWEST_MS, sorted(taken)[-5:]
