"""The origin of a proximity question: a point, an area, a place, a line or a kilometre of a road."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from registry.domain.datum import wgs84_of
from registry.domain.errors import InvalidQuery
from registry.domain.geojson import Area, LineString, MultiLineString
from registry.domain.geometry import wkb
from registry.domain.proximity.edges import disc_around
from registry.domain.proximity.interval import DistanceInterval
from registry.domain.values import Latitude, Longitude, Metres, PlaceCode, ShortText

QueryDatum = Literal["wgs84", "cgcs2000", "gcj02", "bd09"]
Width = Annotated[float, Meta(ge=0, le=1_000_000)]
FORMS = ("lon", "area", "place", "line", "road")
"""The member that tells the form of an origin."""
PAIRS = (("lon", "lat"), ("road", "chainage_km"))
OPTIONS = (("radius_m", "lon"), ("width_m", "line"))
"""Members that belong to one form only."""


class Origin(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of: lon and lat (radius_m: how uncertain); area; place; line (with width_m); road and chainage_km.

    Distances are to the nearest edge of the origin, 0 inside it; a width is of the whole corridor.
    """

    lon: Longitude | None = None
    lat: Latitude | None = None
    radius_m: Metres | None = None
    """How uncertain the spot is, in metres."""
    datum: QueryDatum = "wgs84"
    area: Area | None = None
    """An area: distances count from its edge."""
    place: PlaceCode | None = None
    """Code of a place: distances count from its extent."""
    line: LineString | MultiLineString | None = None
    """A line, such as a road that is cut: distances count from it."""
    width_m: Width | None = None
    """Width of the line in metres."""
    road: ShortText | None = None
    """Number of a road; with `chainage_km` a kilometre of it."""
    chainage_km: Annotated[float, Meta(ge=0, le=10_000)] | None = None


class Start(Struct, frozen=True, kw_only=True):
    """Where distances are measured from: a WGS 84 point or a shape as WKB, grown by a margin in metres.

    `described` is the origin as the answer repeats it. An `uncertain` point may lie anywhere in the margin.
    """

    lon: float = 0.0
    lat: float = 0.0
    shape: bytes | None = None
    margin_m: float = 0.0
    uncertain: bool = False
    described: dict[str, Any] = msgspec.field(default_factory=dict)

    def distance_m(self, measured_m: float) -> float:
        """The distance from the origin's edge to what lies `measured_m` from its point or shape."""
        return max(0.0, measured_m - self.margin_m)

    def interval(self, measured_m: float, uncertainty_m: float) -> DistanceInterval:
        """The least and greatest distance that the uncertainties of both ends allow.

        A record inside the shape has a negative measure: how far it is from the edge.
        """
        near_m = measured_m - self.margin_m
        far_m = measured_m + self.margin_m if self.uncertain else near_m
        return DistanceInterval(max(0.0, near_m - uncertainty_m), max(0.0, far_m + uncertainty_m))


def as_spot(start: Start) -> Start:
    """The start as a point; for a shape the centre of the disc that holds it, uncertain by its radius."""
    if start.shape is None:
        return start
    lon, lat, reach_m = disc_around(start.shape)
    margin_m = reach_m + start.margin_m
    disc = {"lon": round(lon, 7), "lat": round(lat, 7), "radius_m": round(margin_m, 3)}
    described = start.described | {"disc": disc}
    return Start(lon=lon, lat=lat, margin_m=margin_m, uncertain=True, described=described)


def form_of(origin: Origin) -> str:
    """The one form that the origin has; InvalidQuery for none, for several and for half of one."""
    forms = [name for name in FORMS if getattr(origin, name) is not None]
    if len(forms) != 1:
        raise InvalidQuery(
            "give one origin: lon and lat, or area, or place, or line, or road and chainage_km",
            field="origin",
        )
    form = forms[0]
    for one, other in PAIRS:
        if (getattr(origin, other) is not None) != (form == one):
            raise InvalidQuery(f"{one} and {other} go together", field=other)
    for name, owner in OPTIONS:
        if getattr(origin, name) is not None and form != owner:
            raise InvalidQuery(f"{name} goes with {owner}", field=name)
    if origin.datum != "wgs84" and form != "lon":
        raise InvalidQuery("only lon and lat may come in another datum", field="datum")
    return form


def start_of_spot(origin: Origin) -> Start:
    """The point of an origin in WGS 84, with its own uncertainty in metres as margin."""
    assert origin.lon is not None
    assert origin.lat is not None
    lon, lat = origin.lon, origin.lat
    described: dict[str, Any] = {"datum": origin.datum}
    if origin.datum in ("gcj02", "bd09"):
        described |= {"given": [lon, lat], "converted_to": "wgs84"}
        lon, lat = wgs84_of(origin.datum, (lon, lat))
    described |= {"lon": round(lon, 9), "lat": round(lat, 9)}
    margin_m = origin.radius_m or 0.0
    if margin_m:
        described["radius_m"] = margin_m
    return Start(lon=lon, lat=lat, margin_m=margin_m, uncertain=margin_m > 0, described=described)


def start_of_area(area: Area) -> Start:
    """The edge of a drawn area."""
    return Start(shape=wkb(area, "origin.area"), described={"area": area.__class__.__name__})


def start_of_line(line: LineString | MultiLineString, width_m: float) -> Start:
    """The edge of a corridor of this whole width around a line."""
    described = {"line": True, "width_m": width_m}
    return Start(shape=wkb(line, "origin.line"), margin_m=width_m / 2, described=described)
