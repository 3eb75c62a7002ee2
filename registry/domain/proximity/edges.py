"""The geodesic distance from a point to the edges of a shape, which are straight in lon/lat (RFC 7946).

PostGIS finds the nearest point of an edge on a sphere; its distance can be 25 millionths too long.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import shapely
from pyproj import Geod
from shapely import affinity

from registry.domain.coverage.geometry.plane import Floats

GEOD = Geod(ellps="WGS84")
STEP_DEG = 0.005
MOST_PIECES = 20_000
SPHERE_ERROR = 3e-5
"""By how much, as a share, PostGIS may overstate a distance to an edge."""
PLAUSIBLE = 1.05
ROUGH_M = 200.0
DISC_CORNERS = 128
METRES_PER_DEGREE = 111_320.0
LEAST_PER_DEGREE = 110_570.0
"""No degree of latitude is shorter, nor is one of longitude at the equator."""


class Edges:
    """The edges of an area, a line or points, cut into pieces of at most about 500 m."""

    def __init__(self, shape_wkb: bytes) -> None:
        shape: Any = shapely.from_wkb(shape_wkb)
        lines = shapely.get_parts(
            shapely.get_parts(shape.boundary) if shape.area else shapely.get_parts(shape)
        )
        step = max(STEP_DEG, float(sum(line.length for line in lines)) / MOST_PIECES)
        chains = [_at_least_two(shapely.get_coordinates(shapely.segmentize(line, step))) for line in lines]
        self.begin: Floats = np.concatenate([chain[:-1] for chain in chains])
        self.end: Floats = np.concatenate([chain[1:] for chain in chains])

    def distance_m(self, lon: float, lat: float) -> float:
        """Metres to the nearest edge, within a millimetre or two."""
        rough = self._rough_m(lon, lat)
        near = rough <= float(rough.min()) * PLAUSIBLE + ROUGH_M
        begin, end = (metres_around(ends[near], lon, lat) for ends in (self.begin, self.end))
        along = end - begin
        length2 = np.maximum((along**2).sum(axis=1), 1e-12)
        foot = np.clip(-(begin * along).sum(axis=1) / length2, 0.0, 1.0)
        return float(np.hypot(*(begin + foot[:, None] * along).T).min())

    def _rough_m(self, lon: float, lat: float) -> Floats:
        """Geodesic metres to the middle of each piece less half its length, within a few metres."""
        middle = (self.begin + self.end) / 2
        metres = metres_around(middle, lon, lat)
        half = np.hypot(*(self.end - self.begin).T) / 2 * METRES_PER_DEGREE
        return np.asarray(np.maximum(np.hypot(*metres.T) - half, 0.0))


def _at_least_two(chain: Floats) -> Floats:
    """A point is an edge without length."""
    return chain if len(chain) > 1 else np.repeat(chain, 2, axis=0)


def disc_around(shape_wkb: bytes) -> tuple[float, float, float]:
    """The lon, lat and radius in metres of a disc that holds the shape."""
    centre = shapely.centroid(shapely.minimum_bounding_circle(shapely.from_wkb(shape_wkb)))
    edges = Edges(shape_wkb)
    reach_m = np.hypot(*metres_around(np.concatenate([edges.begin, edges.end]), centre.x, centre.y).T)
    return centre.x, centre.y, float(reach_m.max())


def joined(discs_and_shapes: Iterable[tuple[bytes | None, float, float, float]]) -> bytes:
    """One area, as WKB, that holds areas (WKB) and discs (lon, lat and radius in metres).

    A disc is drawn as a polygon around it, 0.03 % wider.
    """
    shapes = [
        shapely.from_wkb(wkb) if wkb is not None else _disc(lon, lat, radius_m)
        for wkb, lon, lat, radius_m in discs_and_shapes
    ]
    return bytes(shapely.to_wkb(shapely.union_all(shapes)))


def _disc(lon: float, lat: float, radius_m: float) -> Any:
    """A polygon around a disc, in two parts across the antimeridian; around a pole the whole cap."""
    outer_m = max(radius_m, 0.01) / math.cos(math.pi / DISC_CORNERS)
    reach_deg = outer_m / LEAST_PER_DEGREE
    if abs(lat) + reach_deg >= 90:
        edge = abs(lat) - reach_deg
        return shapely.box(-180, edge, 180, 90) if lat > 0 else shapely.box(-180, -90, 180, -edge)
    turns, many = np.linspace(0, 360, DISC_CORNERS, endpoint=False), np.ones(DISC_CORNERS)
    east, north, _ = GEOD.fwd(lon * many, lat * many, turns, outer_m * many)
    whole = shapely.Polygon(np.column_stack(((east - lon + 180) % 360 - 180 + lon, north)))
    world = shapely.box(-180, -90, 180, 90)
    shifted = [affinity.translate(whole, xoff) for xoff in (-360, 0, 360)]
    return shapely.union_all([shapely.intersection(part, world) for part in shifted])


def depths_m(shape_wkb: bytes, points: Sequence[tuple[float, float]]) -> list[float]:
    """For points in an area a lower bound of the metres to its edge; 0 for a line, which has no inside."""
    area: Any = shapely.from_wkb(shape_wkb)
    if not area.area:
        return [0.0] * len(points)
    _, south, _, north = area.bounds
    narrow = max(0.0, math.cos(math.radians(min(90.0, max(abs(south), abs(north))))))
    degrees = shapely.distance(shapely.boundary(area), shapely.points(points))
    return [float(value) * LEAST_PER_DEGREE * narrow for value in degrees]


def metres_around(positions: Floats, lon: float, lat: float) -> Floats:
    """Positions in metres in the azimuthal equidistant plane around a point."""
    count = len(positions)
    turn, _, metres = GEOD.inv(np.full(count, lon), np.full(count, lat), positions[:, 0], positions[:, 1])
    radians = np.radians(turn)
    return np.column_stack((metres * np.sin(radians), metres * np.cos(radians)))
