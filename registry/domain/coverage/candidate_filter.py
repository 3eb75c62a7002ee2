"""Which resources a question about an area concerns: those that may reach it, or may stand in it."""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from registry.domain.coverage.ground.ground import Ground
from registry.domain.coverage.ground.interval_cover import region_of
from registry.domain.coverage.ground.plane import stretch
from registry.domain.coverage.watcher import Watcher


def concerned(ground: Ground, watchers: Sequence[Watcher]) -> list[Watcher]:
    """The watchers that can touch the ground from a possible position, in their order.

    One without a radius concerns the ground it may stand on; one that may be anywhere concerns every area.
    """
    shapely.prepare(ground.whole)
    keep = np.ones(len(watchers), dtype=bool)
    points = [i for i, w in enumerate(watchers) if w.position is not None and w.footprint is None]
    keep[points] = _near_points(ground, [watchers[i] for i in points])
    known: dict[object, bool] = {}
    for i, w in enumerate(watchers):
        if w.position is None or w.footprint is not None:
            key = (w.footprint, w.line, w.extents, w.radius_m, w.uncertainty_m)
            if key not in known:
                known[key] = _near(ground, w)
            keep[i] = known[key]
    return [w for w, k in zip(watchers, keep, strict=True) if k]


def _near_points(ground: Ground, watchers: list[Watcher]) -> NDArray[np.bool_]:
    if not watchers:
        return np.zeros(0, dtype=bool)
    xy = ground.plane.forward(np.array([w.position for w in watchers], dtype=float))
    reach = np.array([(w.radius_m or 0.0) + (w.uncertainty_m or 0.0) for w in watchers])
    reach *= stretch(ground.reach_m + 2.0 * float(reach.max()))
    west, south, east, north = ground.bounds
    x, y = xy.T
    near = (x >= west - reach) & (x <= east + reach) & (y >= south - reach) & (y <= north + reach)
    near[near] = shapely.dwithin(shapely.points(xy[near]), ground.whole, reach[near])
    return np.asarray(near)


def _near(ground: Ground, watcher: Watcher) -> bool:
    shapes = [watcher.footprint] if watcher.footprint else [watcher.line, *watcher.extents]
    regions = [region_of(ground.plane, s) for s in shapes if s is not None]
    if not regions:
        return True
    reach = 0.0 if watcher.footprint else (watcher.radius_m or 0.0) + (watcher.uncertainty_m or 0.0)
    away = min(shapely.distance(region, ground.whole) for region in regions)
    return bool(away <= reach * stretch(ground.reach_m + 2.0 * reach + float(away)))
