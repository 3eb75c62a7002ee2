"""The coverage engine beside a bare union of the same discs, beside PostGIS, and served."""

import asyncio
import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import asyncpg
import httpx
import numpy as np
import shapely

from benchmarks.figures import Figure, at_least, at_most
from benchmarks.stage import SEED, Served, Stage, served, spent_s
from registry.domain.completeness import Completeness
from registry.domain.coverage.coverage import assess
from registry.domain.coverage.gaps import certain_gaps
from registry.domain.coverage.geometry.interval_cover import cover_interval
from registry.domain.coverage.geometry.study_area import StudyArea, lay_out
from registry.domain.coverage.listing import CoverageListing
from registry.domain.coverage.siting.demand_folding import SitingProblem
from registry.domain.coverage.siting.solver import solve
from registry.domain.coverage.watcher import AreaPart, Watcher

AREA = "coverage"
COMPLETE = CoverageListing(completeness=Completeness(state="complete", listed=0, located=0, placeholders=0))
SIZES = (100, 1_000, 5_000, 20_000)
BOX = (105.2, 28.2, 108.1, 30.76)
RADIUS_M = 5_000.0
REQUESTS = 60
POSTGIS = """
SELECT ST_Area(ST_Difference(ST_MakeEnvelope(105.2, 28.2, 108.1, 30.76, 4326),
       ST_Union(ST_Buffer(ST_MakePoint(p.lon, p.lat)::geography, 5000, 16)::geometry)))
  FROM unnest($1::float8[], $2::float8[]) AS p(lon, lat)
"""
QUESTION = {
    "kind": "rescue_team",
    "place": "qijiang",
    "exercise": "demo",
    "radius_m": 5000,
    "reason": "the same radius as the watch points",
}
HARD = QUESTION | {"siting": {"model": "mclp", "sites": 20, "radius_m": 4000, "time_limit_s": 10}}


class Timed(NamedTuple):
    """Seconds for one size by one clock: our ratio with gaps, our ratio alone, the bare union, PostGIS."""

    ours: float
    ratio: float
    bare: float
    postgis: float


class Taken(NamedTuple):
    """What a piece of work took: by the wall clock, and of the processor, which neighbours disturb less."""

    clock_s: float
    processor_s: float


def measure(stages: list[Stage], seconds: float) -> list[Figure]:
    """Ratio with gaps at four sizes, growth, memory, siting, a whole request, and the loop under a job."""
    timed = {count: _timed(count, stages[-1].database_url) for count in SIZES}
    figures = []
    for clock, which in enumerate(("", ", processor time")):
        by_clock = {count: both[clock] for count, both in timed.items()}
        figures += [_beside_bare(count, t, which) for count, t in by_clock.items()]
        figures += [
            at_least(AREA, f"PostGIS / our ratio, {n:,} discs{which}", t.postgis / t.ratio, 3, "")
            for n, t in by_clock.items()
        ]
        growth = by_clock[20_000].ours / by_clock[1_000].ours
        figures.append(at_most(AREA, f"time at 20,000 / at 1,000 discs (n·log n){which}", growth, 28.7, ""))
    figures.append(at_most(AREA, "memory for 20,000 discs", _memory_mib(), 500, " MiB"))
    figures.append(at_most(AREA, "siting 500 × 5,000, 20 sites, to the optimum", _siting_s(), 10, " s"))
    with served(stages[-1]) as server:
        figures += _served(server, seconds)
    return figures


def _beside_bare(count: int, timed: Timed, which: str) -> Figure:
    if count < 20_000:
        share = timed.ours / timed.bare
        return at_most(AREA, f"ratio with gaps / bare union, {count:,} discs{which}", share, 1.3, "")
    gain = timed.bare / timed.ours
    return at_least(AREA, f"bare union / ratio with gaps, {count:,} discs{which}", gain, 2, "")


def _scattered(count: int) -> tuple[StudyArea, np.ndarray, list[Watcher]]:
    """Discs spread over 80,000 km²; 20,000 of them lie nineteen deep."""
    rng = np.random.default_rng(SEED)
    west, south, east, north = BOX
    lonlat = np.column_stack([rng.uniform(west, east, count), rng.uniform(south, north, count)])
    ground = lay_out([AreaPart(shape=shapely.to_wkb(shapely.box(*BOX)))])
    watchers = [
        Watcher(id=str(at), radius_m=RADIUS_M, position=(x, y)) for at, (x, y) in enumerate(lonlat.tolist())
    ]
    return ground, lonlat, watchers


