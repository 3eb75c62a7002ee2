"""A shape of few corners that holds another: what an index orders by, as the shape itself would be slow."""

from functools import lru_cache
from typing import Any

import shapely

from registry.domain.proximity.edges import MOST_PIECES, STEP_DEG

ROUGH = 0.01
"""How far the outline may run outside the shape, as a share of its greatest extent."""
SPARE_DEG = 2e-4
"""An edge of LONGEST_DEG strays less than half of this from the great circle through its ends."""
LONGEST_DEG = 0.25
ROUNDED = 1.42
"""A corner cut by one segment a quarter lies at most 30 % inside its circle."""
WIDEST_DEG, FARTHEST_NORTH_DEG = 90.0, 85.0
"""On a sphere an inside is hard to tell from an outside beyond these: such a shape stands for itself."""
MOST_CORNERS = 500
"""What runs to and fro so often has its convex hull for an outline: to grow it would take seconds."""
WORLD = shapely.box(-180, -90, 180, 90)


@lru_cache(32)
def outline(shape_wkb: bytes) -> bytes:
    """A polygon, without holes, that holds all of an area or line, its edges straight or great circles.

    Nothing is farther from it than from the shape. Corners are left out by Douglas and Peucker's rule, which
    keeps all others within a distance, and the lines are grown by that distance. What is hard to tell on a
    sphere is returned as it is, in short edges.
    """
    shape: Any = shapely.from_wkb(shape_wkb)
    west, south, east, north = shape.bounds
    if east - west > WIDEST_DEG or max(-south, north) > FARTHEST_NORTH_DEG:
        step_deg = max(STEP_DEG, shape.length / MOST_PIECES)
        return bytes(shapely.to_wkb(shapely.segmentize(shape, step_deg)))
    rough_deg = ROUGH * max(east - west, north - south)
    parts = shapely.get_parts(shape)
    lines = _halves(shapely.get_exterior_ring(parts)) if shape.area else parts
    fewer = shapely.simplify(lines, rough_deg, preserve_topology=False)
    if shapely.get_num_coordinates(fewer).sum() > MOST_CORNERS:
        fewer = [shapely.convex_hull(shape)]
    grown = shapely.union_all(shapely.buffer(fewer, ROUNDED * (rough_deg + SPARE_DEG), quad_segs=1))
    if shape.area:
        grown = shapely.union_all(shapely.polygons(shapely.get_exterior_ring(shapely.get_parts(grown))))
    return bytes(shapely.to_wkb(shapely.segmentize(shapely.intersection(grown, WORLD), LONGEST_DEG)))


def _halves(rings: Any) -> list[Any]:
    """Each ring as two lines: of a ring GEOS leaves out the first corner too, by more than the distance."""
    return [
        shapely.linestrings(half)
        for corners in map(shapely.get_coordinates, rings)
        for half in (corners[: len(corners) // 2 + 1], corners[len(corners) // 2 :])
    ]
