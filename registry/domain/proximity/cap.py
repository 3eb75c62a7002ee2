"""The areas of a Common Alerting Protocol 1.2 alert (OASIS, 2010): polygons and circles in lat,lon."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Any
from xml.etree.ElementTree import Element, ParseError

import msgspec
import shapely
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from msgspec import Meta, Struct

from registry.domain.errors import Invalid, InvalidGeometry
from registry.domain.geojson import MultiPolygon, Polygon
from registry.domain.values import LongText

NAMESPACE = "{urn:oasis:names:tc:emergency:cap:1.2}"
MOST_AREAS = 200
MOST_CIRCLE_KM = 10_000.0
ALERT_MEMBERS = ("identifier", "sender", "sent", "status", "msgType", "scope")
INFO_MEMBERS = ("event", "urgency", "severity", "certainty", "onset", "expires", "headline")
CHINESE = re.compile(
    rb"""\s*<\?xml[^>]*\bencoding\s*=\s*["'](?:gb2312|gbk|gb18030)["'][^>]*\?>""", re.IGNORECASE
)
"""Encodings that warning systems in China declare and expat does not support."""
CapText = Annotated[str, Meta(min_length=1, max_length=200_000)]


class Circle(Struct, frozen=True):
    """A disc of the alert."""

    lon: float
    lat: float
    radius_m: float


class CapArea(Struct, frozen=True, kw_only=True):
    """One area of an alert in CAP notation: polygons `lat,lon lat,lon …`, circles `lat,lon km`."""

    areaDesc: LongText | None = None  # noqa: N815 - CAP's own name
    polygon: Annotated[list[CapText], Meta(max_length=MOST_AREAS)] = msgspec.field(default_factory=list)
    circle: Annotated[list[CapText], Meta(max_length=MOST_AREAS)] = msgspec.field(default_factory=list)


class CapInfo(Struct, frozen=True, kw_only=True):
    """One info block of an alert."""

    area: Annotated[list[CapArea], Meta(max_length=MOST_AREAS)] = msgspec.field(default_factory=list)
    event: LongText | None = None
    urgency: LongText | None = None
    severity: LongText | None = None
    certainty: LongText | None = None
    onset: LongText | None = None
    expires: LongText | None = None
    headline: LongText | None = None


class CapAlert(Struct, frozen=True, kw_only=True):
    """An alert. Members that the registry does not use are ignored."""

    identifier: LongText | None = None
    sender: LongText | None = None
    sent: LongText | None = None
    status: LongText | None = None
    msgType: LongText | None = None  # noqa: N815 - CAP's own name
    scope: LongText | None = None
    info: Annotated[list[CapInfo], Meta(min_length=1, max_length=50)]


class AlertShapes(Struct, frozen=True):
    """The polygons and circles of an alert, each once, and the names of its areas that have neither."""

    polygons: list[Polygon | MultiPolygon]
    circles: list[Circle]
    undrawn: list[str]


def parse_xml(body: bytes) -> CapAlert:
    """The alert in a CAP 1.2 document; Invalid for a document type, for entities and for other documents."""
    try:
        root: Element = fromstring(
            _as_utf8(body), forbid_dtd=True, forbid_entities=True, forbid_external=True
        )
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise Invalid(f"the body is not plain XML: {type(error).__name__}") from error
    if root.tag != f"{NAMESPACE}alert":
        raise Invalid("the document is not a CAP 1.2 alert")
    alert: dict[str, Any] = _texts(root, ALERT_MEMBERS)
    alert["info"] = [
        _texts(info, INFO_MEMBERS)
        | {
            "area": [
                _texts(area, ("areaDesc",)) | {name: _all(area, name) for name in ("polygon", "circle")}
                for area in info.iterfind(f"{NAMESPACE}area")
            ]
        }
        for info in root.iterfind(f"{NAMESPACE}info")
    ]
    try:
        return msgspec.convert(alert, CapAlert)
    except msgspec.ValidationError as error:
        raise Invalid(f"the alert cannot be used: {error}") from error


