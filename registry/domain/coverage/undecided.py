"""The resources of which it cannot be said whether they cover any of an area, by name."""

from collections.abc import Sequence

import numpy as np
import shapely
from msgspec import UNSET

from registry.domain.completeness import MOST_NAMED, Reason, Undecided, UndecidedRecord
from registry.domain.coverage.geometry.interval_cover import region_of
from registry.domain.coverage.geometry.plane import Floats, scale_bound
from registry.domain.coverage.geometry.study_area import REMAINDER, StudyArea
from registry.domain.coverage.watcher import Watcher
from registry.domain.values import Name

RADIUS = "watch_radius_m"
EYE = "eye_height_m"


def undecided(area: StudyArea, watchers: Sequence[Watcher]) -> Undecided:
    """The watchers that may reach the area or not, or that may not belong to the set at all.

    Distances are from the area, in metres. Those without a reach or a position come first.
    """
    doubtful = [watcher for watcher in watchers if reason_of(watcher) is not None]
    points = [w for w in doubtful if w.position is not None and w.footprint is None]
    apart = dict(zip([w.id for w in points], _from_area(area, points), strict=True))
    named: list[UndecidedRecord] = []
    count = 0
    for watcher in sorted(doubtful, key=lambda one: one.testable):
        away = apart.get(watcher.id)
        least, most = _of_region(area, watcher) if away is None else _of_point(watcher, float(away))
        if (
            _open_values(watcher)
            or watcher.unseen is not None
            or most is None
            or most > (watcher.radius_m or 0.0)
        ):
            count += 1
            if len(named) < MOST_NAMED:
                named.append(_record(watcher, least, most))
    return Undecided(count, count > len(named), named)


def _open_values(watcher: Watcher) -> list[str]:
    """What is not known of a watcher's values: conditions, and its reach."""
    unbounded = watcher.radius_m is None and watcher.footprint is None
    blind = watcher.unseen == EYE and watcher.footprint is None
    return [*watcher.unknown, *([RADIUS] if unbounded else []), *([EYE] if blind else [])]


def reason_of(watcher: Watcher) -> Reason | None:
    """Why a watcher's cover is not certain; None when it is."""
    if _open_values(watcher):
        return "unknown_value"
    if not watcher.located:
        return "candidate_places" if watcher.extents else "no_position"
    if watcher.unseen in ("terrain", "drawing") and watcher.footprint is None:
        return "no_line_of_sight"
    if not watcher.uncertainty_m:
        return None
    return "internal_cell" if watcher.internal else "uncertainty"


def _record(watcher: Watcher, least: float, most: float | None) -> UndecidedRecord:
    reason, name = reason_of(watcher), watcher.name or Name(watcher.id)
    assert reason is not None
    return UndecidedRecord(
        id=watcher.id,
        kind=watcher.kind or "fire_watch_point",
        name={"zh": name.zh, "en": name.en},
        reason=reason,
        distance_min_m=round(least, 1),
        distance_max_m=None if most is None else round(most, 1),
        unknown=_open_values(watcher) or _unseen(watcher) or UNSET,
    )


def _unseen(watcher: Watcher) -> list[str]:
    """What is missing to work out what a watcher sees."""
    return [] if watcher.unseen is None or watcher.unseen == "position" else [watcher.unseen]


def _from_area(area: StudyArea, watchers: Sequence[Watcher]) -> Floats:
    """The distance of each located watcher from the area; 0 inside."""
    xy = area.plane.forward(np.array([w.position for w in watchers], dtype=float).reshape(-1, 2))
    shapely.prepare(area.whole)
    apart = np.zeros(len(watchers))
    outside = ~shapely.contains_xy(area.whole, xy)
    apart[outside] = shapely.distance(shapely.points(xy[outside]), area.whole)
    return apart * scale_bound(area.reach_m + float(apart.max(initial=0.0)))


def _of_point(watcher: Watcher, apart: float) -> tuple[float, float]:
    doubt = watcher.uncertainty_m or 0.0
    return max(0.0, apart - doubt), apart + doubt


def _of_region(area: StudyArea, watcher: Watcher) -> tuple[float, float | None]:
    """The least and greatest distance of a watcher somewhere in its regions; None is unbounded."""
    shapes = [watcher.footprint] if watcher.footprint else [watcher.line, *watcher.extents]
    regions = [region_of(area.plane, shape) for shape in shapes if shape is not None]
    if not regions:
        return 0.0, None
    least = min(float(shapely.distance(region, area.whole)) for region in regions)
    factor, doubt = scale_bound(area.reach_m + least), watcher.uncertainty_m or 0.0
    most = max(_farthest(area, region) for region in regions) * factor + doubt
    bounded = watcher.located or watcher.extents_complete
    return max(0.0, least / factor - doubt), most if bounded else None


def _farthest(area: StudyArea, region: shapely.Geometry) -> float:
    """A bound of the greatest distance of a point of the region from the area."""
    outside = shapely.difference(region, area.whole)
    if shapely.area(outside) <= REMAINDER * shapely.area(region):
        return 0.0
    centre, radius = shapely.centroid(region), float(shapely.minimum_bounding_radius(region))
    return float(shapely.distance(centre, area.whole)) + 2.0 * radius
