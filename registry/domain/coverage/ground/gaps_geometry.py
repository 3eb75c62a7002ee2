"""The ground that a cover leaves open: what is covered taken from the area, in pieces by place."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from registry.domain.coverage.disc_union.union import united
from registry.domain.coverage.ground.drawing_error import polygons_of
from registry.domain.coverage.ground.footprint import drawn_outside, rings
from registry.domain.coverage.ground.ground import Ground
from registry.domain.coverage.ground.interval_cover import Cover
from registry.domain.coverage.ground.plane import Floats, Shapes, stretch
from registry.domain.coverage.ground.quadtree import undecided, worth_it

LARGE = 4.0
"""How much dearer a corner is when pieces are cut by the parts than when the cover is taken from a part."""


@dataclass(frozen=True)
class Open:
    """What one cover leaves open: the whole, its pieces cut by place, and the place of each piece."""

    whole: Any
    pieces: Shapes
    part: NDArray[np.intp]

    @cached_property
    def piece_m2(self) -> Floats:
        """True area of every piece."""
        return np.asarray(shapely.area(self.pieces), dtype=float)


Opening = Callable[[Ground, Cover], Open]


def left_open(ground: Ground, cover: Cover) -> Open:
    """The area minus the cover, in pieces that each lie in one place."""
    near = within_reach(ground, cover)
    if near.any() and worth_it(ground, cover):
        unsure = undecided(ground, cover)
        region = shapely.intersection(ground.whole, unsure.region)
        return in_pieces(ground, shapely.difference(region, covered(ground, cover, near & unsure.discs)))
    known = covered(ground, cover, near)
    return in_pieces(ground, shapely.difference(ground.whole, known), known)


def covered(ground: Ground, cover: Cover, near: NDArray[np.bool_]) -> Any:
    """The union of those discs and of every other shape."""
    lon, lat, radius = np.unique(np.column_stack([cover.lonlat, cover.radius_m])[near], axis=0).T
    discs = united(rings(ground.plane, np.column_stack([lon, lat]), radius))
    if len(cover.shapes) == 0:
        return discs
    return shapely.union(discs, shapely.disjoint_subset_union_all(cover.shapes))


def in_pieces(ground: Ground, whole: Any, known: Any = None) -> Open:
    """Open ground cut along the borders of the places; `known`, where given, is all that is not open."""
    return Open(whole, *_cut_by_part(ground, polygons_of(np.array([whole], dtype=object)), known))


def within_reach(ground: Ground, cover: Cover) -> NDArray[np.bool_]:
    """Which discs can touch the ground's bounding box at all."""
    west, south, east, north = ground.bounds
    x, y = ground.plane.forward(cover.lonlat).T
    factor = stretch(ground.reach_m + 2.0 * float(cover.radius_m.max(initial=0.0)))
    reach = cover.radius_m * drawn_outside() * factor
    aside = np.maximum(np.maximum(west - x, x - east), np.maximum(south - y, y - north))
    return np.asarray(aside <= reach)


def _cut_by_part(ground: Ground, pieces: Shapes, known: Any) -> tuple[Shapes, NDArray[np.intp]]:
    """The pieces cut along the borders of the ground's parts, and the part that holds each.

    Small pieces are cut by the parts they meet; large ones are had sooner as what `known` leaves of those.
    """
    if len(ground.parts) == 1:
        return pieces, np.zeros(len(pieces), dtype=np.intp)
    piece, part = shapely.STRtree(ground.shapes).query(pieces, predicate="intersects")
    met = np.unique(part)
    corners = shapely.get_num_coordinates(pieces)[piece].sum()
    if known is not None and len(met) * shapely.get_num_coordinates(known) < LARGE * corners:
        cut, part = shapely.difference(ground.shapes[met], known), met
    else:
        cut = shapely.intersection(pieces[piece], ground.shapes[part])
    polygons, origin = shapely.get_parts(cut, return_index=True)
    flat = shapely.get_dimensions(polygons) == 2
    return polygons[flat], part[origin][flat]
