"""The geodesic distance from a point to the edges of a shape, which are straight in lon/lat (RFC 7946).

PostGIS finds the nearest point of an edge on a sphere; its distance can be 25 millionths too long.
"""

from typing import Any

import numpy as np
import shapely
from pyproj import Geod

from registry.domain.coverage.geometry.plane import Floats

GEOD = Geod(ellps="WGS84")
STEP_DEG = 0.005
MOST_PIECES = 20_000
SPHERE_ERROR = 3e-5
"""By how much, as a share, PostGIS may overstate a distance to an edge."""
PLAUSIBLE = 1.05
ROUGH_M = 200.0
METRES_PER_DEGREE = 111_320.0


class Edges:
    """The edges of one shape, cut into pieces of at most about 500 m."""

    def __init__(self, shape_wkb: bytes) -> None:
        shape: Any = shapely.from_wkb(shape_wkb)
        lines = shapely.get_parts(
            shapely.get_parts(shape.boundary) if shape.area else shapely.get_parts(shape)
        )
        step = max(STEP_DEG, float(sum(line.length for line in lines)) / MOST_PIECES)
        chains = [shapely.get_coordinates(shapely.segmentize(line, step)) for line in lines]
        self.begin: Floats = np.concatenate([chain[:-1] for chain in chains])
        self.end: Floats = np.concatenate([chain[1:] for chain in chains])

    def distance_m(self, lon: float, lat: float) -> float:
        """Metres to the nearest edge, within a millimetre or two."""
        rough = self._rough_m(lon, lat)
        near = rough <= float(rough.min()) * PLAUSIBLE + ROUGH_M
        begin, end = (_around(ends[near], lon, lat) for ends in (self.begin, self.end))
        along = end - begin
        length2 = np.maximum((along**2).sum(axis=1), 1e-12)
        foot = np.clip(-(begin * along).sum(axis=1) / length2, 0.0, 1.0)
        return float(np.hypot(*(begin + foot[:, None] * along).T).min())

    def _rough_m(self, lon: float, lat: float) -> Floats:
        """Geodesic metres to the middle of each piece less half its length, within a few metres."""
        middle = (self.begin + self.end) / 2
        metres = _around(middle, lon, lat)
        half = np.hypot(*(self.end - self.begin).T) / 2 * METRES_PER_DEGREE
        return np.asarray(np.maximum(np.hypot(*metres.T) - half, 0.0))


def disc_around(shape_wkb: bytes) -> tuple[float, float, float]:
    """The lon, lat and radius in metres of a disc that holds the shape."""
    centre = shapely.centroid(shapely.minimum_bounding_circle(shapely.from_wkb(shape_wkb)))
    edges = Edges(shape_wkb)
    reach_m = np.hypot(*_around(np.concatenate([edges.begin, edges.end]), centre.x, centre.y).T)
    return centre.x, centre.y, float(reach_m.max())


def _around(positions: Floats, lon: float, lat: float) -> Floats:
    """Positions in metres in the azimuthal equidistant plane around a point."""
    count = len(positions)
    turn, _, metres = GEOD.inv(np.full(count, lon), np.full(count, lat), positions[:, 0], positions[:, 1])
    radians = np.radians(turn)
    return np.column_stack((metres * np.sin(radians), metres * np.cos(radians)))
