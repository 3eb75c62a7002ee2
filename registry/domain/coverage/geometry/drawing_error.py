"""A bound on how far drawn areas are from the areas that geodesic distance defines."""

from typing import Any

import numpy as np
import shapely

from registry.domain.coverage.geometry.footprint import CORNERS, CUT_ERROR, FINE_CORNERS
from registry.domain.coverage.geometry.interval_cover import CoverShapes
from registry.domain.coverage.geometry.plane import Floats, Shapes, lonlat_of
from registry.domain.coverage.geometry.study_area import StudyArea


def drawing_error_m2(area: StudyArea, cover: CoverShapes, uncovered: Any) -> float:
    """A bound on the error of the area that `cover` takes from the study area, leaving `uncovered`.

    The error of a whole edge of a disc's drawing cancels out (see `footprint`). What counts is every edge
    that another boundary cuts: two discs at each cut, two edges each for boundaries that nearly touch. Added
    to it: one hidden corner for every disc, the rims of buffered shapes, and rounding.
    """
    radius = float(cover.radius_m.max(initial=0.0))
    cells = cover.shapes[cover.shape_reach_m == 0.0]
    at_cuts = _cuts(area, uncovered, cells) * 2 * 2 * CUT_ERROR * radius**2 / CORNERS**3
    hidden = float((cover.radius_m**2).sum()) * (np.pi**2 / (2 * CORNERS**2)) ** 2
    sagitta = cover.shape_reach_m * (np.pi / FINE_CORNERS) ** 2 / 2
    rims = float((_rim_m(cover) * sagitta).sum())
    return at_cuts + hidden + rims + 1e-8 * float(area.area_m2.sum())


def _rim_m(cover: CoverShapes) -> Floats:
    """The length of each buffered shape's border. Equal shapes are one object and count once."""
    first = np.zeros(len(cover.shapes), dtype=bool)
    first[np.unique([id(shape) for shape in cover.shapes], return_index=True)[1]] = True
    return np.where(first, shapely.length(cover.shapes), 0.0)


def _cuts(area: StudyArea, uncovered: Any, cells: Shapes) -> int:
    """How many corners of the uncovered ground are no disc's (those are reflex), the area's or a cell's."""
    polygons = shapely.orient_polygons(polygons_of(np.array([uncovered], dtype=object)))
    corners, ring = shapely.get_coordinates(shapely.get_rings(polygons), return_index=True)
    if len(corners) == 0:
        return 0
    step = np.diff(corners, axis=0)
    turn = step[:-1, 0] * step[1:, 1] - step[:-1, 1] * step[1:, 0]
    convex = np.append((ring[2:] == ring[:-2]) & (turn > 0.0), True)
    convex[1:][np.diff(ring[:-1]) != 0] = True
    own = lonlat_of(np.array([area.whole, *cells], dtype=object)).view(complex).ravel()
    return int(np.count_nonzero(~np.isin(corners[1:][convex].view(complex).ravel(), own)))


def polygons_of(shapes: Shapes) -> Shapes:
    """Every polygon in the shapes; lines and points that an overlay leaves are dropped."""
    parts = shapely.get_parts(shapely.get_parts(shapes))
    return np.asarray(parts[shapely.get_dimensions(parts) == 2], dtype=object)
