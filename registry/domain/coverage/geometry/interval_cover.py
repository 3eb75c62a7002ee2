"""The interval rule: what is covered for certain, as recorded, and at most.

upper   every possible position, grown by the reach
lower   the points reached from every possible position
nominal the reach from the recorded position; for an unlocated watcher, its lower

So lower ⊆ nominal ⊆ upper for every watcher, and therefore for every union of them. A watcher that may not
belong to the set has an upper alone. By line of sight each of the three is drawn for itself; where it is not
known what a watcher sees, its reach is nominal and upper, and it has no lower.

The ground of a cover says where; its area says how much at most. As the true footprint has one size wherever
the watcher stands, `Slack` narrows the areas.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from msgspec import structs

from registry.domain.coverage.geometry.footprint import (
    FINE_CORNERS,
    buffered,
    circles,
    core,
    least_disc_m2,
    most_disc_m2,
    sectors,
    swept,
)
from registry.domain.coverage.geometry.plane import Flags, Floats, Indices, Plane, Shapes, to_plane
from registry.domain.coverage.watcher import Disc, ViewSector, Watcher

Triple = tuple[Any, Any, Any]
EMPTY = shapely.Polygon()


@dataclass(frozen=True)
class CoverShapes:
    """Covered ground: discs, which are drawn only when needed, and other shapes.

    The owners are indexes of the watchers.
    """

    disc_owner: Indices
    lonlat: Floats
    radius_m: Floats
    shape_owner: Indices
    shapes: Shapes
    shape_reach_m: Floats

    def drawn(self, plane: Plane, discs: Flags | None = None) -> Shapes:
        """Polygons of those discs (by default all), then every other shape."""
        discs = np.ones(len(self.radius_m), dtype=bool) if discs is None else discs
        return np.concatenate([circles(plane, self.lonlat[discs], self.radius_m[discs]), self.shapes])

    def owners(self) -> Indices:
        """The watcher of every polygon that `drawn` returns."""
        return np.concatenate([self.disc_owner, self.shape_owner])


@dataclass(frozen=True)
class Slack:
    """How much an uncertain watcher's footprint has beyond its lower, and its upper beyond the footprint.

    Both are bounds. `below_m2` is infinite where the recorded cover is none of the possible ones.
    """

    watcher: Indices
    above_m2: Floats
    below_m2: Floats


@dataclass(frozen=True)
class CoverInterval:
    """The three covers. They are one object when every position is certain."""

    lower: CoverShapes
    nominal: CoverShapes
    upper: CoverShapes
    uncertain: Flags
    slack: Slack
    own_m2: Floats
    """The most that each watcher can cover, wherever it stands."""


def cover_interval(plane: Plane, watchers: Sequence[Watcher]) -> CoverInterval:
    """The lower, nominal and upper cover of testable watchers, in their order."""
    discs = [i for i, w in enumerate(watchers) if _is_disc(w)]
    views = [i for i, w in enumerate(watchers) if _is_view(w)]
    taken = {*discs, *views}
    rest = [i for i in range(len(watchers)) if i not in taken]
    doubt = np.array([_doubt_m(w) for w in watchers], dtype=float)
    belongs = np.array([not w.unknown for w in watchers], dtype=bool)
    triples = [*_views(plane, [watchers[i] for i in views]), *_others(plane, [watchers[i] for i in rest])]
    others = np.array([*views, *rest], dtype=np.intp)
    others_m = np.array([_rim_radius_m(watchers[i]) for i in others], dtype=float)
    at, lonlat, radius = _disc_arrays(watchers, discs)

    def cover(grow: float, which: int) -> CoverShapes:
        reach = np.maximum(radius + grow * doubt[at], 0.0)
        shapes = np.array([t[which] for t in triples], dtype=object)
        some, filled = reach > 0.0, ~shapely.is_empty(shapes)
        if which < 2:
            some, filled = some & belongs[at], filled & belongs[others]
        far = np.maximum(others_m + grow * doubt[others], 0.0)
        return CoverShapes(at[some], lonlat[some], reach[some], others[filled], shapes[filled], far[filled])

    uncertain = (doubt > 0.0) | ~belongs
    uncertain[others] |= np.array([t[0] is not t[2] for t in triples], dtype=bool)
    sizes = _sizes(watchers, doubt, at, radius, others, triples)
    slack = _slack(watchers, sizes, uncertain, belongs)
    nominal = cover(0.0, 1)
    if not uncertain.any():
        return CoverInterval(nominal, nominal, nominal, uncertain, slack, sizes.most_m2)
    return CoverInterval(cover(-1.0, 0), nominal, cover(1.0, 2), uncertain, slack, sizes.most_m2)


@dataclass(frozen=True)
class _Sizes:
    """Bounds of each watcher's areas: of its true footprint, of its lower and of its upper."""

    least_m2: Floats
    most_m2: Floats
    lower_m2: Floats
    upper_m2: Floats


