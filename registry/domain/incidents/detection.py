"""Where a detection of a camera may be: its ray as a sector, crossed with the rays of other cameras.

Directions are geodesic azimuths on WGS 84, clockwise from true north. A camera that reports by a compass has
to be corrected for the declination first.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import shapely
from msgspec import Meta, Struct

from registry.domain.errors import Invalid, NoGeometry
from registry.domain.geojson import Polygon
from registry.domain.incidents.incident import HazardCode
from registry.domain.proximity.edges import GEOD
from registry.domain.values import LongText, Metres, ObservedInstant

CROSSED_WITHIN = timedelta(minutes=30)
"""Rays of detections farther apart are not crossed: a fire moves. Our own choice."""
SAME_ALARM_WITHIN = timedelta(minutes=10)
"""A camera that sees the same direction again so soon repeats its alarm. Our own choice."""
ARC_STEP_DEG = 0.5
SIDE_STEP_M = 500.0
STEPS = 50
CLOSE_M = 1e-4
Bearing = Annotated[float, Meta(ge=0, lt=360)]
BearingError = Annotated[float, Meta(ge=0.001, le=45)]


class Detection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a camera saw: the direction with its error, and the range with its error where it has one."""

    camera: UUID
    observed_at: ObservedInstant
    sent_at: datetime | None = None
    bearing_deg: Bearing
    bearing_error_deg: BearingError
    range_m: Metres | None = None
    range_error_m: Metres | None = None
    hazard: HazardCode = "forest_fire"
    temperature_c: Annotated[float, Meta(ge=-100, le=3000)] | None = None
    note: LongText | None = None


class Ray(Struct, frozen=True, kw_only=True):
    """A detection as a sector: from where, in which direction, from how near to how far, how uncertain."""

    camera: UUID
    lon: float
    lat: float
    doubt_m: float
    bearing_deg: float
    error_deg: float
    near_m: float
    far_m: float
    at: datetime


class Fix(Struct, frozen=True, kw_only=True):
    """Where several rays meet: the point, how far from it the source may be, and the region of all rays."""

    lon: float
    lat: float
    uncertainty_m: float
    region: Polygon
    angle_deg: float
    """The widest angle between two of the rays; a small one makes a long region."""


def ray_of(
    detection: Detection,
    spot: tuple[float, float],
    doubt_m: float,
    watch_radius_m: float | None,
    at: datetime,
) -> Ray:
    """The ray of a detection, cut by its range or by the watch radius of the camera.

    NoGeometry when there is neither; Invalid for a range without an error.
    """
    if detection.range_m is None:
        if detection.range_error_m is not None:
            raise Invalid("range_error_m goes with range_m", field="range_error_m")
        if watch_radius_m is None:
            raise NoGeometry(
                "the camera watches no area, so that its ray has no end: send range_m",
                field="range_m",
                zh="该点未登记监测半径，请提供 range_m",
            )
        near_m, far_m = 0.0, watch_radius_m
    elif detection.range_error_m is None:
        raise Invalid(
            "say how wrong range_m may be in range_error_m",
            field="range_error_m",
            zh="请注明测距误差 range_error_m",
        )
    else:
        near_m = max(0.0, detection.range_m - detection.range_error_m)
        far_m = detection.range_m + detection.range_error_m
    return Ray(
        camera=detection.camera,
        lon=spot[0],
        lat=spot[1],
        doubt_m=doubt_m,
        bearing_deg=detection.bearing_deg,
        error_deg=detection.bearing_error_deg,
        near_m=near_m,
        far_m=far_m,
        at=at,
    )


def sector(ray: Ray) -> Polygon:
    """The positions that a ray may mean, as a polygon, without the doubt of the camera's position."""
    count = max(2, math.ceil(2 * ray.error_deg / ARC_STEP_DEG)) + 1
    turns = [ray.bearing_deg - ray.error_deg + 2 * ray.error_deg * n / (count - 1) for n in range(count)]
    outer = [_at(ray, turn, ray.far_m) for turn in turns]
    inner = [_at(ray, turn, ray.near_m) for turn in turns] if ray.near_m else [(ray.lon, ray.lat)]
    right, left = _side(ray, turns[-1]), _side(ray, turns[0])
    ring = [*outer, *reversed(right), *reversed(inner), *left]
    return Polygon([_closed(ring)])


