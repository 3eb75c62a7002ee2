"""The literals of a CQL2 filter: instants, intervals' ends, boxes and geometries."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec

from registry.domain.errors import InvalidQuery
from registry.domain.geojson import Geometry

SHAPES = msgspec.json.Decoder(Geometry)


def fault(detail: str) -> InvalidQuery:
    """The refusal of a filter, for this reason."""
    return InvalidQuery(detail, field="filter")


def box(sides: Any) -> Any:
    if not isinstance(sides, list) or len(sides) not in (4, 6):
        raise fault("BBOX has four or six numbers")
    half = len(sides) // 2
    west, south, east, north = sides[0], sides[1], sides[half], sides[half + 1]
    if west > east:
        parts = [_ring(west, south, 180.0, north), _ring(-180.0, south, east, north)]
        return {"type": "MultiPolygon", "coordinates": [[part] for part in parts]}
    return {"type": "Polygon", "coordinates": [_ring(west, south, east, north)]}


def _ring(west: float, south: float, east: float, north: float) -> list[list[float]]:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def moment(node: dict[str, Any]) -> datetime:
    """The instant of a date (its beginning, UTC) or timestamp literal."""
    return instant(str(node.get("timestamp") or node.get("date")), False)


def instant(text: str, last: bool) -> datetime:
    """An RFC 3339 instant; of a bare date its beginning, or its end when `last`."""
    try:
        if len(text) == 10:
            day = datetime.combine(date.fromisoformat(text), time(), UTC)
            return day + timedelta(days=1, microseconds=-1) if last else day
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise fault(f"{text[:40]} is not a date or an RFC 3339 timestamp") from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
