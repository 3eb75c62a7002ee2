"""What operators ask beside the plain nearest: filters, rare filters, situations, batches."""

import http.client
import json
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx

from benchmarks import load
from benchmarks.areas import nearest
from benchmarks.figures import Figure, at_least, at_most
from benchmarks.recorded import statements
from benchmarks.stage import Stage, served

AREA = "proximity"
TWO_FILTERS = "&kind=rescue_team&readiness=available"
RARE = "&kind=rescue_team&specialties_all=mine,water&level=district&readiness=available&force=social"
ORIGINS = 1000
CONNECTIONS = 8
ROUNDS = 40
WARMING = 8


def paths(stage: Stage, conditions: str) -> list[str]:
    """The ten nearest that meet conditions, asked all over the stage."""
    return [
        f"/v1/proximity/nearest?lon={lon:.6f}&lat={lat:.6f}&k=10{conditions}" for lon, lat in stage.spots()
    ]


def post(url: str, question: str, bodies: list[dict[str, Any]]) -> list[float]:
    """The milliseconds of each question in turn, on one connection."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    taken = []
    for body in bodies:
        begun = time.perf_counter()
        connection.request("POST", question, json.dumps(body), {"content-type": "application/json"})
        response = connection.getresponse()
        text = response.read()
        if response.status != 200:
            raise RuntimeError(f"{question} answered {response.status}: {text[:200]!r}")
        taken.append((time.perf_counter() - begun) * 1000)
    connection.close()
    return taken


def at_once(ask: Callable[[int], list[float]]) -> list[float]:
    """The milliseconds of all questions of several connections, in order."""
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        return sorted(taken for some in threads.map(ask, range(CONNECTIONS)) for taken in some)


def share(stage: Stage, url: str, seconds: float) -> Figure:
    """Throughput with two filters beside pgbench with the same statements."""
    asked = paths(stage, TWO_FILTERS)
    over_http = load.wrk(url, asked, seconds=seconds).per_second
    lon, lat = (round(value, 6) for value in stage.spots()[0])
    spread = {
        lon: f"random({int(stage.west * 1e6)}, {int(stage.east * 1e6)}) / 1000000.0",
        lat: f"random({int(stage.south * 1e6)}, {int(stage.north * 1e6)}) / 1000000.0",
    }
    recorded = statements(stage.database_url, asked[0])
    alone = load.pgbench(stage.database_url, recorded, spread, seconds=seconds)
    return at_least(AREA, "nearest with two filters, share of pgbench", over_http / alone * 100, 25, " %")


def situations(stage: Stage, url: str) -> Figure:
    """The slowest hundredth of situations."""
    bodies = [
        {"origin": {"lon": lon, "lat": lat}, "hazard": "forest_fire", "persons": 50}
        for lon, lat in stage.spots(ROUNDS * CONNECTIONS)
    ]
    ask = "/v1/proximity/situation"
    at_once(lambda n: post(url, ask, bodies[n::CONNECTIONS][:WARMING]))
    asked = at_once(lambda n: post(url, ask, bodies[n::CONNECTIONS]))
    return at_most(AREA, "situation, p99 at 8 connections", asked[int(len(asked) * 0.99)], 150, " ms")


def whole_districts(url: str) -> Figure:
    """The slowest situation that asks about all of a district, each of them once."""
    listed = httpx.get(f"{url}/v1/places", params={"level": "district", "limit": 100}).raise_for_status()
    bodies: list[dict[str, Any]] = [
        {"origin": {"place": place["id"]}, "hazard": "forest_fire", "persons": 50}
        for place in listed.json()["features"]
        if place["properties"]["extent_basis"] == "boundary"
    ]
    slowest = max(post(url, "/v1/proximity/situation", bodies))
    return at_most(AREA, f"situation of a whole district, slowest of {len(bodies)}", slowest, 2000, " ms")


def batches(stage: Stage, url: str) -> Figure:
    """How many times faster a batch of 1,000 is than 1,000 questions on one connection."""
    where = {"kind": "rescue_team"}
    origins = [{"lon": lon, "lat": lat} for lon, lat in stage.spots(ORIGINS)]
    together = {"origins": origins, "where": where, "k": 3}
    one_by_one = [{"origin": origin, "where": where, "k": 3} for origin in origins]
    singles = sum(post(url, "/v1/proximity/nearest", one_by_one))
    batch = min(post(url, "/v1/proximity/batch", [together] * 3))
    return at_least(AREA, "batch of 1,000, times faster than one by one", singles / batch, 5, "×")


def measure(stages: list[Stage], seconds: float) -> list[Figure]:
    """Filters, rare filters, situations and batches on the largest stage."""
    stage = stages[-1]
    with served(stage) as server:
        load.wrk(server.url, nearest.paths(stage), seconds=min(2, seconds))
        rare = load.wrk(server.url, paths(stage, RARE), seconds=seconds, connections=2)
        figures = [
            share(stage, server.url, seconds),
            at_most(AREA, "rare filter, p99 at 2 connections", rare.p99_us / 1000, 100, " ms"),
            situations(stage, server.url),
            whole_districts(server.url),
            batches(stage, server.url),
        ]
    rival = "installed; not compared yet" if shutil.which("tile38-server") else "not installed here"
    return [*figures, Figure(AREA, "Tile38 beside it", rival)]
