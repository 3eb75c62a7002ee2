"""Resources over HTTP: list and read."""

from uuid import UUID

from litestar import Response, Router, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath
from msgspec import structs

from registry.api.http import params
from registry.api.http.conditional import IfNoneMatch, etag_of, matches
from registry.api.http.dependencies import ReaderDep, SightDep
from registry.api.http.links import GEOJSON, page_links
from registry.api.http.request import HttpRequest
from registry.api.v1.records import history, writes
from registry.domain.completeness import FeatureSetAnswer
from registry.domain.conditions import ListConditions, list_filter_of
from registry.domain.cursor import IdentityCursor, decode_identity
from registry.domain.terrain.watched import demand_height
from registry.services.clock import now
from registry.services.records.read import list_resources as list_page
from registry.services.records.read import visible
from registry.services.terrain.read_seen import SeenReach, read_seen

CONDITIONS = Provide(params.conditions_in_query(ListConditions), sync_to_thread=False)


@get("/", media_type=GEOJSON, dependencies={"conditions": CONDITIONS})
async def list_resources(
    request: HttpRequest,
    reader: ReaderDep,
    sight: SightDep,
    conditions: NamedDependency[ListConditions],
    cursor: params.Cursor = None,
    limit: params.Limit = 100,
) -> FeatureSetAnswer:
    """Every resource that meets the conditions in pages by identity, and how complete the list is."""
    wanted = list_filter_of(conditions, sight.as_of or now())
    page, last = await list_page(reader, sight, wanted, after=decode_identity(cursor), limit=limit)
    links = page_links(request, IdentityCursor, last)
    return structs.replace(page, links=links)


@get("/{identity:uuid}", media_type=GEOJSON)
async def read_resource(
    identity: FromPath[UUID], reader: ReaderDep, sight: SightDep, if_none_match: IfNoneMatch = None
) -> Response[bytes]:
    """One resource, with its version as a strong ETag."""
    row = await visible(reader, sight, identity)
    etag = etag_of(row["version"], sight)
    headers = {"ETag": etag, "Vary": "Accept-Encoding, Authorization"}
    if if_none_match is not None and matches(if_none_match, etag):
        return Response(b"", status_code=304, headers=headers, media_type=GEOJSON)
    return Response(row["feature"], headers=headers, media_type=GEOJSON)


@get("/{identity:uuid}/seen", media_type=GEOJSON)
async def read_seen_ground(
    identity: FromPath[UUID], reader: ReaderDep, sight: SightDep, smoke_height_m: params.DrawnSmokeHeight
) -> SeenReach:
    """What a fire watch point sees of smoke of a height over the terrain: seen, perhaps, hidden."""
    demand_height("terrain", smoke_height_m)
    return await read_seen(reader, sight, identity, smoke_height_m)


router = Router(
    "/v1/resources",
    route_handlers=[list_resources, read_resource, read_seen_ground, *history.HANDLERS, *writes.HANDLERS],
    tags=["resources"],
)