def _timed(count: int, database_url: str) -> tuple[Timed, Timed]:
    """By the wall clock, and in processor time."""
    ground, lonlat, watchers = _scattered(count)
    discs = cover_interval(ground.plane, watchers).nominal.drawn(ground.plane)
    bare = _best(lambda: shapely.difference(ground.whole, shapely.union_all(discs)))
    ours = _best(lambda: _ratio_with_gaps(ground, watchers))
    ratio = _best(lambda: assess(ground, watchers, COMPLETE).nominal.piece_m2.sum())
    postgis = _least([asyncio.run(_postgis(database_url, lonlat)) for _ in range(2)])
    by_clock, by_processor = zip(ours, ratio, bare, postgis, strict=True)
    return Timed(*by_clock), Timed(*by_processor)


def _ratio_with_gaps(ground: StudyArea, watchers: list[Watcher]) -> Any:
    return certain_gaps(assess(ground, watchers, COMPLETE), sliver_m2=100.0, limit=10_000)


def _best(work: Callable[[], Any], rounds: int = 3) -> Taken:
    taken = []
    for _ in range(rounds):
        began, spent = time.perf_counter(), time.process_time()
        work()
        taken.append(Taken(time.perf_counter() - began, time.process_time() - spent))
    return _least(taken)


def _least(taken: list[Taken]) -> Taken:
    return Taken(min(t.clock_s for t in taken), min(t.processor_s for t in taken))


async def _postgis(url: str, lonlat: np.ndarray) -> Taken:
    connection = await asyncpg.connect(url, command_timeout=600)
    backend = connection.get_server_pid()
    began, before = time.perf_counter(), spent_s(backend)
    await connection.fetchval(POSTGIS, *lonlat.T.tolist())
    taken = Taken(time.perf_counter() - began, spent_s(backend) - before)
    await connection.close()
    return taken


def _memory_mib() -> float:
    """The peak of a process that does nothing else."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return float(pool.apply(_peak_mib))


def _peak_mib() -> float:
    ground, _, watchers = _scattered(20_000)
    _ratio_with_gaps(ground, watchers)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _siting_s() -> float:
    """Demand and candidates spread over 100 km, a reach of 5 km."""
    rng = np.random.default_rng(SEED)
    spots, candidates = rng.uniform(0, 100, (5_000, 2)), rng.uniform(0, 100, (500, 2))
    point, site = np.nonzero(np.hypot(*(spots[:, None] - candidates[None]).transpose(2, 0, 1)) <= 5)
    weight = rng.integers(1, 100, 5_000).astype(float)
    problem = SitingProblem("mclp", weight, np.zeros(5_000, dtype=int), site, point, 500, most=20)
    began = time.perf_counter()
    found = solve(problem, 120.0)
    if found.status != "optimal":
        return float("inf")
    return time.perf_counter() - began


def _served(server: Served, seconds: float) -> list[Figure]:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        _asked_ms(client, 10)
        before = server.workers_spent_s()
        median = statistics.median(_asked_ms(client, REQUESTS))
        spent_ms = 1000 * (server.workers_spent_s() - before) / REQUESTS
        idle = _pings(client, seconds)
        jobs = [client.post("/v1/coverage/siting", json=HARD).headers["location"] for _ in range(2)]
        busy = _pings(client, seconds)
        for job in jobs:
            client.delete(job).raise_for_status()
    return [
        at_most(AREA, "whole request, 123 discs over 21 towns, gaps by town, median", median, 50, " ms"),
        at_most(AREA, "the same, processor time of the application", spent_ms, 50, " ms"),
        Figure(AREA, "p99 of health, idle", f"{idle:.2f} ms"),
        at_most(AREA, "p99 of health while two sitings run", busy, 50, " ms"),
    ]


def _asked_ms(client: httpx.Client, count: int) -> list[float]:
    taken_ms = []
    for _ in range(count):
        began = time.perf_counter()
        client.post("/v1/coverage/gaps", json=QUESTION).raise_for_status()
        taken_ms.append(1000 * (time.perf_counter() - began))
    return taken_ms


def _pings(client: httpx.Client, seconds: float) -> float:
    taken_ms = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        client.get("/health/live").raise_for_status()
        taken_ms.append(1000 * (time.perf_counter() - began))
        time.sleep(0.005)
    return statistics.quantiles(taken_ms, n=100)[98]
