"""A quadtree that decides most of the area on distances alone.

A square inside enough discs is covered for certain; one that no disc reaches is uncovered for certain.
Polygons are drawn only for the rest. Under a twenty-fold cover that is next to nothing.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from registry.domain.coverage.geometry.footprint import drawn_inside, drawn_outside
from registry.domain.coverage.geometry.interval_cover import CoverShapes
from registry.domain.coverage.geometry.plane import Flags, Floats, Indices, Shapes, scale_bound
from registry.domain.coverage.geometry.study_area import StudyArea

WORTH_DISCS = 1_000
WORTH_DEPTH = 6.0
SMALLEST = 1 / 8


@dataclass(frozen=True)
class UndecidedSquares:
    """The squares that are not certainly covered `enough` times, and the discs that reach into them."""

    region: Any
    discs: Flags


@dataclass(frozen=True)
class _Reach:
    xy: Floats
    inner: Floats
    outer: Floats


def worth_it(area: StudyArea, cover: CoverShapes, depth: float = WORTH_DEPTH) -> bool:
    """Whether the discs are so many and so dense that the quadtree pays."""
    discs_m2 = float(np.pi * (cover.radius_m**2).sum())
    return len(cover.radius_m) >= WORTH_DISCS and discs_m2 > depth * float(area.area_m2.sum())


def undecided_squares(area: StudyArea, cover: CoverShapes, enough: int = 1) -> UndecidedSquares:
    """Halve squares until their state is certain or they are a small fraction of the median radius."""
    reach = _reach(area, cover)
    radius_m = float(np.median(cover.radius_m))
    corner, side = _root_squares(area, radius_m)
    cell, disc = _touching(corner, side, reach)
    open_boxes = []
    while True:
        keep, cell, disc, empty = _sift(corner, side, cell, disc, reach, enough)
        open_boxes.append(_boxes(corner[empty], side))
        corner = corner[keep]
        if side <= radius_m * SMALLEST or len(corner) == 0:
            break
        corner, cell, disc = _quarter(corner, side, cell, disc)
        side /= 2.0
    open_boxes.append(_boxes(corner, side))
    reaching = np.zeros(len(cover.radius_m), dtype=bool)
    reaching[disc] = True
    return UndecidedSquares(shapely.union_all(np.concatenate(open_boxes)), reaching)


def _reach(area: StudyArea, cover: CoverShapes) -> _Reach:
    """Centres in the plane, with the radii within which all and beyond which nothing is covered."""
    factor = scale_bound(area.reach_m + 2.0 * float(cover.radius_m.max(initial=0.0)))
    inner, outer = cover.radius_m * drawn_inside() / factor, cover.radius_m * drawn_outside() * factor
    return _Reach(area.plane.forward(cover.lonlat), inner, outer)


def _root_squares(area: StudyArea, side: float) -> tuple[Floats, float]:
    west, south, east, north = area.bounds
    side = max(side, (east - west) / 512, (north - south) / 512)
    x, y = np.meshgrid(np.arange(west, east, side), np.arange(south, north, side))
    corner = np.column_stack([x.ravel(), y.ravel()])
    shapely.prepare(area.whole)
    return corner[shapely.intersects(area.whole, _boxes(corner, side))], side


def _boxes(corner: Floats, side: float) -> Shapes:
    x, y = corner.T
    return np.asarray(shapely.box(x, y, x + side, y + side))


def _touching(corner: Floats, side: float, reach: _Reach) -> tuple[Indices, Indices]:
    x, y = reach.xy.T
    outer = reach.outer
    tree = shapely.STRtree(_boxes(corner, side))
    disc, cell = tree.query(shapely.box(x - outer, y - outer, x + outer, y + outer))
    return cell, disc


def _sift(
    corner: Floats,
    side: float,
    cell: Indices,
    disc: Indices,
    reach: _Reach,
    enough: int,
) -> tuple[Flags, Indices, Indices, Flags]:
    """Which squares stay undecided, their pairs with discs (renumbered), and which squares are empty."""
    half = side / 2.0
    offset = np.abs(reach.xy[disc] - corner[cell] - half)
    nearest = np.hypot(*np.maximum(offset - half, 0.0).T)
    farthest = np.hypot(*(offset + half).T)
    touches = nearest < reach.outer[disc]
    holds = np.bincount(cell[farthest <= reach.inner[disc]], minlength=len(corner))
    touched = np.bincount(cell[touches], minlength=len(corner))
    empty = touched == 0
    keep = (holds < enough) & ~empty
    pairs = touches & keep[cell]
    return keep, (np.cumsum(keep) - 1)[cell[pairs]], disc[pairs], empty


def _quarter(corner: Floats, side: float, cell: Indices, disc: Indices) -> tuple[Floats, Indices, Indices]:
    steps = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]) * (side / 2.0)
    corners = (corner[:, None, :] + steps).reshape(-1, 2)
    return corners, (cell[:, None] * 4 + np.arange(4)).ravel(), np.repeat(disc, 4)
