"""Field sync over HTTP: push what was done while away, compare digests, fetch everything."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.params import JSONBody, QueryParameter
from litestar.response import Stream

from registry.api.http import params
from registry.api.http.access.admission import stream_slot
from registry.api.http.access.authentication import credential_in
from registry.api.http.access.realm_check import ANY_EXERCISE
from registry.api.http.dependencies import OF_PRIMARY, IdempotencyDep, ReaderDep, SightDep, WorkDep
from registry.api.http.idempotency import rendered, stating
from registry.api.http.links import JSON
from registry.api.http.problems import fault_of, faults_of, status_of
from registry.api.http.request import HttpRequest
from registry.api.v1.records.writes import conflict_detail
from registry.api.v1.sync.feed import feed_of
from registry.domain.access.actor import require
from registry.domain.records.unapplied import Unapplied
from registry.domain.sync.push import Push, Result, malformed
from registry.services.sync import read_digest as digests
from registry.services.sync import read_snapshot as snapshots
from registry.services.sync.push import BLOCKED, Pushed, PushedOperation, RefusedOperation, push
from registry.services.sync.read_snapshot import SnapshotStart
from registry.store.access.idempotency import StoredResponse
from registry.store.database.streams import begun, spooled

Bucket = Annotated[int | None, QueryParameter(ge=0, le=255, description="Only this bucket of the digest.")]
LINES = "application/x-ndjson"
CHUNK_BYTES = 65_536


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What became of an operation; `first` is the result a duplicate had the first time.

    `unapplied` names observations that are kept, and are not what the state shows.
    """

    op_id: UUID | None
    result: Result
    version: int | None = None
    detail: str | None = None
    status: int | None = None
    """The status that the single route would answer."""
    conflict: str | None = None
    correction: str | None = None
    first: Result | None = None
    unapplied: tuple[Unapplied, ...] = ()
    findings: list[dict[str, Any]] = msgspec.field(default_factory=list)


class Results(msgspec.Struct, frozen=True):
    """What became of each operation, in their order."""

    results: list[Outcome]


@post("/push", status_code=200, responses=stating(200, Results), each="operations")
async def push_operations(
    request: HttpRequest, data: JSONBody[Push], work: WorkDep, once: IdempotencyDep
) -> Response[bytes]:
    """Carry out up to 50 operations, each whole or not at all; a retry changes nothing twice."""
    require(work.actor, "field")
    operations: list[Pushed] = [*data.operations]
    for place, value in request.scope["state"].get("malformed", {}).items():
        operations.insert(place, malformed(value))

    async def perform() -> StoredResponse:
        results = await push(work._replace(via="sync"), operations, data.sent_at)
        pairs = zip(operations, results, strict=True)
        return rendered(Results([describe(operation, result) for operation, result in pairs]))

    return await once(perform, JSON)


def describe(operation: Pushed, result: PushedOperation | RefusedOperation) -> Outcome:
    """The result of an operation as the device reads it."""
    if isinstance(result, RefusedOperation):
        status = None if result.error is BLOCKED else status_of(type(result.error))
        return Outcome(
            op_id=operation.op_id,
            result=result.result,
            detail=result.error.detail,
            status=status,
            findings=faults_of(result.error),
        )
    path = None if result.correction is None else f"/v1/corrections/{result.correction}"
    conflicts = bool(result.overlapping)
    return Outcome(
        op_id=operation.op_id,
        result=result.result,
        version=result.version,
        detail=conflict_detail(result.overlapping) if conflicts else None,
        conflict=path if conflicts else None,
        correction=None if conflicts else path,
        first=result.first,
        unapplied=result.unapplied,
        findings=[fault_of(one) for one in result.findings],
    )


class ScopeDigest(msgspec.Struct, frozen=True):
    """A digest of everything in scope: by bucket the count of records and their hash in hexadecimal."""

    cursor: str
    """The place in the feed that the digest is of."""
    buckets: dict[str, tuple[int, str]]


@get("/digest", opt=ANY_EXERCISE)
async def read_digest(
    request: HttpRequest, reader: ReaderDep, sight: SightDep, place: params.PlaceParam = None
) -> ScopeDigest:
    """Count, and xor of sha256(id:version:updated_at in µs)[:8], by last byte of the identity."""
    digest = await digests.read_digest(feed_of(request, sight, place))
    buckets = {str(bucket.number): (bucket.count, f"{bucket.hash:016x}") for bucket in digest.buckets}
    return ScopeDigest(digest.cursor, buckets)


@get("/snapshot", media_type=LINES, opt=ANY_EXERCISE)
async def read_snapshot(
    request: HttpRequest,
    reader: ReaderDep,
    sight: SightDep,
    place: params.PlaceParam = None,
    bucket: Bucket = None,
) -> Stream:
    """Everything in scope, a line each, from one instant: first the cursor to go on from, last the count."""
    parts = await snapshots.read_snapshot(feed_of(request, sight, place), bucket)
    stream = await begun(spooled(_lines(parts), stream_slot(request), credential_in(request.scope).look))
    return Stream(stream, media_type=LINES)


async def _lines(parts: AsyncIterator[SnapshotStart | bytes]) -> AsyncGenerator[bytes, None]:
    """The parts as lines of JSON, some 64 KiB at a time, and a last line with the count of features."""
    count, chunk = -1, bytearray()
    async for part in parts:
        count += 1
        chunk += part if isinstance(part, bytes) else msgspec.json.encode(part)
        chunk += b"\n"
        if len(chunk) > CHUNK_BYTES:
            yield bytes(chunk)
            chunk.clear()
    yield bytes(chunk) + msgspec.json.encode({"end": count}) + b"\n"


router = Router(
    "/v1/sync", route_handlers=[push_operations, read_digest, read_snapshot], tags=["feed"], opt=OF_PRIMARY
)
