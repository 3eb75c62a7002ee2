"""Changing resources over HTTP: create, replace, patch, retire, restore, verify, report, relocate."""

from typing import Any
from uuid import UUID

from litestar import Response, delete, get, patch, post, put
from litestar.params import FromPath, JSONBody

from registry.api.http import params
from registry.api.http.dependencies import ActorDep, IdempotencyDep, ReaderDep, SightDep, WorkDep
from registry.api.http.idempotency import also, send
from registry.api.http.links import GEOJSON, JSON
from registry.domain.access.actor import require
from registry.domain.errors import NotFound
from registry.domain.records.draft import Draft
from registry.domain.records.observation import StatusReport, StockReport
from registry.domain.records.relocation import Relocation
from registry.services.records import acts
from registry.services.records.editing import BaseVersion, Edition, IfMatch, IfNoneMatch, Reason
from registry.store.records import observations, resources


@post("/", media_type=GEOJSON)
async def create_resource(
    data: JSONBody[Draft],
    desk: WorkDep,
    once: IdempotencyDep,
    reason: Reason = None,
) -> Response[bytes]:
    """Record a new resource; the client may bring its UUIDv7."""
    return await once(lambda: acts.create(desk, data, reason))


@put("/{identity:uuid}", media_type=GEOJSON, responses=also(201))
async def replace_resource(
    identity: FromPath[UUID],
    data: JSONBody[Draft],
    desk: WorkDep,
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
    base_version: BaseVersion = None,
    reason: Reason = None,
) -> Response[bytes]:
    """Replace a resource as you read it (If-Match), or create it under your identity (If-None-Match: *)."""
    if if_none_match is not None:
        return send(await acts.create_at(desk, identity, data, if_none_match, reason))
    return send(await acts.replace(desk, identity, data, Edition(if_match, base_version), reason))


@patch("/{identity:uuid}", media_type=GEOJSON)
async def patch_resource(
    identity: FromPath[UUID],
    data: JSONBody[dict[str, Any]],
    desk: WorkDep,
    if_match: IfMatch = None,
    base_version: BaseVersion = None,
    reason: Reason = None,
) -> Response[bytes]:
    """Change some members; with base_version, edits of other members meanwhile are kept."""
    return send(await acts.amend(desk, identity, data, Edition(if_match, base_version), reason))


@delete("/{identity:uuid}", media_type=GEOJSON, status_code=200)
async def retire_resource(
    identity: FromPath[UUID],
    desk: WorkDep,
    if_match: IfMatch = None,
    reason: Reason = None,
) -> Response[bytes]:
    """Take a resource out of service for good, with the reason; it can be restored."""
    return send(await acts.retire(desk, identity, if_match, reason))


@post("/{identity:uuid}/restoration", media_type=GEOJSON, status_code=200)
async def restore_resource(
    identity: FromPath[UUID],
    desk: WorkDep,
    once: IdempotencyDep,
    reason: Reason = None,
) -> Response[bytes]:
    """Bring a retired resource back to the stage of life it had."""
    return await once(lambda: acts.restore(desk, identity, reason))


@post("/{identity:uuid}/verification", media_type=GEOJSON, status_code=200)
async def verify_resource(
    identity: FromPath[UUID],
    data: JSONBody[acts.Verification],
    desk: WorkDep,
    once: IdempotencyDep,
) -> Response[bytes]:
    """Confirm that a record is still true, without editing it."""
    return await once(lambda: acts.verify(desk, identity, data))


@post("/{identity:uuid}/status", media_type=GEOJSON)
async def report_status(
    identity: FromPath[UUID],
    data: JSONBody[StatusReport],
    desk: WorkDep,
    once: IdempotencyDep,
) -> Response[bytes]:
    """Report readiness, opening, occupancy, operation or position; the latest seen is the current state."""
    return await once(lambda: acts.report(desk, identity, data))


@post("/{identity:uuid}/stock", media_type=GEOJSON)
async def report_stock(
    identity: FromPath[UUID],
    data: JSONBody[StockReport],
    desk: WorkDep,
    once: IdempotencyDep,
) -> Response[bytes]:
    """Report counts and movements of a depot's stock lines."""
    return await once(lambda: acts.stock(desk, identity, data))


@post("/{identity:uuid}/location", media_type=GEOJSON, status_code=200, responses=also(202, JSON))
async def relocate_resource(
    identity: FromPath[UUID],
    data: JSONBody[Relocation],
    desk: WorkDep,
    once: IdempotencyDep,
) -> Response[bytes]:
    """Correct a position: applied for a planner (200), proposed for a field officer (202)."""
    return await once(lambda: acts.relocate(desk, identity, data))


@get("/{identity:uuid}/observations")
async def list_observations(
    identity: FromPath[UUID], reader: ReaderDep, sight: SightDep, actor: ActorDep, limit: params.Limit = 100
) -> dict[str, Any]:
    """What was reported of a resource, latest first."""
    if await resources.get(reader, sight, identity) is None:
        raise NotFound("resource", identity)
    require(actor, "viewer")
    found = await observations.of(reader, sight, identity, limit)
    hidden = {"realm", "resource_id"}
    return {"observations": [{n: v for n, v in row.items() if n not in hidden} for row in found]}


HANDLERS = (
    create_resource,
    replace_resource,
    patch_resource,
    retire_resource,
    restore_resource,
    verify_resource,
    report_status,
    report_stock,
    relocate_resource,
    list_observations,
)
