"""Sight lines: closed forms, a slow reference, properties, and every field of elevations within the error."""

import os

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.terrain.elevation import ElevationGrid, LocalGround, LocalPlane, cell_size_m
from registry.domain.terrain.seen import SMOKE_HEIGHTS_M, Lookout, SeenGround, basis_of, draw_seen
from registry.domain.terrain.sight_lines import ElevationDoubt, LeastHeights, cell_axis, least_heights
from tests.domain.terrain_oracle import GEOD, STEP_DEG, Floats, grid_around, hills, least_height

LON, LAT = 106.6, 29.0
TOWERS = int(os.environ.get("REGISTRY_TERRAIN_TOWERS", "2"))
CELLS = int(os.environ.get("REGISTRY_TERRAIN_CELLS", "600"))
EXACT = ElevationDoubt(0.0)


def least_of(
    grid: ElevationGrid, eye_m: float, reach_m: float, step_m: float, doubt: ElevationDoubt = EXACT
) -> tuple[LeastHeights, Floats]:
    plane, axis = LocalPlane(LON, LAT), cell_axis(reach_m, step_m)
    found = least_heights(LocalGround([grid], plane, 1.5 * reach_m), (0.0, 0.0), eye_m, axis, step_m, doubt)
    assert found is not None
    return found, axis


def lookout(**changes: object) -> Lookout:
    usual = {
        "position": (LON, LAT),
        "uncertainty_m": 0.0,
        "eye_height_m": 30.0,
        "radius_m": 2_000.0,
        "sector": None,
    }
    return Lookout(**usual | changes)  # type: ignore[arg-type]


def seen(grid: ElevationGrid, doubt: ElevationDoubt = EXACT, **changes: object) -> dict[float, SeenGround]:
    drawn = draw_seen(lookout(**changes), [grid], doubt)
    assert isinstance(drawn, list), drawn
    return {one.smoke_height_m: one for one in drawn}


def shapes(one: SeenGround) -> list[shapely.Geometry]:
    return [shapely.from_wkb(wkb) for wkb in (one.lower, one.nominal, one.upper)]


