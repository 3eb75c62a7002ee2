"""An independent, slow reference of what is seen: one geodesic per cell, its heights point by point."""

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

from registry.domain.terrain.elevation import ElevationGrid

GEOD = Geod(ellps="WGS84")
Floats = NDArray[np.float64]
STEP_DEG = 1 / 3600


def hills(size: int, lon: float, lat: float, seed: int, relief_m: float = 400.0) -> ElevationGrid:
    """Rough hills around a spot: noise whose spectrum falls as that of real ground does."""
    across, down = np.fft.fftfreq(size)[None, :], np.fft.fftfreq(size)[:, None]
    wave = np.hypot(across, down)
    wave[0, 0] = 1.0
    noise = np.random.default_rng(seed).normal(size=(size, size))
    ground = np.fft.ifft2(np.fft.fft2(noise) * wave**-1.9).real
    heights = 600.0 + relief_m / 2 * (ground - ground.mean()) / ground.std()
    return grid_around(heights, lon, lat)


def grid_around(heights: Floats, lon: float, lat: float) -> ElevationGrid:
    """Heights as a grid of one arc second whose middle cell lies on a spot."""
    rows, columns = heights.shape
    west, north = lon - columns // 2 * STEP_DEG, lat + rows // 2 * STEP_DEG
    return ElevationGrid(4326, west, north, STEP_DEG, STEP_DEG, heights.astype(np.float32))


def height_at(grid: ElevationGrid, lon: Floats, lat: Floats) -> Floats:
    """Bilinear heights."""
    column, row = (lon - grid.first_x) / grid.step_x, (grid.first_y - lat) / grid.step_y
    left, top = np.floor(column).astype(int), np.floor(row).astype(int)
    x, y = column - left, row - top
    z = grid.heights.astype(float)
    near = z[top, left] * (1 - x) + z[top, left + 1] * x
    far = z[top + 1, left] * (1 - x) + z[top + 1, left + 1] * x
    return np.asarray(near * (1 - y) + far * y)


def least_height(
    grid: ElevationGrid, lon: float, lat: float, eye_m: float, east_m: float, north_m: float, step_m: float
) -> float:
    """The least height above the ground that is seen at a point so far east and north of the eye."""
    distance, azimuth = float(np.hypot(east_m, north_m)), float(np.degrees(np.arctan2(east_m, north_m)))
    along = np.append(np.arange(step_m, distance - 1e-4, step_m), distance)
    count = len(along)
    lons, lats, _ = GEOD.fwd(np.full(count, lon), np.full(count, lat), np.full(count, azimuth), along)
    radius_m, bending = 6_371_008.8, 1 / 7
    sunk = height_at(grid, np.asarray(lons), np.asarray(lats)) - along**2 * (1 - bending) / (2 * radius_m)
    eye = float(height_at(grid, np.array([lon]), np.array([lat]))[0]) + eye_m
    if count == 1:
        return 0.0
    slope = max((sunk[:-1] - eye) / along[:-1])
    return max(0.0, eye + slope * distance - float(sunk[-1]))
