"""What a command centre asks about an incident: calls, proposals, dispatch, shelters, cordons, handover."""

import asyncio
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Response, Router, get, post
from litestar.datastructures import State
from litestar.di import Provide
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Struct

from registry.api.http.dependencies import ActorDep, IdempotencyDep, ReaderDep, SightDep, WorkDep
from registry.api.http.idempotency import stating
from registry.api.http.localized_response import localized, preferred
from registry.api.http.params import MaxM
from registry.api.http.request import HttpRequest
from registry.api.v1.incidents import handover_page
from registry.api.v1.incidents.answers import answer_once
from registry.api.v1.proximity import params as proximity_params
from registry.api.v1.proximity.params import OriginDep
from registry.api.v1.records.writes import EXAMINED
from registry.domain.access.actor import require
from registry.domain.incidents.call_list import IncidentCallList
from registry.domain.incidents.cordon import Cordon
from registry.domain.incidents.dispatch import Advance, Commit, Commitment
from registry.services.incidents import at_incident
from registry.services.incidents.dispatch import advance, commit
from registry.services.incidents.handover import Handover, handover
from registry.services.incidents.propose import Proposal, propose
from registry.services.incidents.service_points import ServicePointsNear, service_points_near
from registry.services.incidents.shelter_need import ShelterNeed

KUnits = Annotated[int, QueryParameter(name="k", ge=1, le=100, description="How many units.")]
Personnel = Annotated[
    int | None, QueryParameter(name="personnel", ge=1, le=100_000, description="Persons that a unit has.")
]
Persons = Annotated[
    int, QueryParameter(name="persons", ge=1, le=10_000_000, description="How many need shelter.")
]
WithinM = Annotated[
    float, QueryParameter(name="radius_m", ge=0, le=500_000, description="No farther than this, metres.")
]
HazardParam = Annotated[
    str | None, QueryParameter(name="hazard", max_length=64, description="A hazard, such as flood.")
]
TypeParam = Annotated[
    str | None, QueryParameter(name="type", max_length=64, description="Service points of this type.")
]
AmenitiesParam = Annotated[
    str | None, QueryParameter(name="amenities", max_length=400, description="All of these amenities: a,b.")
]
OpenNow = Annotated[bool, QueryParameter(name="open_now", description="Leave out what is not open now.")]
PageForm = Annotated[
    Literal["json", "html"] | None, QueryParameter(name="f", description="`html` is a page to print.")
]


class Commitments(Struct, frozen=True):
    """The units that are committed to an incident."""

    commitments: list[Commitment]


class Cordons(Struct, frozen=True):
    """Cordons."""

    cordons: list[Cordon]


@get("/v1/incidents/{identity:uuid}/call-list")
async def read_call_list(
    request: HttpRequest, identity: FromPath[UUID], reader: ReaderDep, sight: SightDep
) -> Response[IncidentCallList]:
    """Whom to call about an incident, in a stated order, with what nobody recorded."""
    return localized(request, await at_incident.call_list(reader, sight, identity))


@get("/v1/call-list")
async def find_call_list(
    request: HttpRequest, reader: ReaderDep, sight: SightDep, origin: OriginDep, hazard: HazardParam = None
) -> Response[IncidentCallList]:
    """Whom to call about a hazard at a spot, in a stated order, with what nobody recorded."""
    return localized(request, await at_incident.call_list_at_origin(reader, sight, origin, hazard))


@get("/v1/incidents/{identity:uuid}/proposals")
async def propose_units(
    state: State,
    identity: FromPath[UUID],
    reader: ReaderDep,
    sight: SightDep,
    actor: ActorDep,
    k: KUnits = 10,
    personnel: Personnel = None,
    max_m: MaxM = None,
) -> Proposal:
    """The fittest of the nearest units for an incident, with arrival, telephones and where they are busy."""
    require(actor, "viewer")
    return await propose(
        reader,
        sight,
        identity,
        k=k,
        personnel=personnel,
        max_m=max_m,
        paces=state.paces,
        stale_after_days=state.settings.stale_after_days,
    )


