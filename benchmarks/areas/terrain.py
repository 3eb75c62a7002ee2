"""What a watch point sees: time and memory of one tower, of a hundred, and of coverage over what is drawn."""

import statistics
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import shapely

from benchmarks.figures import Figure, at_least, at_most
from benchmarks.stage import SEED, Stage
from registry.domain.completeness import Completeness
from registry.domain.coverage.coverage import assess
from registry.domain.coverage.gaps import certain_gaps
from registry.domain.coverage.geometry.study_area import lay_out
from registry.domain.coverage.listing import CoverageListing
from registry.domain.coverage.watcher import AreaPart, Watcher
from registry.domain.terrain.elevation import ElevationGrid, LocalGround, LocalPlane
from registry.domain.terrain.seen import Lookout, draw_seen
from registry.domain.terrain.sight_lines import ElevationDoubt, cell_axis, least_heights
from registry.domain.terrain.watched import SeenShapes
from tests.domain.terrain_oracle import hills

AREA = "terrain"
LON, LAT, STEP_DEG = 106.6, 29.0, 1 / 3600
RADIUS_M, EYE_M, SMOKE_M = 5_000.0, 30.0, 20.0
TOWERS = 100
SIDE = 2_400
ERROR = ElevationDoubt(4.0)
COMPLETE = CoverageListing(completeness=Completeness(state="complete", listed=0, located=0, placeholders=0))
Spot = tuple[float, float]


def measure(_stages: list[Stage], _seconds: float) -> list[Figure]:
    """One tower of 5 km at one arc second; a hundred of them; coverage by terrain beside that by radius."""
    ground = hills(SIDE, LON, LAT, SEED)
    spots = _hilltops(ground)
    began_s = time.process_time()
    drawn = {spot: _drawn(ground, spot) for spot in spots}
    all_s = time.process_time() - began_s
    shares = [_share(seen) for seen in drawn.values()]
    return [
        at_most(
            AREA, "sight lines of a tower, processor time", 1000 * _sight_lines_s(ground, spots), 100, " ms"
        ),
        at_most(AREA, "memory of a tower", _memory_mib(ground, spots[0]), 60, " MiB"),
        at_most(AREA, f"{TOWERS} towers at four smoke heights, processor time", all_s, 20, " s"),
        at_most(AREA, f"coverage and gaps by terrain / by radius, {TOWERS} towers", _coverage(drawn), 2, ""),
        at_least(
            AREA, "hidden behind 50 m at 1.5 km, seen from 30 m, at 4.5 km", _behind_a_wall_m(), 90.9, " m"
        ),
        Figure(AREA, f"share of the circle in which smoke of {SMOKE_M:g} m is seen", _interval(shares)),
    ]


def _hilltops(ground: ElevationGrid) -> list[Spot]:
    """The highest cell of each square of a lattice that lies a reach within the model."""
    edge, count = 300, int(TOWERS**0.5)
    side = (SIDE - 2 * edge) // count
    spots = []
    for at in range(TOWERS):
        top, left = edge + at // count * side, edge + at % count * side
        square = ground.heights[top : top + side, left : left + side]
        row, column = np.unravel_index(int(np.argmax(square)), square.shape)
        spots.append((ground.first_x + (left + column) * STEP_DEG, ground.first_y - (top + row) * STEP_DEG))
    return spots


def _around(ground: ElevationGrid, spot: Spot) -> ElevationGrid:
    """The part of the model that decides, as the store reads it."""
    column, row = (spot[0] - ground.first_x) / STEP_DEG, (ground.first_y - spot[1]) / STEP_DEG
    reach = 320
    left, top = max(0, int(column) - reach), max(0, int(row) - reach)
    part = ground.heights[top : int(row) + reach, left : int(column) + reach]
    west, north = ground.first_x + left * STEP_DEG, ground.first_y - top * STEP_DEG
    return ElevationGrid(ground.crs, west, north, STEP_DEG, STEP_DEG, part)


