"""The literals of a CQL2 filter: instants, intervals' ends, boxes and geometries."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec

from registry.domain.errors import InvalidGeometry, InvalidQuery
from registry.domain.geojson import Geometry
from registry.domain.geometry import wkb

COLLECTION = "GeometryCollection"
MOST_NESTED = 3


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


def shape(text: bytes) -> str:
    """The GeoJSON text of a geometry without heights.

    One that is invalid or off the Earth is refused: the result of an operator would be undefined.
    """
    try:
        node = _flat(msgspec.json.decode(text))
        for part in _parts(node):
            wkb(msgspec.convert(part, Geometry))
    except msgspec.ValidationError as error:
        raise fault(f"a geometry is wrong or outside ±180, ±90: {error}") from error
    except InvalidGeometry as error:
        raise fault(f"a geometry is not sound: {error}") from error
    return msgspec.json.encode(node).decode()


def alike(node: Any) -> Any:
    """A collection of geometries of one dimension as one geometry; other nodes as they are.

    Relations of collections that mix points, lines and areas are not defined (OGC 06-103r4, 6.1.15).
    """
    if not isinstance(node, dict) or node.get("type") != COLLECTION:
        return node
    parts = [_simple(part) for part in _parts(node)]
    kinds = {kind for kind, _ in parts}
    if len(kinds) != 1 or None in kinds:
        raise fault(
            "a GEOMETRYCOLLECTION has parts of one dimension here: all points, all lines or all areas"
        )
    return {"type": f"Multi{kinds.pop()}", "coordinates": [one for _, some in parts for one in some]}


def _simple(part: Any) -> tuple[str | None, list[Any]]:
    kind, coordinates = str(part.get("type")), part.get("coordinates")
    if kind.startswith("Multi"):
        return kind.removeprefix("Multi"), list(coordinates)
    return kind, [coordinates]


def _parts(node: Any, depth: int = 0) -> list[Any]:
    """The geometries of a collection, the points of a multipoint, or the geometry itself."""
    kind = node.get("type") if isinstance(node, dict) else None
    if kind == COLLECTION and isinstance(node.get("geometries"), list):
        if depth >= MOST_NESTED or not node["geometries"]:
            raise fault(f"a GEOMETRYCOLLECTION has parts, nested at most {MOST_NESTED} deep")
        return [part for one in node["geometries"] for part in _parts(one, depth + 1)]
    if kind == "MultiPoint" and isinstance(node.get("coordinates"), list):
        if not node["coordinates"]:
            raise fault("a MULTIPOINT has points")
        return [{"type": "Point", "coordinates": spot} for spot in node["coordinates"]]
    return [node]


def _flat(node: Any) -> Any:
    """The same JSON with two numbers in each position: heights do not count in two dimensions."""
    if isinstance(node, list):
        is_position = len(node) > 2 and all(isinstance(part, int | float) for part in node)
        return node[:2] if is_position and len(node) == 3 else [_flat(part) for part in node]
    return {name: _flat(value) for name, value in node.items()} if isinstance(node, dict) else node


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
