"""Which pieces of road a closure or a vehicle's dimensions take away."""

from typing import Annotated

import numpy as np
import shapely
from msgspec import Meta, Struct
from numpy.typing import NDArray

from registry.domain.roads.leg import RoadSpot
from registry.domain.roads.network import RoadNetwork
from registry.domain.roads.snapping import snap

POINT_M = 30.0
"""A closure that is a point closes the nearest road within this."""


class Vehicle(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The dimensions that limits of bridges and tunnels are compared with."""

    weight_t: Annotated[float, Meta(gt=0, le=500)] | None = None
    """Weight in tonnes, laden."""
    height_m: Annotated[float, Meta(gt=0, le=20)] | None = None
    """Height in metres."""


def too_small_for(network: RoadNetwork, vehicle: Vehicle) -> NDArray[np.int64]:
    """The pieces whose limit of weight or height the vehicle exceeds."""
    closed = np.zeros(len(network.begin), bool)
    if vehicle.weight_t is not None:
        closed |= network.max_t < vehicle.weight_t
    if vehicle.height_m is not None:
        closed |= network.max_height_m < vehicle.height_m
    return np.flatnonzero(closed)


def crossing(network: RoadNetwork, shape_wkb: bytes) -> NDArray[np.int64]:
    """The pieces that a drawn closure touches; a point closes the nearest piece within 30 m."""
    shape = shapely.from_wkb(shape_wkb)
    parts = [part for part in shapely.get_parts(shape) if not part.is_empty]
    points = [RoadSpot(part.x, part.y) for part in parts if part.geom_type == "Point"]
    nearest = snap(network, points, np.full(len(points), POINT_M)).piece
    drawn = [part for part in parts if part.geom_type != "Point"]
    touched = [_touched(network, part) for part in drawn]
    return np.unique(np.concatenate([nearest[nearest >= 0], *touched]).astype(np.int64))


def _touched(network: RoadNetwork, shape: shapely.Geometry) -> NDArray[np.int64]:
    west, south, east, north = shape.bounds
    lon0, lon1 = network.lon[network.begin], network.lon[network.end]
    lat0, lat1 = network.lat[network.begin], network.lat[network.end]
    near = np.flatnonzero(
        (np.minimum(lon0, lon1) <= east)
        & (np.maximum(lon0, lon1) >= west)
        & (np.minimum(lat0, lat1) <= north)
        & (np.maximum(lat0, lat1) >= south)
    )
    ends = np.stack([lon0[near], lat0[near], lon1[near], lat1[near]], axis=1).reshape(-1, 2, 2)
    shapely.prepare(shape)
    touched: NDArray[np.int64] = near[shapely.intersects(shape, shapely.linestrings(ends))]
    return touched
