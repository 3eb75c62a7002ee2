"""The registers over HTTP: organisations, duties, hotlines, events, hazard points and the rest."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, Router, delete, get, put
from litestar.params import FromPath, JSONBody, QueryParameter

from registry.api.http import params
from registry.api.http.conditional import etag_of, matches
from registry.api.http.dependencies import ActorDep, ReaderDep, SightDep, WriterDep
from registry.api.http.idempotency import also
from registry.api.http.links import JSON, next_link, self_link
from registry.api.http.localized_response import speak
from registry.api.http.request import HttpRequest
from registry.domain.access.actor import Actor, require_place
from registry.domain.access.sight import Sight
from registry.domain.errors import ConditionMissing, Invalid, NotFound, Stale
from registry.domain.plans.entry import (
    Entry,
    Hotline,
    Organisation,
    Register,
    Responsibility,
    check_entry,
    register_of,
)
from registry.domain.search import Page, decode_page, encode_cursor
from registry.services.records.editing import IfMatch
from registry.store.database.pool import Writer
from registry.store.places import places
from registry.store.plans import entries
from registry.store.visibility import realm

Topic = Annotated[str | None, QueryParameter(max_length=64, description="A topic, such as lift or water.")]
TypeParam = Annotated[
    str | None, QueryParameter(name="type", max_length=64, description="Entries of this type.")
]
About = Annotated[
    str | None, QueryParameter(max_length=64, description="A hazard, topic or field of expertise.")
]
Hazard = Annotated[str, QueryParameter(max_length=64, description="A hazard, such as flood.")]
AtPlace = Annotated[str, QueryParameter(name="place", max_length=64, description="The place it is about.")]


@get("/{register:str}")
async def list_entries(
    request: HttpRequest,
    register: FromPath[Register],
    reader: ReaderDep,
    sight: SightDep,
    place: params.PlaceParam = None,
    type_: TypeParam = None,
    about: About = None,
    cursor: params.Cursor = None,
    limit: params.Limit = 100,
) -> Response[bytes]:
    """The entries of a register under a place, in pages ordered by identity."""
    wanted: dict[str, Any] = {"register": register, "place": place, "after": decode_page(cursor)}
    wanted |= {"type": type_, "about": about}
    found = await entries.find(reader, sight, limit + 1, **wanted)
    links = [self_link(request, JSON)]
    if len(found) > limit:
        links.append(next_link(request, encode_cursor(Page(found[limit - 1].id)), JSON))
    return speak(request, {"entries": found[:limit], "links": links})


@get("/{register:str}/{identity:uuid}")
async def read_entry(
    request: HttpRequest,
    register: FromPath[Register],
    identity: FromPath[UUID],
    reader: ReaderDep,
    sight: SightDep,
) -> Response[bytes]:
    """One entry, with its version as a strong ETag."""
    found = await entries.get(reader, sight, register, identity)
    if found is None:
        raise NotFound(register, identity)
    return speak(request, found, etag=etag_of(found.version, sight))


@put("/{register:str}/{identity:uuid}", responses=also(201, JSON))
async def put_entry(
    request: HttpRequest,
    register: FromPath[Register],
    identity: FromPath[UUID],
    data: JSONBody[Entry],
    writer: WriterDep,
    actor: ActorDep,
    sight: SightDep,
    if_match: IfMatch = None,
) -> Response[bytes]:
    """Record an entry under your identity, or replace the version you read (If-Match)."""
    if data.id != identity or register_of(data) != register:
        raise Invalid("the path and the body name different entries", field="id")
    if data.exercise != sight.exercise:
        raise Invalid("the entry belongs to another exercise than the request", field="exercise")
    check_entry(data)
    await _require(writer, actor, data.place)
    current = await _current(writer, sight, register, identity, if_match)
    if current is not None:
        await _require(writer, actor, current.place)
    stored = await _store(writer, current, data, actor)
    status = 201 if current is None else 200
    return speak(request, stored, etag=etag_of(stored.version, sight), status=status)


@delete("/{register:str}/{identity:uuid}", status_code=200)
async def retire_entry(
    request: HttpRequest,
    register: FromPath[Register],
    identity: FromPath[UUID],
    writer: WriterDep,
    actor: ActorDep,
    sight: SightDep,
    if_match: IfMatch = None,
) -> Response[bytes]:
    """Retire an entry: it leaves lists and checks, its versions stay."""
    current = await _current(writer, sight, register, identity, if_match)
    if current is None:
        raise NotFound(register, identity)
    await _require(writer, actor, current.place)
    retired = await _store(writer, current, msgspec.structs.replace(current, retired=True), actor)
    return speak(request, retired, etag=etag_of(retired.version, sight))


@get("/{register:str}/{identity:uuid}/history")
async def read_history(
    request: HttpRequest,
    register: FromPath[Register],
    identity: FromPath[UUID],
    reader: ReaderDep,
    sight: SightDep,
    actor: ActorDep,
) -> Response[bytes]:
    """The earlier versions of an entry, newest first; for those who may change it."""
    found = await entries.get(reader, sight, register, identity)
    if found is None:
        raise NotFound(register, identity)
    require_place(actor, "field", await _ancestors(reader, found.place))
    versions = await entries.history(reader, realm(sight), identity)
    return speak(request, {"versions": versions})


async def _current(
    writer: Writer, sight: Sight, register: str, identity: UUID, if_match: str | None
) -> Entry | None:
    """The stored version, locked, when this sight has it and it is the one the caller holds."""
    stored = await entries.lock(writer, realm(sight), identity)
    if stored is None:
        return None
    if await entries.get(writer, sight, register, identity) is None:
        raise NotFound(register, identity)
    if if_match is None:
        raise ConditionMissing("send the ETag you read in If-Match")
    if not matches(if_match, etag_of(stored.version, sight)):
        raise Stale(f"the entry is at version {stored.version}")
    return stored


async def _store(writer: Writer, current: Entry | None, wanted: Entry, actor: Actor) -> Entry:
    now = datetime.now(UTC)
    version, created_at = (1, now) if current is None else (current.version + 1, current.created_at)
    stamped = msgspec.structs.replace(wanted, version=version, created_at=created_at, updated_at=now)
    if current is None:
        await entries.insert_many(writer, [stamped], actor.id)
    else:
        await entries.amend(writer, stamped, actor.id)
    return stamped


async def _require(writer: Writer, actor: Actor, place: str | None) -> None:
    require_place(actor, "field", await _ancestors(writer, place))


async def _ancestors(reader: Any, place: str | None) -> list[str]:
    return [] if place is None else await places.ancestors(reader, place)


@get("/v1/hotlines")
async def list_hotlines(
    request: HttpRequest, reader: ReaderDep, sight: SightDep, place: AtPlace, topic: Topic = None
) -> Response[bytes]:
    """Which number to call at a place, its own and those of the places above it."""
    found = await entries.answering(reader, sight, ["hotline"], place)
    wanted = [line for line in found if isinstance(line, Hotline) and (topic is None or topic in line.topic)]
    return speak(request, {"hotlines": wanted})


@get("/v1/responsible")
async def list_responsible(
    request: HttpRequest, reader: ReaderDep, sight: SightDep, place: AtPlace, hazard: Hazard
) -> Response[bytes]:
    """Who answers for a hazard at a place: bodies and persons, of the place and of those above it."""
    found = await entries.answering(reader, sight, ["organisation", "responsibility"], place)
    return speak(
        request,
        {
            "organisations": [b for b in found if isinstance(b, Organisation) and hazard in b.hazards],
            "persons": [p for p in found if isinstance(p, Responsibility) and hazard in p.hazards],
        },
    )


router = Router(
    "/v1/registers",
    route_handlers=[list_entries, read_entry, put_entry, retire_entry, read_history],
    tags=["registers"],
)
answers = Router("/", route_handlers=[list_hotlines, list_responsible], tags=["registers"])
