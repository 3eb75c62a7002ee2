"""Field sync over HTTP: push what was done while away, compare digests, fetch everything."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from litestar import Response, Router, get, post
from litestar.datastructures import State
from litestar.params import JSONBody, QueryParameter
from litestar.response import Stream

from registry.api.http import params
from registry.api.http.dependencies import IdempotencyDep, ReaderDep, SightDep, WorkDep
from registry.api.http.idempotency import answer, stating
from registry.api.http.links import JSON
from registry.api.v1.sync.feed import Feed
from registry.domain.access.actor import require
from registry.domain.search import Filter
from registry.domain.sync.feed import END, Mark
from registry.domain.sync.push import Outcome, Push
from registry.services.records.editing import Desk
from registry.services.sync.push import perform
from registry.store.access.idempotency import Answer
from registry.store.database.pool import Reader
from registry.store.sync import feed, snapshots
from registry.store.sync.feed import Stand

Bucket = Annotated[int | None, QueryParameter(ge=0, le=255, description="Only this bucket of the digest.")]
LINES = "application/x-ndjson"


class Results(msgspec.Struct, frozen=True):
    """What became of each operation, in their order."""

    results: list[Outcome]


@post("/push", status_code=200, responses=stating(200, Results))
async def push_operations(data: JSONBody[Push], desk: WorkDep, once: IdempotencyDep) -> Response[bytes]:
    """Carry out up to 50 operations, each whole or not at all; a retry changes nothing twice."""
    require(desk.actor, "field")
    return await once(lambda: _push(desk._replace(via="sync"), data), JSON)


async def _push(desk: Desk, data: Push) -> Answer:
    return answer(Results(await perform(desk, data)))


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
