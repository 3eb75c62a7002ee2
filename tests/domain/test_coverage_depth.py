"""Depth, criticality and demand against brute force on sampled points with geodesic distances."""

import msgspec
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.domain.coverage import depth
from registry.domain.coverage.demand import DemandPoint, cover_of, reach_pairs
from registry.domain.coverage.geometry.gaps_geometry import uncovered
from registry.domain.coverage.geometry.interval_cover import cover_interval
from registry.domain.coverage.geometry.study_area import lay_out
from registry.domain.coverage.listing import NO_FREE_COVER
from registry.domain.coverage.watcher import ViewSector
from tests.domain.coverage_oracles import GEOD, distances_m, part, sample, watchers

BOX = (105.9, 28.9, 106.3, 29.3)
GROUND = lay_out([part(shapely.box(*BOX))])


def scattered(seed, count, least=1_000, most=8_000):
    rng = np.random.default_rng(seed)
    lonlat = sample(rng, 105.85, 28.85, 106.35, 29.35, count)
    return lonlat, rng.uniform(least, most, count), rng


@pytest.mark.parametrize("seed", range(3))
def test_depth_and_sole_cover_agree_with_sampling(seed):
    lonlat, radius_m, rng = scattered(seed, 30)
    found = depth.faces(GROUND, cover_interval(GROUND.plane, watchers(lonlat, radius_m)).nominal, 4)
    points = sample(rng, *BOX, 40_000)
    reached = distances_m(points, lonlat) <= radius_m
    counts = reached.sum(axis=1)
    area = GROUND.area_m2.sum()
    for level, got in enumerate(depth.at_least_m2(found), start=1):
        share = np.mean(counts >= level)
        assert abs(got / area - share) < 4.5 * np.sqrt(share * (1 - share) / len(points)) + 1e-5
    alone = reached[counts == 1].sum(axis=0) / len(points)
    sigma = np.sqrt(np.maximum(alone, 1e-5) / len(points))
    assert (np.abs(depth.sole_m2(found, 30) / area - alone) < 5 * sigma).all()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 40))
def test_depth_one_is_the_cover_and_sole_cover_is_the_difference_to_depth_two(seed, count):
    lonlat, radius_m, _ = scattered(seed, count)
    cover = cover_interval(GROUND.plane, watchers(lonlat, radius_m)).nominal
    found = depth.faces(GROUND, cover, 3)
    area = GROUND.area_m2.sum()
    once, twice, _ = depth.at_least_m2(found)
    assert once == pytest.approx(area - uncovered(GROUND, cover).whole.area, rel=1e-6, abs=1e-6 * area)
    assert depth.sole_m2(found, count).sum() == pytest.approx(once - twice, rel=1e-6, abs=1e-6 * area)


def test_a_duplicate_counts_twice_and_takes_away_sole_cover():
    some = watchers([(106.1, 29.1), (106.1, 29.1)], 5_000.0)
    found = depth.faces(GROUND, cover_interval(GROUND.plane, some).nominal, 2)
    assert depth.at_least_m2(found) == pytest.approx([np.pi * 5_000.0**2] * 2, rel=1e-6)
    assert depth.sole_m2(found, 2).sum() == 0.0


def test_skipping_saturated_ground_changes_nothing(monkeypatch):
    lonlat, _, _ = scattered(5, 400)
    cover = cover_interval(GROUND.plane, watchers(lonlat, 6_000.0)).nominal
    monkeypatch.setattr(depth, "worth_it", lambda *_: False)
    plain = depth.faces(GROUND, cover, 3)
    monkeypatch.setattr(depth, "worth_it", lambda *_: True)
    skipped = depth.faces(GROUND, cover, 3)
    assert skipped.certain_m2 > 0.3 * GROUND.area_m2.sum()
    assert depth.at_least_m2(skipped) == pytest.approx(depth.at_least_m2(plain), rel=1e-9)
    assert depth.sole_m2(skipped, 400) == pytest.approx(depth.sole_m2(plain, 400), abs=1.0)


def test_drawn_depths_part_the_ground():
    lonlat, radius_m, _ = scattered(9, 25)
    found = depth.faces(GROUND, cover_interval(GROUND.plane, watchers(lonlat, radius_m)).nominal, 2)
    drawn = depth.drawn_by_depth(GROUND, found)
    assert [d.depth for d in drawn] == [0, 1, 2]
    assert sum(d.area_m2 for d in drawn) == pytest.approx(GROUND.area_m2.sum(), rel=1e-9)
    shapes = [shapely.from_geojson(bytes(d.geometry)) for d in drawn]
    for one, shape in zip(drawn, shapes, strict=True):
        polygons = shapely.get_parts(shapely.orient_polygons(shape))
        area = sum(abs(GEOD.geometry_area_perimeter(p)[0]) for p in polygons)
        assert area == pytest.approx(one.area_m2, rel=1e-4)


def test_demand_on_the_edge_is_covered_and_a_millimetre_beyond_is_not():
    lon, lat, _ = GEOD.fwd([106.1] * 2, [29.1] * 2, [33.0] * 2, [5_000.0, 5_000.001])
    cover = cover_interval(GROUND.plane, watchers([(106.1, 29.1)], 5_000.0)).nominal
    assert reach_pairs(GROUND.plane, cover, np.column_stack([lon, lat])).counts.tolist() == [1, 0]


@pytest.mark.parametrize("seed", range(3))
def test_demand_counts_agree_with_every_distance(seed):
    lonlat, radius_m, rng = scattered(seed, 60)
    points = sample(rng, *BOX, 2_000)
    cover = cover_interval(GROUND.plane, watchers(lonlat, radius_m)).nominal
    assert np.array_equal(
        reach_pairs(GROUND.plane, cover, points).counts, (distances_m(points, lonlat) <= radius_m).sum(axis=1)
    )


def test_demand_by_sector_interval_and_need():
    base = watchers([(106.1, 29.1), (106.12, 29.1)], 4_000.0, 500.0)
    seen = msgspec.structs.replace(base[0], view=ViewSector(45.0, 135.0))
    points = [DemandPoint(106.13, 29.1, 5.0), DemandPoint(106.07, 29.1, 3.0), DemandPoint(106.16, 29.1, 2.0)]
    found = cover_of(
        GROUND, cover_interval(GROUND.plane, [seen, base[1]]), points, [], NO_FREE_COVER, need=1, limit=5
    )
    assert (found.covered.lower, found.covered.nominal, found.covered.upper) == (5.0, 7.0, 7.0)
    assert [p.weight for p in found.uncovered] == [3.0]
    twice = cover_of(
        GROUND, cover_interval(GROUND.plane, [seen, base[1]]), points, [], NO_FREE_COVER, need=2, limit=5
    )
    assert twice.covered.nominal == 5.0
