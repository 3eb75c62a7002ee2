"""The areas of a Common Alerting Protocol 1.2 alert (OASIS, 2010): polygons and circles in lat,lon."""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Annotated, Any, TypeVar
from xml.etree.ElementTree import Element, ParseError

import msgspec
import shapely
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from msgspec import Meta, Struct

from registry.domain.errors import Invalid, InvalidGeometry
from registry.domain.geojson import MultiPolygon, Polygon
from registry.domain.geometry import wkb
from registry.domain.values import LongText

S = TypeVar("S")
NAMESPACE = "{urn:oasis:names:tc:emergency:cap:1.2}"
MOST_AREAS = 200
MOST_SHAPES, MOST_CORNERS = 1_000, 20_000
MOST_CIRCLE_KM = 10_000.0
ALERT_MEMBERS = ("identifier", "sender", "sent", "status", "msgType", "scope", "references")
INFO_MEMBERS = ("event", "urgency", "severity", "certainty", "effective", "onset", "expires", "headline")
CHINESE = re.compile(
    rb"""\s*<\?xml[^>]*\bencoding\s*=\s*["'](?:gb2312|gbk|gb18030)["'][^>]*\?>""", re.IGNORECASE
)
"""Encodings that warning systems in China declare and expat does not support."""
DECLARATION = re.compile(rb"""^\s*<\?xml[^>]*\?>""")
CapText = Annotated[str, Meta(min_length=1, max_length=200_000)]


class Circle(Struct, frozen=True):
    """A disc of the alert."""

    lon: float
    lat: float
    radius_m: float


class CapGeocode(Struct, frozen=True, kw_only=True):
    """A code of an area, such as that of a district; `valueName` says of which list."""

    valueName: LongText | None = None  # noqa: N815 - CAP's own name
    value: LongText


class CapArea(Struct, frozen=True, kw_only=True):
    """One area of an alert in CAP notation: polygons `lat,lon lat,lon …`, circles `lat,lon km`, codes."""

    areaDesc: LongText | None = None  # noqa: N815 - CAP's own name
    polygon: Annotated[list[CapText], Meta(max_length=MOST_AREAS)] = msgspec.field(default_factory=list)
    circle: Annotated[list[CapText], Meta(max_length=MOST_AREAS)] = msgspec.field(default_factory=list)
    geocode: Annotated[list[CapGeocode], Meta(max_length=MOST_AREAS)] = msgspec.field(default_factory=list)


class CapInfo(Struct, frozen=True, kw_only=True):
    """One info block of an alert."""

    area: Annotated[list[CapArea], Meta(max_length=MOST_AREAS)] = msgspec.field(default_factory=list)
    """The areas that it is for (CAP 1.2)."""
    event: LongText | None = None
    urgency: LongText | None = None
    severity: LongText | None = None
    """How severe the event is (CAP 1.2)."""
    certainty: LongText | None = None
    effective: LongText | None = None
    onset: LongText | None = None
    expires: LongText | None = None
    headline: LongText | None = None


class CapAlert(Struct, frozen=True, kw_only=True):
    """An alert. Members that the registry does not use are ignored."""

    identifier: LongText | None = None
    sender: LongText | None = None
    sent: LongText | None = None
    status: LongText | None = None
    """Actual, exercise, system, test or draft (CAP 1.2)."""
    msgType: LongText | None = None  # noqa: N815 - CAP's own name
    scope: LongText | None = None
    """For whom the alert is meant (CAP 1.2)."""
    references: LongText | None = None
    info: Annotated[list[CapInfo], Meta(min_length=1, max_length=50)]


class AlertShapes(Struct, frozen=True, kw_only=True):
    """One area of an alert: what it draws, its codes, and what of it cannot be used."""

    description: str | None
    polygons: list[Polygon | MultiPolygon]
    circles: list[Circle]
    codes: list[str]
    problems: list[str]


def parse_xml(body: bytes, charset: str | None = None) -> CapAlert:
    """The alert in a CAP 1.2 document; Invalid for a document type, for entities and for other documents.

    `charset` is that of the media type. A byte order mark comes before it, and it before what the document
    itself declares (RFC 7303, 3).
    """
    try:
        root: Element = fromstring(
            _as_utf8(body, charset), forbid_dtd=True, forbid_entities=True, forbid_external=True
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
                _texts(area, ("areaDesc",))
                | {name: _all(area, name) for name in ("polygon", "circle")}
                | {"geocode": [_geocode(code) for code in area.iterfind(f"{NAMESPACE}geocode")]}
                for area in info.iterfind(f"{NAMESPACE}area")
            ]
        }
        for info in root.iterfind(f"{NAMESPACE}info")
    ]
    try:
        return msgspec.convert(alert, CapAlert)
    except msgspec.ValidationError as error:
        raise Invalid(f"the alert cannot be used: {error}") from error


def _geocode(element: Element) -> dict[str, str]:
    return {"value": "", **_texts(element, ("valueName", "value"))}


def _as_utf8(body: bytes, charset: str | None) -> bytes:
    """The document as UTF-8, where something else says how it is encoded than expat can read by itself."""
    if any(body.startswith(mark) for mark in (BOM_UTF8, BOM_UTF16_LE, BOM_UTF16_BE)):
        return body
    if charset is not None:
        name = "gb18030" if charset.lower() in ("gb2312", "gbk") else charset
        return DECLARATION.sub(b"", body.decode(name).encode(), count=1)
    declared = CHINESE.match(body)
    return body if declared is None else body[declared.end() :].decode("gb18030").encode()


def _texts(element: Element, names: tuple[str, ...]) -> dict[str, Any]:
    texts = {name: element.findtext(f"{NAMESPACE}{name}") for name in names}
    return {name: text.strip() for name, text in texts.items() if text is not None}


def _all(element: Element, name: str) -> list[str]:
    return [(child.text or "").strip() for child in element.iterfind(f"{NAMESPACE}{name}")]


def shapes_of(alert: CapAlert) -> list[AlertShapes]:
    """The areas of the alert in lon/lat and metres; what CAP forbids is a problem of its area.

    Invalid for an alert with more than MOST_SHAPES polygons and circles, or MOST_CORNERS.
    """
    areas = [area for info in alert.info for area in info.area]
    _demand_bounded(
        sum(len(area.polygon) + len(area.circle) for area in areas),
        sum(text.count(",") for area in areas for text in area.polygon),
    )
    return [_shapes(area) for area in areas]


def _shapes(area: CapArea) -> AlertShapes:
    problems: list[str] = []
    return AlertShapes(
        description=area.areaDesc,
        polygons=_usable(_polygon, area.polygon, problems),
        circles=_usable(_circle, area.circle, problems),
        codes=[code.value for code in area.geocode if code.value],
        problems=problems,
    )


def _usable(read: Callable[[str], S], texts: Sequence[str], problems: list[str]) -> list[S]:
    """What can be read, each once; why the others cannot is added to the problems."""
    shapes = []
    for text in dict.fromkeys(texts):
        try:
            shape = read(text)
            if isinstance(shape, Polygon | MultiPolygon):
                wkb(shape, "polygon")
        except InvalidGeometry as error:
            problems.append(error.detail)
        else:
            shapes.append(shape)
    return shapes


def _demand_bounded(shapes: int, corners: int) -> None:
    if shapes > MOST_SHAPES:
        raise Invalid(
            f"the alert has {shapes} polygons and circles; at most {MOST_SHAPES} are taken", field="info"
        )
    if corners > MOST_CORNERS:
        raise Invalid(
            f"the alert's polygons have {corners} corners; at most {MOST_CORNERS} are taken", field="info"
        )


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
