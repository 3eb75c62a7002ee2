"""The crossing of rays against an independent oracle: vertical planes on the ellipsoid, no geodesics."""

import math
from datetime import timedelta
from uuid import UUID

import numpy as np
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st
from pyproj import Geod

from registry.domain.errors import Invalid, NoGeometry
from registry.domain.incidents.detection import (
    Detection,
    Ray,
    crossing,
    may_cross,
    ray_of,
    repeats,
    sector,
)
from tests.builders import NOW

GEOD = Geod(ellps="WGS84")
A, B, C = (UUID(int=n) for n in (1, 2, 3))
SEMI_MAJOR_M, SEMI_MINOR_M = 6_378_137.0, 6_356_752.314245179


def ray(camera: UUID, spot: tuple[float, float], bearing_deg: float, **more: float) -> Ray:
    values = {"doubt_m": 0.0, "error_deg": 1.0, "near_m": 0.0, "far_m": 12_000.0} | more
    return Ray(camera=camera, lon=spot[0], lat=spot[1], bearing_deg=bearing_deg % 360, at=NOW, **values)


def cartesian(lon: float, lat: float) -> np.ndarray:
    east, north = math.radians(lon), math.radians(lat)
    e2 = 1 - (SEMI_MINOR_M / SEMI_MAJOR_M) ** 2
    n = SEMI_MAJOR_M / math.sqrt(1 - e2 * math.sin(north) ** 2)
    return np.array(
        [
            n * math.cos(north) * math.cos(east),
            n * math.cos(north) * math.sin(east),
            n * (1 - e2) * math.sin(north),
        ]
    )


def plane_of(one: Ray) -> np.ndarray:
    """The unit normal of the vertical plane at the camera that holds its direction."""
    east, north = math.radians(one.lon), math.radians(one.lat)
    to_east = np.array([-math.sin(east), math.cos(east), 0.0])
    to_north = np.array(
        [-math.sin(north) * math.cos(east), -math.sin(north) * math.sin(east), math.cos(north)]
    )
    up = np.cross(to_east, to_north)
    turn = math.radians(one.bearing_deg)
    return np.cross(math.sin(turn) * to_east + math.cos(turn) * to_north, up)


def oracle(one: Ray, other: Ray) -> tuple[float, float]:
    """Where two vertical planes and the ellipsoid meet, on the near side of the Earth."""
    first, second = plane_of(one), plane_of(other)
    direction = np.cross(first, second)
    levels = [first @ cartesian(one.lon, one.lat), second @ cartesian(other.lon, other.lat), 0.0]
    origin = np.linalg.solve(np.array([first, second, direction]), levels)
    scale = 1 / np.array([SEMI_MAJOR_M, SEMI_MAJOR_M, SEMI_MINOR_M])
    o, d = origin * scale, direction * scale
    a, b, c = d @ d, 2 * o @ d, o @ o - 1
    roots = [(-b + sign * math.sqrt(b * b - 4 * a * c)) / (2 * a) for sign in (1, -1)]
    near = cartesian(one.lon, one.lat)
    x, y, z = min((origin + root * direction for root in roots), key=lambda at: np.linalg.norm(at - near))
    e2 = 1 - (SEMI_MINOR_M / SEMI_MAJOR_M) ** 2
    return math.degrees(math.atan2(y, x)), math.degrees(math.atan2(z, math.hypot(x, y) * (1 - e2)))


@given(
    lat=st.floats(-60, 60),
    turns=st.tuples(st.floats(0, 360), st.floats(0, 360)),
    metres=st.tuples(st.floats(500, 11_000), st.floats(500, 11_000)),
)
def test_two_rays_meet_where_their_vertical_planes_do(lat, turns, metres) -> None:
    fire = (106.6, lat)
    apart = abs((turns[0] - turns[1] + 180) % 360 - 180)
    assume(10 < apart < 170)
    rays = []
    for camera, turn, away in zip((A, B), turns, metres, strict=True):
        lon, north, back = GEOD.fwd(*fire, turn, away)
        rays.append(ray(camera, (lon, north), back))
    fix = crossing(rays)
    assert fix is not None
    lon, north = oracle(*rays)
    assert GEOD.inv(fix.lon, fix.lat, lon, north)[2] < 0.05
    assert GEOD.inv(fix.lon, fix.lat, *fire)[2] < 0.05
    assert fix.angle_deg == pytest.approx(
        min(apart, 180 - apart), abs=0.4
    )  # north turns by up to 0.17° in 11 km


