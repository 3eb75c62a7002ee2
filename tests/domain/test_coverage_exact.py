"""The covered area of known figures, against formulas and against another projection."""

import msgspec
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.domain.coverage.coverage import assess, coverage_of
from registry.domain.coverage.geometry.study_area import lay_out
from registry.domain.coverage.watcher import ViewSector
from tests.domain.coverage_oracles import CLOSED, GEOD, covered_m2, dense_circle, lens_m2, part, watchers

RELATIVE = 1e-4


def measured(area, lonlat, radius_m):
    return coverage_of(assess(lay_out([part(area)]), watchers(lonlat, radius_m), CLOSED))


def assert_close(answer, covered, area=None):
    area = answer.area_m2 if area is None else area
    assert answer.area_m2 == pytest.approx(area, rel=1e-7)
    assert abs(answer.covered_m2.nominal - covered) <= answer.error_bound_m2
    assert abs(answer.ratio.nominal - covered / area) <= RELATIVE * max(covered / area, 1e-12)


@pytest.mark.parametrize("lat", [0.0, 29.1, -45.0, 85.0])
@pytest.mark.parametrize("radius_m", [300.0, 5_000.0, 60_000.0])
def test_one_disc_has_the_geodesic_area(lat, radius_m):
    half = 3.0 * radius_m / 111_000
    area = shapely.box(
        106 - half / np.cos(np.radians(lat)), lat - half, 106 + half / np.cos(np.radians(lat)), lat + half
    )
    true = abs(GEOD.polygon_area_perimeter(*dense_circle(106, lat, radius_m, 20_000).T)[0])
    answer = measured(area, [(106, lat)], radius_m)
    assert_close(answer, true)
    assert answer.covered_m2.nominal == pytest.approx(true, rel=1e-6)


@pytest.mark.parametrize("apart", [1.0, 500.0, 3_000.0, 6_500.0, 7_900.0, 7_996.0, 7_999.9])
def test_two_discs_overlap_by_the_lens(apart):
    lon, lat, _ = GEOD.fwd(106.1, 29.1, 37.0, apart)
    answer = measured(shapely.box(105.9, 28.9, 106.3, 29.3), [(106.1, 29.1), (lon, lat)], 4_000.0)
    assert_close(answer, 2 * np.pi * 4_000.0**2 - lens_m2(4_000.0, 4_000.0, apart))


def test_ring_of_discs_leaves_a_hole():
    centres = dense_circle(106.1, 29.1, 9_000.0, 12)
    answer = measured(shapely.box(105.8, 28.8, 106.4, 29.4), centres, 4_000.0)
    apart = 2 * 9_000.0 * np.sin(np.pi / 12)
    assert_close(answer, 12 * (np.pi * 4_000.0**2 - lens_m2(4_000.0, 4_000.0, apart)))


CASES = {
    "border": (
        shapely.box(106.0, 29.0, 106.2, 29.2),
        {"proj": "aea", "lat_1": 28, "lat_2": 30, "lon_0": 106},
    ),
    "antimeridian": (
        shapely.MultiPolygon(
            [shapely.box(179.7, -17.2, 180, -16.8), shapely.box(-180, -17.2, -179.8, -16.8)]
        ),
        {"proj": "aea", "lat_1": -18, "lat_2": -16, "lon_0": 180},
    ),
    "85 degrees": (shapely.box(10.0, 84.9, 14.0, 85.2), {"proj": "laea", "lat_0": 90, "lon_0": 12}),
    "400 km": (
        shapely.box(104.0, 27.5, 108.2, 31.1),
        {"proj": "aea", "lat_1": 28, "lat_2": 31, "lon_0": 106},
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("seed", range(3))
def test_scattered_discs_agree_with_dense_circles_in_another_projection(case, seed):
    area, proj = CASES[case]
    rng = np.random.default_rng(seed)
    west, south, east, north = area.bounds if case != "antimeridian" else (179.7, -17.2, 180.2, -16.8)
    count, radius = (150, (5_000, 20_000)) if case == "400 km" else (40, (500, 6_000))
    lonlat = np.column_stack([rng.uniform(west, east, count), rng.uniform(south, north, count)])
    lonlat[:, 0] = (lonlat[:, 0] + 180) % 360 - 180
    radius_m = rng.uniform(*radius, count)
    truth = shapely.box(179.7, -17.2, 180.2, -16.8) if case == "antimeridian" else area
    area_m2, covered = covered_m2(truth, lonlat, radius_m, **proj)
    assert_close(measured(area, lonlat, radius_m), covered, area_m2)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.sampled_from([0.0, 1e-6, 1e-4, 0.003, 0.05]))
def test_the_stated_bound_holds_for_discs_that_nearly_coincide(seed, count, scatter_deg):
    rng = np.random.default_rng(seed)
    lonlat = np.array([106.1, 29.1]) + rng.normal(0.0, scatter_deg, (count, 2))
    area = shapely.box(105.9, 28.9, 106.3, 29.3)
    radius_m = rng.uniform(3_000, 3_010, count)
    proj = {"proj": "aea", "lat_1": 28, "lat_2": 30, "lon_0": 106}
    _, covered = covered_m2(area, lonlat, radius_m, **proj)
    answer = measured(area, lonlat, radius_m)
    assert abs(answer.covered_m2.nominal - covered) <= answer.error_bound_m2 + 4e-7 * covered
    assert answer.error_bound_m2 <= 2e-3 * covered


@pytest.mark.parametrize("span", [1.0, 90.0, 180.0, 271.0, 359.0])
def test_sector_has_its_share_of_the_disc(span):
    whole = watchers([(106.1, 29.1)], 5_000.0)[0]
    one = msgspec.structs.replace(whole, view=ViewSector(350.0, (350.0 + span) % 360))
    ground = lay_out([part(shapely.box(106.0, 29.0, 106.2, 29.2))])
    answer = coverage_of(assess(ground, [one], CLOSED))
    assert answer.covered_m2.nominal == pytest.approx(np.pi * 5_000.0**2 * span / 360, rel=2e-6)
