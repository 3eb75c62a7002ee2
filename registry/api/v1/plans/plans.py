"""Documents, provisions and checks over HTTP: what was promised, held against what is known."""

from typing import Annotated, Literal

from litestar import Response, Router, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Struct

from registry.api.http import params
from registry.api.http.dependencies import ActorDep, ReaderDep, SightDep, WriterDep
from registry.api.http.localized_response import CSV, speak, speak_csv
from registry.api.http.request import HttpRequest
from registry.domain.access.actor import require
from registry.domain.errors import Invalid
from registry.domain.plans.check import Check
from registry.domain.plans.document import Document
from registry.domain.plans.provision import Provision, ProvisionKind, check_provision
from registry.domain.values import Code
from registry.services.plans import compliance
from registry.store.plans import plans

DocumentParam = Annotated[
    str | None, QueryParameter(name="document", max_length=64, description="A document.")
]
PlanPlace = Annotated[
    str | None, QueryParameter(name="place", max_length=64, description="A jurisdiction, with all under it.")
]
Subject = Annotated[
    str | None,
    QueryParameter(name="subject", max_length=64, description="A kind of resource, or a register."),
]
KindOf = Annotated[ProvisionKind | None, QueryParameter(name="kind", description="The kind of statement.")]
Chosen = Annotated[
    str | None,
    QueryParameter(
        name="denominator", max_length=64, description="Take the share of this named set instead."
    ),
]
Format = Annotated[Literal["json", "csv"], QueryParameter(name="f", description="json or csv.")]


class Wanted(Struct, frozen=True, forbid_unknown_fields=True):
    """Which provisions to check: those of a document, or those about a place."""

    document: Code | None = None
    place: Code | None = None


class Summary(Struct, frozen=True, kw_only=True):
    """All checks and how they came out."""

    as_of: str | None
    counts: dict[str, int]
    checks: list[Check]


@get("/v1/documents")
async def list_documents(request: HttpRequest, reader: ReaderDep) -> Response[bytes]:
    """Every document that provisions come from, oldest first."""
    return speak(request, {"documents": await plans.documents(reader)})


@get("/v1/documents/{identity:str}")
async def read_document(request: HttpRequest, identity: FromPath[str], reader: ReaderDep) -> Response[bytes]:
    """One document with its provisions in printed order."""
    document = await plans.get_document(reader, identity)
    provisions = await plans.find_provisions(reader, document=identity)
    return speak(request, {"document": document, "provisions": provisions})


@put("/v1/documents/{identity:str}")
async def put_document(
    request: HttpRequest,
    identity: FromPath[str],
    data: JSONBody[Document],
    writer: WriterDep,
    actor: ActorDep,
) -> Response[bytes]:
    """Describe a document, in place of what was said of it before."""
    require(actor, "planner")
    _same(identity, data.id)
    await plans.put_documents(writer, [data])
    return speak(request, data)


@get("/v1/provisions")
async def list_provisions(
    request: HttpRequest,
    reader: ReaderDep,
    document: DocumentParam = None,
    kind: KindOf = None,
    subject: Subject = None,
    place: PlanPlace = None,
) -> Response[bytes]:
    """Statements of the documents, in our own words, each with its locator."""
    wanted = {"document": document, "kind": kind, "subject": subject, "place": place}
    return speak(request, {"provisions": await plans.find_provisions(reader, **wanted)})


@get("/v1/provisions/{identity:str}")
async def read_provision(request: HttpRequest, identity: FromPath[str], reader: ReaderDep) -> Response[bytes]:
    """One statement."""
    return speak(request, await plans.get_provision(reader, identity))


@put("/v1/provisions/{identity:str}")
async def put_provision(
    request: HttpRequest,
    identity: FromPath[str],
    data: JSONBody[Provision],
    writer: WriterDep,
    actor: ActorDep,
) -> Response[bytes]:
    """Store a statement; refused when its locator, unit or operator cannot be used."""
    require(actor, "planner")
    _same(identity, data.id)
    check_provision(data, await plans.get_document(writer, data.document))
    await plans.put_provisions(writer, [data])
    return speak(request, data)


def _same(path: str, body: str) -> None:
    if path != body:
        raise Invalid(f"the path says {path}, the body {body}", field="id")


@get("/v1/provisions/{identity:str}/check", opt={"cost": 5})
async def check_provision_now(
    request: HttpRequest,
    identity: FromPath[str],
    reader: ReaderDep,
    sight: SightDep,
    denominator: Chosen = None,
) -> Response[bytes]:
    """One statement held against what is known, or was at `as_of`: met, not_met, unknown, cannot_evaluate."""
    provision = await plans.get_provision(reader, identity)
    return speak(request, await compliance.check_one(reader, sight, provision, denominator))


@post("/v1/checks", status_code=200, opt={"cost": 20})
async def check_all(
    request: HttpRequest, data: JSONBody[Wanted], reader: ReaderDep, sight: SightDep
) -> Response[bytes]:
    """Every statement with a figure of a document or about a place, held against what is known."""
    provisions = await compliance.chosen_provisions(reader, data.document, data.place)
    checks = [check for group in await compliance.judge(reader, sight, provisions) for check in group.checks]
    counts: dict[str, int] = {}
    for check in checks:
        counts[check.verdict] = counts.get(check.verdict, 0) + 1
    as_of = checks[0].as_of if checks else None
    return speak(request, Summary(as_of=as_of, counts=counts, checks=checks))


@get("/v1/reconciliation", opt={"cost": 5, "also": CSV})
async def reconcile(
    request: HttpRequest,
    reader: ReaderDep,
    sight: SightDep,
    document: DocumentParam = None,
    place: params.PlaceParam = None,
    f: Format = "json",
) -> Response[bytes]:
    """Published totals beside what is recorded, located and verified."""
    provisions = await compliance.chosen_provisions(reader, document, place)
    lines = await compliance.reconciled(reader, sight, provisions)
    return speak_csv(request, lines, "reconciliation") if f == "csv" else speak(request, {"lines": lines})


@get("/v1/survey-list", opt={"cost": 20, "also": CSV})
async def list_surveys(
    request: HttpRequest,
    reader: ReaderDep,
    sight: SightDep,
    document: DocumentParam = None,
    place: params.PlaceParam = None,
    f: Format = "json",
) -> Response[bytes]:
    """What to visit or find out next, first where most checks would be settled."""
    provisions = await compliance.chosen_provisions(reader, document, place)
    visits = await compliance.surveyed(reader, sight, provisions)
    return speak_csv(request, visits, "survey-list") if f == "csv" else speak(request, {"visits": visits})


router = Router(
    "/",
    route_handlers=[
        list_documents,
        read_document,
        put_document,
        list_provisions,
        read_provision,
        put_provision,
        check_provision_now,
        check_all,
        reconcile,
        list_surveys,
    ],
    tags=["plans"],
)