def test_behind_a_wall_the_hidden_height_is_that_of_similar_triangles() -> None:
    """A wall of 50 m at 1.5 km and an eye of 30 m hide 90.908 m at 4.5 km, the Earth's curve included."""
    step_deg = (float(LocalPlane(LON, LAT).inverse(np.array([[0.0, 1_500.0]]))[0, 1]) - LAT) / 50
    heights = np.zeros((361, 361), dtype=np.float32)
    heights[180 - 53 : 180 - 49, :] = 50.0
    grid = ElevationGrid(4326, LON - 180 * step_deg, LAT + 180 * step_deg, step_deg, step_deg, heights)
    found, axis = least_of(grid, 30.0, 4_800.0, 30.0)
    target = int(np.flatnonzero(axis == 4_500.0)[0])
    assert found.nominal_m[target, len(axis) // 2] == pytest.approx(90.908, abs=0.01)


def test_over_a_plane_the_horizon_is_where_the_formula_says() -> None:
    """√(2Rh/(1 − k)): 11.7 km for an eye of 9.2 m, within a cell."""
    step, eye = 100.0, 9.2
    grid = ElevationGrid(4326, LON - 0.3, LAT + 0.3, 0.01, 0.01, np.zeros((61, 61), dtype=np.float32))
    found, axis = least_of(grid, eye, 14_000.0, step)
    horizon = np.sqrt(2 * 6_371_008.8 * eye * 7 / 6)
    row = found.nominal_m[len(axis) // 2, len(axis) // 2 :]
    seen_to = float(axis[len(axis) // 2 :][row <= 2e-4].max())
    assert seen_to == pytest.approx(horizon, abs=2 * step)


def _hilltops(grid: ElevationGrid, count: int) -> list[tuple[float, float]]:
    """The highest cells of the middle third, one for each quarter or more of it."""
    rows = len(grid.heights)
    third = slice(rows // 3, 2 * rows // 3)
    heights = grid.heights[third, third].copy()
    tops = []
    for _ in range(count):
        row, column = np.unravel_index(int(np.argmax(heights)), heights.shape)
        heights[max(0, row - 15) : row + 16, max(0, column - 15) : column + 16] = -np.inf
        tops.append((row + third.start, column + third.start))
    return [(grid.first_x + c * grid.step_x, grid.first_y - r * grid.step_y) for r, c in tops]


def test_it_agrees_with_a_ray_to_every_cell() -> None:
    """At least 99.5 % of cells are seen or hidden as a reference says that looks at each by itself."""
    grid = hills(420, LON, LAT, seed=7)
    reach, random = 3_000.0, np.random.default_rng(5)
    for lon, lat in _hilltops(grid, TOWERS):
        plane = LocalPlane(lon, lat)
        step = cell_size_m(grid, plane)
        axis = cell_axis(reach, step)
        found = least_heights(LocalGround([grid], plane, 1.5 * reach), (0.0, 0.0), 30.0, axis, step, EXACT)
        assert found is not None
        picked = random.integers(0, len(axis), (CELLS, 2))
        truth = np.array([least_height(grid, lon, lat, 30.0, axis[c], axis[r], step) for r, c in picked])
        ours = found.nominal_m[picked[:, 0], picked[:, 1]]
        for smoke in SMOKE_HEIGHTS_M:
            assert np.mean((ours <= smoke) == (truth <= smoke)) >= 0.995, smoke


def test_every_field_within_the_error_lies_in_the_interval() -> None:
    """Whatever the elevations are within 4 m of the recorded ones, seen ground lies between the ends."""
    grid, random = hills(240, LON, LAT, seed=11), np.random.default_rng(3)
    interval, _ = least_of(grid, 30.0, 2_000.0, 30.0, ElevationDoubt(4.0))
    for _ in range(4):
        waves = random.uniform(0.05, 2.5, 3)
        x, y = np.meshgrid(np.arange(240), np.arange(240))
        error = 4.0 * np.sin(waves[0] * x + random.uniform(0, 6)) * np.cos(waves[1] * y + waves[2])
        moved = grid_around(grid.heights + error, LON, LAT)
        true, _ = least_of(moved, 30.0, 2_000.0, 30.0)
        assert (interval.high_m <= true.nominal_m + 1e-2).all()
        assert (true.nominal_m <= interval.low_m + 1e-2).all()


@given(
    seed=st.integers(0, 50),
    eye_m=st.floats(2, 60),
    error_m=st.floats(0, 8),
    cover_m=st.one_of(st.none(), st.floats(0, 30)),
)
def test_the_ends_are_ordered_and_more_height_never_sees_less(
    seed: int, eye_m: float, error_m: float, cover_m: float | None
) -> None:
    grid = hills(72, LON, LAT, seed)
    one, _ = least_of(grid, eye_m, 700.0, 30.0, ElevationDoubt(error_m, cover_m))
    assert (one.high_m <= one.nominal_m).all()
    assert (one.nominal_m <= one.low_m).all()
    higher, _ = least_of(grid, eye_m + 5.0, 700.0, 30.0, ElevationDoubt(error_m, cover_m))
    finite = np.isfinite(one.low_m)
    assert (higher.nominal_m <= one.nominal_m + 1e-2).all()
    assert (higher.low_m[finite] <= one.low_m[finite] + 1e-2).all()
    assert cover_m is not None or not finite.any()


@pytest.mark.parametrize("changes", [{}, {"uncertainty_m": 90.0}, {"sector": (300.0, 45.0)}])
def test_footprints_nest_and_stay_within_radius_and_sector(changes: dict[str, object]) -> None:
    """The lower lies in the nominal, that in the upper; the lower holds no point beyond radius or sector."""
    grid = hills(260, LON, LAT, seed=2)
    drawn = seen(grid, ElevationDoubt(2.0), **changes)
    for smoke, one in drawn.items():
        lower, nominal, upper = shapes(one)
        assert all(shape.is_valid for shape in (lower, nominal, upper))
        sliver = 1e-6 * upper.area  # the middle of a long edge moves by a millimetre
        assert lower.difference(nominal).area < sliver, smoke
        assert nominal.difference(upper).area < sliver, smoke
        assert lower.area < nominal.area < upper.area
        lon, lat = shapely.get_coordinates(lower).T
        azimuth, _, away = GEOD.inv(np.full(len(lon), LON), np.full(len(lon), LAT), lon, lat)
        doubt = float(str(changes.get("uncertainty_m", 0.0)))
        assert away.max() <= 2_000.0 - doubt + 1e-3
        if "sector" in changes:
            turned = (azimuth - 300.0) % 360.0
            assert turned.max() <= 105.0 + 1e-6
    ratio = [shapely.from_wkb(one.nominal).area for one in drawn.values()]
    assert ratio == sorted(ratio)


def test_an_outline_lies_where_its_cells_are() -> None:
    """Flat ground with a void: what lies behind it is seen at most, never for certain."""
    heights = np.zeros((201, 201))
    heights[60:70, 95:106] = np.nan
    one = seen(grid_around(heights, LON, LAT))[10.0]
    lower, nominal, upper = shapes(one)
    for north_m, known in ((600.0, True), (1_100.0, False), (1_700.0, False)):
        lon, lat, _ = GEOD.fwd(LON, LAT, 0.0, north_m)
        spot = shapely.Point(lon, lat)
        assert upper.covers(spot)
        assert lower.covers(spot) == nominal.covers(spot) == known, north_m
    south = shapely.Point(GEOD.fwd(LON, LAT, 180.0, 1_700.0)[:2])
    assert lower.covers(south)
    assert one.unknown_m2 > 200_000.0


def test_two_grids_meet_without_a_seam() -> None:
    """Tiles side by side, whose outermost centres lie a cell apart, leave no void between them."""
    whole = hills(200, LON, LAT, seed=4)
    west = ElevationGrid(4326, whole.first_x, whole.first_y, STEP_DEG, STEP_DEG, whole.heights[:, :100])
    east_x = whole.first_x + 100 * STEP_DEG
    east = ElevationGrid(4326, east_x, whole.first_y, STEP_DEG, STEP_DEG, whole.heights[:, 100:])
    together = draw_seen(lookout(), [west, east], EXACT)
    assert isinstance(together, list)
    assert all(one.unknown_m2 == 0.0 for one in together)
    alone = seen(whole)
    for one in together:
        apart = shapely.from_wkb(one.nominal).symmetric_difference(
            shapely.from_wkb(alone[one.smoke_height_m].nominal)
        )
        assert apart.area < 0.02 * shapely.from_wkb(one.nominal).area


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"position": None}, "no_position"),
        ({"eye_height_m": None}, "no_eye_height"),
        ({"radius_m": None}, "no_radius"),
        ({"radius_m": 50_000.0}, "radius_too_long"),
        ({"uncertainty_m": 301.0}, "uncertain_position"),
        ({"position": (107.6, 29.0)}, "no_elevations"),
    ],
)
def test_what_cannot_be_evaluated_says_why(changes: dict[str, object], reason: str) -> None:
    assert draw_seen(lookout(**changes), [hills(40, LON, LAT, 1)], EXACT) == reason


def test_a_projected_model_gives_the_same_picture_as_one_in_degrees() -> None:
    """The same smooth hill as a grid in degrees and as one in metres of UTM zone 48."""
    from pyproj import Transformer

    utm = Transformer.from_crs(4326, 32648, always_xy=True)
    x0, y0 = utm.transform(LON, LAT)
    step, count = 30.0, 181
    x, y = np.meshgrid(x0 + (np.arange(count) - 90) * step, y0 - (np.arange(count) - 90) * step)

    def hill(lon: Floats, lat: Floats) -> Floats:
        return np.asarray(300 * np.exp(-(((lon - LON - 0.006) / 0.004) ** 2) - ((lat - LAT) / 0.005) ** 2))

    metric = hill(*(np.asarray(a) for a in utm.transform(x, y, direction="INVERSE")))
    span = (np.arange(241) - 120) * STEP_DEG
    lon, lat = np.meshgrid(LON + span, LAT - span)
    ours = seen(ElevationGrid(32648, x0 - 90 * step, y0 + 90 * step, step, step, metric.astype(np.float32)))
    theirs = seen(grid_around(hill(lon, lat), LON, LAT))
    for smoke in (20.0, 50.0):
        one, other = (shapely.from_wkb(drawn[smoke].nominal) for drawn in (ours, theirs))
        assert one.symmetric_difference(other).area < 0.03 * one.area


def test_a_drawing_is_stale_when_anything_that_it_depends_on_changes() -> None:
    bases = {
        basis_of(lookout(), "a"),
        basis_of(lookout(), "b"),
        basis_of(lookout(eye_height_m=31.0), "a"),
        basis_of(lookout(radius_m=2_001.0), "a"),
        basis_of(lookout(sector=(0.0, 90.0)), "a"),
        basis_of(lookout(uncertainty_m=5.0), "a"),
        basis_of(lookout(position=(LON + 1e-7, LAT)), "a"),
    }
    assert len(bases) == 7
    assert basis_of(lookout(), "a") == basis_of(lookout(), "a")
