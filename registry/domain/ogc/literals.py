"""The literals of a CQL2 filter: instants, intervals' ends, boxes and geometries."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec

from registry.domain.errors import InvalidGeometry, InvalidQuery
from registry.domain.geojson import Geometry
from registry.domain.geometry import wkb

SHAPES = msgspec.json.Decoder(Geometry)


def fault(detail: str) -> InvalidQuery:
    """The error of a filter that is refused for this reason."""
    return InvalidQuery(detail, field="filter")


def box(sides: Any) -> Any:
    """The polygon, line or point of a box; west > east crosses the antimeridian."""
    if not isinstance(sides, list) or len(sides) not in (4, 6):
        raise fault("BBOX has four or six numbers")
    half = len(sides) // 2
    west, south, east, north = sides[0], sides[1], sides[half], sides[half + 1]
    if west == east and south == north:
        return {"type": "Point", "coordinates": [west, south]}
    spans = [(west, 180.0), (-180.0, east)] if west > east else [(west, east)]
    if west == east or south == north:
        return {"type": "MultiLineString", "coordinates": [[[a, south], [b, north]] for a, b in spans]}
    return {"type": "MultiPolygon", "coordinates": [[_ring(a, south, b, north)] for a, b in spans]}


def _ring(west: float, south: float, east: float, north: float) -> list[list[float]]:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def shape(text: bytes) -> None:
    """Refuse a geometry that is invalid or off the Earth: the result of an operator would be undefined."""
    try:
        wkb(SHAPES.decode(text))
    except msgspec.ValidationError as error:
        raise fault(f"a geometry is wrong or outside ±180, ±90: {error}") from error
    except InvalidGeometry as error:
        raise fault(f"a geometry is not sound: {error}") from error


def moment(node: dict[str, Any]) -> datetime:
    """The instant of a date (its beginning, UTC) or timestamp literal."""
    return instant(str(node.get("timestamp") or node.get("date")), False)


def instant(text: str, last: bool) -> datetime:
    """An RFC 3339 instant; of a bare date its beginning, or its end when `last`."""
    try:
        if len(text) == 10:
            day = datetime.combine(date.fromisoformat(text), time(), UTC)
            return day + timedelta(days=1, microseconds=-1) if last else day
        parsed = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise fault(f"{text[:40]} is not a date or an RFC 3339 timestamp") from error
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed
