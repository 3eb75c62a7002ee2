"""A zone: the shore, road land or ramp that rules measure from; a road range has chainage."""

import math
from datetime import date, datetime
from itertools import pairwise
from typing import Annotated, Literal

from msgspec import Meta, Struct

from registry.domain.errors import Invalid, InvalidGeometry
from registry.domain.geojson import LineString, MultiLineString, MultiPolygon, Polygon, Position
from registry.domain.places.road_range import Kilometres, RoadRange
from registry.domain.records.resource import Source
from registry.domain.values import Code, Metres, Name

ZoneKind = Literal["river_shore", "road_land", "road_ramp"]
Represents = Literal["shore", "land_edge", "drain_edge", "centre_line"]
DRAIN_TO_EDGE_M = 3.0
"""Road land reaches at least this far beyond the drain, toe or top of the slope (003:754)."""
MAX_VERTICES = 200_000
MAX_EDGE_DEG = 10
"""No edge of a road or shore is longer. One that spans half the Earth has no single shortest line."""


class Zone(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What rules measure from; its geometry may be loaded later."""

    id: Code
    kind: ZoneKind
    """What it is a zone of."""
    name: Name
    range: RoadRange | None = None
    provision: Code | None = None
    ends: Name | None = None


class ZoneGeometry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The geometry of a zone: what its line or polygon represents, its chainage and its uncertainty.

    Distances are measured from an outer edge, which lies between the two offsets outside the drawn line. A
    centre line without `offset_max_m` has no upper bound.
    """

    geometry: LineString | MultiLineString | Polygon | MultiPolygon
    represents: Represents
    measures_km: Annotated[list[list[Kilometres]], Meta(max_length=200)] | None = None
    offset_max_m: Metres | None = None
    uncertainty_m: Metres = 0.0
    surveyed_on: date | None = None
    source: Source

    def offsets_m(self) -> tuple[float, float]:
        """Least and greatest distance in metres from the drawn line to the outer edge."""
        if self.represents == "centre_line":
            return 0.0, math.inf if self.offset_max_m is None else self.offset_max_m
        if self.represents == "drain_edge":
            return DRAIN_TO_EDGE_M, max(self.offset_max_m or 0.0, DRAIN_TO_EDGE_M)
        return 0.0, 0.0


class StoredZone(Struct, frozen=True, kw_only=True):
    """A zone as it is stored: its version and how its geometry is measured from."""

    zone: Zone
    version: int
    has_geometry: bool
    represents: Represents | None = None
    offset_min_m: float = 0.0
    offset_max_m: float | None = 0.0
    uncertainty_m: float = 0.0
    source: Source | None = None
    """Where its drawing comes from."""
    surveyed_on: date | None = None
    updated_at: datetime | None = None


class ZonePiece(Struct, frozen=True):
    """A short part of a zone's line, with the kilometre of each vertex where it is known."""

    line: list[Position]
    km: list[float] | None = None


def lines_of(geometry: ZoneGeometry) -> list[list[Position]]:
    """The lines of a geometry; a polygon gives its rings."""
    shape = geometry.geometry
    if isinstance(shape, LineString):
        return [shape.coordinates]
    if isinstance(shape, MultiLineString | Polygon):
        return shape.coordinates
    return [ring for rings in shape.coordinates for ring in rings]


def is_area(geometry: ZoneGeometry) -> bool:
    """Whether the geometry is a polygon, not a line."""
    return isinstance(geometry.geometry, Polygon | MultiPolygon)


def check_geometry(zone: Zone, geometry: ZoneGeometry) -> None:
    """Raise Invalid or InvalidGeometry, with the member, for a geometry that contradicts the zone."""
    lines = lines_of(geometry)
    if sum(map(len, lines)) > MAX_VERTICES:
        raise InvalidGeometry(f"more than {MAX_VERTICES} vertices", field="geometry")
    if (geometry.represents == "shore") != (zone.kind == "river_shore"):
        raise Invalid(f"a {zone.kind} is not drawn as its {geometry.represents}", field="represents")
    if geometry.measures_km is not None:
        _check_measures(zone, geometry.measures_km, lines, area=is_area(geometry))
    for n, line in enumerate(lines):
        if all(position == line[0] for position in line):
            raise InvalidGeometry(f"line {n} has no length", field="geometry")
        if any(max(abs(a[0] - b[0]), abs(a[1] - b[1])) > MAX_EDGE_DEG for a, b in pairwise(line)):
            raise InvalidGeometry(
                f"line {n} has an edge of more than {MAX_EDGE_DEG} degrees", field="geometry"
            )


def _check_measures(
    zone: Zone, measures: list[list[float]], lines: list[list[Position]], *, area: bool
) -> None:
    if area or zone.range is None:
        raise Invalid("only the line of a road range has chainage", field="measures_km")
    if [len(line) for line in lines] != [len(line) for line in measures]:
        raise Invalid("one kilometre for each vertex of each line", field="measures_km")
    for line in measures:
        rising = all(a < b for a, b in pairwise(line))
        falling = all(a > b for a, b in pairwise(line))
        if not (rising or falling):
            raise Invalid("kilometres rise or fall steadily along a line", field="measures_km")


def pieces(geometry: ZoneGeometry, within: RoadRange | None, most: int = 8) -> list[ZonePiece]:
    """The lines cut into parts of at most `most` edges that share their end vertices.

    An index finds the nearest of short parts. A line with chainage is clipped to the kilometres of `within`.
    """
    parts = []
    for n, line in enumerate(lines_of(geometry)):
        whole = ZonePiece(line, geometry.measures_km[n] if geometry.measures_km else None)
        for run in [whole] if whole.km is None or within is None else clipped(whole, within):
            for start in range(0, len(run.line) - 1, most):
                end = min(start + most, len(run.line) - 1) + 1
                parts.append(ZonePiece(run.line[start:end], run.km[start:end] if run.km else None))
    return parts


def clipped(piece: ZonePiece, within: RoadRange) -> list[ZonePiece]:
    """The part of a line with chainage between two kilometres; empty when there is none."""
    line: list[Position] = []
    km: list[float] = []
    for (a, b), (km_a, km_b) in zip(pairwise(piece.line), pairwise(piece.km or []), strict=True):
        ends = sorted((fraction_at(km_a, km_b, within.from_km), fraction_at(km_a, km_b, within.to_km)))
        first, last = max(0.0, ends[0]), min(1.0, ends[1])
        if first >= last:
            continue
        for t in (first, last):
            position = (a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]))
            if not line or line[-1] != position:
                line.append(position)
                km.append(km_a + t * (km_b - km_a))
    return [ZonePiece(line, km)] if len(line) > 1 else []