@get("/v1/service-points")
async def find_service_points(
    request: HttpRequest,
    reader: ReaderDep,
    sight: SightDep,
    origin: OriginDep,
    radius_m: WithinM,
    type_: TypeParam = None,
    amenities: AmenitiesParam = None,
    open_now: OpenNow = False,
) -> Response[ServicePointsNear]:
    """The service points near a spot, each with whether it is open now, its queue, room and amenities."""
    near = await service_points_near(
        reader,
        sight,
        origin,
        radius_m,
        open_now=open_now,
        type_=type_,
        amenities=[one.rpartition(":")[2] for one in amenities.split(",")] if amenities else [],
    )
    return localized(request, near)


@post("/v1/incidents/{identity:uuid}/commitments", responses=stating(201, Commitments), opt=EXAMINED)
async def commit_units(
    identity: FromPath[UUID], data: JSONBody[Commit], work: WorkDep, once: IdempotencyDep
) -> Response[bytes]:
    """Commit teams to an incident, all or none; one that is committed elsewhere is a conflict."""

    async def act() -> Commitments:
        return Commitments(await commit(work, identity, data))

    return await answer_once(once, work.sight, act, 201)


@post(
    "/v1/incidents/{identity:uuid}/commitments/{commitment:uuid}",
    status_code=200,
    responses=stating(200, Commitments),
    opt=EXAMINED,
)
async def advance_unit(
    identity: FromPath[UUID],
    commitment: FromPath[UUID],
    data: JSONBody[Advance],
    work: WorkDep,
    once: IdempotencyDep,
) -> Response[bytes]:
    """A team is en route, on scene or released; a released one is available unless stated otherwise."""

    async def act() -> Commitments:
        return Commitments(await advance(work, identity, commitment, data))

    return await answer_once(once, work.sight, act)


@get("/v1/incidents/{identity:uuid}/shelter-need")
async def find_shelters(
    state: State,
    identity: FromPath[UUID],
    reader: ReaderDep,
    sight: SightDep,
    persons: Persons,
    radius_m: WithinM,
) -> ShelterNeed:
    """Which open shelters around an incident together hold so many persons, as intervals."""
    days = state.settings.stale_after_days
    return await at_incident.shelters(reader, sight, identity, persons, radius_m, days)


@get("/v1/incidents/{identity:uuid}/cordons")
async def list_cordons(
    request: HttpRequest, identity: FromPath[UUID], reader: ReaderDep, sight: SightDep
) -> Response[Cordons]:
    """The cordons and closures in force around an incident, and those that nobody has drawn."""
    return localized(request, Cordons(await at_incident.cordons(reader, sight, identity)))


@get("/v1/incidents/{identity:uuid}/handover")
async def read_handover(
    request: HttpRequest,
    identity: FromPath[UUID],
    reader: ReaderDep,
    sight: SightDep,
    actor: ActorDep,
    page_form: PageForm = None,
) -> Response[Handover]:
    """What the next shift must know of an incident: state, teams, cordons, calls, open questions, log."""
    require(actor, "viewer")
    told = await handover(reader, sight, identity)
    if page_form == "html":
        lang = preferred(request) or "zh"
        page = await asyncio.to_thread(handover_page.page, told, lang, told.tz)
        text: Any = page.encode()
        return Response(text, media_type="text/html; charset=utf-8", headers={"Content-Language": lang})
    return localized(request, told)


router = Router(
    "/",
    route_handlers=[
        read_call_list,
        find_call_list,
        find_service_points,
        propose_units,
        commit_units,
        advance_unit,
        find_shelters,
        list_cordons,
        read_handover,
    ],
    dependencies={
        "conditions": Provide(proximity_params.conditions, sync_to_thread=False),
        "origin": Provide(proximity_params.origin, sync_to_thread=False),
    },
    tags=["incidents"],
)
