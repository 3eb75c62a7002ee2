"""Changes that wait for a person over HTTP: list and decide."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from registry.api.http import params
from registry.api.http.dependencies import ActorDep, IdempotencyDep, ReaderDep, SightDep, WorkDep
from registry.api.http.idempotency import answer, now
from registry.api.http.links import GEOJSON, JSON, next_link, self_link
from registry.api.http.request import HttpRequest
from registry.domain.access.actor import require
from registry.domain.errors import Conflict
from registry.domain.records import change as changing
from registry.domain.search import Page, decode_page, encode_cursor
from registry.domain.values import LongText
from registry.services.records.editing import Desk, held, save
from registry.store.access.idempotency import Answer
from registry.store.records import corrections

State = Annotated[Literal["open", "accepted", "rejected"] | None, QueryParameter(name="state")]
Subject = Annotated[Literal["location", "conflict"] | None, QueryParameter(name="subject")]
OfResource = Annotated[UUID | None, QueryParameter(name="resource")]


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a person decides: the proposed members are taken, or the record stays as it is."""

    accept: bool
    reason: LongText


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
) -> dict[str, Any]:
    """Proposed locations and edits that met another edit, oldest first."""
    wanted = {"subject": subject, "state": correction_state, "resource_id": resource}
    return await _page(request, reader, actor, sight, wanted | {"after": decode_page(cursor)}, limit)


@get("/conflicts")
async def list_conflicts(
    request: HttpRequest,
    reader: ReaderDep,
    actor: ActorDep,
    sight: SightDep,
    cursor: params.Cursor = None,
    limit: params.Limit = 100,
) -> dict[str, Any]:
    """Edits that met another edit and wait for a planner."""
    wanted = {"subject": "conflict", "state": "open", "after": decode_page(cursor)}
    return await _page(request, reader, actor, sight, wanted, limit)


async def _page(
    request: HttpRequest,
    reader: ReaderDep,
    actor: ActorDep,
    sight: SightDep,
    wanted: dict[str, Any],
    limit: int,
) -> dict[str, Any]:
    require(actor, "viewer")
    found = await corrections.find(reader, sight, wanted, limit + 1)
    links = [self_link(request, "application/json")]
    if len(found) > limit:
        links.append(next_link(request, encode_cursor(Page(found[limit - 1]["id"])), "application/json"))
    shown = [{name: value for name, value in row.items() if name != "realm"} for row in found[:limit]]
    return {"corrections": shown, "links": links}


@post("/{identity:uuid}/decision", media_type=GEOJSON, status_code=200, opt={"also": JSON})
async def decide_correction(
    identity: FromPath[UUID], data: JSONBody[Decision], desk: WorkDep, once: IdempotencyDep
) -> Response[bytes]:
    """Accept a waiting change into the current version, or reject it; both are kept with the reason."""
    return await once(lambda: _decide(desk, identity, data))


async def _decide(desk: Desk, identity: UUID, data: Decision) -> Answer:
    require(desk.actor, "planner")
    waiting = await corrections.lock(desk.writer, desk.sight, identity)
    if waiting["state"] != "open":
        raise Conflict(f"this was {waiting['state']} before")
    current = await held(desk, "planner", waiting["resource_id"])
    state, at = "accepted" if data.accept else "rejected", now()
    await corrections.decide(desk.writer, identity, state=state, by=desk.actor.id, at=at, reason=data.reason)
    if not data.accept:
        return answer({"state": state, "correction": f"/v1/corrections/{identity}"}, Content_Type=JSON)
    wanted = changing.from_members(current, changing.to_members(current) | waiting["members"])
    verb: changing.Verb = "locate" if waiting["subject"] == "location" else "update"
    return await save(desk, current, wanted, desk.change(verb, at, data.reason))


router = Router("/v1/corrections", route_handlers=[list_corrections, decide_correction], tags=["corrections"])
conflicts_router = Router("/v1", route_handlers=[list_conflicts], tags=["corrections"])
