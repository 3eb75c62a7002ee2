"""The union assembled from arcs against the overlay of the same polygons."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.domain.coverage.disc_union import pairs
from registry.domain.coverage.disc_union.arcs import UncertainArcs, arcs_of
from registry.domain.coverage.disc_union.union import union_of_discs
from registry.domain.coverage.geometry.footprint import polygons, rings
from registry.domain.coverage.geometry.plane import Plane

CORNERS = 64


def ring_of(centre, radius_m, turned=0.0):
    """Regular rings in the plane, their first corner turned by that angle."""
    centre, radius_m = np.asarray(centre, dtype=complex), np.asarray(radius_m, dtype=float)
    corners = np.exp(2j * np.pi * np.arange(CORNERS) / CORNERS)
    return centre[:, None] + np.broadcast_to(radius_m, centre.shape)[:, None] * corners * np.exp(1j * turned)


def around(count, radius_m):
    return radius_m * np.exp(2j * np.pi * np.arange(count) / count)


def assert_as_overlay(drawn):
    found, overlay = union_of_discs(drawn), shapely.union_all(polygons(drawn))
    assert found.is_valid
    assert found.area == pytest.approx(overlay.area, rel=1e-9)
    assert shapely.symmetric_difference(found, overlay).area <= 1e-9 * overlay.area
    return found


def arcs(drawn):
    discs = pairs.discs_of(drawn)
    return arcs_of(discs, np.ones(len(drawn), dtype=bool), pairs.pairs_of(discs))


SPOTS = st.tuples(
    st.integers(0, 6), st.integers(0, 6), st.sampled_from([500, 1000, 1000 * 2**0.5, 2000, 3000])
)


@settings(max_examples=150, deadline=None)
@given(st.lists(SPOTS, min_size=1, max_size=40), st.sampled_from([0.0, 0.3]), st.sampled_from([0, 700_000]))
def test_discs_on_a_grid_that_coincide_touch_and_meet_three_at_a_point(spots, turned, away_m):
    x, y, radius = np.array(spots, dtype=float).T
    assert_as_overlay(ring_of(away_m + 1000 * (x + 1j * y), radius, turned))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 150),
    st.sampled_from([0.0, 29.0, -60.0, 85.0]),
    st.sampled_from([3_000.0, 20_000.0, 300_000.0]),
    st.booleans(),
)
def test_geodesic_circles_anywhere(seed, count, lat, extent_m, alike):
    rng = np.random.default_rng(seed)
    plane = Plane(106.0, lat)
    lonlat = plane.inverse(rng.uniform(-extent_m, extent_m, (count, 2)))
    largest = min(60_000.0, extent_m / 3)
    radius = np.full(count, largest / 3) if alike else rng.uniform(10.0, largest, count)
    assert_as_overlay(rings(plane, lonlat, radius))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.floats(-9, 4), st.floats(-9, 3))
def test_discs_that_nearly_coincide(seed, count, apart, wider):
    rng = np.random.default_rng(seed)
    centre = rng.normal(0, 10**apart, (count, 2)).view(complex).ravel()
    assert_as_overlay(ring_of(centre, rng.uniform(3_000, 3_000 + 10**wider, count)))


@pytest.mark.parametrize("apart_m", [1_000 * 2**0.5, 1_000 * 3**0.5, 2_000.0, 1_999.0, 1_990.0, 2_001.0])
@pytest.mark.parametrize("across", [1j, np.exp(1j * np.pi / 3)])
def test_lattices(apart_m, across):
    along, up = np.meshgrid(np.arange(8), np.arange(8))
    assert_as_overlay(ring_of(apart_m * (along + across * up).ravel(), 1_000.0, 0.02))


def test_a_ring_of_discs_has_a_hole_with_an_island():
    drawn = ring_of([*around(12, 9_000.0), 0.0], [4_000.0] * 12 + [1_500.0])
    found = assert_as_overlay(drawn)
    assert sorted(len(polygon.interiors) for polygon in found.geoms) == [0, 1]
    assert len(arcs(drawn).disc) == 24


def test_the_hole_of_an_island_belongs_to_the_island():
    drawn = ring_of([*around(40, 40_000.0), *around(12, 9_000.0)], [5_000.0] * 40 + [4_000.0] * 12)
    found = assert_as_overlay(drawn)
    assert [len(polygon.interiors) for polygon in found.geoms] == [1, 1]


def test_arcs_are_those_that_no_other_disc_covers():
    two = arcs(ring_of([0, 5_000], 4_000.0))
    assert len(two.disc) == 2
    assert not two.bare.any()
    inside = arcs(ring_of([0, 500], [4_000.0, 1_000.0]))
    assert len(inside.disc) == 0
    assert inside.bare.tolist() == [True, False]
    apart = arcs(ring_of([0, 9_000], 4_000.0))
    assert len(apart.disc) == 0
    assert apart.bare.tolist() == [True, True]


@pytest.mark.parametrize("apart_m", [0.0, 1e-7, 1.0, 100.0, 7_999.0, 8_000.0])
def test_rings_that_nearly_touch_or_coincide_are_in_doubt(apart_m):
    with pytest.raises(UncertainArcs) as doubt:
        arcs(ring_of([0, apart_m], 4_000.0))
    assert set(doubt.value.discs) == {1}
    assert_as_overlay(ring_of([0, apart_m], 4_000.0))


def test_a_touch_that_a_third_disc_covers_is_no_doubt():
    assert len(arcs(ring_of([0, 8_000, 4_000], [4_000.0, 4_000.0, 2_500.0])).disc) == 4


def test_a_crowd_of_pairs_is_left_to_the_overlay(monkeypatch):
    drawn = ring_of(around(30, 2_000.0), 3_000.0)
    monkeypatch.setattr(pairs, "MOST_PAIRS", 100)
    assert pairs.pairs_of(pairs.discs_of(drawn)) is None
    assert_as_overlay(drawn)


def test_nothing_and_specks_cover_nothing():
    assert union_of_discs(np.empty((0, CORNERS), dtype=complex)).is_empty
    assert union_of_discs(ring_of([0, 0, 5], [0.0, 1e-10, 1e-4])).is_empty
