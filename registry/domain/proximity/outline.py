"""A simple polygon that holds a shape. The index orders by it, because ordering by the shape is slow."""

from functools import lru_cache
from typing import Any

import shapely

from registry.domain.proximity.edges import MOST_PIECES, STEP_DEG

ROUGH = 0.01
"""How far the outline may lie outside the shape, as a share of its extent."""
SPARE_DEG = 2e-4
"""An edge of LONGEST_DEG lies within half of this of the great circle through its ends."""
LONGEST_DEG = 0.25
ROUNDED = 1.42
"""A buffer with one segment a quarter lies at most 30 % inside the true circle."""
WIDEST_DEG, FARTHEST_NORTH_DEG = 90.0, 85.0
"""Beyond these a ring's inside is ambiguous on a sphere; such a shape is used as it is."""
MOST_CORNERS = 500
"""A shape with more corners gets its convex hull, because buffering it would take seconds."""
WORLD = shapely.box(-180, -90, 180, 90)


@lru_cache(32)
def outline(shape_wkb: bytes) -> bytes:
    """A polygon without holes, as WKB, that holds an area or line, with straight or great-circle edges.

    No point is farther from it than from the shape. The Douglas-Peucker algorithm drops corners and keeps the
    others within a distance; the lines are then buffered by that distance. A shape too wide or too far north
    is returned as it is, in short edges.
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
    """Each ring as two lines: in a ring GEOS may also drop the first corner, by more than the tolerance."""
    return [
        shapely.linestrings(half)
        for corners in map(shapely.get_coordinates, rings)
        for half in (corners[: len(corners) // 2 + 1], corners[len(corners) // 2 :])
    ]
