"""Scenarios: watchers added, moved or removed, and the difference that makes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from msgspec import Raw, Struct, structs

from registry.domain.coverage.addition import Move
from registry.domain.coverage.coverage import Assessment, Estimate, covered_m2
from registry.domain.coverage.geometry.gaps_geometry import covered, within_reach
from registry.domain.coverage.geometry.interval_cover import CoverShapes, cover_interval
from registry.domain.coverage.geometry.plane import to_lonlat
from registry.domain.coverage.geometry.study_area import unmeasured_m2
from registry.domain.coverage.watcher import Watcher


class Changes(Struct, frozen=True):
    """The changes of a scenario: watchers that are added, moves, and identities that are removed."""

    add: list[Watcher] = []
    move: list[Move] = []
    remove: list[str] = []


class Difference(Struct, frozen=True):
    """After minus before, and the ground gained and lost as recorded (GeoJSON, null when there is none).

    The bounds hold for one and the same truth before and after.
    """

    ratio: Estimate
    covered_m2: Estimate
    gained_m2: Estimate
    lost_m2: Estimate
    gained: Raw | None
    lost: Raw | None


def applied(watchers: Sequence[Watcher], changes: Changes) -> list[Watcher]:
    """The watchers after the changes; a moved watcher stands exactly at its new position."""
    moves = {move.id: move.geometry.coordinates for move in changes.move}
    gone = set(changes.remove)
    kept = [_moved(w, moves[w.id]) if w.id in moves else w for w in watchers if w.id not in gone]
    return kept + changes.add


def _moved(watcher: Watcher, position: tuple[float, float]) -> Watcher:
    return structs.replace(
        watcher,
        position=position,
        uncertainty_m=0.0,
        extents=(),
        extents_complete=True,
        line=None,
        footprint=None,
        assumed=(),
        internal=False,
        sees=None,
        unseen=None if watcher.sees is None and watcher.unseen is None else "drawing",
    )


def difference(before: Assessment, after: Assessment) -> Difference:
    """What the scenario changes in the same area."""
    first, second = covered_m2(before)[0], covered_m2(after)[0]
    gained, lost = _changed(before, after), _changed(after, before)
    won, gone = (
        shapely.difference(one.nominal.whole, other.nominal.whole)
        for one, other in ((before, after), (after, before))
    )
    net = Estimate(gained.lower - lost.upper, second.nominal - first.nominal, gained.upper - lost.lower)
    return Difference(_share(before, net), net, gained, lost, _drawn(before, won), _drawn(before, gone))


def _changed(one: Assessment, other: Assessment) -> Estimate:
    """The area that `other` covers and `one` does not: only watchers that `other` alone has can cover it.

    At least what is covered for certain where nothing was; at most what they reach where nothing is certain.
    """
    plane = one.area.plane
    own = set(one.watchers)
    fresh = [watcher for watcher in other.watchers if watcher not in own]
    nominal = float(shapely.difference(one.nominal.whole, other.nominal.whole).area)
    reach = _union(other, cover_interval(plane, [w for w in fresh if w.testable]).upper)
    certain = float(shapely.difference(one.upper.whole, other.lower.whole).area)
    possible = shapely.difference(one.lower.whole, other.upper.whole)
    most = float(shapely.intersection(possible, reach).area)
    if any(watcher.unbounded for watcher in fresh):
        most = float(one.lower.whole.area)
    return Estimate(min(one.free.less(certain), nominal), nominal, max(nominal, most))


def _union(assessment: Assessment, cover: CoverShapes) -> Any:
    return covered(assessment.area, cover, within_reach(assessment.area, cover))


def _share(assessment: Assessment, net: Estimate) -> Estimate:
    """The difference of the ratios; ground that is not measured may gain or lose as well."""
    area, beside = assessment.area, unmeasured_m2(assessment.area, assessment.listing.unmeasured)
    total = float(area.area_m2.sum())
    if beside is None:
        return Estimate(-1.0, net.nominal / total, 1.0)
    low, high = net.lower - beside, net.upper + beside
    whole = total + beside
    return Estimate(
        max(-1.0, low / (whole if low > 0 else total)),
        net.nominal / total,
        min(1.0, high / (total if high > 0 else whole)),
    )


def _drawn(assessment: Assessment, shape: shapely.Geometry) -> Raw | None:
    if shape.area <= 1.0:
        return None
    polygons = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon"]
    (lonlat,) = to_lonlat(assessment.area.plane, np.array([shapely.multipolygons(polygons)], dtype=object))
    return Raw(str(shapely.to_geojson(lonlat)).encode())
