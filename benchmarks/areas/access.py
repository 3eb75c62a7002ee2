"""What a credential costs, and what a command client notices of a storm of the public."""

import asyncio
import http.client
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from urllib.parse import urlsplit

import msgspec

from benchmarks import load
from benchmarks.areas.nearest import paths
from benchmarks.figures import Figure, at_least, at_most
from benchmarks.stage import PEPPER, Stage, served
from registry.domain.access.credential import new_token
from registry.domain.ogc.tiling import touched
from registry.runtime import database
from registry.services.access import keys

AREA = "access"
ROUNDS = 3
STORM_CONNECTIONS = 128
DEFAULT_PUBLIC = 5
WAITING = 100
SILENT = 1_500
DEAF = 40
BROWSERS, CONNECTIONS = 10, 6
VIEW = (106.4, 28.9, 106.9, 29.3)
"""What a browser that opens the map looks at, in degrees."""
VIEW_TILES = 24
ASKED_S = 3.0


def measure(stages: list[Stage], seconds: float) -> list[Figure]:
    """Throughput with a key beside that without, and a command client's slowest hundredth in a storm."""
    stage = stages[-1]
    signed = {"Authorization": f"Bearer {asyncio.run(_key(stage))}"}
    return [
        *_cost(stage, signed, seconds),
        *_storm(stage, signed, seconds),
        _beside_waiting(stage),
        *_beside_silent(stage, signed),
        *_beside_deaf(stage, signed),
        *_browsers(stage),
    ]


async def _key(stage: Stage) -> str:
    token = new_token()
    async with database.writing(stage.database_url) as writer:
        await keys.put_admin_key(writer, PEPPER.encode(), token)
    return token


def _cost(stage: Stage, signed: dict[str, str], seconds: float) -> list[Figure]:
    """Both are asked in turn, several times, so that what else the machine does meets both."""
    asked = paths(stage)
    rates: dict[bool, list[float]] = {False: [], True: []}
    with served(stage) as server:
        load.wrk(server.url, asked, seconds=min(2, seconds))
        for _ in range(ROUNDS):
            for with_key in (False, True):
                headers = signed if with_key else {}
                run = load.wrk(server.url, asked, seconds=max(1, round(seconds / ROUNDS)), headers=headers)
                rates[with_key].append(run.per_second)
    share = statistics.median(rates[True]) / statistics.median(rates[False]) * 100
    return [at_least(AREA, "nearest with a key, share of that without", share, 90, " %")]


def _storm(stage: Stage, signed: dict[str, str], seconds: float) -> list[Figure]:
    asked = paths(stage)
    with served(stage, inflight_public=DEFAULT_PUBLIC) as server:
        capacity = load.wrk(server.url, asked, seconds=min(3, seconds), connections=8).per_second
        quiet_ms = _asked(server.url, asked, signed, seconds / 2)
        met: list[load.Load] = []
        storm = threading.Thread(
            target=lambda: met.append(
                load.wrk(
                    server.url,
                    asked,
                    seconds=round(seconds) + 1,
                    connections=STORM_CONNECTIONS,
                    refusals=True,
                )
            )
        )
        storm.start()
        time.sleep(0.5)
        stormy_ms = _asked(server.url, asked, signed, seconds)
        storm.join()
    offered = met[0].per_second / capacity
    return [
        Figure(AREA, "the storm, as a multiple of what the public lane carries", f"{offered:.1f} ×"),
        Figure(AREA, "refused of the storm", f"{met[0].failures / met[0].requests * 100:.0f} %"),
        Figure(AREA, "command client's p99 in peace", f"{_p99(quiet_ms):.1f} ms"),
        at_most(AREA, "command client's p99 in the storm", _p99(stormy_ms), 250, " ms"),
    ]


def _beside_waiting(stage: Stage) -> Figure:
    """How soon a question of the public is answered while a hundred others wait for news."""
    with served(stage, workers=1, inflight_public=DEFAULT_PUBLIC) as server:
        polls = [http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60) for _ in range(WAITING)]
        for poll in polls:
            poll.request("GET", "/v1/changes?cursor=now&wait_s=25")
        time.sleep(0.5)
        answered_ms = _asked(server.url, paths(stage), {}, ASKED_S)
        for poll in polls:
            poll.close()
    return at_most(AREA, f"public answer beside {WAITING} long polls, p99", _p99(answered_ms), 50, " ms")


