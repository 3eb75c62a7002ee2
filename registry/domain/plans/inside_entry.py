"""Entries inside an area: for certain, possibly, or not."""

from typing import Any, Literal

import shapely

from registry.domain.geometry import wkb
from registry.domain.plans.entry import Entry
from registry.domain.plans.located_entry import LocatedEntry
from registry.domain.proximity.edges import Edges

Inside = Literal["inside", "possibly", "outside"]


def lies_in(entry: Entry, uncertainty_m: float | None, shape_wkb: bytes) -> Inside:
    """How an entry with a position lies to an area; an unknown uncertainty leaves it open.

    A line or an area lies inside when a part of it does.
    """
    geometry = entry.geometry if isinstance(entry, LocatedEntry) else None
    if geometry is None:
        return "possibly"
    area: Any = shapely.from_wkb(shape_wkb)
    own: Any = shapely.from_wkb(wkb(geometry))
    inside = bool(shapely.intersects(area, own))
    if uncertainty_m == 0:
        return "inside" if inside else "outside"
    if uncertainty_m is None:
        return "possibly"
    spot = own if own.geom_type == "Point" else own.centroid
    edge_m = Edges(shape_wkb).distance_m(spot.x, spot.y)
    if edge_m >= uncertainty_m:
        return "inside" if inside else "outside"
    return "possibly"
