"""How a position lies to a cordon, seen from a spot: in it, behind it, or perhaps."""

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import shapely

from registry.domain.geometry import wkb
from registry.domain.incidents.cordon import Cordon, Relation
from registry.domain.plans.located_entry import doubt_m
from registry.domain.proximity.edges import (
    LEAST_PER_DEGREE,
    METRES_PER_DEGREE,
    STEP_DEG,
    Edges,
    metres_around,
)
from registry.domain.proximity.origin import Start
from registry.domain.proximity.place_extent import PlaceExtent

BENT = 1e-3
"""By how much of its length a geodesic beside the spot leaves the straight line of the plane around it."""
THIN_M = 0.05
"""Half the width of a closed line in the plane, where a line without width would divide nothing."""
FAR_M = 100_000.0
"""Beyond this the box around two positions does not hold the geodesic between them."""


class PossiblePosition(NamedTuple):
    """Where something may be: within a radius in metres of a position."""

    lon: float
    lat: float
    radius_m: float


class PlacedCordon:
    """A cordon with what is worked out of its geometry once, or with the places in which it lies.

    None among the `extents` is a place that nothing bounds; without extents it may be anywhere.
    """

    def __init__(self, cordon: Cordon, extents: Sequence[PlaceExtent | None] = ()) -> None:
        self.cordon = cordon
        self._extents = extents
        self._wkb = None if cordon.geometry is None else wkb(cordon.geometry)
        self._doubt_m = doubt_m(cordon)
        self._plane: tuple[tuple[float, float], Any] | None = None

    def relation(self, thing: PossiblePosition, spot: PossiblePosition) -> Relation:
        """How a thing lies to the cordon, seen from a spot; edges are inclusive.

        It is beyond when every straight line from where the spot may be to where the thing may be meets the
        cordon, and possibly beyond when one does. A cordon drawn nobody knows how well is never sure.
        """
        if self._wkb is None:
            return "possibly_inside" if self._may_hold(thing) else "outside"
        if self._is_far(thing, spot):
            return "outside"
        relation = self._relation(thing, spot, self._doubt_m or 0.0)
        return UNSURE.get(relation, relation) if self._doubt_m is None else relation

    def _relation(self, thing: PossiblePosition, spot: PossiblePosition, doubt_m: float) -> Relation:
        slack_m = thing.radius_m + doubt_m
        inside = bool(self._shape.area) and bool(shapely.intersects_xy(self._shape, thing.lon, thing.lat))
        if inside and not slack_m:
            return "inside"
        if self._shape.area and slack_m:
            edge_m = self._edges.distance_m(thing.lon, thing.lat)
            if inside or edge_m <= slack_m:
                return "inside" if inside and edge_m >= slack_m else "possibly_inside"
        return self._behind(_wider(thing, doubt_m), _wider(spot, doubt_m))

    def _behind(self, thing: PossiblePosition, spot: PossiblePosition) -> Relation:
        """Whether the cordon lies across all straight lines between two discs, across some, or none.

        In the plane around the spot a geodesic from its middle is straight.
        """
        x, y = metres_around(np.array([[thing.lon, thing.lat]]), spot.lon, spot.lat)[0]
        closed = self._in_plane(spot.lon, spot.lat)
        if not thing.radius_m + spot.radius_m:
            way = shapely.linestrings([[0.0, 0.0], [x, y]])
            return "beyond" if shapely.intersects(closed, way) else "outside"
        bent_m = BENT * float(np.hypot(x, y)) + THIN_M
        begin = shapely.Point(0.0, 0.0).buffer(spot.radius_m + bent_m)
        end = shapely.Point(x, y).buffer(thing.radius_m + bent_m)
        ways = shapely.convex_hull(shapely.union(begin, end))
        if not shapely.intersects(closed, ways):
            return "outside"
        barrier = closed if closed.area else shapely.buffer(closed, THIN_M)
        parts = shapely.get_parts(shapely.difference(ways, barrier))
        joins = shapely.intersects(parts, begin) & shapely.intersects(parts, end)
        return "possibly_beyond" if joins.any() else "beyond"

    def _in_plane(self, lon: float, lat: float) -> Any:
        """The cordon in metres around a spot; that of the last spot is kept, as an answer has one."""
        plane = self._plane
        if plane is None or plane[0] != (lon, lat):
            fine = shapely.segmentize(self._shape, STEP_DEG)
            shape = shapely.transform(fine, lambda positions: metres_around(positions, lon, lat))
            shapely.prepare(shape)
            self._plane = plane = (lon, lat), shape
        return plane[1]

    def _may_hold(self, thing: PossiblePosition) -> bool:
        """Whether the thing may lie in a place where the cordon may be."""
        start = Start(lon=thing.lon, lat=thing.lat, margin_m=thing.radius_m, uncertain=True)
        return not self._extents or any(
            extent is None or extent.interval(start).min_m == 0.0 for extent in self._extents
        )

    def _is_far(self, thing: PossiblePosition, spot: PossiblePosition) -> bool:
        """Whether the cordon lies outside the box that holds every way between the two."""
        lons, lats = sorted((thing.lon, spot.lon)), sorted((thing.lat, spot.lat))
        away_m = METRES_PER_DEGREE * math.hypot(lons[1] - lons[0], lats[1] - lats[0])
        if away_m > FAR_M:
            return False
        reach_m = max(thing.radius_m, spot.radius_m) + (self._doubt_m or 0.0) + BENT * away_m + 1.0
        up = reach_m / LEAST_PER_DEGREE
        narrow = math.cos(math.radians(min(89.0, max(abs(lats[0]), abs(lats[1])) + up)))
        aside = up / max(0.01, narrow)
        west, south, east, north = self._box
        beside = lons[1] + aside < west or lons[0] - aside > east
        return beside or lats[1] + up < south or lats[0] - up > north

    @cached_property
    def _shape(self) -> Any:
        shape: Any = shapely.from_wkb(self._wkb)
        shapely.prepare(shape)
        return shape

    @cached_property
    def _box(self) -> tuple[float, ...]:
        return tuple(shapely.bounds(self._shape).tolist())

    @cached_property
    def _edges(self) -> Edges:
        assert self._wkb is not None
        return Edges(self._wkb)


UNSURE: dict[Relation, Relation] = {"inside": "possibly_inside", "beyond": "possibly_beyond"}


def _wider(disc: PossiblePosition, metres: float) -> PossiblePosition:
    return disc._replace(radius_m=disc.radius_m + metres)
