"""Minutes by road: load of a county of 160,000 junctions, searches, a matrix, memory, health meanwhile."""

import os
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from benchmarks.figures import Figure, at_least, at_most
from benchmarks.loadgen.county import write_county
from benchmarks.stage import SEED, Stage
from registry.domain.roads.first_arrival import first_arrivals
from registry.domain.roads.leg import FREE, RoadSpot, Traffic
from registry.domain.roads.network import unpack
from registry.domain.roads.search import RoadSearch
from registry.store.roads.mapped_file import mapped

AREA = "roads"
SIDE = 400
TEAMS, PLACES, COVERING, MATRIX = 1_000, 900, 100, 500
REPEATS = 5
FEW = 64
"""Of so many teams the ten nearest are chosen: straight lines at the greatest speed leave no more."""


class Loaded(NamedTuple):
    """What a load took, and where its arrays are."""

    spent_s: float
    peak_mb: float
    path: Path


def measure(stages: list[Stage], seconds: float) -> list[Figure]:
    """Processor time of the searches in one process, without a server."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_county(Path(folder) / "county.osm.pbf", SIDE)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            loaded = alone.submit(load, path).result()
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            searched = alone.submit(search, loaded.path).result()
    return [
        at_most(AREA, f"load of {SIDE * SIDE:,} junctions, processor", loaded.spent_s, 30, " s"),
        at_most(AREA, "memory of the load, at the most", loaded.peak_mb, 500, " MB"),
        *searched,
    ]


def load(path: Path) -> Loaded:
    """Build the arrays of an extract, and write them."""
    from registry.domain.roads.build import build
    from registry.domain.roads.network import pack
    from registry.domain.roads.speeds import DEFAULT_SPEEDS
    from registry.store.roads.osm_file import read_extract

    begun = time.process_time()
    built = build(read_extract(path), DEFAULT_SPEEDS)
    packed = path.with_suffix(".roads")
    packed.write_bytes(pack(built.head, built.arrays))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000
    return Loaded(time.process_time() - begun, peak_mb, packed)


def search(path: Path) -> list[Figure]:
    """The searches over arrays in a mapped file."""
    import registry.app  # noqa: F401 - what a worker has loaded before it searches

    before = _private_mib()
    version = path.name.removesuffix(".roads")
    roads = RoadSearch(unpack(mapped(path.parent, version), version))
    west, south, east, north = roads.network.head.extent
    chance = random.Random(SEED)
    spots = [
        RoadSpot(chance.uniform(west, east), chance.uniform(south, north)) for _ in range(TEAMS + PLACES)
    ]
    teams, places = spots[:TEAMS], spots[TEAMS:]
    roads.seconds(teams, places[0])
    memory_mib = _private_mib() - before
    sure = [(team, True) for team in teams[:COVERING]]
    minutes, cut = _across(roads)
    matrix_s = _ms(lambda: [roads.seconds(teams, place) for place in places[:10]], 1) * MATRIX / 10 / 1000
    all_ms = _ms(lambda: roads.seconds(teams, places[1]))
    few_ms = _ms(lambda: roads.seconds(teams[:FEW], places[1]))
    coverage_ms = _ms(lambda: first_arrivals(roads, sure, places, FREE))
    return [
        Figure(AREA, f"times of {TEAMS:,} teams to a spot", f"{all_ms:.1f} ms"),
        at_most(AREA, f"the ten first of {TEAMS:,} teams, times of the {FEW} nearest", few_ms, 40, " ms"),
        at_most(AREA, f"coverage of {PLACES} places by {COVERING} teams", coverage_ms, 100, " ms"),
        at_most(AREA, f"times of {MATRIX} × {TEAMS:,}, by ten of them", matrix_s, 15, " s"),
        at_most(AREA, "memory of a worker beside the mapped file", memory_mib, 30, " MiB"),
        at_least(AREA, "across the river, 164 m", minutes, 60, " min"),
        Figure(AREA, "the same with both bridges shut", cut, "not_connected", cut == "not_connected"),
    ]


def _across(roads: RoadSearch) -> tuple[float, str]:
    """Minutes between the banks in the middle of the river, and what is said when both bridges are shut."""
    network, middle = roads.network, (SIDE // 2) * SIDE + SIDE // 2
    here, there = (RoadSpot(float(network.lon[n]), float(network.lat[n])) for n in (middle - SIDE, middle))
    (leg,) = roads.seconds([here], there)
    bridges = tuple(n for n in range(len(network.begin)) if network.max_t[n] == 20)
    (cut,) = roads.seconds([here], there, traffic=Traffic(bridges))
    return (leg.seconds_min or 0.0) / 60, str(cut.unknown)


def _ms(ask: Callable[[], object], repeats: int = REPEATS) -> float:
    """Median processor time of a question in milliseconds."""
    spent = []
    for _ in range(repeats):
        begun = time.process_time()
        ask()
        spent.append((time.process_time() - begun) * 1_000)
    return statistics.median(spent)


def _private_mib() -> float:
    """Memory that this process shares with no other."""
    lines = Path(f"/proc/{os.getpid()}/smaps_rollup").read_text().splitlines()[1:]
    sizes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return (sizes["Private_Dirty"] + sizes["Private_Clean"]) / 1024
