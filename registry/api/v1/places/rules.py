"""Routes of zones and rules: what may be built where, and the geometry that decides it."""

from typing import Annotated

from litestar import Response, Router, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Struct

from registry.api.http import params
from registry.api.http.conditional import IfMatch, etag_of, versions_in
from registry.api.http.dependencies import ActorDep, ReaderDep, SightDep, WriterDep
from registry.api.http.idempotency import also
from registry.api.http.links import JSON, page_of
from registry.api.http.localized_response import localized
from registry.api.http.request import HttpRequest
from registry.api.v1.records.writes import EXAMINED
from registry.domain.places.rule import ProposedSite, Rule, SiteAssessment
from registry.domain.places.zone import StoredZone, Zone, ZoneGeometry
from registry.domain.values import Code
from registry.services.places import rules, zones
from registry.services.places.zones import KilometrePosition, ZoneWithGeometry

RoadParam = Annotated[
    str | None, QueryParameter(name="road", max_length=64, description="Zones of this road.")
]
KmParam = Annotated[
    float | None,
    QueryParameter(name="km", ge=0, le=100_000, description="Zones whose range holds this kilometre."),
]
AtKmParam = Annotated[
    float, QueryParameter(name="km", ge=0, le=100_000, description="A kilometre of the road.")
]


class StoredZones(Struct, frozen=True):
    """Zones."""

    zones: list[StoredZone]
    links: list[dict[str, str]]


class Rules(Struct, frozen=True):
    """Rules."""

    rules: list[Rule]
    links: list[dict[str, str]]


@get("/v1/zones")
async def list_zones(
    request: HttpRequest,
    reader: ReaderDep,
    road: RoadParam = None,
    km: KmParam = None,
    cursor: params.Cursor = None,
    limit: params.Limit = 1000,
) -> Response[StoredZones]:
    """What rules measure from: shores, road land, ramps; with whether the geometry is loaded, in pages."""
    listed = await zones.list_zones(reader, road, km)
    return localized(request, StoredZones(*page_of(request, listed, lambda one: one.zone.id, cursor, limit)))


@get("/v1/zones/{identity:str}")
async def read_zone(
    request: HttpRequest, identity: FromPath[str], reader: ReaderDep, sight: SightDep
) -> Response[ZoneWithGeometry]:
    """One zone with its geometry, if it has one, and its ETag."""
    found = await zones.read_zone(reader, identity)
    return localized(request, found, etag=etag_of(found.zone.version, sight))


@put("/v1/zones/{identity:str}", responses=also(201, JSON, StoredZone), opt=EXAMINED)
async def put_zone(
    request: HttpRequest,
    identity: FromPath[Code],
    data: JSONBody[Zone],
    writer: WriterDep,
    actor: ActorDep,
    sight: SightDep,
    if_match: IfMatch = None,
) -> Response[StoredZone]:
    """Record what rules measure from, or replace the version you read (If-Match); its geometry stays."""
    saved = await zones.put_zone(writer, actor, identity, data, versions_in(if_match, sight))
    etag = etag_of(saved.zone.version, sight)
    return localized(request, saved.zone, etag=etag, status=201 if saved.created else 200)


@put("/v1/zones/{identity:str}/geometry", opt=EXAMINED)
async def draw_zone(
    request: HttpRequest,
    identity: FromPath[str],
    data: JSONBody[ZoneGeometry],
    writer: WriterDep,
    actor: ActorDep,
) -> Response[StoredZone]:
    """Give a zone its geometry: what the line stands for, its doubts, and the kilometre of each vertex."""
    return localized(request, await zones.draw_zone(writer, actor, identity, data))


@get("/v1/zones/{identity:str}/position")
async def locate_km(
    request: HttpRequest, identity: FromPath[str], reader: ReaderDep, km: AtKmParam
) -> Response[KilometrePosition]:
    """Where a kilometre of a road range is; `cannot_evaluate` without a geometry with chainage."""
    return localized(request, await zones.locate_km(reader, identity, km))


@get("/v1/rules")
async def list_rules(
    request: HttpRequest, reader: ReaderDep, cursor: params.Cursor = None, limit: params.Limit = 1000
) -> Response[Rules]:
    """Which facility and action is kept how far from which kind of zone, in pages."""
    listed = await rules.list_rules(reader)
    return localized(request, Rules(*page_of(request, listed, lambda one: one.id, cursor, limit)))


@put("/v1/rules/{identity:str}", opt=EXAMINED)
async def put_rule(
    request: HttpRequest, identity: FromPath[Code], data: JSONBody[Rule], writer: WriterDep, actor: ActorDep
) -> Response[Rule]:
    """Record a rule of a provision with its territory, or replace it."""
    return localized(request, await rules.put_rule(writer, actor, identity, data))


@post("/v1/rules/check", status_code=200)
async def check_site(
    request: HttpRequest, data: JSONBody[ProposedSite], reader: ReaderDep
) -> Response[SiteAssessment]:
    """What every rule says about a site: allowed, forbidden, needs_review or cannot_evaluate."""
    return localized(request, await rules.check_site(reader, data))


router = Router(
    "/",
    route_handlers=[
        list_zones,
        read_zone,
        put_zone,
        draw_zone,
        locate_km,
        list_rules,
        put_rule,
        check_site,
    ],
    tags=["rules"],
)
