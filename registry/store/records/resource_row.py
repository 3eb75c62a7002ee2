"""A resource as the row that stands for it, and back."""

import struct
from typing import Any

from registry.domain.geojson import Point, Polygon
from registry.domain.records import feature
from registry.domain.records.location import generalise, reach_of_doubt_m
from registry.domain.records.resource import (
    FireWatchPoint,
    LastSeen,
    Properties,
    RescueTeam,
    Resource,
    Shelter,
    SupplyDepot,
)
from registry.domain.values import Coded
from registry.store.schema.records import LIVE, resource

COLUMNS: list[str] = [column.name for column in resource.columns if column.computed is None]
_POINT = struct.Struct("<BIIdd")
_SRID_POINT, _SRID_POLYGON = 0x20000001, 0x20000003


def point_wkb(point: Point | None) -> bytes | None:
    """EWKB of a WGS 84 point."""
    return None if point is None else _POINT.pack(1, _SRID_POINT, 4326, *point.coordinates)


def polygon_wkb(polygon: Polygon | None) -> bytes | None:
    """EWKB of a WGS 84 polygon."""
    if polygon is None:
        return None
    rings = b"".join(
        struct.pack(f"<I{2 * len(ring)}d", len(ring), *(value for position in ring for value in position))
        for ring in polygon.coordinates
    )
    return struct.pack("<BIII", 1, _SRID_POLYGON, 4326, len(polygon.coordinates)) + rings


def row_of(record: Resource, updated_by: str) -> dict[str, Any]:
    """Every column of `resource` for a record whose version and times are set."""
    properties = record.properties
    public = record if properties.visibility == "public" else generalise(record)
    values: dict[str, Any] = dict.fromkeys(COLUMNS)
    values.update(
        realm=properties.exercise or LIVE,
        id=record.id,
        kind=record.kind,
        geom=point_wkb(measured(record)),
        public_geom=point_wkb(measured(public)),
        uncertainty_m=_doubt_m(record),
        public_uncertainty_m=_doubt_m(public),
        seen_at=seen.at if (seen := _last_seen(record)) else None,
        updated_by=updated_by,
        feature=feature.render(record),
        public_feature=None if public is record else feature.render(public),
        name_zh=properties.name.zh,
        name_en=properties.name.en,
        quality=properties.location.quality,
        candidate_places=properties.location.candidate_places,
        datum=properties.location.datum,
        **{name: getattr(properties, name) for name in _SHARED},
    )
    values.update(_own(properties))
    return values


_SHARED = (
    "version",
    "place",
    "manager",
    "lifecycle",
    "valid_from",
    "valid_to",
    "visibility",
    "verified_at",
    "verified_by",
    "created_at",
    "updated_at",
)


def _last_seen(record: Resource) -> LastSeen | None:
    return record.properties.last_seen if isinstance(record.properties, RescueTeam) else None


def measured(record: Resource) -> Point | None:
    """Where distances are measured from: the last reported position of what moves, else where it is kept."""
    seen = _last_seen(record)
    return record.geometry if seen is None else Point(seen.coordinates)


def _doubt_m(record: Resource) -> float | None:
    seen = _last_seen(record)
    if seen is not None:
        return seen.accuracy_m
    return None if record.geometry is None else reach_of_doubt_m(record.properties.location)


def _keys(values: list[Coded]) -> list[str]:
    return [value.key() for value in values]


def _pick(properties: Properties, *names: str) -> dict[str, Any]:
    return {name: getattr(properties, name) for name in names}


def _own(properties: Properties) -> dict[str, Any]:
    if isinstance(properties, RescueTeam):
        own = _pick(properties, "force", "level", "personnel", "readiness", "status_at")
        return own | {"specialties": _keys(properties.specialties)}
    if isinstance(properties, Shelter):
        own = _pick(properties, "level", "duration", "space", "capacity_persons", "occupancy_persons")
        own |= _pick(properties, "occupancy_at", "area_m2", "opening", "status_at")
        return own | {"hazards": _keys(properties.hazards), "amenities": _keys(properties.amenities)}
    if isinstance(properties, FireWatchPoint):
        own = _pick(properties, "form", "watch_radius_m", "operational", "status_at")
        sector = properties.sector
        own |= {"sector_from_deg": sector and sector.from_deg, "sector_to_deg": sector and sector.to_deg}
        return own | {"footprint": polygon_wkb(properties.footprint)}
    assert isinstance(properties, SupplyDepot)
    return _pick(properties, "tier", "ownership", "serves_persons", "parent_depot")


def stock_rows(record: Resource) -> list[dict[str, Any]]:
    """The stock lines of a depot as rows; nothing for the other kinds."""
    if not isinstance(record.properties, SupplyDepot):
        return []
    owner = {"realm": record.properties.exercise or LIVE, "resource_id": record.id}
    names = ("scheme", "item_code", "quantity", "minimum", "unit", "expires_on", "counted_at")
    return [owner | {name: getattr(line, name) for name in names} for line in record.properties.stock]


def external_rows(record: Resource) -> list[dict[str, Any]]:
    """The identities of a record in other systems as rows."""
    owner = {"realm": record.properties.exercise or LIVE, "resource_id": record.id}
    return [owner | {"system": known.system, "id": known.id} for known in record.properties.external_ids]


def parts(record: Resource) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Everything of a record that is stored in tables of its own."""
    return stock_rows(record), external_rows(record)
