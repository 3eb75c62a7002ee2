"""Coverage by line of sight: its interval holds whatever the elevations are within their error."""

import numpy as np
import pytest
import shapely
from msgspec import structs

from registry.domain.coverage.addition import Move
from registry.domain.coverage.coverage import Coverage, assess, coverage_of
from registry.domain.coverage.geometry.plane import to_plane
from registry.domain.coverage.geometry.study_area import StudyArea, lay_out
from registry.domain.coverage.measure import CoverageInputs
from registry.domain.coverage.scenario import Changes, applied
from registry.domain.coverage.tasks import AT_ONCE_S, MeasureTask, estimate_seconds
from registry.domain.coverage.watcher import ViewSector, Watcher
from registry.domain.geojson import Point
from registry.domain.terrain.elevation import ElevationGrid
from registry.domain.terrain.seen import Lookout, SeenGround, draw_seen
from registry.domain.terrain.sight_lines import ElevationDoubt
from registry.domain.terrain.watched import SeenShapes
from tests.domain.coverage_oracles import CLOSED, part
from tests.domain.terrain_oracle import grid_around, hills

LON, LAT, RADIUS_M, ERROR_M = 106.6, 29.0, 1_500.0, 3.0
TOWERS = ((LON - 0.008, LAT), (LON + 0.009, LAT + 0.004), (LON, LAT - 0.01))
AREA = shapely.box(LON - 0.025, LAT - 0.025, LON + 0.025, LAT + 0.02)
FIELDS = 3


def watcher(at: tuple[float, float], grid: ElevationGrid, error_m: float, height_m: float = 20.0) -> Watcher:
    lookout = Lookout(position=at, uncertainty_m=0.0, eye_height_m=20.0, radius_m=RADIUS_M, sector=None)
    drawn = draw_seen(lookout, [grid], ElevationDoubt(error_m))
    assert isinstance(drawn, list)
    one: SeenGround = next(one for one in drawn if one.smoke_height_m == height_m)
    sees = SeenShapes(one.lower, one.nominal, one.upper, one.unknown_m2)
    return Watcher(id=str(at), radius_m=RADIUS_M, position=at, eye_height_m=20.0, sees=sees)


def area() -> StudyArea:
    return lay_out([part(AREA)])


def answer(*watchers: Watcher) -> Coverage:
    return coverage_of(assess(area(), list(watchers), CLOSED))


def test_the_interval_holds_every_field_of_elevations_within_the_error() -> None:
    """The true cover is that of the true elevations: towers are drawn over each, and their ground united."""
    grid, random = hills(330, LON, LAT, seed=8), np.random.default_rng(2)
    told = answer(*(watcher(at, grid, ERROR_M) for at in TOWERS)).covered_m2
    assert told.lower < told.nominal < told.upper
    x, y = np.meshgrid(np.arange(330), np.arange(330))
    for _ in range(FIELDS):
        wave, turn = random.uniform(0.03, 2.0, 2), random.uniform(0, 6, 2)
        error = ERROR_M * np.sin(wave[0] * x + turn[0]) * np.cos(wave[1] * y + turn[1])
        true = grid_around(grid.heights + error, LON, LAT)
        ground = area()
        united = shapely.union_all(
            [
                to_plane(ground.plane, shapely.from_wkb(w.sees.nominal))
                for at in TOWERS
                if (w := watcher(at, true, 0.0)).sees
            ]
        )
        covered = shapely.intersection(united, ground.whole).area
        assert told.lower - 1.0 <= covered <= told.upper + 1.0


def test_the_nominal_cover_is_the_union_of_what_is_seen() -> None:
    grid = hills(330, LON, LAT, seed=8)
    towers = [watcher(at, grid, ERROR_M) for at in TOWERS]
    ground, found = area(), answer(*towers)
    shapes = [to_plane(ground.plane, shapely.from_wkb(w.sees.nominal)) for w in towers if w.sees]
    united = shapely.intersection(shapely.union_all(shapes), ground.whole)
    assert found.covered_m2.nominal == pytest.approx(united.area, rel=1e-6)
    assert found.error_bound_m2 < 0.001 * found.area_m2
    assert found.counts.uncertain == len(TOWERS)


@pytest.mark.parametrize("view", [None, ViewSector(300.0, 60.0)])
def test_a_watcher_of_which_nobody_knows_what_it_sees_proves_nothing(view: ViewSector | None) -> None:
    """Its reach counts as recorded and at most, beside others that are certain."""
    blind = Watcher(
        id="blind", radius_m=RADIUS_M, position=(LON, LAT), view=view, uncertainty_m=50.0, unseen="terrain"
    )
    plain = structs.replace(blind, unseen=None)
    found, radius = answer(blind), answer(plain)
    assert found.covered_m2.lower == 0.0
    assert found.covered_m2.nominal == pytest.approx(radius.covered_m2.nominal, rel=1e-3)
    assert found.covered_m2.upper >= radius.covered_m2.upper * (1 - 1e-3)
    assert [(one.reason, one.unknown) for one in found.undecided.resources] == [
        ("no_line_of_sight", ["terrain"])
    ]
    sure = Watcher(id="sure", radius_m=800.0, position=(LON + 0.01, LAT))
    assert answer(blind, sure).covered_m2.lower == pytest.approx(answer(sure).covered_m2.lower, rel=1e-3)


def test_what_is_moved_has_no_drawing_at_its_new_position() -> None:
    grid = hills(330, LON, LAT, seed=8)
    tower = watcher(TOWERS[0], grid, ERROR_M)
    (moved,) = applied([tower], Changes(move=[Move(tower.id, Point((LON, LAT)))]))
    assert (moved.sees, moved.unseen) == (None, "drawing")
    (plain,) = applied([structs.replace(tower, sees=None)], Changes(move=[Move(tower.id, Point((LON, LAT)))]))
    assert plain.unseen is None


def test_what_takes_long_becomes_a_job() -> None:
    """Many drawings are expected to take over a second, the same circles not."""
    inputs = CoverageInputs(whole=part(AREA), parts=[], listing=CLOSED, watchers=[])
    one = SeenShapes(b"", b"", b"", 0.0)
    for count, at_once in ((5, True), (60, False)):
        circles = [Watcher(id=str(at), radius_m=RADIUS_M, position=(LON, LAT)) for at in range(count)]
        seeing = [structs.replace(circle, sees=one) for circle in circles]
        estimates = [
            estimate_seconds(MeasureTask(inputs=structs.replace(inputs, watchers=those)))
            for those in (circles, seeing)
        ]
        assert estimates[0] < AT_ONCE_S
        assert (estimates[1] < AT_ONCE_S) == at_once


def test_an_unlocated_watcher_covers_nothing_for_certain() -> None:
    town = shapely.to_wkb(shapely.box(LON, LAT, LON + 0.002, LAT + 0.002))
    somewhere = Watcher(id="x", radius_m=RADIUS_M, extents=(town,), unseen="position")
    assert answer(somewhere).covered_m2.lower == 0.0
    assert answer(somewhere).covered_m2.upper > 0.0
    by_radius = structs.replace(somewhere, unseen=None)
    assert answer(by_radius).covered_m2.lower > 0.0
