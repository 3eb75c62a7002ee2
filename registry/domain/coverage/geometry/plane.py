"""The equal-area plane of a coverage analysis: ellipsoidal LAEA centred on the area.

Areas in it are true square metres on WGS 84. Distances are not; `scale_bound` bounds their error.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod, Proj

from registry.domain.errors import InvalidQuery

Floats = NDArray[np.float64]
Points = NDArray[np.complex128]
Shapes = NDArray[np.object_]
Indices = NDArray[np.intp]
Flags = NDArray[np.bool_]

GEOD = Geod(ellps="WGS84")
EARTH_RADIUS_M = 6_371_007.0
REACH_LIMIT_M = 3_000_000.0


@dataclass(frozen=True)
class Plane:
    """A plane centred on lon_0, lat_0; `forward` and `inverse` work on (n, 2) arrays of coordinates."""

    lon_0: float
    lat_0: float
    proj: Proj = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "proj", Proj(proj="laea", lat_0=self.lat_0, lon_0=self.lon_0, ellps="WGS84"))

    def forward(self, lonlat: Floats) -> Floats:
        """Project lon/lat degrees to metres."""
        return np.column_stack(self.proj(lonlat[:, 0], lonlat[:, 1]))

    def inverse(self, xy: Floats) -> Floats:
        """Degrees from metres. Longitudes run on without a jump across the antimeridian."""
        lon, lat = self.proj(xy[:, 0], xy[:, 1], inverse=True)
        return np.column_stack([(lon - self.lon_0 + 180.0) % 360.0 - 180.0 + self.lon_0, lat])


def centred_on(lonlat: Floats) -> Plane:
    """The plane centred on the mean direction of the coordinates; InvalidQuery beyond 3,000 km from it."""
    lon, lat = np.radians(lonlat.T)
    vectors = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    mean = (vectors.max(axis=1) + vectors.min(axis=1)) / 2
    norm = float(np.linalg.norm(mean))
    # einsum, not @: a pool of BLAS threads would spin on the cores that requests need
    widest = (
        np.arccos(np.clip(np.einsum("i,ij->j", mean, vectors) / norm, -1, 1)).max() if norm > 1e-6 else np.pi
    )
    if widest * EARTH_RADIUS_M > REACH_LIMIT_M:
        raise InvalidQuery(
            f"the area reaches further than {REACH_LIMIT_M / 1000:.0f} km from its middle", field="area"
        )
    return Plane(
        float(np.degrees(np.arctan2(mean[1], mean[0]))), float(np.degrees(np.arcsin(mean[2] / norm)))
    )


def lonlat_of(shapes: Shapes) -> Floats:
    """All coordinates of an array of shapes."""
    coordinates: Floats = shapely.get_coordinates(shapes)
    return coordinates


def unwrapped(shape: Any) -> Any:
    """The shape with longitudes that run on past 180° when it crosses the antimeridian."""
    west, _, east, _ = shape.bounds
    if east - west <= 180.0:
        return shape
    shifted = shapely.transform(shape, lambda c: np.column_stack([c[:, 0] % 360.0, c[:, 1]]))
    return shapely.union_all(shapely.get_parts(shifted))


def to_plane(plane: Plane, shape: Any) -> Any:
    """Project a lon/lat shape; its edges are straight in lon/lat, as in RFC 7946."""
    shape = unwrapped(shape)
    west, south, east, north = shape.bounds
    step_deg = float(np.clip(max(east - west, north - south) / 200.0, 0.005, 0.1))
    return shapely.transform(shapely.segmentize(shape, step_deg), plane.forward)


def to_lonlat(plane: Plane, shapes: Shapes, decimals: int = 7) -> Shapes:
    """Shapes in lon/lat degrees of that many decimals, cut at the antimeridian as RFC 7946 asks."""
    lonlat = shapely.transform(shapes, plane.inverse)
    bounds = shapely.bounds(lonlat)
    for i in np.flatnonzero((bounds[:, 0] < -180.0) | (bounds[:, 2] > 180.0)):
        lonlat[i] = _cut_at_antimeridian(lonlat[i])
    rounded = np.asarray(shapely.transform(lonlat, lambda c: np.round(c, decimals)))
    broken = ~shapely.is_valid(rounded)
    rounded[broken] = shapely.set_precision(_sound(lonlat[broken]), 10.0**-decimals)
    return rounded


def _sound(shapes: Shapes) -> Shapes:
    """Valid shapes of the same ground. A multipolygon whose pieces share a sliver is not valid."""
    return np.asarray(shapely.make_valid(shapes, method="structure", keep_collapsed=False))


def _cut_at_antimeridian(shape: Any) -> Any:
    pieces = []
    for turn in np.array([[-360.0, 0.0], [0.0, 0.0], [360.0, 0.0]]):
        window = shapely.box(-180.0 - turn[0], -90.0, 180.0 - turn[0], 90.0)
        pieces.append(shapely.transform(shapely.intersection(shape, window), turn.__add__))
    polygons = [p for piece in pieces for p in shapely.get_parts(piece) if p.geom_type == "Polygon"]
    return shapely.multipolygons(polygons)


def scale_bound(reach_m: float) -> float:
    """The largest ratio of plane to true length, and the inverse of the smallest, within that plane radius.

    Radial scale is cos(c/2) and tangential 1/cos(c/2) on the sphere (Snyder 1987, eq. 24-2). The margin
    covers the ellipsoid.
    """
    half = np.arcsin(min(0.999, reach_m / (2 * EARTH_RADIUS_M)))
    return float(1.0 + 1.1 * (1.0 / np.cos(half) - 1.0) + 1e-9)