def _drawn(ground: ElevationGrid, spot: Spot) -> SeenShapes:
    lookout = Lookout(position=spot, uncertainty_m=0.0, eye_height_m=EYE_M, radius_m=RADIUS_M, sector=None)
    drawn = draw_seen(lookout, [_around(ground, spot)], ERROR)
    if isinstance(drawn, str):
        raise SystemExit(f"a tower cannot be drawn: {drawn}")
    seen = next(one for one in drawn if one.smoke_height_m == SMOKE_M)
    return SeenShapes(seen.lower, seen.nominal, seen.upper, seen.unknown_m2)


def _sight_lines_s(ground: ElevationGrid, spots: list[Spot]) -> float:
    def one(spot: Spot) -> None:
        around = LocalGround([_around(ground, spot)], LocalPlane(*spot), 1.5 * RADIUS_M)
        least_heights(around, (0.0, 0.0), EYE_M, cell_axis(RADIUS_M, 30.0), 30.0, ERROR)

    return statistics.median(_spent_s(lambda spot=spot: one(spot)) for spot in spots[:12])  # type: ignore[misc]


def _spent_s(work: Callable[[], object]) -> float:
    began_s = time.process_time()
    work()
    return time.process_time() - began_s


def _memory_mib(ground: ElevationGrid, spot: Spot) -> float:
    tracemalloc.start()
    _drawn(ground, spot)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 2**20


def _coverage(drawn: dict[Spot, SeenShapes]) -> float:
    """Processor time of the ratio with gaps by terrain, in that by radius."""
    west, south = np.min(list(drawn), axis=0) - 0.05
    east, north = np.max(list(drawn), axis=0) + 0.05
    area = lay_out([AreaPart(shape=shapely.to_wkb(shapely.box(west, south, east, north)))])
    circles = [
        Watcher(id=str(at), radius_m=RADIUS_M, position=spot, uncertainty_m=30.0)
        for at, spot in enumerate(drawn)
    ]
    seeing = [
        Watcher(id=str(at), radius_m=RADIUS_M, position=spot, sees=shapes)
        for at, (spot, shapes) in enumerate(drawn.items())
    ]

    def ask(watchers: list[Watcher]) -> float:
        return _spent_s(lambda: certain_gaps(assess(area, watchers, COMPLETE), sliver_m2=100.0, limit=10_000))

    return min(ask(seeing) for _ in range(3)) / min(ask(circles) for _ in range(3))


def _behind_a_wall_m() -> float:
    """The least height seen 4.5 km north of an eye of 30 m, behind a wall of 50 m at 1.5 km."""
    step_deg = (float(LocalPlane(LON, LAT).inverse(np.array([[0.0, 1_500.0]]))[0, 1]) - LAT) / 50
    heights = np.zeros((361, 361), dtype=np.float32)
    heights[127:131, :] = 50.0
    grid = ElevationGrid(4326, LON - 180 * step_deg, LAT + 180 * step_deg, step_deg, step_deg, heights)
    axis = cell_axis(4_800.0, 30.0)
    ground = LocalGround([grid], LocalPlane(LON, LAT), 7_200.0)
    found = least_heights(ground, (0.0, 0.0), EYE_M, axis, 30.0, ElevationDoubt(0.0))
    if found is None:
        raise SystemExit("the plain has no height")
    return float(found.nominal_m[int(np.flatnonzero(axis == 4_500.0)[0]), len(axis) // 2])


def _share(seen: SeenShapes) -> tuple[float, float, float]:
    """The lower, nominal and upper part of the circle."""
    disc = np.pi * (RADIUS_M / 111_195.0) ** 2 / np.cos(np.radians(LAT))
    low, mid, high = (shapely.from_wkb(shape).area / disc for shape in (seen.lower, seen.nominal, seen.upper))
    return float(low), float(mid), float(high)


def _interval(shares: list[tuple[float, float, float]]) -> str:
    low, mid, high = np.mean(shares, axis=0)
    return f"{low:.3f} / {mid:.3f} / {high:.3f}"
