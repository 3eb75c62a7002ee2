"""The gate over HTTP: try a record, list the warnings that wait, settle one."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Response, Router, get, post
from litestar.datastructures import State
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Struct

from registry.api.http import params
from registry.api.http.dependencies import OF_PRIMARY, ActorDep, IdempotencyDep, ReaderDep, SightDep, WorkDep
from registry.api.http.idempotency import rendered, stating
from registry.api.http.links import JSON, page_links
from registry.api.http.request import HttpRequest
from registry.api.v1.records.writes import EXAMINED
from registry.domain.cursor import IdentityCursor, decode_identity
from registry.domain.intake.finding import Finding
from registry.domain.records.resource import Resource
from registry.services.intake import check, findings
from registry.services.intake.findings import OpenFinding, Settlement
from registry.store.access.idempotency import StoredResponse

OfRecord = Annotated[UUID | None, QueryParameter(name="resource", description="Findings of this record.")]
OfCode = Annotated[
    str | None, QueryParameter(name="code", max_length=64, description="Findings of this code.")
]


class TriedRecord(Struct, frozen=True):
    """The record as it would be stored, null when it is refused, and all findings."""

    record: Resource | None
    findings: list[Finding]


class OpenFindings(Struct, frozen=True):
    """Warnings that wait for a person, oldest first."""

    findings: list[OpenFinding]
    links: list[dict[str, str]]


class SettledFinding(Struct, frozen=True):
    """A warning that is not raised again, and the record, place, zone or rule that it is about."""

    id: UUID
    about: str
    """What it is about: a record, a place, a zone or a rule."""
    resource: UUID | None
    code: str | None


@post("/intakes/check", status_code=200)
async def check_record(
    data: JSONBody[dict[str, Any]], reader: ReaderDep, actor: ActorDep, sight: SightDep, state: State
) -> TriedRecord:
    """Try a record: what would be stored and everything that is found. Nothing is stored."""
    result = await check.check(reader, sight, actor, data, state.settings.default_visibility)
    return TriedRecord(result.record, list(result.findings))


@get("/findings")
async def list_findings(
    request: HttpRequest,
    reader: ReaderDep,
    actor: ActorDep,
    sight: SightDep,
    resource: OfRecord = None,
    code: OfCode = None,
    place: params.PlaceParam = None,
    cursor: params.Cursor = None,
    limit: params.Limit = 100,
) -> OpenFindings:
    """Warnings about records, places, zones and rules that nobody has settled, oldest first."""
    conditions = {"resource": resource, "code": code, "under": place, "after": decode_identity(cursor)}
    page = await findings.list_findings(reader, sight, actor, conditions, limit)
    links = page_links(request, IdentityCursor, page.last, JSON)
    return OpenFindings(page.findings, links)


@post(
    "/findings/{identity:uuid}/settlement",
    status_code=200,
    opt=EXAMINED,
    responses=stating(200, SettledFinding),
)
async def settle_finding(
    identity: FromPath[UUID], data: JSONBody[Settlement], work: WorkDep, once: IdempotencyDep
) -> Response[bytes]:
    """Say why a warning is no fault; it is not raised again for the same value."""

    async def perform() -> StoredResponse:
        of = await findings.settle_finding(work, identity, data)
        return rendered(SettledFinding(identity, of.about, of.resource, of.code))

    return await once(perform, JSON)


router = Router(
    "/v1", route_handlers=[check_record, list_findings, settle_finding], tags=["intake"], opt=OF_PRIMARY
)
