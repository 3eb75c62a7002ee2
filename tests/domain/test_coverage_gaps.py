"""Gaps, places and pruning: identities, Monte Carlo with geodesic distances, and what GeoJSON asks."""

import json

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.domain.coverage.coverage import assess, coverage_of
from registry.domain.coverage.gaps import certain_gaps
from registry.domain.coverage.geometry import gaps_geometry, quadtree
from registry.domain.coverage.geometry.gaps_geometry import covered, in_pieces, uncovered
from registry.domain.coverage.geometry.interval_cover import cover_interval
from registry.domain.coverage.geometry.study_area import lay_out
from registry.domain.errors import InvalidQuery
from tests.domain.coverage_oracles import CLOSED, GEOD, distances_m, part, sample, watchers

BOX = (105.9, 28.9, 106.3, 29.3)


def quarters():
    west, south, east, north = BOX
    x, y = (west + east) / 2, (south + north) / 2
    boxes = [(west, south, x, y), (x, south, east, y), (west, y, x, north), (x, y, east, north)]
    return [part(shapely.box(*b), code) for b, code in zip(boxes, "abcd", strict=True)]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 60))
def test_gaps_and_cover_make_the_area_and_places_make_the_whole(seed, count):
    rng = np.random.default_rng(seed)
    some = watchers(sample(rng, *BOX, count), rng.uniform(500, 7_000, count))
    split, whole = (assess(lay_out(parts), some, CLOSED) for parts in (quarters(), [part(shapely.box(*BOX))]))
    answer, listed = coverage_of(split), certain_gaps(split, sliver_m2=0.0, limit=10**6)
    area = answer.area_m2
    assert answer.covered_m2.nominal + listed.uncovered_m2 == pytest.approx(area, rel=1e-6)
    assert sum(g.area_m2 for g in listed.gaps) == pytest.approx(listed.uncovered_m2, rel=1e-6)
    assert sum(p.covered_m2.nominal for p in answer.by_place) == pytest.approx(
        coverage_of(whole).covered_m2.nominal, rel=1e-6, abs=1e-6 * area
    )
    assert [g.area_m2 for g in listed.gaps] == sorted((g.area_m2 for g in listed.gaps), reverse=True)


@pytest.mark.parametrize(("count", "small"), [(0, False), (12, False), (300, True)])
def test_pieces_are_the_same_whichever_way_they_are_cut(count, small, monkeypatch):
    ground, rng = lay_out(quarters()), np.random.default_rng(count)
    cover = cover_interval(ground.plane, watchers(sample(rng, *BOX, count), 2_500.0)).nominal
    known = covered(ground, cover, np.ones(count, dtype=bool))
    whole = shapely.difference(ground.whole, known)
    by_piece = in_pieces(ground, whole)
    monkeypatch.setattr(gaps_geometry, "LARGE", 0 if small else 1_000)
    for chosen in (in_pieces(ground, whole, known), uncovered(ground, cover)):
        assert len(chosen.pieces) == len(by_piece.pieces)
        assert np.bincount(chosen.part, chosen.piece_m2, 4) == pytest.approx(
            np.bincount(by_piece.part, by_piece.piece_m2, 4), rel=1e-9
        )


@pytest.mark.parametrize("seed", range(4))
def test_ratio_agrees_with_monte_carlo_on_the_ellipsoid(seed):
    rng = np.random.default_rng(seed)
    n = 40
    lonlat, radius_m = sample(rng, 105.8, 28.8, 106.4, 29.4, n), rng.uniform(1_000, 8_000, n)
    points = sample(rng, *BOX, 40_000)
    share = np.mean((distances_m(points, lonlat) <= radius_m).any(axis=1))
    answer = coverage_of(assess(lay_out(quarters()), watchers(lonlat, radius_m), CLOSED))
    sigma = np.sqrt(share * (1 - share) / len(points)) + 1e-6
    assert abs(answer.ratio.nominal - share) < 4.5 * sigma


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([60, 250, 900]), st.booleans())
def test_skipping_certain_ground_changes_nothing(seed, count, mixed):
    rng = np.random.default_rng(seed)
    ground = lay_out(quarters())
    radius_m = rng.uniform(500, 9_000, count) if mixed else np.full(count, 4_000.0)
    cover = cover_interval(ground.plane, watchers(sample(rng, *BOX, count), radius_m)).nominal
    found = quadtree.undecided_squares(ground, cover)
    region = shapely.intersection(ground.whole, found.region)
    skipped = shapely.difference(region, shapely.union_all(cover.drawn(ground.plane, found.discs)))
    plain = shapely.difference(ground.whole, shapely.union_all(cover.drawn(ground.plane)))
    assert skipped.area == pytest.approx(plain.area, rel=1e-9, abs=1e-3)
    assert shapely.symmetric_difference(skipped, plain).area < 1e-3


