"""Changing resources over HTTP: create, replace, patch, retire, restore, verify, report, relocate."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Response, delete, patch, post, put
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Struct

from registry.api.http.conditional import IfMatch, IfNoneMatch, body_of, etag_of, versions_in
from registry.api.http.dependencies import IdempotencyDep, WorkDep
from registry.api.http.idempotency import Idempotency, also, rendered, send
from registry.api.http.links import GEOJSON, JSON
from registry.api.http.problems import ConflictProblem
from registry.api.http.response_headers import FINDINGS, findings_header
from registry.domain.access.sight import Sight
from registry.domain.errors import Invalid
from registry.domain.records.change import Draft
from registry.domain.records.observation import StatusReport, StockReport
from registry.domain.records.relocation import Relocation
from registry.services.records.amend import amend
from registry.services.records.create import create, create_at
from registry.services.records.relocate import relocate
from registry.services.records.replace import replace
from registry.services.records.report import report
from registry.services.records.retire import restore, retire
from registry.services.records.verify import Verification, verify
from registry.services.records.work import Edition, Saved, Work
from registry.store.access.idempotency import StoredResponse

BaseVersion = Annotated[
    int | None,
    QueryParameter(ge=1, le=2_000_000_000, description="The version you edited: merges instead of 412."),
]
Reason = Annotated[str | None, QueryParameter(max_length=1000, description="Why; kept in the history.")]
EXAMINED = {"examined": True}
"""A route whose body the gate examines: faulty members are refused together with the rest."""
PROBLEM = "application/problem+json"


class ProposedLocation(Struct, frozen=True, kw_only=True):
    """A position that waits for a planner."""

    state: Literal["proposed"] = "proposed"
    """Always `proposed`: it waits for a planner."""
    correction: str
    members: dict[str, Any]
    """Members that would change, each with its values."""


class DecidedCorrection(Struct, frozen=True, kw_only=True):
    """What a person decided about a waiting change that changed no record."""

    state: str
    """What was decided."""
    correction: str


def describe(saved: Saved, sight: Sight, status: int = 200) -> StoredResponse:
    """What a change made of a record, as a response; `status` is that of a record that was stored."""
    if saved.correction is not None:
        return _describe_correction(saved, f"/v1/corrections/{saved.correction}")
    headers = {"ETag": etag_of(saved.version, sight)}
    if saved.findings:
        headers[FINDINGS] = findings_header(saved.findings)
    if saved.outcome == "created":
        status, headers["Location"] = 201, f"/v1/resources/{saved.record.id}"
    return rendered(body_of(saved), status, **headers)


def _describe_correction(saved: Saved, path: str) -> StoredResponse:
    if saved.outcome == "conflict":
        return rendered(_problem(saved, path), 409, Content_Type=PROBLEM)
    if saved.outcome == "proposed":
        proposed = ProposedLocation(correction=path, members=saved.members)
        return rendered(proposed, 202, Content_Type=JSON)
    return rendered(DecidedCorrection(state=saved.outcome, correction=path), Content_Type=JSON)


def conflict_detail(overlapping: Sequence[str]) -> str:
    """What a conflict is about, in a sentence."""
    return f"kept for a person to decide; both changed {', '.join(overlapping)}"


def _problem(saved: Saved, correction: str) -> ConflictProblem:
    faults = [
        {"pointer": pointer_in_feature(name), "detail": "changed by somebody else too"}
        for name in saved.overlapping
    ]
    return ConflictProblem(
        type="/docs/problems#conflict",
        title="Somebody changed the same members since the version you edited",
        status=409,
        detail=conflict_detail(saved.overlapping),
        instance=correction,
        errors=faults,
        conflict=correction,
        overlapping=list(saved.overlapping),
        current_version=saved.version,
    )


def pointer_in_feature(member: str) -> str:
    """The JSON pointer of a member that an edit names: the geometry or a property."""
    return "/geometry" if member == "geometry" else f"/properties/{member}"


async def respond_once(
    once: Idempotency, work: Work, act: Callable[[], Awaitable[Saved]], status: int = 200
) -> Response[bytes]:
    """Describe what `act` saves, or give the response again that is stored under the request's key."""

    async def perform() -> StoredResponse:
        return describe(await act(), work.sight, status)

    return await once(perform)


