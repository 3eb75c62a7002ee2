"""Where a proximity question is asked from: a spot, an area, a place, a line, a chainage."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from registry.domain.datum import wgs84_of
from registry.domain.errors import InvalidQuery
from registry.domain.geojson import Area, LineString, MultiLineString
from registry.domain.proximity.edges import disc_around
from registry.domain.proximity.interval import Interval
from registry.domain.values import Code, Latitude, Longitude, Metres, ShortText

QueryDatum = Literal["wgs84", "cgcs2000", "gcj02", "bd09"]
Width = Annotated[float, Meta(ge=0, le=1_000_000)]
FORMS = ("lon", "area", "place", "line", "road")


class Origin(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of: lon and lat (radius_m: how uncertain); area; place; line (with width_m); road and chainage_km.

    Distances are to the nearest edge of the origin, 0 inside it; a width is of the whole corridor.
    """

    lon: Longitude | None = None
    lat: Latitude | None = None
    radius_m: Metres | None = None
    datum: QueryDatum = "wgs84"
    area: Area | None = None
    place: Code | None = None
    line: LineString | MultiLineString | None = None
    width_m: Width | None = None
    road: ShortText | None = None
    chainage_km: Annotated[float, Meta(ge=0, le=10_000)] | None = None


class Start(Struct, frozen=True, kw_only=True):
    """An origin as it is measured from: a WGS 84 spot or a shape as WKB, grown by a margin in metres."""

    lon: float = 0.0
    lat: float = 0.0
    shape: bytes | None = None
    margin_m: float = 0.0
    uncertain: bool = False
    said: dict[str, Any] = msgspec.field(default_factory=dict)

    def distance_m(self, measured_m: float) -> float:
        """The distance from the origin's edge of what lies `measured_m` from its spot or shape."""
        return max(0.0, measured_m - self.margin_m)

    def interval(self, measured_m: float, uncertainty_m: float) -> Interval:
        """The least and greatest distance: to a drawn origin's edge, to all of an uncertain one."""
        far_m = measured_m + self.margin_m if self.uncertain else self.distance_m(measured_m)
        return Interval(max(0.0, self.distance_m(measured_m) - uncertainty_m), far_m + uncertainty_m)


def as_spot(start: Start) -> Start:
    """The origin as a spot: a drawn one is somewhere in the disc that holds all of it."""
    if start.shape is None:
        return start
    lon, lat, reach_m = disc_around(start.shape)
    margin_m = reach_m + start.margin_m
    disc = {"lon": round(lon, 7), "lat": round(lat, 7), "radius_m": round(margin_m, 3)}
    return Start(lon=lon, lat=lat, margin_m=margin_m, uncertain=True, said=start.said | {"disc": disc})


def form_of(origin: Origin) -> str:
    """Which one form of origin this is; InvalidQuery when it is none, several or half of one."""
    forms = [name for name in FORMS if getattr(origin, name) is not None]
    if len(forms) != 1:
        raise InvalidQuery(
            "give one origin: lon and lat, or area, or place, or line, or road and chainage_km",
            field="origin",
        )
    form = forms[0]
    _together(origin, form, "lon", "lat")
    _together(origin, form, "road", "chainage_km")
    _belongs(origin, form, "radius_m", "lon")
    _belongs(origin, form, "width_m", "line")
    if origin.datum != "wgs84" and form != "lon":
        raise InvalidQuery("only lon and lat may come in another datum", field="datum")
    return form


def _together(origin: Origin, form: str, one: str, other: str) -> None:
    if (getattr(origin, other) is not None) != (form == one):
        raise InvalidQuery(f"{one} and {other} go together", field=other)


def _belongs(origin: Origin, form: str, name: str, owner: str) -> None:
    if getattr(origin, name) is not None and form != owner:
        raise InvalidQuery(f"{name} goes with {owner}", field=name)


def spot(origin: Origin) -> Start:
    """A point, converted from its datum, with the radius of its own uncertainty."""
    assert origin.lon is not None
    assert origin.lat is not None
    lon, lat = wgs84_of(origin.datum, (origin.lon, origin.lat))
    said: dict[str, Any] = {"lon": round(lon, 9), "lat": round(lat, 9), "datum": origin.datum}
    if origin.datum in ("gcj02", "bd09"):
        said |= {"given": [origin.lon, origin.lat], "converted_to": "wgs84"}
    if origin.radius_m:
        said["radius_m"] = origin.radius_m
    margin_m = origin.radius_m or 0.0
    return Start(lon=lon, lat=lat, margin_m=margin_m, uncertain=margin_m > 0, said=said)
