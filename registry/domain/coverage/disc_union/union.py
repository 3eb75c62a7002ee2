"""The union of discs, assembled from the arcs of their boundaries. It is the union of the drawn rings."""

from typing import Any

import numpy as np
import shapely

from registry.domain.coverage.disc_union.arcs import Arcs, UncertainArcs, arcs_of
from registry.domain.coverage.disc_union.pairs import discs_of, pairs_of
from registry.domain.coverage.geometry.footprint import polygons
from registry.domain.coverage.geometry.plane import Indices, Points, Shapes

SMALLEST_M = 1e-3
ROUNDS = 4
MOST_ASIDE = 0.2


def union_of_discs(rings: Points) -> Any:
    """The union of discs drawn by counterclockwise rings (discs, corners) that are nearly circles.

    Discs with uncertain arcs are united as polygons. When they are many, all discs are.
    """
    rings = rings[np.abs(rings[:, 0] - rings.mean(axis=1)) > SMALLEST_M]
    if len(rings) == 0:
        return shapely.MultiPolygon()
    discs = discs_of(rings)
    pairs = pairs_of(discs)
    aside = np.zeros(len(rings), dtype=bool)
    for _ in range(ROUNDS):
        kept = ~aside
        if pairs is None or aside.mean() > MOST_ASIDE:
            break
        try:
            outlines = _outlines(rings, arcs_of(discs, kept, pairs.among(kept)))
        except UncertainArcs as doubt:
            aside[doubt.discs] = True
        else:
            return _with(outlines, polygons(rings[aside]))
    return shapely.union_all(polygons(rings))


def _with(apart: Shapes, others: Shapes) -> Any:
    """The union of polygons that lie apart with others that may touch them."""
    if len(others) == 0:
        return shapely.multipolygons(apart)
    touched = np.zeros(len(apart), dtype=bool)
    touched[shapely.STRtree(apart).query(others, predicate="intersects")[1]] = True
    more = shapely.union(shapely.multipolygons(apart[touched]), shapely.union_all(others))
    return shapely.multipolygons(np.append(apart[~touched], shapely.get_parts(more)))


def _outlines(rings: Points, arcs: Arcs) -> Shapes:
    """Polygons from the chains of arcs, and the rings of discs that no other disc meets."""
    alone = polygons(rings[arcs.bare])
    if len(arcs.disc) == 0:
        return alone
    order, chain = _chains(arcs.follows)
    corners, arc = _corners(rings, arcs, order)
    closed = shapely.linearrings(corners.view(float).reshape(-1, 2), indices=chain[arc])
    shell = shapely.is_ccw(closed)
    return np.append(alone, _with_holes(closed[shell], closed[~shell]))


def _chains(follows: Indices) -> tuple[Indices, Indices]:
    """The arcs in the order in which they follow one another, and the chain of each."""
    after, sizes = follows.tolist(), []
    order: list[int] = []
    seen = [False] * len(after)
    for at in range(len(after)):
        before = len(order)
        while not seen[at]:
            seen[at] = True
            order.append(at)
            at = after[at]
        sizes.append(len(order) - before)
    chain = np.repeat(np.arange(np.count_nonzero(sizes)), [size for size in sizes if size])
    return np.array(order), chain


def _corners(rings: Points, arcs: Arcs, order: Indices) -> tuple[Points, Indices]:
    """The corners of the arcs in that order, and the arc of each corner.

    Its entry, then its ring's corners.
    """
    count, disc, entries = rings.shape[1], arcs.disc[order], arcs.entries
    begins, ends = arcs.begins[order], arcs.ends[order]
    first, last = entries.other_edge[begins], entries.edge[ends]
    all_round = (last == first) & (entries.share[ends] < entries.other_share[begins])
    size = 1 + (last - first) % count + count * all_round
    arc = np.repeat(np.arange(len(order)), size)
    step = np.arange(len(arc)) - np.repeat(np.cumsum(size) - size, size)
    corners = rings[disc[arc], (first[arc] + step) % count]
    corners[step == 0] = entries.point[begins]
    return corners, arc


def _with_holes(shells: Shapes, holes: Shapes) -> Shapes:
    """Polygons of the shells, each hole in the smallest shell around it."""
    drawn = shapely.polygons(shells)
    shell, hole = shapely.STRtree(shapely.get_point(holes, 0)).query(drawn, predicate="contains")
    large_first = np.argsort(-shapely.area(drawn)[shell])
    owner = np.zeros(len(holes), dtype=np.intp)
    owner[hole[large_first]] = shell[large_first]
    for at in np.unique(owner):
        drawn[at] = shapely.Polygon(shells[at], holes[owner == at])
    return np.asarray(drawn, dtype=object)