def _as_utf8(body: bytes) -> bytes:
    """The document as UTF-8 where it declares an encoding that expat does not support."""
    declared = CHINESE.match(body)
    return body if declared is None else body[declared.end() :].decode("gb18030").encode()


def _texts(element: Element, names: tuple[str, ...]) -> dict[str, Any]:
    texts = {name: element.findtext(f"{NAMESPACE}{name}") for name in names}
    return {name: text.strip() for name, text in texts.items() if text is not None}


def _all(element: Element, name: str) -> list[str]:
    return [(child.text or "").strip() for child in element.iterfind(f"{NAMESPACE}{name}")]


def shapes_of(alert: CapAlert) -> AlertShapes:
    """The polygons and circles of the alert, lon/lat and metres; InvalidGeometry for what CAP forbids."""
    areas = [area for info in alert.info for area in info.area]
    polygons = dict.fromkeys(text for area in areas for text in area.polygon)
    circles = dict.fromkeys(text for area in areas for text in area.circle)
    undrawn = [area.areaDesc or "" for area in areas if not area.polygon and not area.circle]
    return AlertShapes([_polygon(text) for text in polygons], [_circle(text) for text in circles], undrawn)


def _polygon(text: str) -> Polygon | MultiPolygon:
    ring = list(_positions(text))
    if len(ring) < 4 or ring[0] != ring[-1]:
        raise InvalidGeometry(
            "a CAP polygon has at least four points and ends where it began", field="polygon"
        )
    if any(180 < abs(b[0] - a[0]) < 360 for a, b in pairwise(ring)):
        return _across(ring)
    return Polygon([ring])


def _across(ring: list[tuple[float, float]]) -> MultiPolygon:
    """A ring that crosses 180°, cut there as GeoJSON (RFC 7946) requires and CAP does not."""
    whole = shapely.Polygon([(lon + 360 if lon < 0 else lon, lat) for lon, lat in ring])
    if not whole.is_valid:
        raise InvalidGeometry(shapely.is_valid_reason(whole), field="polygon")
    parts = [
        [[(lon - turn, lat) for lon, lat in part.exterior.coords]]
        for turn in (0, 360)
        for part in shapely.get_parts(whole.intersection(shapely.box(turn - 180, -90, turn + 180, 90)))
        if part.area
    ]
    return MultiPolygon(parts)


def _positions(text: str) -> Iterator[tuple[float, float]]:
    for pair in text.split():
        yield _position(pair)


def _position(pair: str) -> tuple[float, float]:
    """lon, lat of a `lat,lon` pair."""
    try:
        lat, lon = (float(part) for part in pair.split(","))
    except ValueError as error:
        raise InvalidGeometry(f"{pair[:40]!r} is not lat,lon", field="polygon") from error
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise InvalidGeometry(f"{pair[:40]!r} is not on Earth; CAP writes lat,lon", field="polygon")
    return lon, lat


def _circle(text: str) -> Circle:
    try:
        centre, radius = text.split()
        radius_km = float(radius)
    except ValueError as error:
        raise InvalidGeometry("a CAP circle is `lat,lon radius` in kilometres", field="circle") from error
    if not 0 <= radius_km <= MOST_CIRCLE_KM:
        raise InvalidGeometry("a circle's radius is between 0 and 10,000 km", field="circle")
    lon, lat = _position(centre)
    return Circle(lon, lat, radius_km * 1000)


def described(alert: CapAlert) -> dict[str, Any]:
    """The members of an alert and of its first info block that an answer repeats."""
    members = {name: getattr(alert, name) for name in ALERT_MEMBERS}
    members |= {name: getattr(alert.info[0], name) for name in INFO_MEMBERS}
    return {name: value for name, value in members.items() if value is not None}
