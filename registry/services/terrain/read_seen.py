"""Read what one watch point sees: ground seen for certain, perhaps, and hidden within its reach."""

from typing import Any, Literal
from uuid import UUID

import msgspec
import numpy as np
import shapely
from msgspec import Struct

from registry.domain.access.sight import Sight
from registry.domain.coverage.geometry.footprint import CORNERS, sectors
from registry.domain.coverage.geometry.plane import Plane
from registry.domain.coverage.watcher import Watcher
from registry.domain.errors import NotFound
from registry.domain.terrain.watched import SightUsed, Unseen, sight_used
from registry.services.terrain.see_over_terrain import see_over_terrain
from registry.store.coverage import watchers
from registry.store.database.pool import Reader

DECIMALS = 6

SeenPart = Literal["seen", "perhaps", "hidden"]


class SeenProperties(Struct, frozen=True, kw_only=True):
    """Which part of the reach it is, and its area."""

    part: SeenPart
    """Seen whatever the error is, seen perhaps, or hidden whatever the error is."""
    area_m2: float
    """Its area in square metres."""


class SeenFeature(Struct, frozen=True, tag_field="type", tag="Feature", kw_only=True):
    """A part of a watch point's reach."""

    geometry: dict[str, Any]
    """A polygon or several, in WGS 84."""
    properties: SeenProperties


class SeenReach(Struct, frozen=True, tag_field="type", tag="FeatureCollection", kw_only=True):
    """The reach of a watch point in up to three parts; none where it is not known what it sees."""

    features: list[SeenFeature]
    """The parts that are not empty."""
    missing: Unseen | None
    """What is missing to work out what it sees."""
    sight: SightUsed
    """What it was worked out from."""


async def read_seen(reader: Reader, sight: Sight, identity: UUID, smoke_height_m: float) -> SeenReach:
    """The parts of a watch point's reach; NotFound for one that this sight does not have."""
    found = await watchers.named_watchers(reader, sight, [str(identity)], radius_m=None)
    if not found or found[0].kind != "fire_watch_point":
        raise NotFound("fire watch point", identity)
    seeing = await see_over_terrain(reader, sight, found, smoke_height_m)
    (watcher,) = seeing.watchers
    return SeenReach(
        features=_parts(watcher), missing=watcher.unseen, sight=sight_used(seeing.asked, seeing.watchers)
    )


def _parts(watcher: Watcher) -> list[SeenFeature]:
    if watcher.sees is None or watcher.position is None:
        return []
    plane = Plane(*watcher.position)
    lower, upper = (
        shapely.transform(shapely.from_wkb(shape), plane.forward)
        for shape in (watcher.sees.lower, watcher.sees.upper)
    )
    reach = _reach(plane, watcher)
    parts: list[tuple[SeenPart, Any]] = [
        ("seen", lower),
        ("perhaps", shapely.difference(upper, lower)),
        ("hidden", shapely.difference(reach, upper)),
    ]
    return [_feature(plane, name, shape) for name, shape in parts if shape.area > 1.0]


def _reach(plane: Plane, watcher: Watcher) -> Any:
    """The circle or sector of the recorded position."""
    at, radius = np.array([watcher.position]), np.array([watcher.radius_m or 0.0])
    view = watcher.view
    if view is None or view.span_deg == 360.0:
        return shapely.buffer(shapely.Point(plane.forward(at)[0]), radius[0], quad_segs=CORNERS // 4)
    return sectors(plane, at, radius, np.array([view.from_deg]), np.array([view.span_deg]))[0]


def _feature(plane: Plane, part: SeenPart, shape: Any) -> SeenFeature:
    lonlat = shapely.transform(shape, plane.inverse)
    rounded = shapely.transform(lonlat, lambda xy: np.round(xy, DECIMALS))
    geometry = msgspec.json.decode(shapely.to_geojson(rounded))
    properties = SeenProperties(part=part, area_m2=round(float(shape.area), 1))
    return SeenFeature(geometry=geometry, properties=properties)