@contextmanager
def _held(url: str, count: int, request: bytes = b"") -> Iterator[None]:
    """So many connections that send a request, or nothing, and read nothing."""
    parts = urlsplit(url)
    with ExitStack() as stack:
        for _ in range(count):
            one = stack.enter_context(socket.socket())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.settimeout(5)
            with suppress(OSError):  # one that is refused disturbs nobody either
                one.connect((parts.hostname, parts.port))
                one.sendall(request)
        yield


def _beside_silent(stage: Stage, signed: dict[str, str]) -> list[Figure]:
    with served(stage, workers=1) as server, _held(server.url, SILENT):
        taken = {who: _asked(server.url, paths(stage), headers, ASKED_S) for who, headers in _both(signed)}
    return [
        at_most(AREA, f"{who} answer beside {SILENT} silent connections, p99", _p99(ms), 250, " ms")
        for who, ms in taken.items()
    ]


def _beside_deaf(stage: Stage, signed: dict[str, str]) -> list[Figure]:
    request = f"GET /v1/sync/snapshot HTTP/1.1\r\nHost: localhost\r\n{_lines(signed)}\r\n".encode()
    with served(stage, workers=1) as server, _held(server.url, DEAF, request):
        read_ms = _asked(server.url, ["/v1/resources?limit=10"], signed, ASKED_S)
        written_ms = _asked(server.url, ["/v1/resources"], signed, ASKED_S, _shelter)
    return [
        at_most(AREA, f"planner's {what} beside {DEAF} that never read a snapshot, p99", _p99(ms), 250, " ms")
        for what, ms in (("read", read_ms), ("write", written_ms))
    ]


def _browsers(stage: Stage) -> list[Figure]:
    """Ten browsers of six connections that open the map at once: what is refused, and how long it takes."""
    tiles = [one for zoom in (9, 10, 11) for one in ((zoom, *at) for at in touched(VIEW, zoom))][:VIEW_TILES]
    asked = [f"/ogc/tiles/WebMercatorQuad/{z}/{row}/{column}" for z, row, column in tiles]
    with served(stage, workers=1, inflight_public=DEFAULT_PUBLIC) as server:
        netloc = urlsplit(server.url).netloc

        def browse(connection: int) -> list[int]:
            opened = http.client.HTTPConnection(netloc, timeout=30)
            return [_status(opened, path) for path in asked[connection % CONNECTIONS :: CONNECTIONS]]

        begun = time.perf_counter()
        with ThreadPoolExecutor(BROWSERS * CONNECTIONS) as pool:
            statuses = [one for of in pool.map(browse, range(BROWSERS * CONNECTIONS)) for one in of]
        taken_ms = (time.perf_counter() - begun) * 1000
    refused = sum(status != http.HTTPStatus.OK for status in statuses) / len(statuses) * 100
    what = f"{BROWSERS} browsers of {CONNECTIONS} connections open the map at once"
    return [
        at_most(AREA, f"{what}: refused of {len(statuses)} tiles", refused, 0, " %"),
        Figure(AREA, f"{what}: until all have all", f"{taken_ms:.0f} ms"),
    ]


def _status(connection: http.client.HTTPConnection, path: str) -> int:
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def _both(signed: dict[str, str]) -> list[tuple[str, dict[str, str]]]:
    return [("command", signed), ("public", {})]


def _lines(headers: dict[str, str]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())


def _shelter(number: int) -> bytes:
    """A new record, each somewhere else."""
    spot = [round(106.4 + number % 700 * 0.001, 6), round(28.6 + number // 700 * 0.001, 6)]
    located = {"quality": "surveyed", "uncertainty_m": 5}
    members = {"kind": "shelter", "name": {"en": f"Load {number}"}, "location": located}
    feature = {"type": "Feature", "geometry": {"type": "Point", "coordinates": spot}, "properties": members}
    return msgspec.json.encode(feature)


def _asked(
    url: str,
    asked: list[str],
    signed: dict[str, str],
    seconds: float,
    body: Callable[[int], bytes] | None = None,
) -> list[float]:
    """Milliseconds of each request of one client that asks, or sends a body, one after the other."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    headers = signed | ({} if body is None else {"Content-Type": "application/json"})
    until, taken = time.monotonic() + seconds, list[float]()
    while time.monotonic() < until:
        sent = None if body is None else body(len(taken))
        begun = time.perf_counter()
        connection.request("GET" if body is None else "POST", asked[len(taken) % len(asked)], sent, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status not in (http.HTTPStatus.OK, http.HTTPStatus.CREATED):
            raise RuntimeError(f"the client was answered {answer.status}")
        taken.append((time.perf_counter() - begun) * 1000)
    connection.close()
    return taken


def _p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]