def _sizes(
    watchers: Sequence[Watcher],
    doubt: Floats,
    at: Indices,
    radius: Floats,
    others: Indices,
    triples: list[Triple],
) -> _Sizes:
    least, most, lower, upper = (np.empty(len(watchers)) for _ in range(4))
    least[at], most[at] = least_disc_m2(radius), most_disc_m2(radius)
    lower[at] = least_disc_m2(np.maximum(radius - doubt[at], 0.0))
    upper[at] = most_disc_m2(radius + doubt[at])
    for i, (low, mid, high) in zip(others, triples, strict=True):
        w = watchers[i]
        lower[i], upper[i] = shapely.area(low), shapely.area(high)
        least[i], most[i] = lower[i], upper[i]
        if w.footprint is not None:
            least[i] = most[i] = shapely.area(mid)
        elif w.line is None and w.sees is None and w.unseen is None:
            share = 1.0 if w.view is None else w.view.span_deg / 360.0
            reach = np.array([w.radius_m or 0.0])
            least[i], most[i] = share * least_disc_m2(reach)[0], share * most_disc_m2(reach)[0]
    return _Sizes(least, most, lower, upper)


def _slack(watchers: Sequence[Watcher], sizes: _Sizes, uncertain: Flags, belongs: Flags) -> Slack:
    which = np.flatnonzero(uncertain)
    located = np.array([watchers[int(i)].located for i in which], dtype=np.bool_)
    above = sizes.most_m2 - np.where(belongs, sizes.lower_m2, 0.0)
    below = sizes.upper_m2 - np.where(belongs, sizes.least_m2, 0.0)
    return Slack(
        which, np.maximum(above[which], 0.0), np.where(located, np.maximum(below[which], 0.0), np.inf)
    )


def _rim_radius_m(watcher: Watcher) -> float:
    """The radius of the arcs in a drawing; what is seen is made of cells, and has none."""
    return 0.0 if watcher.sees is not None else watcher.radius_m or 0.0


def _is_disc(watcher: Watcher) -> bool:
    if watcher.sees is not None or watcher.unseen is not None:
        return False
    around = watcher.view is None or watcher.view.span_deg == 360.0
    return watcher.position is not None and watcher.footprint is None and watcher.line is None and around


def _is_view(watcher: Watcher) -> bool:
    if watcher.sees is not None or watcher.unseen is not None:
        return False
    seen = watcher.view is not None and watcher.view.span_deg < 360.0
    return watcher.position is not None and watcher.footprint is None and watcher.line is None and seen


def _doubt_m(watcher: Watcher) -> float:
    stands = watcher.position is not None or watcher.line is not None
    return watcher.uncertainty_m or 0.0 if stands else 0.0


def _disc_arrays(watchers: Sequence[Watcher], discs: list[int]) -> tuple[Indices, Floats, Floats]:
    at = np.array(discs, dtype=np.intp)
    lonlat = np.array([watchers[i].position for i in discs], dtype=float).reshape(-1, 2)
    return at, lonlat, np.array([watchers[i].radius_m for i in discs], dtype=float)


