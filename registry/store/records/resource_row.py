"""The row of a resource: its columns and texts, all derived from its members."""

import struct
from typing import Any

from registry.domain.access.sight import stricter
from registry.domain.geojson import Point, Polygon
from registry.domain.ogc import flat
from registry.domain.records import feature
from registry.domain.records.location import generalise, reach_of_doubt_m
from registry.domain.records.resource import LastSeen, Resource, SupplyDepot, Visibility
from registry.domain.search_key import search_key
from registry.domain.values import Coded
from registry.store.schema.records import LIVE, resource

COLUMNS: list[str] = [column.name for column in resource.columns if column.computed is None]
"""A column that has the name of a member holds that member."""
CODED = ("specialties", "hazards", "amenities")
DERIVED = [name for name in COLUMNS if name not in ("realm", "id", "version", "partner_of")]
"""Columns that the members of a version decide. A trigger keeps `partner_of`."""
_POINT = struct.Struct("<BIIdd")
_SRID_POINT, _SRID_POLYGON = 0x20000001, 0x20000003


def point_wkb(point: Point | None) -> bytes | None:
    """EWKB of a WGS 84 point."""
    return None if point is None else _POINT.pack(1, _SRID_POINT, 4326, *point.coordinates)


def polygon_wkb(polygon: Polygon) -> bytes:
    """EWKB of a WGS 84 polygon."""
    rings = b"".join(
        struct.pack(f"<I{2 * len(ring)}d", len(ring), *(value for position in ring for value in position))
        for ring in polygon.coordinates
    )
    return struct.pack("<BIII", 1, _SRID_POLYGON, 4326, len(polygon.coordinates)) + rings


FACE = ("public_geom", "public_uncertainty_m", "public_feature", "search_key")
"""What the public sees of a version; it follows the stricter visibility of then and now."""


def row_of(record: Resource, updated_by: str, visibility_now: Visibility = "public") -> dict[str, Any]:
    """Every column of `resource` for a record whose version and times are set.

    A past version has the public face of its own visibility or of today's, whichever is stricter.
    """
    properties = record.properties
    location = properties.location
    public = _public_face(record, visibility_now)
    seen, sector = _last_seen(record), getattr(properties, "sector", None)
    footprint = getattr(properties, "footprint", None)
    return {name: getattr(properties, name, None) for name in COLUMNS} | {
        "realm": properties.exercise or LIVE,
        "id": record.id,
        "kind": record.kind,
        "visibility": record.visibility,
        "name_zh": properties.name.zh,
        "name_en": properties.name.en,
        "search_key": search_key(record, is_public=public is record),
        "geom": point_wkb(measured(record)),
        "public_geom": point_wkb(measured(public)),
        "quality": location.quality,
        "uncertainty_m": _doubt_m(record),
        "public_uncertainty_m": _doubt_m(public),
        "candidate_places": location.candidate_places,
        "datum": location.datum,
        "placeholder": record.is_placeholder,
        "seen_at": seen and seen.at,
        "sector_from_deg": sector and sector.from_deg,
        "sector_to_deg": sector and sector.to_deg,
        "footprint": footprint and polygon_wkb(footprint),
        "updated_by": updated_by,
        "feature": feature.render(record),
        "public_feature": None if public is record else feature.render(public),
        **{name: _keys(getattr(properties, name, None)) for name in CODED},
    }


def _public_face(record: Resource, visibility_now: Visibility = "public") -> Resource:
    """What the public sees of a record: itself, unless it is or was less than public."""
    is_public = stricter(record.visibility, visibility_now) == "public"
    return record if is_public else generalise(record)


def flat_row(record: Resource) -> dict[str, Any]:
    """The row of `flat_feature` for a current version."""
    public = _public_face(record)
    return {
        "realm": record.properties.exercise or LIVE,
        "resource_id": record.id,
        "place": record.properties.place,
        "feature": flat.render(record),
        "public_feature": None if public is record else flat.render(public),
    }


def _keys(values: list[Coded] | None) -> list[str] | None:
    return None if values is None else [value.key() for value in values]


def _last_seen(record: Resource) -> LastSeen | None:
    return getattr(record.properties, "last_seen", None)


def measured(record: Resource) -> Point | None:
    """Where distances are measured from: the last reported position of what moves, else its geometry."""
    seen = _last_seen(record)
    return record.geometry if seen is None else Point(seen.coordinates)


def _doubt_m(record: Resource) -> float | None:
    seen = _last_seen(record)
    if seen is not None:
        return seen.accuracy_m
    return None if record.geometry is None else reach_of_doubt_m(record.properties.location, record.geometry)


def stock_rows(record: Resource) -> list[dict[str, Any]]:
    """The stock lines of a depot as rows; none for the other kinds."""
    if not isinstance(record.properties, SupplyDepot):
        return []
    owner = {"realm": record.properties.exercise or LIVE, "resource_id": record.id}
    names = ("scheme", "item_code", "quantity", "minimum", "unit", "lot", "expires_on", "counted_at")
    return [
        owner | {"line": place} | {name: getattr(line, name) for name in names}
        for place, line in enumerate(record.properties.stock)
    ]


def external_rows(record: Resource) -> list[dict[str, Any]]:
    """The identities of a record in other systems as rows."""
    owner = {"realm": record.properties.exercise or LIVE, "resource_id": record.id}
    return [owner | {"system": other.system, "id": other.id} for other in record.properties.external_ids]
