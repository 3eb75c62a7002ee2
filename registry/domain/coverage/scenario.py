"""Scenarios: watchers added, moved or removed, and the difference that makes."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import shapely
from msgspec import Meta, Raw, Struct, structs

from registry.domain.coverage.coverage import Assessment, Estimate, coverage_of
from registry.domain.coverage.geometry.plane import to_lonlat
from registry.domain.coverage.watcher import ViewSector, Watcher
from registry.domain.geojson import Geometry, MultiPolygon, Point, Polygon
from registry.domain.geometry import wkb
from registry.domain.records.resource import Kind, Sector
from registry.domain.values import Metres, Name, Radius, ShortText


class Proposal(Struct, frozen=True):
    """The properties of an addition. Other members of a resource's properties are allowed and ignored."""

    name: Name | None = None
    kind: Kind | None = None
    watch_radius_m: Radius | None = None
    sector: Sector | None = None
    footprint: Polygon | None = None
    uncertainty_m: Metres | None = None


class Addition(Struct, frozen=True, tag_field="type", tag="Feature", forbid_unknown_fields=True):
    """A Feature to add: a point, a line that reaches to all sides, or a polygon that is itself covered."""

    geometry: Geometry
    properties: Proposal = Proposal()
    id: ShortText | None = None


class Move(Struct, frozen=True, forbid_unknown_fields=True):
    """A resource at another position."""

    id: ShortText
    geometry: Point


class Scenario(Struct, frozen=True, forbid_unknown_fields=True):
    """Changes that are considered and stored in no record."""

    add: Annotated[list[Addition], Meta(max_length=2000)] = []
    move: Annotated[list[Move], Meta(max_length=2000)] = []
    remove: Annotated[list[ShortText], Meta(max_length=2000)] = []

    def named(self) -> set[str]:
        """The existing resources that are moved or removed."""
        return {move.id for move in self.move} | set(self.remove)


class Difference(Struct, frozen=True):
    """After minus before, and the nominal ground gained and lost (GeoJSON, null when there is none)."""

    ratio: Estimate
    covered_m2: Estimate
    gained_m2: float
    lost_m2: float
    gained: Raw | None
    lost: Raw | None


def applied(watchers: Sequence[Watcher], scenario: Scenario, radius_m: float | None) -> list[Watcher]:
    """The watchers after the changes; a moved watcher stands exactly at its new position."""
    moves = {move.id: move.geometry.coordinates for move in scenario.move}
    gone = set(scenario.remove)
    kept = [_moved(w, moves[w.id]) if w.id in moves else w for w in watchers if w.id not in gone]
    return kept + [_added(addition, at, radius_m) for at, addition in enumerate(scenario.add, start=1)]


def _moved(watcher: Watcher, position: tuple[float, float]) -> Watcher:
    return structs.replace(
        watcher, position=position, uncertainty_m=0.0, extents=(), line=None, footprint=None, assumed=()
    )


def _added(addition: Addition, at: int, radius_m: float | None) -> Watcher:
    proposal, place = addition.properties, addition.geometry
    drawn = proposal.footprint or (place if isinstance(place, Polygon | MultiPolygon) else None)
    line = None if isinstance(place, Point) or drawn is not None else wkb(place, "scenario.add")
    return Watcher(
        id=addition.id or f"added-{at}",
        name=proposal.name,
        radius_m=radius_m or proposal.watch_radius_m,
        position=place.coordinates if isinstance(place, Point) else None,
        line=line,
        uncertainty_m=proposal.uncertainty_m or 0.0,
        view=None
        if proposal.sector is None
        else ViewSector(proposal.sector.from_deg, proposal.sector.to_deg),
        footprint=None if drawn is None else wkb(drawn, "scenario.add"),
    )


def difference(before: Assessment, after: Assessment) -> Difference:
    """What the scenario changes in the same area."""
    first, second = coverage_of(before), coverage_of(after)
    won = shapely.difference(before.nominal.whole, after.nominal.whole)
    lost = shapely.difference(after.nominal.whole, before.nominal.whole)
    return Difference(
        _minus(second.ratio, first.ratio),
        _minus(second.covered_m2, first.covered_m2),
        float(won.area),
        float(lost.area),
        *(_drawn(before, shape) for shape in (won, lost)),
    )


def _minus(one: Estimate, other: Estimate) -> Estimate:
    return Estimate(one.lower - other.lower, one.nominal - other.nominal, one.upper - other.upper)


def _drawn(assessment: Assessment, shape: shapely.Geometry) -> Raw | None:
    if shape.area <= 1.0:
        return None
    polygons = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon"]
    (lonlat,) = to_lonlat(assessment.area.plane, np.array([shapely.multipolygons(polygons)], dtype=object))
    return Raw(str(shapely.to_geojson(lonlat)).encode())
