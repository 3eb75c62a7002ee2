"""The ground that a cover leaves uncovered, in pieces by place."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely

from registry.domain.coverage.disc_union.union import union_of_discs
from registry.domain.coverage.geometry.drawing_error import polygons_of
from registry.domain.coverage.geometry.footprint import drawn_outside, rings
from registry.domain.coverage.geometry.interval_cover import CoverShapes
from registry.domain.coverage.geometry.plane import Flags, Floats, Indices, Shapes, scale_bound
from registry.domain.coverage.geometry.quadtree import undecided_squares, worth_it
from registry.domain.coverage.geometry.study_area import StudyArea

LARGE = 4.0
"""Cost of a corner in `intersection` with the parts, relative to `difference` of a part and the union."""


@dataclass(frozen=True)
class Uncovered:
    """What one cover leaves uncovered: the whole, its pieces cut by place, and the part of each piece."""

    whole: Any
    pieces: Shapes
    part: Indices

    @cached_property
    def piece_m2(self) -> Floats:
        """True area of every piece."""
        return np.asarray(shapely.area(self.pieces), dtype=float)


UncoveredRule = Callable[[StudyArea, CoverShapes], Uncovered]


def uncovered(area: StudyArea, cover: CoverShapes) -> Uncovered:
    """The area minus the cover, in pieces that each lie in one place."""
    near = within_reach(area, cover)
    if near.any() and worth_it(area, cover):
        unsure = undecided_squares(area, cover)
        region = shapely.intersection(area.whole, unsure.region)
        return in_pieces(area, shapely.difference(region, covered(area, cover, near & unsure.discs)))
    union = covered(area, cover, near)
    return in_pieces(area, shapely.difference(area.whole, union), union)


def covered(area: StudyArea, cover: CoverShapes, near: Flags) -> Any:
    """The union of the discs `near` and of every other shape."""
    lon, lat, radius = np.unique(np.column_stack([cover.lonlat, cover.radius_m])[near], axis=0).T
    discs = union_of_discs(rings(area.plane, np.column_stack([lon, lat]), radius))
    if len(cover.shapes) == 0:
        return discs
    return shapely.union(discs, shapely.disjoint_subset_union_all(cover.shapes))


def in_pieces(area: StudyArea, whole: Any, union: Any = None) -> Uncovered:
    """Uncovered ground cut along the borders of the places; `union`, where given, is all that is covered."""
    return Uncovered(whole, *_cut_by_part(area, polygons_of(np.array([whole], dtype=object)), union))


def within_reach(area: StudyArea, cover: CoverShapes) -> Flags:
    """Which discs may touch the bounding box of the area."""
    west, south, east, north = area.bounds
    x, y = area.plane.forward(cover.lonlat).T
    factor = scale_bound(area.reach_m + 2.0 * float(cover.radius_m.max(initial=0.0)))
    reach = cover.radius_m * drawn_outside() * factor
    aside = np.maximum(np.maximum(west - x, x - east), np.maximum(south - y, y - north))
    return np.asarray(aside <= reach)


def _cut_by_part(area: StudyArea, pieces: Shapes, union: Any) -> tuple[Shapes, Indices]:
    """The pieces cut along the borders of the parts, and the part of each.

    Small pieces are intersected with the parts they meet. For large pieces it is faster to take `union` from
    those parts.
    """
    if len(area.parts) == 1:
        return pieces, np.zeros(len(pieces), dtype=np.intp)
    piece, part = shapely.STRtree(area.shapes).query(pieces, predicate="intersects")
    met = np.unique(part)
    corners = shapely.get_num_coordinates(pieces)[piece].sum()
    if union is not None and len(met) * shapely.get_num_coordinates(union) < LARGE * corners:
        cut, part = shapely.difference(area.shapes[met], union), met
    else:
        cut = shapely.intersection(pieces[piece], area.shapes[part])
    polygons, origin = shapely.get_parts(cut, return_index=True)
    flat = shapely.get_dimensions(polygons) == 2
    return polygons[flat], part[origin][flat]
