"""Zones and rules over HTTP: what may be built where, and the geometry that lets it be told."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Response, Router, get, patch, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from registry.api.http.dependencies import ActorDep, ReaderDep, WriterDep
from registry.api.http.localized_response import speak
from registry.api.http.request import HttpRequest
from registry.domain.access.actor import require
from registry.domain.errors import NotFound
from registry.domain.geometry import wkb
from registry.domain.places.rule import ProposedSite, Vocabulary, assess_site
from registry.domain.places.zone import ZoneGeometry, at_chainage, check_drawing, pieces
from registry.domain.plans.entry import YesNoUnknown
from registry.domain.values import Code
from registry.store.places import places, zones

Road = Annotated[str | None, QueryParameter(max_length=64, description="Zones of this road.")]
Km = Annotated[
    float | None, QueryParameter(ge=0, le=100_000, description="Zones whose range holds this kilometre.")
]
AtKm = Annotated[float, QueryParameter(name="km", ge=0, le=100_000, description="A kilometre of the road.")]


@get("/v1/zones")
async def list_zones(
    request: HttpRequest, reader: ReaderDep, road: Road = None, km: Km = None
) -> Response[bytes]:
    """What rules measure from: shores, road land, ramps; with whether the geometry is loaded."""
    found = [
        item
        for item in await zones.find(reader)
        if (road is None or (item.zone.range and item.zone.range.road == road))
        and (km is None or (item.zone.range and item.zone.range.from_km <= km <= item.zone.range.to_km))
    ]
    return speak(request, {"zones": found})


@get("/v1/zones/{identity:str}")
async def read_zone(request: HttpRequest, identity: FromPath[str], reader: ReaderDep) -> Response[bytes]:
    """One zone with its geometry, if it has one."""
    found, geometry = await zones.get(reader, identity)
    raw = None if geometry is None else msgspec.json.decode(geometry)
    return speak(request, {"zone": found, "geometry": raw})


@put("/v1/zones/{identity:str}/geometry")
async def draw_zone(
    request: HttpRequest,
    identity: FromPath[str],
    data: JSONBody[ZoneGeometry],
    writer: WriterDep,
    actor: ActorDep,
) -> Response[bytes]:
    """Give a zone its geometry: what the line stands for, its doubts, and the kilometre of each vertex."""
    require(actor, "planner")
    found, _ = await zones.get(writer, identity)
    check_drawing(found.zone, data)
    wkb(data.geometry)
    await zones.draw(writer, found.zone, data, actor.id, datetime.now(UTC))
    drawn, _ = await zones.get(writer, identity)
    return speak(request, drawn)


@get("/v1/zones/{identity:str}/position")
async def find_position(
    request: HttpRequest, identity: FromPath[str], reader: ReaderDep, km: AtKm
) -> Response[bytes]:
    """Where a kilometre of a road range is; without a geometry with chainage it cannot be told."""
    found, geometry = await zones.get(reader, identity)
    position = None
    drawing = await zones.drawing(reader, identity) if geometry else None
    if drawing is not None and drawing.measures_km is not None:
        position = at_chainage(pieces(drawing, found.zone.range), km)
    point: Any = None if position is None else {"type": "Point", "coordinates": position}
    outcome = "cannot_evaluate" if position is None else "found"
    return speak(request, {"zone": identity, "km": km, "outcome": outcome, "geometry": point})


@get("/v1/rules")
async def list_rules(request: HttpRequest, reader: ReaderDep) -> Response[bytes]:
    """Which facility and action is kept how far from which kind of zone."""
    return speak(request, {"rules": await zones.rules(reader)})


@post("/v1/rules/check", status_code=200)
async def check_site(
    request: HttpRequest, data: JSONBody[ProposedSite], reader: ReaderDep
) -> Response[bytes]:
    """What every rule says about a site: allowed, forbidden, needs_review or cannot_evaluate."""
    wkb(data.geometry)
    known = await zones.words(reader)
    words = Vocabulary(known["facility_kind"], known["action"])
    drawn = await zones.find(reader)
    reaches = await zones.reaches(reader, data.geometry)
    return speak(request, assess_site(await zones.rules(reader), drawn, data, reaches, words))


@patch("/v1/places/{code:str}/flags")
async def flag_place(
    request: HttpRequest,
    code: FromPath[str],
    data: JSONBody[dict[Code, YesNoUnknown]],
    writer: WriterDep,
    actor: ActorDep,
) -> Response[bytes]:
    """Say of a place what a check needs to know, such as prone_or_remote: yes, no or unknown."""
    require(actor, "planner")
    flags = await places.flag(writer, code, data)
    if flags is None:
        raise NotFound("place", code)
    return speak(request, {"code": code, "flags": flags})


router = Router(
    "/",
    route_handlers=[list_zones, read_zone, draw_zone, find_position, list_rules, check_site, flag_place],
    tags=["rules"],
)
