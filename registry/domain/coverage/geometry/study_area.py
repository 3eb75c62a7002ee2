"""The study area of an analysis, laid out in its own plane and divided by place."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from threading import get_ident
from typing import Any

import numpy as np
import shapely

from registry.domain.coverage.geometry.footprint import drawn_outside
from registry.domain.coverage.geometry.interval_cover import CoverShapes, region_of
from registry.domain.coverage.geometry.plane import (
    Floats,
    Indices,
    Plane,
    Shapes,
    centred_on,
    lonlat_of,
    scale_bound,
)
from registry.domain.coverage.watcher import AreaPart, Disc
from registry.domain.errors import InvalidQuery

NEGLIGIBLE_M2 = 1.0
REMAINDER = 1e-6


@dataclass(frozen=True)
class StudyArea:
    """Parts that do not overlap, their true areas, and the whole they make."""

    plane: Plane
    parts: Sequence[AreaPart]
    shapes: Shapes
    whole: Any

    @cached_property
    def area_m2(self) -> Floats:
        """True area of each part."""
        return np.asarray(shapely.area(self.shapes))

    @cached_property
    def reach_m(self) -> float:
        """The greatest distance of the area from the centre of its plane."""
        return float(np.hypot(*np.abs(self.bounds.reshape(2, 2)).max(axis=0)))

    @property
    def bounds(self) -> Floats:
        """West, south, east, north in the plane."""
        return np.asarray(self.whole.bounds)


def lay_out(parts: Sequence[AreaPart], whole: AreaPart | None = None) -> StudyArea:
    """Project the parts of an area to a common plane; ground in two parts counts once.

    With `whole`, the parts are clipped to it, and the rest of it becomes a part of its own. Two assumed
    discs divide their overlap along the radical line. A drawn boundary comes before an assumed one; of two
    drawn ones the earlier keeps the overlap. InvalidQuery when nothing is left.
    """
    return _laid_out(tuple(parts), whole, get_ident())


@lru_cache(maxsize=32)
def _laid_out(parts: tuple[AreaPart, ...], whole: AreaPart | None, _thread: int) -> StudyArea:
    """Cached, as the same places are asked about again and again and cost as much as the answer.

    Each thread has its own: prepared geometries build their index on first use, without a lock.
    """
    sources = [*parts, whole] if whole else list(parts)
    if not sources:
        raise InvalidQuery("the area has no extent", field="area")
    plane = centred_on(np.concatenate([_corners(part.shape) for part in sources]))
    shapes = np.array([region_of(plane, part.shape) for part in parts], dtype=object)
    if len(parts) > 1:
        shapes = _without_overlap(plane, parts, shapes)
    if whole is None:
        return _checked(StudyArea(plane, parts, shapes, shapely.union_all(shapes)))
    outline = region_of(plane, whole.shape)
    shapes = shapely.intersection(shapes, outline)
    rest = shapely.difference(outline, shapely.union_all(shapes)) if len(parts) else outline
    kept = np.append(shapely.area(shapes) > NEGLIGIBLE_M2, rest.area > REMAINDER * outline.area)
    pieces = np.append(shapes, rest)
    return _checked(
        StudyArea(plane, [p for p, k in zip(sources, kept, strict=True) if k], pieces[kept], outline)
    )


def unmeasured_m2(area: StudyArea, bounds: Sequence[bytes] | None) -> float | None:
    """The most ground that places without an extent add, when these regions hold them; None is unbounded."""
    if bounds is None:
        return None
    if not bounds:
        return 0.0
    ground = shapely.union_all([region_of(area.plane, bound) for bound in bounds])
    return float(shapely.area(shapely.difference(ground, area.whole)))


def touched_parts(area: StudyArea, cover: CoverShapes) -> tuple[Indices, Indices]:
    """Pairs of a watcher and a part that its cover may touch."""
    tree = shapely.STRtree(area.shapes)
    points = shapely.points(area.plane.forward(cover.lonlat))
    factor = scale_bound(area.reach_m + 2.0 * float(cover.radius_m.max(initial=0.0)))
    disc, near = tree.query(points, predicate="dwithin", distance=cover.radius_m * drawn_outside() * factor)
    shape, met = tree.query(cover.shapes, predicate="intersects")
    watcher = np.concatenate([cover.disc_owner[disc], cover.shape_owner[shape]])
    return watcher, np.concatenate([near, met])


def _checked(area: StudyArea) -> StudyArea:
    if not float(area.area_m2.sum()) > 0.0:
        raise InvalidQuery("the area has no extent", field="area")
    return area


def _corners(shape: bytes | Disc) -> Floats:
    if isinstance(shape, Disc):
        return np.array([[shape.lon, shape.lat]])
    return lonlat_of(shapely.from_wkb(shape))


def _without_overlap(plane: Plane, parts: Sequence[AreaPart], shapes: Shapes) -> Shapes:
    shapes = shapes.copy()
    ranks = np.array([part.assumed for part in parts])
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pairs = [(i, j) for i, j in zip(first, second, strict=True) if (ranks[i], i) < (ranks[j], j)]
    for i, j in sorted(pairs, key=lambda pair: (ranks[pair[0]], *pair)):
        if shapely.area(shapely.intersection(shapes[i], shapes[j])) <= NEGLIGIBLE_M2:
            continue
        if ranks[i] and ranks[j]:
            side = _nearer_side(plane, parts[i].shape, parts[j].shape)
            shapes[i] = shapely.intersection(shapes[i], side)
        shapes[j] = shapely.difference(shapes[j], shapes[i])
    return shapes


def _nearer_side(plane: Plane, one: bytes | Disc, other: bytes | Disc) -> Any:
    """The half plane of points whose power to the first disc is the smaller one."""
    if not isinstance(one, Disc) or not isinstance(other, Disc):
        return shapely.box(-1e8, -1e8, 1e8, 1e8)
    a, b = plane.forward(np.array([[one.lon, one.lat], [other.lon, other.lat]]))
    apart = float(np.hypot(*(b - a)))
    if apart == 0.0:
        return shapely.box(-1e8, -1e8, 1e8, 1e8)
    along = (b - a) / apart
    foot = a + along * (apart**2 + one.radius_m**2 - other.radius_m**2) / (2 * apart)
    across, far = np.array([-along[1], along[0]]), 1e8
    corners = [foot + across * far, foot - across * far]
    return shapely.Polygon([*corners, corners[1] - along * far, corners[0] - along * far])
