"""Routes of places: list, read, the chain that holds a point, and flags."""

from datetime import date, datetime
from typing import Annotated, Any

from litestar import Response, Router, delete, get, patch, put
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Struct

from registry.api.http import params
from registry.api.http.conditional import IfMatch, etag_of, versions_in
from registry.api.http.dependencies import ActorDep, AsOf, ReaderDep, SightDep, WriterDep
from registry.api.http.idempotency import also
from registry.api.http.links import GEOJSON, JSON, page_links, self_link
from registry.api.http.localized_response import localized
from registry.api.http.request import HttpRequest
from registry.api.v1.records.writes import EXAMINED
from registry.domain.access.sight import Sight
from registry.domain.conditions import aware
from registry.domain.cursor import CodeCursor, decode_code
from registry.domain.geojson import FeatureCollection
from registry.domain.places.place import PlaceDraft
from registry.domain.plans.entry_base import YesNoUnknown
from registry.domain.values import Code
from registry.services.clock import now
from registry.services.places import boundaries, change_places, places
from registry.services.places.boundaries import BoundaryReport
from registry.services.places.change_places import PastPlace, SavedPlace
from registry.services.places.places import PlaceFeature, PlaceFlags
from registry.services.places.rehome import RecordToRehome

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
EndedParam = Annotated[
    bool,
    QueryParameter(name="ended", description="Also list codes that are not in force at that time."),
]
EndedOnParam = Annotated[
    date | None,
    QueryParameter(name="ended_on", description="First day without the code; today when not stated."),
]
SuccessorsParam = Annotated[
    str | None,
    QueryParameter(
        name="successors", max_length=2000, description="Codes that take its place, separated by commas."
    ),
]
ExtentsParam = Annotated[
    bool,
    QueryParameter(name="extents", description="Draw each place by its extent, to a metre, not its point."),
]


class RecordsToRehome(Struct, frozen=True):
    """Records whose place is no more."""

    records: list[RecordToRehome]


class PlaceVersions(Struct, frozen=True):
    """Earlier versions of a place."""

    versions: list[PastPlace]


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
    ended: EndedParam = False,
    as_of: AsOf = None,
) -> FeatureCollection:
    """Places and management areas in force at `as_of`, by code, each with its point or its extent."""
    conditions: dict[str, Any] = {"level": level, "parent": parent, "under": under, "q": q}
    conditions |= {"after": decode_code(cursor), "on": None if ended else _day(as_of)}
    page = await places.list_places(reader, conditions, limit, extents=extents)
    links = page_links(request, CodeCursor, page.last)
    return FeatureCollection(page.places, links)


@get("/containing", media_type=GEOJSON)
async def locate(
    request: HttpRequest, reader: ReaderDep, lon: params.Lon, lat: params.Lat, as_of: AsOf = None
) -> FeatureCollection:
    """The chain of places in force at `as_of` whose extent holds the point, smallest first."""
    return FeatureCollection([*await places.locate(reader, lon, lat, _day(as_of))], [self_link(request)])


@get("/{code:str}", media_type=GEOJSON)
async def read_place(reader: ReaderDep, code: FromPath[str], sight: SightDep) -> Response[PlaceFeature]:
    """One place by any form of its code, ended or not, with its extent, members and ETag."""
    place = await places.read_place(reader, code)
    return Response(place, headers={"ETag": etag_of(place.properties["version"], sight)})


@put("/{code:str}", responses=also(201, JSON, SavedPlace), opt=EXAMINED)
async def put_place(
    code: FromPath[Code],
    data: JSONBody[PlaceDraft],
    writer: WriterDep,
    actor: ActorDep,
    sight: SightDep,
    if_match: IfMatch = None,
) -> Response[SavedPlace]:
    """Record a place, or replace the version you read (If-Match): names, validity, successors, border.

    A ring that is not valid is refused with its point. `findings` warns of an extent that leaves its parent.
    """
    versions = versions_in(if_match, sight)
    return _saved(sight, await change_places.put_place(writer, sight, actor, code, data, versions))


@delete("/{code:str}", status_code=200)
async def retire_place(
    code: FromPath[Code],
    writer: WriterDep,
    actor: ActorDep,
    sight: SightDep,
    if_match: IfMatch = None,
    ended_on: EndedOnParam = None,
    successors: SuccessorsParam = None,
) -> Response[SavedPlace]:
    """End a code. Its records stay: `to_rehome` names them with the place in force that holds each point."""
    saved = await change_places.retire_place(
        writer,
        sight,
        actor,
        code,
        versions_in(if_match, sight),
        ended_on=ended_on,
        successors=[part.strip() for part in (successors or "").split(",") if part.strip()],
    )
    return _saved(sight, saved)


@get("/{code:str}/rehoming")
async def list_to_rehome(
    request: HttpRequest, code: FromPath[Code], reader: ReaderDep, actor: ActorDep, sight: SightDep
) -> Response[RecordsToRehome]:
    """The records under a code that has ended, each with the place that it is proposed for; for planners."""
    records = await change_places.list_to_rehome(reader, sight, actor, code)
    return localized(request, RecordsToRehome(records))


@get("/{code:str}/boundaries")
async def report_boundaries(
    request: HttpRequest, code: FromPath[Code], reader: ReaderDep, actor: ActorDep
) -> Response[BoundaryReport]:
    """How borders at and under a place fit: overlaps, gaps, ground outside, missing ones; for planners."""
    return localized(request, await boundaries.report_boundaries(reader, actor, code))


@get("/{code:str}/history")
async def read_place_history(
    request: HttpRequest, code: FromPath[Code], reader: ReaderDep, actor: ActorDep
) -> Response[PlaceVersions]:
    """The earlier versions of a place, newest first; for planners."""
    return localized(request, PlaceVersions(await change_places.read_history(reader, actor, code)))


@patch("/{code:str}/flags", tags=["rules"])
async def flag_place(
    request: HttpRequest,
    code: FromPath[str],
    data: JSONBody[dict[Code, YesNoUnknown]],
    writer: WriterDep,
    actor: ActorDep,
) -> Response[PlaceFlags]:
    """Say of a place what a check needs to know, such as prone_or_remote: yes, no or unknown."""
    return localized(request, await places.flag_place(writer, actor, code, data))


def _saved(sight: Sight, saved: SavedPlace) -> Response[SavedPlace]:
    headers = {"ETag": etag_of(saved.place.properties["version"], sight)}
    return Response(saved, status_code=201 if saved.created else 200, media_type=JSON, headers=headers)


def _day(as_of: datetime | None) -> date:
    return (aware(as_of, "as_of") or now()).date()


router = Router(
    "/v1/places",
    route_handlers=[
        list_places,
        locate,
        read_place,
        put_place,
        retire_place,
        list_to_rehome,
        report_boundaries,
        read_place_history,
        flag_place,
    ],
    tags=["places"],
)
