"""Sole cover: the ground and the demand that only one resource covers, as an interval for each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from registry.domain.coverage.coverage import Estimate
from registry.domain.coverage.demand import DemandPoint, MissingDemand, positions, reach_pairs, weights
from registry.domain.coverage.depth import NOBODY, DepthCut, sole_m2
from registry.domain.coverage.geometry.interval_cover import CoverShapes
from registry.domain.coverage.geometry.plane import Floats, Indices, Plane, Shapes
from registry.domain.coverage.listing import FreeCover


@dataclass(frozen=True)
class SoleCover:
    """A figure for every watcher: at least, as recorded, at most."""

    lower: Floats
    nominal: Floats
    upper: Floats

    def of(self, watcher: int) -> Estimate:
        """The figure of one watcher."""
        return Estimate(*(float(bound[watcher]) for bound in (self.lower, self.nominal, self.upper)))


def ground(cut: DepthCut, free: FreeCover) -> SoleCover:
    """The area that only each watcher covers.

    At least what it covers wherever it stands and no other can reach. At most what it can reach and no other
    covers wherever that stands, and no more than it covers at all.
    """
    count = len(cut.tested)
    nominal = sole_m2(cut.nominal, count)
    if cut.lower is cut.upper:
        least, most = nominal, nominal
    else:
        least = _least(cut, count)
        most = np.minimum(_most(cut, count), cut.covers.own_m2)
    least = np.array([free.less(float(value)) for value in least])
    return SoleCover(np.minimum(least, nominal), nominal, np.maximum(most, nominal))


def _least(cut: DepthCut, count: int) -> Floats:
    """The area of each lower that no other upper touches."""
    pieces = np.flatnonzero(cut.upper.sole != NOBODY)
    owner = cut.upper.sole[pieces]
    return _shared(cut.area.plane, cut.covers.lower, cut.upper.shapes[pieces], owner, count)


def _most(cut: DepthCut, count: int) -> Floats:
    """The area of each upper that no other lower covers."""
    own = sole_m2(cut.lower, count)
    bare = cut.lower.shapes[cut.lower.depth == 0]
    uncertain = np.flatnonzero(cut.covers.uncertain)
    upper = cut.covers.upper
    owners, shapes = upper.owners(), upper.drawn(cut.area.plane)
    wide = np.flatnonzero(np.isin(owners, uncertain))
    reach, piece = shapely.STRtree(bare).query(shapes[wide], predicate="intersects")
    extra = shapely.area(shapely.intersection(shapes[wide][reach], bare[piece]))
    return own + np.bincount(owners[wide][reach], extra, count)


def _shared(plane: Plane, cover: CoverShapes, pieces: Shapes, owner: Indices, count: int) -> Floats:
    """For each watcher the area of its pieces within its cover; a watcher has at most one shape."""
    shape_of = np.full(count, NOBODY, dtype=np.intp)
    drawn, owners = cover.drawn(plane), cover.owners()
    shape_of[owners] = np.arange(len(owners))
    held = shape_of[owner] != NOBODY
    shapes = drawn[shape_of[owner[held]]]
    common = shapely.area(shapely.intersection(pieces[held], shapes))
    return np.asarray(np.bincount(owner[held], common, count), dtype=float)


def demand(
    cut: DepthCut, points: Sequence[DemandPoint], missing: Sequence[MissingDemand], free: FreeCover
) -> SoleCover:
    """The weight of the demand that only each watcher reaches; demand without a point may be such demand."""
    lonlat, weight, count = positions(points), weights(points), len(cut.tested)
    low, mid, high = (
        reach_pairs(cut.area.plane, cover, lonlat)
        for cover in (cut.covers.lower, cut.covers.nominal, cut.covers.upper)
    )
    only = high.counts[low.point] == 1
    least = np.asarray(np.bincount(low.watcher[only], weight[low.point[only]], count), dtype=float)
    single = mid.counts[mid.point] == 1
    nominal = np.asarray(np.bincount(mid.watcher[single], weight[mid.point[single]], count), dtype=float)
    certain = {(int(w), int(p)) for w, p in zip(low.watcher, low.point, strict=True)}
    own = np.array([(int(w), int(p)) in certain for w, p in zip(high.watcher, high.point, strict=True)], bool)
    others = low.counts[high.point] - own
    most = np.bincount(high.watcher[others == 0], weight[high.point[others == 0]], count)
    beside = sum(one.weight or 0.0 for one in missing)
    least = least if free.none else np.zeros(count)
    return SoleCover(np.minimum(least, nominal), nominal, np.maximum(most + beside, nominal))
