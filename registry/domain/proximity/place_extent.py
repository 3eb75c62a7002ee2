"""How near and how far something may be that lies somewhere in a place."""

from functools import cached_property
from typing import Any

import numpy as np
import shapely

from registry.domain.proximity.edges import GEOD, Edges, disc_around
from registry.domain.proximity.interval import DistanceInterval
from registry.domain.proximity.origin import Start


class PlaceExtent:
    """The extent of a place, as WKB, with what is worked out of it once.

    It is `assumed` where no boundary is known.
    """

    def __init__(self, wkb: bytes, *, assumed: bool = False) -> None:
        self.assumed = assumed
        self._wkb = wkb
        self._shape: Any = shapely.from_wkb(wkb)
        shapely.prepare(self._shape)
        self._corners: Any = shapely.get_coordinates(shapely.convex_hull(self._shape)).T

    @cached_property
    def _edges(self) -> Edges:
        return Edges(self._wkb)

    @cached_property
    def _disc(self) -> tuple[float, float, float]:
        return disc_around(self._wkb)

    def interval(self, start: Start) -> DistanceInterval:
        """The least and greatest distance of all positions in the extent from the edge of an origin.

        From a shape they are those of the disc that holds the extent.
        """
        least, most = self._from_spot(start) if start.shape is None else self._from_shape(start.shape)
        return DistanceInterval(start.interval(least, 0.0).min_m, start.interval(most, 0.0).max_m)

    def _from_spot(self, start: Start) -> tuple[float, float]:
        inside = shapely.contains_xy(self._shape, start.lon, start.lat)
        least = 0.0 if inside else self._edges.distance_m(start.lon, start.lat)
        lon, lat = self._corners
        metres = GEOD.inv(lon, lat, np.full_like(lon, start.lon), np.full_like(lat, start.lat))[2]
        return least, float(metres.max())

    def _from_shape(self, shape_wkb: bytes) -> tuple[float, float]:
        shape: Any = shapely.from_wkb(shape_wkb)
        lon, lat, reach_m = self._disc
        inside = shape.area and shapely.contains_xy(shape, lon, lat)
        away_m = 0.0 if inside else Edges(shape_wkb).distance_m(lon, lat)
        touches = inside or shapely.intersects(shape, self._shape)
        return 0.0 if touches else max(0.0, away_m - reach_m), away_m + reach_m
