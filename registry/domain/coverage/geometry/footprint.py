"""What a watcher reaches, drawn in the plane: geodesic circles and sectors of true area, buffers.

A circle has `CORNERS` corners on a slightly larger geodesic circle, so that the drawing has exactly the
disc's area. Over each whole edge the excess and the deficit cancel. Where another boundary cuts an edge, at
most 2 r²/n³ is left on either side: the antiderivative of the radial deviation r(θ²/2 − π²/6n²) at its
extreme. `CUT_ERROR` and `drawn_inside` carry those constants.
"""

from math import pi, sin
from typing import Any

import numpy as np
import shapely

from registry.domain.coverage.geometry.plane import (
    GEOD,
    Floats,
    Plane,
    Points,
    Shapes,
    centred_on,
    lonlat_of,
    to_plane,
)

CORNERS = 64
FINE_CORNERS = 512
CUT_ERROR = 2.0
LARGE_RADIUS_M = 30_000.0
SAMPLES = 5
GAUSSIAN_RADIUS_M = 6_356_752.0
"""The least radius of curvature of WGS 84, at the equator: sqrt(M·N) = b."""


def drawn_inside(corners: int = CORNERS) -> float:
    """The share of the radius within which the drawing has no hole."""
    return 1.0 - pi**2 / (6.0 * corners**2) * 1.01


def drawn_outside(corners: int = CORNERS) -> float:
    """The share of the radius beyond which the drawing does not go."""
    return 1.0 + pi**2 / (3.0 * corners**2) * 1.01


def most_disc_m2(radius_m: Floats) -> Floats:
    """The greatest area of geodesic discs on WGS 84, whose curvature is nowhere negative."""
    return np.asarray(pi * radius_m**2)


def least_disc_m2(radius_m: Floats) -> Floats:
    """The least area of geodesic discs on WGS 84: that on a sphere of the greatest curvature."""
    return np.asarray(4.0 * pi * GAUSSIAN_RADIUS_M**2 * np.sin(radius_m / (2.0 * GAUSSIAN_RADIUS_M)) ** 2)


def circles(plane: Plane, lonlat: Floats, radius_m: Floats, corners: int = CORNERS) -> Shapes:
    """One polygon per centre whose area is that of the geodesic disc."""
    return polygons(rings(plane, lonlat, radius_m, corners))


def rings(plane: Plane, lonlat: Floats, radius_m: Floats, corners: int = CORNERS) -> Points:
    """The corners (n, corners) of each circle's drawing, counterclockwise."""
    step = 2 * pi / corners
    reach = radius_m * np.sqrt(step / sin(step))
    drawn = np.empty((len(radius_m), corners), dtype=complex)
    large = radius_m > LARGE_RADIUS_M
    drawn[large] = _around(plane, lonlat[large], reach[large], corners)
    drawn[~large] = _interpolated(_around(plane, lonlat[~large], reach[~large], SAMPLES), corners)
    return drawn


def polygons(corners: Points) -> Shapes:
    """One polygon for each ring of corners."""
    return np.asarray(shapely.polygons(corners.view(float).reshape(*corners.shape, 2)), dtype=object)


def _around(plane: Plane, lonlat: Floats, reach_m: Floats, count: int) -> Points:
    drawn = _ring(plane, lonlat, reach_m, np.linspace(0.0, -360.0, count, endpoint=False))
    return np.asarray(drawn.view(complex)[..., 0])


def _interpolated(few: Points, count: int) -> Points:
    """From few points at equal azimuths to `count`, by the trigonometric polynomial through them.

    A geodesic circle of up to LARGE_RADIUS_M has a third harmonic of some centimetres in the plane.
    """
    orders = np.fft.fftfreq(few.shape[1], 1 / few.shape[1]).astype(int)
    harmonics = np.zeros((len(few), count), dtype=complex)
    harmonics[:, orders] = np.fft.fft(few, axis=1, norm="forward")
    return np.fft.ifft(harmonics, axis=1, norm="forward")


def _ring(plane: Plane, lonlat: Floats, reach_m: Floats, azimuths: Floats) -> Floats:
    """Plane coordinates (n, azimuths, 2) of points at that geodesic distance; azimuths may differ per row."""
    shape = (len(lonlat), np.shape(azimuths)[-1])
    lon, lat, azimuth, reach = (
        np.broadcast_to(a, shape).ravel() for a in (lonlat[:, :1], lonlat[:, 1:], azimuths, reach_m[:, None])
    )
    far_lon, far_lat, _ = GEOD.fwd(lon, lat, azimuth, reach)
    return plane.forward(np.column_stack([far_lon, far_lat])).reshape(*shape, 2)


def sectors(plane: Plane, lonlat: Floats, radius_m: Floats, from_deg: Floats, span_deg: Floats) -> Shapes:
    """One pie slice per apex, clockwise from `from_deg`, whose area is that of the geodesic sector."""
    if len(radius_m) == 0:
        return np.empty(0, dtype=object)
    step = np.radians(span_deg) / (CORNERS - 1)
    reach = radius_m * np.sqrt(step / np.sin(step))
    azimuths = from_deg[:, None] + span_deg[:, None] * np.linspace(0.0, 1.0, CORNERS)
    rings = np.empty((len(radius_m), CORNERS + 2, 2))
    rings[:, 1:-1] = _ring(plane, lonlat, reach, azimuths)
    rings[:, 0] = rings[:, -1] = plane.forward(lonlat)
    return np.asarray(shapely.polygons(rings))


def buffered(plane: Plane, region: Any, radius_m: float) -> Any:
    """All points within `radius_m` of a lon/lat region or line, buffered in a plane centred on it."""
    near = centred_on(lonlat_of(region))
    grown = shapely.buffer(to_plane(near, region), radius_m, quad_segs=FINE_CORNERS // 4)
    return shapely.transform(grown, lambda xy: plane.forward(near.inverse(xy)))


def core(plane: Plane, region: Any, radius_m: float) -> Any:
    """The points within `radius_m` of every point of a lon/lat region: reached from any position in it.

    The distance to a convex set is greatest at a corner of its hull, so the discs of the corners are enough.
    """
    near = centred_on(lonlat_of(region))
    hull = shapely.convex_hull(to_plane(near, region))
    if shapely.minimum_bounding_radius(hull) > radius_m * 1.001:
        return shapely.Polygon()
    corners = near.inverse(np.unique(lonlat_of(hull), axis=0))
    discs = circles(plane, corners, np.full(len(corners), radius_m), FINE_CORNERS)
    return shapely.intersection_all(discs)


def swept(region: Any, slices: Shapes) -> Any:
    """The Minkowski sum of a plane region and convex slices."""
    pieces = [_sum_of_convex(a, b) for a in _convex_pieces(region) for b in slices]
    return shapely.union_all(pieces)


def _convex_pieces(shape: Any) -> list[Any]:
    triangles = shapely.constrained_delaunay_triangles(shape)
    return list(shapely.get_parts(triangles))


def _sum_of_convex(a: Any, b: Any) -> Any:
    corners_a, corners_b = lonlat_of(a), lonlat_of(b)
    sums = (corners_a[:, None, :] + corners_b[None, :, :]).reshape(-1, 2)
    return shapely.convex_hull(shapely.multipoints(sums))
