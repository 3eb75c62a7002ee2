"""Sight lines over elevations: the least height above the ground that is seen at each cell around an eye.

Rays leave the eye in all directions. Along each the steepest slope so far is kept; it tells how far above the
ground something must rise to be seen behind it. The ray nearest to a cell decides about it. Light is bent by
refraction, so that the Earth's surface falls away by d²(1 − k)/2R below the horizontal.

A vertical error of e metres makes an interval that holds every field of elevations within e of the recorded
ones: for the lower end obstacles are e higher, eye and target e lower, for the upper the reverse.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from registry.domain.coverage.geometry.plane import Floats
from registry.domain.terrain.elevation import Heights, LocalGround

EARTH_RADIUS_M = 6_371_008.8
REFRACTION = 1.0 / 7.0
RAYS_PER_STEP = 16
RAYS_AT_ONCE = 256
ALMOST = 1e-6


@dataclass(frozen=True)
class LeastHeights:
    """The least height in metres above the ground that is seen at each cell; infinite where none is.

    `high_m` ≤ `nominal_m` ≤ `low_m`: with the lowest obstacles that the error allows, as recorded, and with
    the highest. `unknown` are cells of which the elevations do not tell: voids, and what lies behind them.
    """

    low_m: Heights
    nominal_m: Heights
    high_m: Heights
    unknown: NDArray[np.bool_]


@dataclass(frozen=True)
class ElevationDoubt:
    """How wrong elevations may be: the vertical error, and what may stand on the ground as an obstacle.

    `cover_m` is None where it is not known, so that nothing is seen for certain.
    """

    error_m: float
    cover_m: float | None = 0.0


def drop_m(distance_m: Floats) -> Floats:
    """How far the Earth's surface falls below the horizontal of the eye, less refraction."""
    return np.asarray(distance_m**2 * ((1.0 - REFRACTION) / (2.0 * EARTH_RADIUS_M)))


def cell_axis(reach_m: float, step_m: float) -> Floats:
    """The centres of the cells from west to east, or from south to north: multiples of the step."""
    count = int(np.ceil(reach_m / step_m))
    steps: Floats = np.arange(-count, count + 1, dtype=np.float64)
    return steps * step_m


def least_heights(
    ground: LocalGround,
    spot: tuple[float, float],
    eye_height_m: float,
    axis: Floats,
    step_m: float,
    doubt: ElevationDoubt,
) -> LeastHeights | None:
    """The least height seen from `eye_height_m` above the ground at a spot, at each cell (north, east).

    None where the ground at the spot is not known.
    """
    x, y = np.meshgrid(axis, axis)
    east, north = x - spot[0], y - spot[1]
    distance = np.hypot(east, north)
    base = float(ground.heights(np.array([spot[0]]), np.array([spot[1]]))[0])
    if np.isnan(base):
        return None
    eye = base + eye_height_m
    samples = int(np.ceil(float(distance.max()) / step_m))
    rays = RAYS_PER_STEP * ((len(axis) - 1) // 2 or 1)
    ray = np.round(np.arctan2(east, north) * (rays / (2 * np.pi))).astype(np.int32) % rays
    before = np.clip(np.ceil(distance / step_m - ALMOST).astype(np.int32) - 1, 0, samples)
    steepest = _steepest(ground, spot, eye, (rays, samples), step_m, doubt)
    target = ground.heights(x, y)
    rise = eye + drop_m(distance) - target

    def height(slopes: Heights, voids: float) -> Heights:
        least = np.maximum(rise + distance * slopes[ray, np.maximum(before, 1)], 0.0)
        least[before == 0] = 0.0
        return np.where(np.isnan(target), voids, least).astype(np.float32)

    low, nominal, high = (height(s, v) for s, v in zip(steepest, (np.inf, np.inf, 0.0), strict=True))
    if doubt.cover_m is None:
        low = np.full_like(low, np.inf)
    return LeastHeights(low, nominal, high, np.isinf(nominal))


def _steepest(
    ground: LocalGround,
    spot: tuple[float, float],
    eye: float,
    size: tuple[int, int],
    step_m: float,
    doubt: ElevationDoubt,
) -> tuple[Heights, Heights, Heights]:
    """The steepest slope over the first k samples of each ray (rays, samples + 1): low, nominal, high."""
    rays, samples = size
    away: Floats = np.arange(1.0, samples + 1.0) * step_m
    bulge, more, less = drop_m(away) + eye, 2 * doubt.error_m + (doubt.cover_m or 0.0), 2 * doubt.error_m
    low, nominal, high = (np.full((rays, samples + 1), -np.inf, dtype=np.float32) for _ in range(3))
    for start in range(0, rays, RAYS_AT_ONCE):
        which = slice(start, min(start + RAYS_AT_ONCE, rays))
        angle = np.arange(which.start, which.stop) * (2 * np.pi / rays)
        height = ground.heights(
            spot[0] + np.sin(angle)[:, None] * away, spot[1] + np.cos(angle)[:, None] * away
        )
        slope = ((height - bulge) / away).astype(np.float32)
        known, void = ~np.isnan(slope), np.float32(np.inf)
        for found, change, unknown in ((low, more, void), (nominal, 0.0, void), (high, -less, -void)):
            moved = np.where(known, slope + (change / away).astype(np.float32), unknown)
            np.maximum.accumulate(moved, axis=1, out=found[which, 1:])
    return low, nominal, high
