"""Routes of places: list, read, the chain that holds a point, and flags."""

from typing import Annotated

from litestar import Response, Router, get, patch
from litestar.params import FromPath, JSONBody, QueryParameter

from registry.api.http import params
from registry.api.http.dependencies import ActorDep, ReaderDep, WriterDep
from registry.api.http.links import GEOJSON, next_link, self_link
from registry.api.http.localized_response import localized
from registry.api.http.request import HttpRequest
from registry.domain.cursor import CodeCursor, decode_code, encode_cursor
from registry.domain.geojson import FeatureCollection
from registry.domain.plans.entry import YesNoUnknown
from registry.domain.values import Code
from registry.services.places import places
from registry.services.places.places import PlaceFeature

PlaceLevelParam = Annotated[
    str | None,
    QueryParameter(name="level", max_length=40, description="Level, such as district or town."),
]
ParentParam = Annotated[
    str | None, QueryParameter(name="parent", max_length=64, description="Directly under this place.")
]
UnderParam = Annotated[
    str | None,
    QueryParameter(name="under", max_length=64, description="Anywhere under this place or management area."),
]
ExtentsParam = Annotated[
    bool,
    QueryParameter(name="extents", description="Draw each place by its extent, to a metre, not its point."),
]


@get("/", media_type=GEOJSON)
async def list_places(
    request: HttpRequest,
    reader: ReaderDep,
    level: PlaceLevelParam = None,
    parent: ParentParam = None,
    under: UnderParam = None,
    q: params.Q = None,
    cursor: params.Cursor = None,
    limit: params.Limit = 1000,
    extents: ExtentsParam = False,
) -> FeatureCollection:
    """Places and management areas by code, each with its representative point or its extent."""
    conditions = {"level": level, "parent": parent, "under": under, "q": q, "after": decode_code(cursor)}
    page = await places.list_places(reader, conditions, limit, extents=extents)
    links = [self_link(request)]
    if page.last is not None:
        links.append(next_link(request, encode_cursor(CodeCursor(page.last))))
    return FeatureCollection(page.places, links)


@get("/containing", media_type=GEOJSON)
async def locate(
    request: HttpRequest, reader: ReaderDep, lon: params.Lon, lat: params.Lat
) -> FeatureCollection:
    """The chain of places whose extent holds the point, smallest first."""
    return FeatureCollection([*await places.locate(reader, lon, lat)], [self_link(request)])


@get("/{code:str}", media_type=GEOJSON)
async def read_place(reader: ReaderDep, code: FromPath[str]) -> PlaceFeature:
    """One place with its extent, and its members when it is a management area."""
    return await places.read_place(reader, code)


@patch("/{code:str}/flags", tags=["rules"])
async def flag_place(
    request: HttpRequest,
    code: FromPath[str],
    data: JSONBody[dict[Code, YesNoUnknown]],
    writer: WriterDep,
    actor: ActorDep,
) -> Response[bytes]:
    """Say of a place what a check needs to know, such as prone_or_remote: yes, no or unknown."""
    return localized(request, await places.flag_place(writer, actor, code, data))


router = Router("/v1/places", route_handlers=[list_places, locate, read_place, flag_place], tags=["places"])