def fraction_at(km_a: float, km_b: float, km: float) -> float:
    """The position of `km` between two kilometres: 0 at the first, 1 at the second."""
    return (km - km_a) / (km_b - km_a)


def chainage_km(piece: ZonePiece, lon: float, lat: float) -> float | None:
    """The kilometre of the point of a piece nearest to a position, in the plane tangent at the position."""
    if piece.km is None:
        return None
    scale = math.cos(math.radians(lat))
    best = (math.inf, 0.0)
    for (a, b), (km_a, km_b) in zip(pairwise(piece.line), pairwise(piece.km), strict=True):
        ax, ay, bx, by = (a[0] - lon) * scale, a[1] - lat, (b[0] - lon) * scale, b[1] - lat
        dx, dy = bx - ax, by - ay
        length = dx * dx + dy * dy
        t = 0.0 if length == 0 else min(1.0, max(0.0, -(ax * dx + ay * dy) / length))
        away = (ax + t * dx) ** 2 + (ay + t * dy) ** 2
        best = min(best, (away, km_a + t * (km_b - km_a)))
    return round(best[1], 4)


def at_chainage(parts: list[ZonePiece], km: float) -> Position | None:
    """The position (lon, lat) of a kilometre, None when no piece has it."""
    for piece in parts:
        for (a, b), (km_a, km_b) in zip(pairwise(piece.line), pairwise(piece.km or []), strict=False):
            low, high = min(km_a, km_b), max(km_a, km_b)
            if low <= km <= high:
                t = fraction_at(km_a, km_b, km)
                return round(a[0] + t * (b[0] - a[0]), 7), round(a[1] + t * (b[1] - a[1]), 7)
    return None
