"""Routes of documents, provisions, checks, reconciliation and the survey list."""

from typing import Annotated, Literal

from litestar import Response, Router, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Struct

from registry.api.http import params
from registry.api.http.dependencies import ActorDep, ReaderDep, SightDep, WriterDep
from registry.api.http.links import page_of
from registry.api.http.localized_response import CSV, localized, localized_csv
from registry.api.http.request import HttpRequest
from registry.api.v1.records.writes import EXAMINED
from registry.domain.completeness import of_set
from registry.domain.plans.check import Check
from registry.domain.plans.document import Document
from registry.domain.plans.provision import Provision, ProvisionKind
from registry.domain.plans.reconciliation import Survey
from registry.domain.values import Code, PlaceCode
from registry.services.intake.findings import OpenFinding, list_warnings
from registry.services.plans import checks, documents, reconciliation
from registry.services.plans.checks import CheckSummary
from registry.services.plans.documents import DocumentWithProvisions
from registry.services.plans.reconciliation import Reconciliation

DocumentParam = Annotated[
    str | None, QueryParameter(name="document", max_length=64, description="A document.")
]
JurisdictionParam = Annotated[
    str | None, QueryParameter(name="place", max_length=64, description="A jurisdiction, with all under it.")
]
SubjectParam = Annotated[
    str | None,
    QueryParameter(name="subject", max_length=64, description="A kind of resource, or a register."),
]
ProvisionKindParam = Annotated[
    ProvisionKind | None, QueryParameter(name="kind", description="The kind of statement.")
]
DenominatorParam = Annotated[
    str | None,
    QueryParameter(
        name="denominator", max_length=64, description="Take the share of this named set instead."
    ),
]
FormatParam = Annotated[Literal["json", "csv"], QueryParameter(name="f", description="json or csv.")]


class CheckRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Which provisions to check: those of a document, or those about a place."""

    document: Code | None = None
    place: PlaceCode | None = None


class Documents(Struct, frozen=True):
    """Documents, oldest first."""

    documents: list[Document]
    links: list[dict[str, str]]


class Provisions(Struct, frozen=True):
    """Statements of documents."""

    provisions: list[Provision]
    links: list[dict[str, str]]


class SurveyList(Survey, frozen=True, kw_only=True):
    """What to find out next, with the warnings that wait for an answer."""

    findings: list[OpenFinding]


@get("/v1/documents")
async def list_documents(
    request: HttpRequest, reader: ReaderDep, cursor: params.Cursor = None, limit: params.Limit = 1000
) -> Response[Documents]:
    """Every document that provisions come from, oldest first, in pages."""
    listed = await documents.list_documents(reader)
    return localized(request, Documents(*page_of(request, listed, lambda one: one.id, cursor, limit)))


@get("/v1/documents/{identity:str}")
async def read_document(
    request: HttpRequest, identity: FromPath[str], reader: ReaderDep
) -> Response[DocumentWithProvisions]:
    """One document with its provisions in printed order."""
    return localized(request, await documents.read_document(reader, identity))


@put("/v1/documents/{identity:str}", opt=EXAMINED)
async def put_document(
    request: HttpRequest,
    identity: FromPath[str],
    data: JSONBody[Document],
    writer: WriterDep,
    actor: ActorDep,
) -> Response[Document]:
    """Describe a document, in place of its earlier description."""
    return localized(request, await documents.put_document(writer, actor, identity, data))


@get("/v1/provisions")
async def list_provisions(
    request: HttpRequest,
    reader: ReaderDep,
    document: DocumentParam = None,
    kind: ProvisionKindParam = None,
    subject: SubjectParam = None,
    place: JurisdictionParam = None,
    cursor: params.Cursor = None,
    limit: params.Limit = 1000,
) -> Response[Provisions]:
    """Statements of the documents, in our own words, each with its locator, in pages."""
    provisions = await documents.list_provisions(
        reader, document=document, kind=kind, subject=subject, place=place
    )
    page = page_of(request, provisions, lambda one: one.id, cursor, limit)
    return localized(request, Provisions(*page))


@get("/v1/provisions/{identity:str}")
async def read_provision(
    request: HttpRequest, identity: FromPath[str], reader: ReaderDep
) -> Response[Provision]:
    """One statement."""
    return localized(request, await documents.read_provision(reader, identity))


@put("/v1/provisions/{identity:str}", opt=EXAMINED)
async def put_provision(
    request: HttpRequest,
    identity: FromPath[str],
    data: JSONBody[Provision],
    writer: WriterDep,
    actor: ActorDep,
) -> Response[Provision]:
    """Store a statement; refused when its locator, unit or operator cannot be used."""
    return localized(request, await documents.put_provision(writer, actor, identity, data))


@get("/v1/provisions/{identity:str}/check", opt={"cost": 5})
async def check_provision(
    request: HttpRequest,
    identity: FromPath[str],
    reader: ReaderDep,
    sight: SightDep,
    denominator: DenominatorParam = None,
) -> Response[Check]:
    """One statement compared with the records, now or at `as_of`: met, not_met, unknown, cannot_evaluate."""
    return localized(request, await checks.check_provision(reader, sight, identity, denominator))


@post("/v1/checks", status_code=200, opt={"cost": 20})
async def run_checks(
    request: HttpRequest, data: JSONBody[CheckRequest], reader: ReaderDep, sight: SightDep
) -> Response[CheckSummary]:
    """Every statement with a figure, of a document or about a place, compared with the records."""
    return localized(request, await checks.run_checks(reader, sight, data.document, data.place))


@get("/v1/reconciliation", opt={"cost": 5, "also": {CSV: str}})
async def reconcile_totals(
    request: HttpRequest,
    reader: ReaderDep,
    sight: SightDep,
    document: DocumentParam = None,
    place: params.PlaceParam = None,
    f: FormatParam = "json",
) -> Response[Reconciliation]:
    """Published totals beside what is recorded, located and verified."""
    answer = await reconciliation.reconcile_totals(reader, sight, document, place)
    if f == "csv":
        return localized_csv(request, [line.row() for line in answer.lines], "reconciliation")
    return localized(request, answer)


@get("/v1/survey-list", opt={"cost": 20, "also": {CSV: str}})
async def list_visits(
    request: HttpRequest,
    reader: ReaderDep,
    actor: ActorDep,
    sight: SightDep,
    document: DocumentParam = None,
    place: params.PlaceParam = None,
    f: FormatParam = "json",
) -> Response[SurveyList]:
    """What to visit or find out next, first where most checks would be settled; viewers see open warnings."""
    survey = await reconciliation.list_visits(reader, sight, document, place)
    if f == "csv":
        return localized_csv(request, survey.visits, "survey-list")
    warnings = await list_warnings(reader, sight, actor, place)
    return localized(request, SurveyList(visits=survey.visits, findings=warnings, **of_set(survey)))


router = Router(
    "/",
    route_handlers=[
        list_documents,
        read_document,
        put_document,
        list_provisions,
        read_provision,
        put_provision,
        check_provision,
        run_checks,
        reconcile_totals,
        list_visits,
    ],
    tags=["plans"],
)