def _side(ray: Ray, turn: float) -> list[tuple[float, float]]:
    """Positions along an edge, outward, so that straight segments in degrees follow the geodesic."""
    count = int((ray.far_m - ray.near_m) / SIDE_STEP_M)
    step = (ray.far_m - ray.near_m) / (count + 1)
    return [_at(ray, turn, ray.near_m + step * (n + 1)) for n in range(count)]


def _at(ray: Ray, turn: float, metres: float) -> tuple[float, float]:
    lon, lat, _ = GEOD.fwd(ray.lon, ray.lat, turn, metres)
    return round(lon, 9), round(lat, 9)


def _closed(ring: list[tuple[float, float]]) -> list[tuple[float, float]]:
    kept = [at for n, at in enumerate(ring) if n == 0 or at != ring[n - 1]]
    return kept if kept[0] == kept[-1] else [*kept, kept[0]]


def crossing(rays: Sequence[Ray]) -> Fix | None:
    """Where rays of at least two cameras meet; None when their sectors have nothing in common.

    The point has the least squares of turns in units of their errors; two rays meet in it exactly. It is
    never outside of the region.
    """
    if len({ray.camera for ray in rays}) < 2:
        return None
    region: Any = _polygon(rays[0])
    for ray in rays[1:]:
        region = shapely.intersection(region, _polygon(ray))
    if region.is_empty or not region.area:
        return None
    whole = max(shapely.get_parts(region), key=shapely.area)
    lon, lat = _least_squares(rays, whole.centroid.x, whole.centroid.y)
    if not shapely.intersects_xy(whole, lon, lat):
        lon, lat = whole.representative_point().x, whole.representative_point().y
    corners = shapely.get_coordinates(whole.exterior).tolist()
    reach_m = max(GEOD.inv(lon, lat, *corner)[2] for corner in corners)
    return Fix(
        lon=round(lon, 7),
        lat=round(lat, 7),
        uncertainty_m=math.ceil(reach_m + max(ray.doubt_m for ray in rays)),
        region=Polygon([[(round(x, 7), round(y, 7)) for x, y in corners]]),
        angle_deg=round(_widest(rays), 2),
    )


def _polygon(ray: Ray) -> Any:
    return shapely.Polygon(sector(ray).coordinates[0])


def _least_squares(rays: Sequence[Ray], lon: float, lat: float) -> tuple[float, float]:
    """Gauss-Newton on the turns of the rays, in metres east and north of the point so far."""
    for _ in range(STEPS):
        ee = en = nn = e_rest = n_rest = 0.0
        for ray in rays:
            turn, back, metres = GEOD.inv(ray.lon, ray.lat, lon, lat)
            here = math.radians(back + 180.0)
            rest_m = math.radians((ray.bearing_deg - turn + 180.0) % 360.0 - 180.0) * metres
            weight = 1.0 / (math.radians(ray.error_deg) * max(metres, 1.0)) ** 2
            east, north = math.cos(here), -math.sin(here)
            ee, en, nn = ee + weight * east * east, en + weight * east * north, nn + weight * north * north
            e_rest, n_rest = e_rest + weight * east * rest_m, n_rest + weight * north * rest_m
        determinant = ee * nn - en * en
        if determinant <= 1e-12 * ee * nn:
            return lon, lat
        east_m = (nn * e_rest - en * n_rest) / determinant
        north_m = (ee * n_rest - en * e_rest) / determinant
        step_m = math.hypot(east_m, north_m)
        lon, lat, _ = GEOD.fwd(lon, lat, math.degrees(math.atan2(east_m, north_m)), step_m)
        if step_m < CLOSE_M:
            break
    return lon, lat


def _widest(rays: Sequence[Ray]) -> float:
    angles = [
        abs((one.bearing_deg - other.bearing_deg + 180.0) % 360.0 - 180.0) for one in rays for other in rays
    ]
    return max(min(angle, 180.0 - angle) for angle in angles)


def repeats(one: Ray, other: Ray) -> bool:
    """Whether a ray is the same alarm of the same camera again: the same direction, a short time later."""
    turned = abs((one.bearing_deg - other.bearing_deg + 180.0) % 360.0 - 180.0)
    return (
        one.camera == other.camera
        and abs(one.at - other.at) <= SAME_ALARM_WITHIN
        and turned <= one.error_deg + other.error_deg
    )


def may_cross(one: Ray, other: Ray) -> bool:
    """Whether two rays are of different cameras, and near enough in time."""
    return one.camera != other.camera and abs(one.at - other.at) <= CROSSED_WITHIN
