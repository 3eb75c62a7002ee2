"""Warnings over HTTP: receive, list, read, and what lies inside one."""

from typing import Annotated, Literal
from uuid import UUID

from litestar import Response, Router, get, post
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from registry.api.http import params
from registry.api.http.conditional import etag_of
from registry.api.http.dependencies import IdempotencyDep, ReaderDep, SightDep, WorkDep
from registry.api.http.idempotency import also, rendered, stating
from registry.api.http.links import JSON, page_links
from registry.api.http.localized_response import localized, localized_csv
from registry.api.http.request import HttpRequest
from registry.api.v1.proximity.alerts import TAKES, read_alert
from registry.domain.cursor import IdentityCursor, decode_identity
from registry.domain.incidents.warning import StoredWarning, WarningForce
from registry.services.incidents.warnings import receive as warnings
from registry.services.incidents.warnings.inside import InsideWarning, inside_warning
from registry.services.incidents.warnings.receive import ReceivedWarning
from registry.store.access.idempotency import StoredResponse

ForceParam = Annotated[
    WarningForce | None, QueryParameter(name="force", description="Warnings that are in force, or not yet.")
]
ListForm = Annotated[
    Literal["json", "csv"] | None, QueryParameter(name="f", description="`csv` is a list to print.")
]


@post("/", opt={"takes": TAKES}, responses=also(200, JSON, ReceivedWarning) | stating(201, ReceivedWarning))
async def receive_warning(request: HttpRequest, work: WorkDep, once: IdempotencyDep) -> Response[bytes]:
    """Store a CAP 1.2 alert, XML or JSON; the same alert again is answered 200 and changes nothing."""
    alert = await read_alert(request)

    async def perform() -> StoredResponse:
        received = await warnings.receive_warning(work, alert)
        etag = etag_of(received.warning.version, work.sight)
        location = f"/v1/warnings/{received.warning.id}"
        return rendered(received, 201 if received.created else 200, ETag=etag, Location=location)

    return await once(perform, JSON)


class WarningList(Struct, frozen=True):
    """A page of warnings."""

    warnings: list[StoredWarning]
    links: list[dict[str, str]]


@get("/")
async def list_warnings(
    request: HttpRequest,
    reader: ReaderDep,
    sight: SightDep,
    place: params.PlaceParam = None,
    force: ForceParam = None,
    cursor: params.Cursor = None,
    limit: params.Limit = 100,
) -> Response[WarningList]:
    """Stored warnings, each with whether it is in force at the instant asked about."""
    conditions = {"place": place, "after": decode_identity(cursor)}
    listed, last = await warnings.list_warnings(reader, sight, conditions, force, limit)
    links = page_links(request, IdentityCursor, last, JSON)
    return localized(request, WarningList(list(listed), links))


@get("/{identity:uuid}")
async def read_warning(
    request: HttpRequest, identity: FromPath[UUID], reader: ReaderDep, sight: SightDep
) -> Response[StoredWarning]:
    """One warning, with its version as a strong ETag."""
    warning = await warnings.read_warning(reader, sight, identity)
    return localized(request, warning, etag=etag_of(warning.version, sight))


@get("/{identity:uuid}/inside")
async def list_inside(
    request: HttpRequest,
    identity: FromPath[UUID],
    reader: ReaderDep,
    sight: SightDep,
    list_form: ListForm = None,
) -> Response[InsideWarning]:
    """Hazard points, incidents, service points and other entries inside a warning, and whom to call."""
    inside = await inside_warning(reader, sight, identity)
    if list_form == "csv":
        return localized_csv(request, inside.entries, "warning")
    return localized(request, inside)


router = Router(
    "/v1/warnings",
    route_handlers=[receive_warning, list_warnings, read_warning, list_inside],
    tags=["incidents"],
)
