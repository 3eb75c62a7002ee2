"""What a credential costs, and what a command client notices of a storm of the public."""

import asyncio
import http.client
import statistics
import threading
import time
from urllib.parse import urlsplit

from benchmarks import load
from benchmarks.areas.nearest import paths
from benchmarks.figures import Figure, at_least, at_most
from benchmarks.stage import Stage, served
from registry.domain.access.credential import new_token
from registry.runtime import database
from registry.services.access import keys

AREA = "access"
PEPPER = "a pepper for the benchmarks alone"
ROUNDS = 3
STORM_CONNECTIONS = 128
DEFAULT_PUBLIC = 5
WAITING = 100
ASKED_S = 3.0


def measure(stages: list[Stage], seconds: float) -> list[Figure]:
    """Throughput with a key beside that without, and a command client's slowest hundredth in a storm."""
    stage = stages[-1]
    signed = {"Authorization": f"Bearer {asyncio.run(_key(stage))}"}
    return [*_cost(stage, signed, seconds), *_storm(stage, signed, seconds), _beside_waiting(stage)]


async def _key(stage: Stage) -> str:
    token = new_token()
    async with database.writing(stage.database_url) as writer:
        await keys.put_admin_key(writer, PEPPER.encode(), token)
    return token


def _cost(stage: Stage, signed: dict[str, str], seconds: float) -> list[Figure]:
    """Both are asked in turn, several times, so that what else the machine does meets both."""
    asked = paths(stage)
    rates: dict[bool, list[float]] = {False: [], True: []}
    with served(stage, key_pepper=PEPPER) as server:
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
    with served(stage, key_pepper=PEPPER, inflight_public=DEFAULT_PUBLIC) as server:
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


def _asked(url: str, asked: list[str], signed: dict[str, str], seconds: float) -> list[float]:
    """Milliseconds of each request of one client that asks one question after the other."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    until, taken = time.monotonic() + seconds, []
    while time.monotonic() < until:
        begun = time.perf_counter()
        connection.request("GET", asked[len(taken) % len(asked)], headers=signed)
        answer = connection.getresponse()
        answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"the client was answered {answer.status}")
        taken.append((time.perf_counter() - begun) * 1000)
    connection.close()
    return taken


def _p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]
