"""Field sync over HTTP: push what was done while away, compare digests, fetch everything."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.datastructures import State
from litestar.params import JSONBody, QueryParameter
from litestar.response import Stream

from registry.api.http import params
from registry.api.http.dependencies import IdempotencyDep, ReaderDep, SightDep, WorkDep
from registry.api.http.idempotency import rendered, stating
from registry.api.http.links import JSON
from registry.api.http.problems import status_of
from registry.api.v1.records.writes import conflict_detail
from registry.api.v1.sync.feed import Feed
from registry.domain.access.actor import require
from registry.domain.conditions import Filter
from registry.domain.sync.feed import END, Mark
from registry.domain.sync.push import Operation, Push, Result
from registry.services.sync.push import BLOCKED, PushedOperation, RefusedOperation, push
from registry.store.access.idempotency import StoredResponse
from registry.store.database.pool import Reader
from registry.store.sync import feed, snapshots
from registry.store.sync.feed import Stand

Bucket = Annotated[int | None, QueryParameter(ge=0, le=255, description="Only this bucket of the digest.")]
LINES = "application/x-ndjson"


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What became of an operation; `first` is the result a duplicate had the first time."""

    op_id: UUID
    result: Result
    version: int | None = None
    detail: str | None = None
    status: int | None = None
    conflict: str | None = None
    correction: str | None = None
    first: Result | None = None


class Results(msgspec.Struct, frozen=True):
    """What became of each operation, in their order."""

    results: list[Outcome]


@post("/push", status_code=200, responses=stating(200, Results))
async def push_operations(data: JSONBody[Push], work: WorkDep, once: IdempotencyDep) -> Response[bytes]:
    """Carry out up to 50 operations, each whole or not at all; a retry changes nothing twice."""
    require(work.actor, "field")

    async def perform() -> StoredResponse:
        results = await push(work._replace(via="sync"), data)
        pairs = zip(data.operations, results, strict=True)
        return rendered(Results([describe(operation, result) for operation, result in pairs]))

    return await once(perform, JSON)


def describe(operation: Operation, result: PushedOperation | RefusedOperation) -> Outcome:
    """The result of an operation as the device reads it."""
    if isinstance(result, RefusedOperation):
        status = None if result.error is BLOCKED else status_of(type(result.error))
        return Outcome(op_id=operation.op_id, result=result.result, detail=result.error.detail, status=status)
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
    )


@get("/digest")
async def read_digest(
    state: State, reader: ReaderDep, sight: SightDep, place: params.PlaceParam = None
) -> dict[str, Any]:
    """Count, and xor of sha256(id:version:updated_at in µs)[:8], by last byte of the identity."""
    source, stand = Feed(state, sight, place), await feed.stand(reader)
    rows = await snapshots.digest(reader, sight, Filter(place=place))
    buckets = {str(row["bucket"]): [row["count"], f"{row['hash'] % 2**64:016x}"] for row in rows}
    return {"cursor": source.cursor(stand.epoch, stand.edge, stand.lsn), "buckets": buckets}


@get("/snapshot", media_type=LINES)
async def read_snapshot(
    state: State, reader: ReaderDep, sight: SightDep, place: params.PlaceParam = None, bucket: Bucket = None
) -> Stream:
    """Everything in scope, a line each, from one instant: first the cursor to go on from, last the count."""
    source, stand = Feed(state, sight, place), await state.watch.current()
    lines = _lines(source, stand, reader, Filter(place=place), bucket)
    return Stream(lines, media_type=LINES)


async def _lines(
    source: Feed, stand: Stand, reader: Reader, wanted: Filter, bucket: int | None
) -> AsyncIterator[bytes]:
    count, held = -1, bytearray()
    async for row in snapshots.snapshot(reader, source.sight, wanted, bucket):
        count += 1
        if count == 0:
            mark = Mark(int(row["horizon"]) - 1, END)
            head = {"cursor": source.cursor(stand.epoch, mark, int(row["feature"]))}
            held += msgspec.json.encode(head) + b"\n"
            continue
        held += row["feature"] + b"\n"
        if len(held) > 65_536:
            yield bytes(held)
            held.clear()
    yield bytes(held) + msgspec.json.encode({"end": count}) + b"\n"


router = Router("/v1/sync", route_handlers=[push_operations, read_digest, read_snapshot], tags=["feed"])
