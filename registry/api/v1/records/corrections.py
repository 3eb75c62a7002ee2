"""Changes that wait for a person over HTTP: list and decide."""

from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Response, Router, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Struct

from registry.api.http import params
from registry.api.http.dependencies import ActorDep, IdempotencyDep, ReaderDep, SightDep, WorkDep
from registry.api.http.links import GEOJSON, JSON, page_links
from registry.api.http.request import HttpRequest
from registry.api.v1.records.writes import EXAMINED, DecidedCorrection, respond_once
from registry.domain.access.actor import require
from registry.domain.cursor import IdentityCursor, decode_identity
from registry.services.records import decide_correction as decision
from registry.services.records.decide_correction import Decision
from registry.store.records import corrections

State = Annotated[
    Literal["open", "accepted", "rejected"] | None,
    QueryParameter(name="state", description="Open ones, or how they were decided."),
]
Subject = Annotated[
    Literal["location", "conflict"] | None,
    QueryParameter(name="subject", description="What is to be corrected."),
]
OfResource = Annotated[UUID | None, QueryParameter(name="resource", description="Those of this resource.")]


class CorrectionPage(Struct, frozen=True):
    """A page of corrections: each with its subject, state, proposer and both versions."""

    corrections: list[dict[str, Any]]
    links: list[dict[str, str]]


@get("/")
async def list_corrections(
    request: HttpRequest,
    reader: ReaderDep,
    actor: ActorDep,
    sight: SightDep,
    correction_state: State = "open",
    subject: Subject = None,
    resource: OfResource = None,
    cursor: params.Cursor = None,
    limit: params.Limit = 100,
) -> CorrectionPage:
    """Proposed locations and edits that met another edit, oldest first."""
    conditions = {"subject": subject, "state": correction_state, "resource_id": resource}
    conditions["after"] = decode_identity(cursor)
    return await _page(request, reader, actor, sight, conditions, limit)


@get("/conflicts")
async def list_conflicts(
    request: HttpRequest,
    reader: ReaderDep,
    actor: ActorDep,
    sight: SightDep,
    cursor: params.Cursor = None,
    limit: params.Limit = 100,
) -> CorrectionPage:
    """Edits that met another edit and wait for a planner."""
    conditions = {"subject": "conflict", "state": "open", "after": decode_identity(cursor)}
    return await _page(request, reader, actor, sight, conditions, limit)


async def _page(
    request: HttpRequest,
    reader: ReaderDep,
    actor: ActorDep,
    sight: SightDep,
    conditions: dict[str, Any],
    limit: int,
) -> CorrectionPage:
    require(actor, "viewer")
    rows = await corrections.find(reader, sight, conditions, limit + 1)
    last = rows[limit - 1]["id"] if len(rows) > limit else None
    links = page_links(request, IdentityCursor, last, JSON)
    shown = [{name: value for name, value in row.items() if name != "realm"} for row in rows[:limit]]
    return CorrectionPage(shown, links)


@post(
    "/{identity:uuid}/decision",
    media_type=GEOJSON,
    status_code=200,
    opt={"also": {JSON: DecidedCorrection}} | EXAMINED,
)
async def decide_correction(
    identity: FromPath[UUID], data: JSONBody[Decision], work: WorkDep, once: IdempotencyDep
) -> Response[bytes]:
    """Accept a waiting change into the current version, or reject it; both are kept with the reason."""
    return await respond_once(once, work, lambda: decision.decide_correction(work, identity, data))


router = Router("/v1/corrections", route_handlers=[list_corrections, decide_correction], tags=["corrections"])
conflicts_router = Router("/v1", route_handlers=[list_conflicts], tags=["corrections"])
