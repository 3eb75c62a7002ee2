"""Depth of cover: how many resources cover each piece of ground, and what only one covers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from msgspec import Raw, Struct

from registry.domain.coverage.coverage import Estimate, bounded_m2, uncertain_parts
from registry.domain.coverage.demand import reach_pairs
from registry.domain.coverage.geometry.drawing_error import polygons_of
from registry.domain.coverage.geometry.gaps_geometry import Uncovered, UncoveredRule, in_pieces, within_reach
from registry.domain.coverage.geometry.interval_cover import CoverInterval, CoverShapes, cover_interval
from registry.domain.coverage.geometry.plane import Floats, Indices, Shapes, to_lonlat
from registry.domain.coverage.geometry.quadtree import undecided_squares, worth_it
from registry.domain.coverage.geometry.study_area import StudyArea
from registry.domain.coverage.listing import FreeCover
from registry.domain.coverage.watcher import Watcher

NOBODY = -1


@dataclass(frozen=True)
class Faces:
    """Pieces that no boundary crosses, each with its depth up to `enough`, and its watcher if there is one.

    `certain` is the ground that is covered at least `enough` times and was not cut.
    """

    enough: int
    shapes: Shapes
    area_m2: Floats
    depth: Indices
    sole: Indices
    certain: Any
    certain_m2: float


class DepthLevel(Struct, frozen=True):
    """Ground and demand covered at least `depth` times."""

    depth: int
    area_m2: Estimate
    ratio: Estimate
    demand: Estimate | None = None
    """Demand that so many cover, with its bounds."""
    demand_ratio: Estimate | None = None


class DepthFace(Struct, frozen=True):
    """The ground of exactly this depth; with `or_more`, of this depth and deeper."""

    depth: int
    or_more: bool
    area_m2: float
    geometry: Raw


def faces(area: StudyArea, cover: CoverShapes, enough: int) -> Faces:
    """Cut the area along every boundary, except where at least `enough` discs cover it for certain."""
    near, region, certain = within_reach(area, cover), area.whole, shapely.Polygon()
    if near.any() and worth_it(area, cover, 1.0 + enough):
        unsure = undecided_squares(area, cover, enough)
        region = shapely.intersection(area.whole, unsure.region)
        certain, near = shapely.difference(area.whole, unsure.region), near & unsure.discs
    shapes = cover.drawn(area.plane, near)
    owner = np.concatenate([cover.disc_owner[near], cover.shape_owner])
    pieces = _pieces(region, shapes)
    inside = shapely.point_on_surface(pieces)
    at, by = shapely.STRtree(shapes).query(inside, predicate="intersects")
    depth = np.bincount(at, minlength=len(pieces))
    sole = np.full(len(pieces), NOBODY, dtype=np.intp)
    single = depth[at] == 1
    sole[at[single]] = owner[by[single]]
    area_m2 = np.asarray(shapely.area(pieces))
    return Faces(
        enough, pieces, area_m2, np.minimum(depth, enough), sole, certain, float(shapely.area(certain))
    )


def _pieces(region: Any, shapes: Shapes) -> Shapes:
    """The region's polygons cut by every boundary."""
    if shapely.is_empty(region):
        return np.empty(0, dtype=object)
    shapely.prepare(region)
    touching = shapes[shapely.intersects(shapes, region)]
    lines = shapely.union_all(np.append(shapely.boundary(touching), shapely.boundary(region)))
    pieces = polygons_of(np.array([shapely.polygonize(shapely.get_parts(lines))], dtype=object))
    return np.asarray(pieces[shapely.contains(region, shapely.point_on_surface(pieces))], dtype=object)


def shallower_than(depth: int) -> UncoveredRule:
    """The rule by which ground is uncovered unless at least `depth` watchers cover it."""

    def rule(area: StudyArea, cover: CoverShapes) -> Uncovered:
        cut = faces(area, cover, depth)
        return in_pieces(area, shapely.union_all(cut.shapes[cut.depth < depth]))

    return rule


def at_least_m2(cut: Faces) -> Floats:
    """The area covered at least 1, 2, … `enough` times."""
    exact = np.bincount(cut.depth, cut.area_m2, cut.enough + 1)
    return np.asarray(np.cumsum(exact[::-1])[::-1][1:] + cut.certain_m2)


def sole_m2(cut: Faces, watchers: int) -> Floats:
    """Per watcher, the area that only it covers; the faces must be cut to a depth of two or more."""
    alone = cut.sole != NOBODY
    return np.asarray(np.bincount(cut.sole[alone], cut.area_m2[alone], watchers), dtype=float)


@dataclass(frozen=True)
class DepthCut:
    """An area cut by its three covers; `tested` are the watchers that the covers' owners count."""

    area: StudyArea
    watchers: Sequence[Watcher]
    tested: Sequence[Watcher]
    covers: CoverInterval
    lower: Faces
    nominal: Faces
    upper: Faces

    def of_bound(self, bound: str) -> Faces:
        """The faces of one of the three covers."""
        cut_faces: Faces = getattr(self, bound)
        return cut_faces

    def at_least_m2(self, free: FreeCover) -> list[Estimate]:
        """The area covered at least 1, 2, … times; free cover deepens no more ground than it covers."""
        total, slack = float(self.area.area_m2.sum()), self.covers.slack
        doubtful = np.unique(uncertain_parts(self.area, self.covers)[0])
        bounds = zip(
            *(at_least_m2(faces).tolist() for faces in (self.lower, self.nominal, self.upper)), strict=True
        )
        levels = [bounded_m2(slack, doubtful, free, *level) for level in bounds]
        return [Estimate(one.lower, one.nominal, min(total, one.upper)) for one in levels]

    def counts(self, lonlat: Floats) -> list[Indices]:
        """How many watchers reach each point: at least, as recorded, at most."""
        covers = self.covers
        return [
            reach_pairs(self.area.plane, cover, lonlat).counts
            for cover in (covers.lower, covers.nominal, covers.upper)
        ]


def cut(area: StudyArea, watchers: Sequence[Watcher], enough: int) -> DepthCut:
    """Cut the area by the least, recorded and greatest cover of the watchers."""
    tested = [watcher for watcher in watchers if watcher.testable]
    covers = cover_interval(area.plane, tested)
    nominal = faces(area, covers.nominal, enough)
    if covers.lower is covers.nominal:
        return DepthCut(area, watchers, tested, covers, nominal, nominal, nominal)
    low, high = faces(area, covers.lower, enough), faces(area, covers.upper, enough)
    return DepthCut(area, watchers, tested, covers, low, nominal, high)


def drawn_by_depth(area: StudyArea, cut: Faces) -> list[DepthFace]:
    """One (multi)polygon in lon/lat for every depth, from 0, that has ground."""
    drawn = []
    for depth in range(cut.enough + 1):
        last = depth == cut.enough
        mine = cut.shapes[cut.depth == depth]
        area_m2 = float(cut.area_m2[cut.depth == depth].sum()) + (cut.certain_m2 if last else 0.0)
        if area_m2 > 0.0:
            whole = np.array(
                [shapely.union_all(np.append(mine, cut.certain) if last else mine)], dtype=object
            )
            text = str(shapely.to_geojson(to_lonlat(area.plane, whole))[0])
            drawn.append(DepthFace(depth, last, area_m2, Raw(text.encode())))
    return drawn
