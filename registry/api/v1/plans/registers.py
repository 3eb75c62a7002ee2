"""Routes of the registers: organisations, responsibilities, hotlines, events, hazard points and the rest."""

from typing import Annotated
from uuid import UUID

from litestar import Response, Router, delete, get, put
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Struct

from registry.api.http import params
from registry.api.http.conditional import IfMatch, etag_of, versions_in
from registry.api.http.dependencies import ActorDep, ReaderDep, SightDep, WriterDep
from registry.api.http.idempotency import also
from registry.api.http.links import JSON, page_links
from registry.api.http.localized_response import localized
from registry.api.http.request import HttpRequest
from registry.api.v1.proximity.params import DatumParam, SpotRadius
from registry.api.v1.records.writes import EXAMINED
from registry.domain.cursor import IdentityCursor, decode_identity
from registry.domain.errors import Invalid
from registry.domain.plans.call_list import CallList
from registry.domain.plans.entry import Entry, Hotline, PastEntry, Register, register_of
from registry.domain.plans.near_entry import EntriesNear
from registry.domain.proximity.origin import Origin
from registry.services.plans import call_list, registers
from registry.services.plans.near_entries import near_entries

TopicParam = Annotated[
    str | None,
    QueryParameter(name="topic", max_length=64, description="A topic, such as lift or water."),
]
TypeParam = Annotated[
    str | None, QueryParameter(name="type", max_length=64, description="Entries of this type.")
]
AboutParam = Annotated[
    str | None,
    QueryParameter(name="about", max_length=64, description="A hazard, topic or field of expertise."),
]
HazardParam = Annotated[
    str, QueryParameter(name="hazard", max_length=64, description="A hazard, such as flood.")
]
AtPlaceParam = Annotated[
    str, QueryParameter(name="place", max_length=64, description="The place it is about.")
]


class EntryVersions(Struct, frozen=True):
    """Earlier versions of an entry."""

    versions: list[PastEntry]
    """Earlier versions, newest first."""


class Hotlines(Struct, frozen=True):
    """Hotlines."""

    hotlines: list[Hotline]


class EntryList(Struct, frozen=True):
    """A page of entries."""

    entries: list[Entry]
    links: list[dict[str, str]]


@get("/{register:str}")
async def list_entries(
    request: HttpRequest,
    register: FromPath[Register],
    reader: ReaderDep,
    sight: SightDep,
    place: params.PlaceParam = None,
    type_: TypeParam = None,
    about: AboutParam = None,
    cursor: params.Cursor = None,
    limit: params.Limit = 100,
) -> Response[EntryList]:
    """The entries of a register under a place, in pages ordered by identity."""
    conditions = {"place": place, "type": type_, "about": about, "after": decode_identity(cursor)}
    page = await registers.list_entries(reader, sight, register, conditions, limit)
    links = page_links(request, IdentityCursor, page.last, JSON)
    return localized(request, EntryList(list(page.entries), links))


@get("/{register:str}/{identity:uuid}")
async def read_entry(
    request: HttpRequest,
    register: FromPath[Register],
    identity: FromPath[UUID],
    reader: ReaderDep,
    sight: SightDep,
) -> Response[Entry]:
    """One entry, with its version as a strong ETag."""
    entry = await registers.read_entry(reader, sight, register, identity)
    return localized(request, entry, etag=etag_of(entry.version, sight))


@get("/{register:str}/near")
async def find_entries_near(
    request: HttpRequest,
    register: FromPath[Register],
    reader: ReaderDep,
    sight: SightDep,
    lon: params.Lon,
    lat: params.Lat,
    radius_m: params.RadiusM,
    spot_radius_m: SpotRadius = None,
    datum: DatumParam = "wgs84",
    limit: params.Limit = 1000,
) -> Response[EntriesNear]:
    """The entries of a register near a spot, nearest first, and those that may be near, by name."""
    origin = Origin(lon=lon, lat=lat, radius_m=spot_radius_m, datum=datum)
    return localized(request, await near_entries(reader, sight, [register], origin, radius_m, limit))


@put("/{register:str}/{identity:uuid}", responses=also(201, JSON, Entry), opt=EXAMINED)
async def put_entry(
    request: HttpRequest,
    register: FromPath[Register],
    identity: FromPath[UUID],
    data: JSONBody[Entry],
    writer: WriterDep,
    actor: ActorDep,
    sight: SightDep,
    if_match: IfMatch = None,
) -> Response[Entry]:
    """Record an entry under your identity, or replace the version you read (If-Match)."""
    if data.id != identity or register_of(data) != register:
        raise Invalid("the path and the body name different entries", field="id")
    saved = await registers.put_entry(writer, sight, actor, data, versions_in(if_match, sight))
    status = 201 if saved.created else 200
    return localized(request, saved.entry, etag=etag_of(saved.entry.version, sight), status=status)


@delete("/{register:str}/{identity:uuid}", status_code=200)
async def retire_entry(
    request: HttpRequest,
    register: FromPath[Register],
    identity: FromPath[UUID],
    writer: WriterDep,
    actor: ActorDep,
    sight: SightDep,
    if_match: IfMatch = None,
) -> Response[Entry]:
    """Retire an entry: it leaves lists and checks, its versions stay."""
    versions = versions_in(if_match, sight)
    retired = await registers.retire_entry(writer, sight, actor, register, identity, versions)
    return localized(request, retired, etag=etag_of(retired.version, sight))


@get("/{register:str}/{identity:uuid}/history")
async def read_entry_history(
    request: HttpRequest,
    register: FromPath[Register],
    identity: FromPath[UUID],
    reader: ReaderDep,
    sight: SightDep,
    actor: ActorDep,
) -> Response[EntryVersions]:
    """The earlier versions of an entry, newest first; for those who may change it."""
    versions = await registers.read_history(reader, sight, actor, register, identity)
    return localized(request, EntryVersions(versions))


@get("/v1/hotlines")
async def list_hotlines(
    request: HttpRequest, reader: ReaderDep, sight: SightDep, place: AtPlaceParam, topic: TopicParam = None
) -> Response[Hotlines]:
    """Which number to call at a place, its own and those of the places above it."""
    return localized(request, Hotlines(await registers.list_hotlines(reader, sight, place, topic)))


@get("/v1/responsible")
async def list_responsible(
    request: HttpRequest, reader: ReaderDep, sight: SightDep, place: AtPlaceParam, hazard: HazardParam
) -> Response[CallList]:
    """Whom to call about a hazard at a place: bodies, persons and hotlines, each with what it answers for."""
    return localized(request, await call_list.list_responsible(reader, sight, place, hazard))


router = Router(
    "/v1/registers",
    route_handlers=[list_entries, find_entries_near, read_entry, put_entry, retire_entry, read_entry_history],
    tags=["registers"],
)
answers = Router("/", route_handlers=[list_hotlines, list_responsible], tags=["registers"])
