"""Frames of positions: PROJ makes the metres, a second method undoes the shift of map services."""

import random

import pyproj
import pytest
import shapely
from pyproj import Geod

from registry.domain.datum import bd09_of, gcj02_of
from registry.domain.intake.files.values.datum_words import datum_in, without_parameters
from registry.domain.intake.files.values.positions import (
    JurisdictionExtent,
    NoPosition,
    read_pair,
    zones,
)

GEOD = Geod(ellps="WGS84")
BOX = (106.4, 28.5, 107.0, 29.2)
QIJIANG = JurisdictionExtent(shapely.box(*BOX).wkb)
POINTS = 1_000


def points(
    seed: int, west: float, south: float, east: float, north: float, many: int
) -> list[tuple[float, float]]:
    rng = random.Random(seed)
    return [(rng.uniform(west, east), rng.uniform(south, north)) for _ in range(many)]


def apart_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    return float(GEOD.inv(*one, *other)[2])


def test_degrees_in_either_order_and_as_minutes() -> None:
    for lon, lat in points(1, *BOX, POINTS):
        for pair in (
            (lon, lat),
            (lat, lon),
            (str(lon), str(lat)),
            (f"{lon},{lat}", None),
            (None, f"{lat}，{lon}"),
        ):
            reading = read_pair(*pair, QIJIANG)
            assert reading is not None
            assert apart_m((reading.lon, reading.lat), (lon, lat)) < 0.001
        reading = read_pair(_minutes(lon, "E"), _minutes(lat, "N"), QIJIANG)
        assert reading is not None
        assert reading.sexagesimal
        assert apart_m((reading.lon, reading.lat), (lon, lat)) < 1


def _minutes(value: float, letter: str) -> str:
    whole = int(value)
    minutes = int((value - whole) * 60)
    seconds = ((value - whole) * 60 - minutes) * 60
    return f"{whole}°{minutes}′{seconds:.2f}″{letter}"


@pytest.mark.parametrize(
    "text", ["106°32′42″E", "106°32'42\"", "东经106度32分42秒", "106 32 42", "E106°32′42″", '106°32′42"']
)
def test_degrees_and_minutes_in_many_hands(text: str) -> None:
    reading = read_pair(text, "28°57'50\"N", QIJIANG)
    assert reading is not None
    assert (reading.lon, reading.lat) == pytest.approx((106.545, 28.963889), abs=1e-6)


@pytest.mark.parametrize("epsg", range(4491, 4555))
def test_every_zone_of_gauss_krueger_is_found_by_the_extent(epsg: int) -> None:
    """All 64 systems, in both orders: the metres that PROJ makes lead back to within a metre."""
    meridian = 75 + 6 * ((epsg - 4491) % 11) if epsg < 4513 else 75 + 3 * ((epsg - 4513) % 21)
    box = (meridian - 0.5, 30.0, meridian + 0.5, 31.0)
    there = JurisdictionExtent(shapely.box(*box).wkb)
    project = pyproj.Transformer.from_crs("EPSG:4490", f"EPSG:{epsg}", always_xy=True)
    for lon, lat in points(epsg, *box, POINTS // 60):
        easting, northing = project.transform(lon, lat)
        for pair in ((easting, northing), (northing, easting)):
            reading = read_pair(*pair, there)
            assert reading is not None
            assert reading.frame == "projected"
            assert apart_m((reading.lon, reading.lat), (lon, lat)) < 1
            if epsg not in range(4502, 4513):  # the same projection as one of the plain 3° zones
                assert reading.epsg == epsg


def test_each_projected_pair_of_a_district_has_one_reading() -> None:
    """The frames in use at 106.7° E, with and without the number of the zone: never two that fit."""
    for epsg in (4544, 4545, 4524, 4523, 4496):
        project = pyproj.Transformer.from_crs("EPSG:4490", f"EPSG:{epsg}", always_xy=True)
        for lon, lat in points(epsg, *BOX, 40):
            reading = read_pair(*project.transform(lon, lat), QIJIANG)
            assert reading is not None
            assert apart_m((reading.lon, reading.lat), (lon, lat)) < 1


def test_in_a_wide_jurisdiction_a_plain_pair_is_asked() -> None:
    """Two meridians put it inside: nobody can say which."""
    wide = JurisdictionExtent(shapely.box(100.0, 28.0, 112.0, 32.0).wkb)
    easting, northing = pyproj.Transformer.from_crs("EPSG:4490", "EPSG:4544", always_xy=True).transform(
        106.0, 30.0
    )
    with pytest.raises(NoPosition) as asked:
        read_pair(easting, northing, wide)
    assert asked.value.code == "several_frames_fit"


@pytest.mark.parametrize(("datum", "shift"), [("gcj02", gcj02_of), ("bd09", bd09_of)])
def test_shifted_positions_come_back_to_within_a_metre(datum: str, shift: object) -> None:
    for lon, lat in points(3, *BOX, POINTS):
        shifted = shift((lon, lat))  # type: ignore[operator]
        reading = read_pair(*shifted, QIJIANG)
        assert reading is not None
        assert apart_m(reading.wgs84(datum), (lon, lat)) < 1  # type: ignore[arg-type]
        assert apart_m(_searched(shift, shifted), (lon, lat)) < 1


def _searched(shift: object, wanted: tuple[float, float]) -> tuple[float, float]:
    """The inverse by search over ever smaller squares: another method than the fixed-point iteration."""
    lon, lat, step = *wanted, 0.02
    while step > 1e-7:
        grid = [(lon + i * step / 4, lat + j * step / 4) for i in range(-4, 5) for j in range(-4, 5)]
        lon, lat = min(grid, key=lambda at: _square(shift(at), wanted))  # type: ignore[operator]
        step /= 2
    return lon, lat


def _square(one: tuple[float, float], other: tuple[float, float]) -> float:
    return (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2


@pytest.mark.parametrize(
    ("pair", "code"),
    [
        ((0, 0), "zero_position"),
        (("0", "0.0"), "zero_position"),
        ((12.5, 41.9), "no_frame_fits"),
        ((500000.0, 9999999.0), "no_frame_fits"),
        (("near the school", None), "unreadable_position"),
        ((106.65, None), "unreadable_position"),
        (("106°72′00″E", "28°57′50″N"), "unreadable_position"),
    ],
)
def test_pairs_without_a_position_say_why(pair: tuple[object, object], code: str) -> None:
    with pytest.raises(NoPosition) as refused:
        read_pair(*pair, QIJIANG)  # type: ignore[arg-type]
    assert refused.value.code == code


def test_an_empty_pair_is_no_position_and_no_fault() -> None:
    assert read_pair("", None, QIJIANG) is None
    assert read_pair("待核实", "/", QIJIANG) is None


def test_headers_name_the_datum() -> None:
    named = {
        "坐标（高德）": "gcj02",
        "百度坐标": "bd09",
        "WGS-84经度": "wgs84",
        "2000国家大地坐标系": "cgcs2000",
    }
    assert {text: datum_in(text) for text in named} == named
    assert datum_in("经度") is None
    assert without_parameters("西安80坐标")
    assert not without_parameters("CGCS2000")


def test_the_zones_are_those_of_epsg() -> None:
    for zone in zones():
        name = pyproj.CRS.from_epsg(zone.epsg).name
        expected = f"zone {zone.prefix}" if zone.prefix else f"CM {zone.meridian}E"
        assert name.endswith(expected)