def _views(plane: Plane, watchers: list[Watcher]) -> list[Triple]:
    if not watchers:
        return []
    lonlat = np.array([w.position for w in watchers], dtype=float)
    radius = np.array([w.radius_m for w in watchers], dtype=float)
    seen = [w.view for w in watchers if w.view is not None]
    slices = sectors(
        plane, lonlat, radius, np.array([v.from_deg for v in seen]), np.array([v.span_deg for v in seen])
    )
    doubt = np.array([_doubt_m(w) for w in watchers])
    less, more = (shapely.buffer(slices, sign * doubt, quad_segs=FINE_CORNERS // 4) for sign in (-1.0, 1.0))
    sure = doubt == 0.0
    return list(zip(np.where(sure, slices, less), slices, np.where(sure, slices, more), strict=True))


def _others(plane: Plane, watchers: list[Watcher]) -> list[Triple]:
    """Covers of lines, drawn footprints and unlocated watchers; equal ones share one shape."""
    cached: dict[object, Triple] = {}
    triples = []
    for w in watchers:
        where = (w.position, w.sees, w.unseen) if w.sees is not None or w.unseen is not None else ()
        key = (w.footprint, w.line, w.radius_m, w.uncertainty_m, w.extents, w.extents_complete, w.view, where)
        if key not in cached:
            cached[key] = _triple(plane, w)
        triples.append(cached[key])
    return triples


def _triple(plane: Plane, watcher: Watcher) -> Triple:
    if watcher.sees is not None:
        seen = (watcher.sees.lower, watcher.sees.nominal, watcher.sees.upper)
        low, mid, high = (_projected(plane, shape) for shape in seen)
        return low, mid, high
    if watcher.unseen is not None and watcher.footprint is None:
        return _within_reach(plane, watcher)
    if watcher.footprint is not None:
        return _moved(to_plane(plane, shapely.from_wkb(watcher.footprint)), _doubt_m(watcher))
    radius, doubt = watcher.radius_m or 0.0, _doubt_m(watcher)
    if watcher.line is None:
        lower, upper = _anywhere(plane, watcher, radius)
        return lower, lower, upper
    line = shapely.from_wkb(watcher.line)
    nominal = buffered(plane, line, radius)
    if doubt == 0.0:
        return nominal, nominal, nominal
    less = buffered(plane, line, radius - doubt) if radius > doubt else EMPTY
    return less, nominal, buffered(plane, line, radius + doubt)


def _projected(plane: Plane, shape: bytes) -> Any:
    """A shape of cells in the plane: its edges are too short to bend."""
    return shapely.transform(shapely.from_wkb(shape), plane.forward)


def _within_reach(plane: Plane, watcher: Watcher) -> Triple:
    """The cover of a watcher of which it is not known what it sees: nothing for certain."""
    radius, doubt = watcher.radius_m or 0.0, _doubt_m(watcher)
    if watcher.position is None:
        _, nominal, upper = _triple(plane, structs.replace(watcher, unseen=None))
        return EMPTY, nominal, upper
    if watcher.view is not None and watcher.view.span_deg < 360.0:
        _, nominal, upper = _views(plane, [watcher])[0]
        return EMPTY, nominal, upper
    at = np.array([watcher.position])
    nominal, upper = (circles(plane, at, np.array([r]), FINE_CORNERS)[0] for r in (radius, radius + doubt))
    return EMPTY, nominal, upper


def _moved(area: Any, doubt: float) -> Triple:
    """A drawn footprint whose position is known to `doubt` metres."""
    if doubt == 0.0:
        return area, area, area
    less, more = shapely.buffer(area, [-doubt, doubt], quad_segs=FINE_CORNERS // 4)
    return less, area, more


def _anywhere(plane: Plane, watcher: Watcher, radius: float) -> tuple[Any, Any]:
    """The lower and upper cover of a watcher that stands somewhere in its extents."""
    least = [_core(plane, e, radius) for e in watcher.extents]
    most = [_grown(plane, e, radius) for e in watcher.extents]
    lower = shapely.intersection_all(least) if watcher.extents_complete else EMPTY
    upper = shapely.union_all(most)
    if watcher.view is None or watcher.view.span_deg == 360.0:
        return lower, upper
    return _seen_from_anywhere(plane, watcher, radius, watcher.view, lower, upper)


def _seen_from_anywhere(
    plane: Plane, watcher: Watcher, radius: float, view: ViewSector, lower: Any, upper: Any
) -> tuple[Any, Any]:
    regions = shapely.union_all([region_of(plane, e) for e in watcher.extents])
    apex = plane.inverse(np.array([[regions.centroid.x, regions.centroid.y]]))
    seen = swept(regions, _slices(plane, apex, radius, view.from_deg, view.span_deg))
    blind = swept(regions, _slices(plane, apex, radius, view.to_deg, 360.0 - view.span_deg))
    return shapely.difference(lower, blind), shapely.intersection(upper, seen)


def _slices(plane: Plane, apex: Floats, radius: float, from_deg: float, span_deg: float) -> Shapes:
    """A sector about the origin as convex slices, none wider than 180°."""
    count = 1 if span_deg <= 180.0 else 2
    part = np.full(count, span_deg / count)
    starts = from_deg + part * np.arange(count, dtype=float)
    drawn = sectors(plane, np.repeat(apex, count, axis=0), np.full(count, radius), starts, part)
    origin = plane.forward(apex)[0]
    return np.asarray(shapely.transform(drawn, lambda xy: xy - origin))


def region_of(plane: Plane, extent: bytes | Disc) -> Any:
    """A possible or assumed extent as a plane polygon of true area."""
    if isinstance(extent, Disc):
        at, radius = np.array([[extent.lon, extent.lat]]), np.array([extent.radius_m])
        return circles(plane, at, radius, FINE_CORNERS)[0]
    return to_plane(plane, shapely.from_wkb(extent))


def _grown(plane: Plane, extent: bytes | Disc, radius: float) -> Any:
    if isinstance(extent, Disc):
        return region_of(plane, Disc(extent.lon, extent.lat, extent.radius_m + radius))
    return buffered(plane, shapely.from_wkb(extent), radius)


def _core(plane: Plane, extent: bytes | Disc, radius: float) -> Any:
    if isinstance(extent, Disc):
        left = radius - extent.radius_m
        return region_of(plane, Disc(extent.lon, extent.lat, left)) if left > 0.0 else EMPTY
    return core(plane, shapely.from_wkb(extent), radius)
