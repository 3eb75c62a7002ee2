"""Client geometry after msgspec has bounded it, checked and as WKB; invalid shapes are refused."""

from typing import Any

import msgspec
import numpy as np
import shapely

from registry.domain.errors import InvalidGeometry
from registry.domain.geojson import (
    BorderMultiPolygon,
    BorderPolygon,
    Geometry,
    LineString,
    MultiLineString,
    MultiPolygon,
    Point,
    Polygon,
    Rings,
)

MOST_VERTICES = 100_000
MOST_BORDER_VERTICES = 1_000_000
"""Borders come from planners and are stored once; other shapes are compared on the spot."""


def wkb(geometry: Geometry, field: str = "geometry") -> bytes:
    """WKB in lon/lat; InvalidGeometry tells the reason and where."""
    is_border = isinstance(geometry, BorderPolygon | BorderMultiPolygon)
    most = MOST_BORDER_VERTICES if is_border else MOST_VERTICES
    if _vertices(geometry) > most:
        raise InvalidGeometry(f"more than {most} vertices", field=field)
    try:
        shape = _shape(geometry)
    except (ValueError, shapely.errors.GEOSException) as error:
        raise InvalidGeometry(str(error), field=field) from error
    if not shape.is_valid:
        raise InvalidGeometry(shapely.is_valid_reason(shape), field=field)
    return bytes(shapely.to_wkb(shape))


def as_geojson(shape_wkb: bytes) -> msgspec.Raw:
    """The shape as GeoJSON text."""
    return msgspec.Raw(shapely.to_geojson(shapely.from_wkb(shape_wkb)).encode())


def _vertices(geometry: Geometry) -> int:
    if isinstance(geometry, Polygon):
        return sum(map(len, geometry.coordinates))
    if isinstance(geometry, MultiPolygon):
        return sum(len(ring) for rings in geometry.coordinates for ring in rings)
    return 0


def _shape(geometry: Geometry) -> Any:
    if isinstance(geometry, Point):
        return shapely.Point(geometry.coordinates)
    if isinstance(geometry, LineString):
        return shapely.LineString(geometry.coordinates)
    if isinstance(geometry, MultiLineString):
        return shapely.MultiLineString(geometry.coordinates)
    if isinstance(geometry, Polygon):
        return _polygon(geometry.coordinates)
    return shapely.multipolygons([_polygon(rings) for rings in geometry.coordinates])


def _polygon(rings: Rings) -> Any:
    if any(ring[0] != ring[-1] for ring in rings):
        raise ValueError("a ring does not end where it began")
    shell, *holes = (np.asarray(ring, dtype=float) for ring in rings)
    return shapely.Polygon(shell, holes)