@post("/", media_type=GEOJSON, opt=EXAMINED)
async def create_resource(
    data: JSONBody[Draft], work: WorkDep, once: IdempotencyDep, reason: Reason = None
) -> Response[bytes]:
    """Record a new resource; the client may bring its UUIDv7."""
    return await respond_once(once, work, lambda: create(work, data, reason))


@put("/{identity:uuid}", media_type=GEOJSON, responses=also(201), opt=EXAMINED)
async def replace_resource(
    identity: FromPath[UUID],
    data: JSONBody[Draft],
    work: WorkDep,
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
    base_version: BaseVersion = None,
    reason: Reason = None,
) -> Response[bytes]:
    """Replace a resource as you read it (If-Match), or create it under your identity (If-None-Match: *)."""
    if if_none_match is None:
        edition = Edition(versions_in(if_match, work.sight), base_version)
        return send(describe(await replace(work, identity, data, edition, reason), work.sight))
    if if_none_match.strip() != "*":
        raise Invalid("If-None-Match is * here: create only where nothing is")
    return send(describe(await create_at(work, identity, data, reason), work.sight))


@patch("/{identity:uuid}", media_type=GEOJSON, opt=EXAMINED)
async def patch_resource(
    identity: FromPath[UUID],
    data: JSONBody[dict[str, Any]],
    work: WorkDep,
    if_match: IfMatch = None,
    base_version: BaseVersion = None,
    reason: Reason = None,
) -> Response[bytes]:
    """Change some members; with base_version, edits of other members meanwhile are kept."""
    edition = Edition(versions_in(if_match, work.sight), base_version)
    return send(describe(await amend(work, identity, data, edition, reason), work.sight))


@delete("/{identity:uuid}", media_type=GEOJSON, status_code=200)
async def retire_resource(
    identity: FromPath[UUID], work: WorkDep, if_match: IfMatch = None, reason: Reason = None
) -> Response[bytes]:
    """Take a resource out of service for good, with the reason; it can be restored."""
    edition = Edition(versions_in(if_match, work.sight))
    return send(describe(await retire(work, identity, edition, reason), work.sight))


@post("/{identity:uuid}/restoration", media_type=GEOJSON, status_code=200)
async def restore_resource(
    identity: FromPath[UUID], work: WorkDep, once: IdempotencyDep, reason: Reason = None
) -> Response[bytes]:
    """Bring a retired resource back to the stage of life it had."""
    return await respond_once(once, work, lambda: restore(work, identity, reason))


@post("/{identity:uuid}/verification", media_type=GEOJSON, status_code=200, opt=EXAMINED)
async def verify_resource(
    identity: FromPath[UUID], data: JSONBody[Verification], work: WorkDep, once: IdempotencyDep
) -> Response[bytes]:
    """Confirm that a record is still true, without editing it."""
    return await respond_once(once, work, lambda: verify(work, identity, data))


@post("/{identity:uuid}/status", media_type=GEOJSON, opt=EXAMINED)
async def report_status(
    identity: FromPath[UUID], data: JSONBody[StatusReport], work: WorkDep, once: IdempotencyDep
) -> Response[bytes]:
    """Report readiness, opening, occupancy, operation or position; the latest seen is the current state."""
    return await respond_once(once, work, lambda: report(work, identity, data), 201)


@post("/{identity:uuid}/stock", media_type=GEOJSON, opt=EXAMINED)
async def report_stock(
    identity: FromPath[UUID], data: JSONBody[StockReport], work: WorkDep, once: IdempotencyDep
) -> Response[bytes]:
    """Report counts and movements of a depot's stock lines."""
    return await respond_once(once, work, lambda: report(work, identity, data), 201)


@post(
    "/{identity:uuid}/location",
    media_type=GEOJSON,
    status_code=200,
    responses=also(202, JSON, ProposedLocation),
    opt=EXAMINED,
)
async def relocate_resource(
    identity: FromPath[UUID], data: JSONBody[Relocation], work: WorkDep, once: IdempotencyDep
) -> Response[bytes]:
    """Correct a position: applied for a planner (200), proposed for a field officer (202)."""
    return await respond_once(once, work, lambda: relocate(work, identity, data))


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
)