@given(offsets=st.tuples(*[st.floats(-0.99, 0.99)] * 3))
def test_the_source_is_within_the_uncertainty_whatever_the_errors_are(offsets) -> None:
    fire, rays = (106.6, 29.0), []
    for camera, turn, off in zip((A, B, C), (20, 100, 250), offsets, strict=True):
        lon, lat, back = GEOD.fwd(*fire, turn, 5_000)
        rays.append(ray(camera, (lon, lat), back + off))
    for count in (2, 3):
        fix = crossing(rays[:count])
        assert fix is not None
        assert GEOD.inv(fix.lon, fix.lat, *fire)[2] <= fix.uncertainty_m
        region = shapely.Polygon(fix.region.coordinates[0])
        assert shapely.distance(region, shapely.Point(fire)) < 1e-7


def test_a_third_ray_makes_the_fix_better() -> None:
    fire, rays = (106.6, 29.0), []
    for camera, turn in zip((A, B, C), (20, 50, 140), strict=True):
        lon, lat, back = GEOD.fwd(*fire, turn, 5_000)
        rays.append(ray(camera, (lon, lat), back))
    two, three = crossing(rays[:2]), crossing(rays)
    assert two is not None
    assert three is not None
    assert three.uncertainty_m < two.uncertainty_m


def test_rays_that_do_not_meet_and_rays_of_one_camera_have_no_fix() -> None:
    apart = [ray(A, (106.6, 29.0), 0), ray(B, (106.7, 29.0), 0)]
    assert crossing(apart) is None
    assert crossing([ray(A, (106.6, 29.0), 0), ray(A, (106.6, 29.0), 0.5)]) is None


def test_the_sector_has_the_area_of_its_formula() -> None:
    for near_m, far_m, error_deg in ((0, 5_000, 2), (3_000, 3_400, 5), (0, 200, 45)):
        drawn = sector(ray(A, (106.6, 29.0), 350, near_m=near_m, far_m=far_m, error_deg=error_deg))
        area_m2 = abs(GEOD.geometry_area_perimeter(shapely.Polygon(drawn.coordinates[0]))[0])
        expected = math.radians(2 * error_deg) / 2 * (far_m**2 - near_m**2)
        assert area_m2 == pytest.approx(expected, rel=2e-3)


def seen(**more: object) -> Detection:
    values = {"camera": A, "observed_at": NOW, "bearing_deg": 10.0, "bearing_error_deg": 1.0} | more
    return Detection(**values)


def test_a_ray_ends_at_its_range_or_at_the_watch_radius_and_says_what_it_lacks() -> None:
    spot = (106.6, 29.0)
    assert ray_of(seen(), spot, 0, 5_000, NOW).far_m == 5_000
    ranged = ray_of(seen(range_m=2_000.0, range_error_m=100.0), spot, 0, None, NOW)
    assert (ranged.near_m, ranged.far_m) == (1_900, 2_100)
    with pytest.raises(NoGeometry, match="range_m"):
        ray_of(seen(), spot, 0, None, NOW)
    with pytest.raises(Invalid, match="range_error_m"):
        ray_of(seen(range_m=2_000.0), spot, 0, 5_000, NOW)


def test_an_alarm_repeats_in_the_same_direction_and_crosses_those_of_others() -> None:
    first = ray(A, (106.6, 29.0), 359.5)
    later = ray(A, (106.6, 29.0), 1.0)
    assert repeats(first, later)
    assert not repeats(first, ray(A, (106.6, 29.0), 4.0))
    assert not may_cross(first, later)
    late = Ray(
        **{name: getattr(later, name) for name in later.__struct_fields__} | {"at": NOW + timedelta(hours=1)}
    )
    assert not repeats(first, late)
    other = ray(B, (106.7, 29.0), 270)
    assert may_cross(first, other)
