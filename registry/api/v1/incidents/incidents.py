"""Incidents over HTTP: report, list, read, change, note, join."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Response, Router, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Struct

from registry.api.http import params
from registry.api.http.conditional import IfMatch, etag_of, versions_in
from registry.api.http.dependencies import ActorDep, IdempotencyDep, ReaderDep, SightDep, WorkDep
from registry.api.http.idempotency import rendered, send, stating
from registry.api.http.links import JSON, page_links
from registry.api.http.localized_response import localized
from registry.api.http.request import HttpRequest
from registry.api.v1.incidents.answers import answer_once
from registry.api.v1.proximity.params import DatumParam, SpotRadius
from registry.api.v1.records.writes import EXAMINED
from registry.domain.access.actor import require
from registry.domain.completeness import Completeness
from registry.domain.cursor import IdentityCursor, decode_identity
from registry.domain.incidents.detection import Detection
from registry.domain.incidents.incident import Incident, IncidentDraft, IncidentState, LogLine, LogNote
from registry.domain.plans.entry import PastEntry
from registry.domain.plans.near_entry import EntriesNear
from registry.domain.proximity.origin import Origin
from registry.services.incidents import read
from registry.services.incidents.change_incident import add_note, change_incident
from registry.services.incidents.detect import Detected, detect
from registry.services.incidents.join_incidents import Joining, join_incidents
from registry.services.incidents.open_incident import OpenedIncident, open_incident
from registry.services.incidents.read import IncidentLog
from registry.services.incidents.start import read_incident
from registry.services.plans import registers
from registry.services.plans.near_entries import near_entries

StateParam = Annotated[
    IncidentState | None, QueryParameter(name="state", description="Incidents in this state.")
]
OpenParam = Annotated[bool | None, QueryParameter(name="open", description="Only those that are not closed.")]
HazardParam = Annotated[
    str | None, QueryParameter(name="hazard", max_length=64, description="A hazard, such as flood.")
]


class IncidentVersions(Struct, frozen=True):
    """Earlier versions of an incident."""

    versions: list[PastEntry]


class IncidentList(Struct, frozen=True):
    """A page of incidents, and how complete the list is."""

    incidents: list[Incident]
    completeness: Completeness
    links: list[dict[str, str]]


@get("/")
async def list_incidents(
    request: HttpRequest,
    reader: ReaderDep,
    sight: SightDep,
    place: params.PlaceParam = None,
    incident_state: StateParam = None,
    is_open: OpenParam = None,
    hazard: HazardParam = None,
    cursor: params.Cursor = None,
    limit: params.Limit = 100,
) -> Response[IncidentList]:
    """Incidents in a place, in the order in which they were opened, in pages."""
    conditions: dict[str, Any] = {
        "place": place,
        "state": incident_state,
        "hazard": hazard and hazard.rpartition(":")[2],
        "open": is_open or None,
    }
    conditions["after"] = decode_identity(cursor)
    page = await read.list_incidents(reader, sight, conditions, limit)
    links = page_links(request, IdentityCursor, page.last, JSON)
    return localized(request, IncidentList(list(page.incidents), page.completeness, links))


@get("/near")
async def find_incidents_near(
    request: HttpRequest,
    reader: ReaderDep,
    sight: SightDep,
    lon: params.Lon,
    lat: params.Lat,
    radius_m: params.RadiusM,
    spot_radius_m: SpotRadius = None,
    datum: DatumParam = "wgs84",
    limit: params.Limit = 1000,
) -> Response[EntriesNear]:
    """The open incidents near a spot, nearest first, and those that may be near, by name."""
    origin = Origin(lon=lon, lat=lat, radius_m=spot_radius_m, datum=datum)
    return localized(request, await near_entries(reader, sight, ["incident"], origin, radius_m, limit))


@post("/", responses=stating(201, OpenedIncident), opt=EXAMINED)
async def report_incident(
    data: JSONBody[IncidentDraft], work: WorkDep, once: IdempotencyDep
) -> Response[bytes]:
    """Report an incident; the answer names the open ones that it may be another report of."""
    return await answer_once(once, work.sight, lambda: open_incident(work, data), 201)


@post("/detections", responses=stating(201, Detected), opt=EXAMINED)
async def report_detection(data: JSONBody[Detection], work: WorkDep, once: IdempotencyDep) -> Response[bytes]:
    """A camera's alarm: where it may be, crossed with the rays of other cameras, and its incident."""
    return await answer_once(once, work.sight, lambda: detect(work, data), 201)


@get("/{identity:uuid}")
async def read_one(
    request: HttpRequest, identity: FromPath[UUID], reader: ReaderDep, sight: SightDep
) -> Response[Incident]:
    """One incident, with its version as a strong ETag."""
    incident = await read_incident(reader, sight, identity)
    return localized(request, incident, etag=etag_of(incident.version, sight))


@patch("/{identity:uuid}", responses=stating(200, Incident), opt=EXAMINED)
async def change_one(
    identity: FromPath[UUID], data: JSONBody[dict[str, Any]], work: WorkDep, if_match: IfMatch = None
) -> Response[bytes]:
    """Change state, level, place, extent or other members of the version you read (If-Match)."""
    incident = await change_incident(work, identity, data, versions_in(if_match, work.sight))
    return send(rendered(incident, ETag=etag_of(incident.version, work.sight)), JSON)


@get("/{identity:uuid}/log")
async def read_log(
    request: HttpRequest, identity: FromPath[UUID], reader: ReaderDep, sight: SightDep, actor: ActorDep
) -> Response[IncidentLog]:
    """Who did what about an incident, and when, and what is committed to it; append-only."""
    require(actor, "viewer")
    return localized(request, await read.read_log(reader, sight, identity))


@post("/{identity:uuid}/log", responses=stating(201, LogLine), opt=EXAMINED)
async def write_note(
    identity: FromPath[UUID], data: JSONBody[LogNote], work: WorkDep, once: IdempotencyDep
) -> Response[bytes]:
    """Add a note to the log of an incident."""
    return await answer_once(once, work.sight, lambda: add_note(work, identity, data), 201)


@post("/{identity:uuid}/joins", status_code=200, responses=stating(200, Incident), opt=EXAMINED)
async def join_reports(
    identity: FromPath[UUID], data: JSONBody[Joining], work: WorkDep, once: IdempotencyDep
) -> Response[bytes]:
    """Close another report into this incident, since both are of one event; both logs say so."""
    return await answer_once(once, work.sight, lambda: join_incidents(work, identity, data))


@get("/{identity:uuid}/history")
async def read_incident_history(
    request: HttpRequest, identity: FromPath[UUID], reader: ReaderDep, sight: SightDep, actor: ActorDep
) -> Response[IncidentVersions]:
    """The earlier versions of an incident, newest first; for those who may change it."""
    versions = await registers.read_history(reader, sight, actor, "incident", identity)
    return localized(request, IncidentVersions(versions))


router = Router(
    "/v1/incidents",
    route_handlers=[
        list_incidents,
        find_incidents_near,
        report_incident,
        report_detection,
        read_one,
        change_one,
        read_log,
        write_note,
        join_reports,
        read_incident_history,
    ],
    tags=["incidents"],
)
