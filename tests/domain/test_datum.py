"""Datums against figures of two published libraries (prcoords 1.0.2, eviltransform 0.1.1), kept as data."""

import random

import pytest
from pyproj import Geod

from registry.domain.datum import CHINA, bd09_of, gcj02_of, may_be_in_china, wgs84_of
from registry.domain.geojson import Point
from registry.domain.records.location import reach_of_doubt_m
from registry.domain.records.resource import Location

GEOD = Geod(ellps="WGS84")
# WGS 84, then GCJ-02 and BD-09 by prcoords, then GCJ-02 by eviltransform, which rounds its ellipsoid.
FIGURES = [
    (
        (106.551556, 29.563009),
        (106.55527373, 29.56016036),
        (106.56170436, 29.5664749),
        (106.55527379, 29.56016032),
    ),
    (
        (106.6477, 29.0313),
        (106.65144046, 29.02811645),
        (106.65792265, 29.0341375),
        (106.65144052, 29.0281164),
    ),
    ((106.0, 29.7), (106.0037194, 29.69731817), (106.01028073, 29.70310963), (106.00371946, 29.69731812)),
    (
        (121.4737, 31.2304),
        (121.47822306, 31.22845774),
        (121.48478147, 31.23431059),
        (121.47822314, 31.2284577),
    ),
    ((87.6168, 43.8256), (87.61964995, 43.82680539), (87.62609977, 43.83294979), (87.61965, 43.82680541)),
    (
        (126.6424, 45.7567),
        (126.64836982, 45.7586511),
        (126.65499933, 45.76434556),
        (126.64836992, 45.75865113),
    ),
    ((91.1322, 29.6603), (91.13374332, 29.65757957), (91.1403427, 29.66332563), (91.13374335, 29.65757952)),
    ((105.0, 35.0), (105.00328624, 34.99909863), (105.00966683, 35.00540367), (105.0032863, 34.99909862)),
]
OUTSIDE = [(2.35, 48.85), (139.69, 35.68), (-74.0, 40.7), (151.2, -33.87), (180.0, 0.0), (0.0, 90.0)]
"""Far away; below Nanao, Takamatsu, Nagasaki, Naha, Ishigaki, Yonaguni, Seoul and Baengnyeong."""
OUTSIDE += [
    (136.97, 37.04),
    (134.05, 34.34),
    (129.87, 32.75),
    (127.68, 26.21),
    (124.15, 24.34),
    (123.0, 24.45),
]
OUTSIDE += [(126.98, 37.57), (124.67, 37.97)]


def apart_m(a, b) -> float:
    return GEOD.inv(*a, *b)[2]


@pytest.mark.parametrize(("wgs84", "gcj02", "bd09", "other"), FIGURES)
def test_agrees_with_two_libraries(wgs84, gcj02, bd09, other) -> None:
    assert apart_m(gcj02_of(wgs84), gcj02) < 0.002
    assert apart_m(bd09_of(wgs84), bd09) < 0.002
    assert apart_m(gcj02_of(wgs84), other) < 0.02
    assert apart_m(wgs84_of("gcj02", gcj02), wgs84) < 0.002
    assert apart_m(wgs84_of("bd09", bd09), wgs84) < 0.002


def test_the_shift_in_chongqing_is_as_large_as_published() -> None:
    for lon, lat in [(106.55, 29.56), (106.65, 29.03), (105.72, 29.7), (108.66, 31.95)]:
        assert 450 < apart_m((lon, lat), gcj02_of((lon, lat))) < 520
        assert 1000 < apart_m((lon, lat), bd09_of((lon, lat))) < 1150


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_the_way_back_is_exact_all_over_china(datum) -> None:
    rng = random.Random(20261120)
    forward = gcj02_of if datum == "gcj02" else bd09_of
    for _ in range(2000):
        west, south, east, north = rng.choice(CHINA)
        spot = rng.uniform(west + 0.1, east - 0.1), rng.uniform(south + 0.1, north - 0.1)
        if not may_be_in_china(spot):
            continue
        assert apart_m(wgs84_of(datum, forward(spot)), spot) < 0.0005


@pytest.mark.parametrize("spot", OUTSIDE)
def test_outside_china_nothing_is_shifted(spot) -> None:
    assert gcj02_of(spot) == bd09_of(spot) == spot
    assert wgs84_of("gcj02", spot) == wgs84_of("bd09", spot) == spot


@pytest.mark.parametrize("datum", ["wgs84", "cgcs2000", "unknown"])
def test_other_datums_are_left_as_they_came(datum) -> None:
    assert wgs84_of(datum, (106.65, 29.03)) == (106.65, 29.03)


def test_converting_what_was_converted_changes_nothing() -> None:
    once = wgs84_of("gcj02", (106.651417, 29.028091))
    assert wgs84_of("wgs84", once) == once


def test_an_unknown_datum_widens_a_position_only_where_lists_are_shifted() -> None:
    unknown = Location("surveyed", 5.0, datum="unknown")
    chinese = [(106.55, 29.56), (127.53, 50.24), (134.7, 48.4), (73.6, 39.5), (112.3, 16.8), (121.5, 25.0)]
    for position in chinese:
        assert reach_of_doubt_m(unknown, Point(position)) == 605.0, position
    for position in [*OUTSIDE[:4], *OUTSIDE[6:]]:
        assert reach_of_doubt_m(unknown, Point(position)) == 5.0, position