def test_dense_cover_is_pruned_and_keeps_its_gap():
    rng = np.random.default_rng(8)
    hole = np.array([106.1, 29.1])
    lonlat = sample(rng, 105.8, 28.8, 106.4, 29.4, 3_000)
    lonlat = lonlat[GEOD.inv(*lonlat.T, *(np.full(len(lonlat), v) for v in hole))[2] > 4_600]
    ground = lay_out(quarters())
    cover = cover_interval(ground.plane, watchers(lonlat, 4_000.0)).nominal
    assert quadtree.worth_it(ground, cover)
    assert quadtree.undecided_squares(ground, cover).discs.sum() < 0.2 * len(lonlat)
    plain = shapely.difference(ground.whole, shapely.union_all(cover.drawn(ground.plane)))
    left = uncovered(ground, cover)
    assert left.whole.area == pytest.approx(plain.area, rel=1e-9)
    assert left.piece_m2.sum() > np.pi * 590**2


def test_gaps_are_valid_geojson_of_seven_decimals_and_slivers_are_counted():
    rng = np.random.default_rng(4)
    found = assess(lay_out(quarters()), watchers(sample(rng, *BOX, 120), 3_500.0), CLOSED)
    everything = certain_gaps(found, sliver_m2=0.0, limit=10_000)
    some = certain_gaps(found, sliver_m2=50_000.0, limit=3)
    small = [g.area_m2 for g in everything.gaps if g.area_m2 < 50_000.0]
    assert (some.slivers, len(some.gaps)) == (len(small), 3)
    assert some.slivers_area_m2 == pytest.approx(sum(small))
    for gap in everything.gaps:
        text = bytes(gap.geometry)
        shape = shapely.from_geojson(text)
        assert shape.is_valid
        decimals = [str(v).partition(".")[2] for v in np.ravel(json.loads(text)["coordinates"][0])]
        assert max(map(len, decimals)) <= 7
        area = abs(GEOD.geometry_area_perimeter(shapely.orient_polygons(shape))[0])
        assert area == pytest.approx(gap.area_m2, rel=1e-4, abs=50.0)
        assert gap.place in "abcd"


def test_a_gap_across_the_antimeridian_is_cut_there():
    west, east = shapely.box(179.7, -17.2, 180, -16.8), shapely.box(-180, -17.2, -179.8, -16.8)
    found = assess(
        lay_out([part(shapely.MultiPolygon([west, east]))]), watchers([(179.95, -17.0)], 3_000.0), CLOSED
    )
    (gap,) = certain_gaps(found, sliver_m2=1.0, limit=5).gaps
    shape = shapely.from_geojson(bytes(gap.geometry))
    assert shape.geom_type == "MultiPolygon"
    assert shape.bounds == (-180.0, -17.2, 180.0, -16.8)
    area = sum(abs(GEOD.geometry_area_perimeter(shapely.segmentize(p, 0.002))[0]) for p in shape.geoms)
    assert area == pytest.approx(gap.area_m2, rel=1e-6)


def test_an_area_without_extent_or_wider_than_a_continent_is_refused():
    with pytest.raises(InvalidQuery):
        lay_out([])
    with pytest.raises(InvalidQuery):
        lay_out([part(shapely.box(-80, -60, 80, 60))])
