"""Jobs over HTTP: an analysis that takes longer than a request may is answered 202 and read later."""

import time
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec
from litestar import Response, Router, delete, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath

from registry.api.http.dependencies import ActorDep, ReaderDep
from registry.api.http.idempotency import Idempotency, IdempotencyKey, is_replay, rendered, send
from registry.api.http.request import HttpRequest
from registry.domain.access.actor import Actor
from registry.domain.coverage import tasks
from registry.domain.coverage.tasks import AT_ONCE_S, estimate_seconds
from registry.domain.errors import Conflict, Invalid, NotFound
from registry.domain.identity import new_id
from registry.store import jobs
from registry.store.access.idempotency import StoredResponse
from registry.store.database.pool import Reader, Writer

JSON = "application/json"
GONE = "the process that worked this job has gone"


class Link(msgspec.Struct, frozen=True):
    """Where to go from here."""

    href: str
    rel: str
    type: str = JSON


class StatusInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A job's state, with the members of the OGC API's statusInfo."""

    process_id: str = msgspec.field(name="processID")
    job_id: str = msgspec.field(name="jobID")
    type: Literal["process"] = "process"
    status: str
    message: str | None
    progress: int
    created: Any
    started: Any
    finished: Any
    updated: Any
    links: list[Link]


def describe(row: Mapping[str, Any]) -> StatusInfo:
    """A job's row as its statusInfo; a job whose process has gone has failed."""
    status = "failed" if row["lost"] else row["status"]
    own = f"/v1/jobs/{row['id']}"
    links = [Link(own, "self")]
    if status == "successful":
        links.append(Link(f"{own}/results", "http://www.opengis.net/def/rel/ogc/1.0/results"))
    return StatusInfo(
        process_id=row["process"],
        job_id=str(row["id"]),
        status=status,
        message=GONE if row["lost"] else row["message"],
        progress=row["progress"],
        created=row["created_at"],
        started=row["started_at"],
        finished=row["finished_at"],
        updated=row["updated_at"],
        links=links,
    )


class Analyst(NamedTuple):
    """Works a question out: the one who asked, and the key under which a retry finds the same job."""

    request: HttpRequest
    reader: Reader
    actor: Actor
    key: str | None

    async def __call__(self, task: tasks.Task) -> Response[bytes]:
        """The answer at once when it is quick, else 202 with the job that works on it."""
        desk, estimate_s = self.request.app.state.desk, estimate_seconds(task)
        wants_job = "respond-async" in self.request.headers.get("prefer", "")
        if estimate_s <= AT_ONCE_S and not wants_job:
            return Response(await desk.answer(task), media_type=JSON)
        identity = new_id(time.time_ns() // 1_000_000)
        values = {"id": identity, "process": task.__struct_config__.tag, "owner": self.actor.id}
        async with self.reader.writer() as writer:
            once = Idempotency(self.request, writer, self.actor, self.key)
            made = await once.respond(lambda: self._accept(writer, values | {"estimate_s": estimate_s}))
        if not is_replay(made):
            desk.begin(identity, task, estimate_s)
        return send(made, JSON)

    async def _accept(self, writer: Writer, values: dict[str, Any]) -> StoredResponse:
        self.request.app.state.desk.check_room()
        await jobs.insert(writer, values)
        row = await jobs.get(writer, values["id"])
        where = f"/v1/jobs/{values['id']}"
        return rendered(describe(row or {}), 202, Location=where, Preference_Applied="respond-async")


def analyst(
    request: HttpRequest,
    reader: ReaderDep,
    actor: ActorDep,
    idempotency_key: IdempotencyKey = None,
) -> Analyst:
    """Who works out this request's question."""
    return Analyst(request, reader, actor, idempotency_key)


AnalystDep = NamedDependency[Analyst]
"""Works a question out, at once or as a job."""


async def _own(reader: Reader, actor: Actor, identity: UUID) -> Mapping[str, Any]:
    row = await jobs.get(reader, identity)
    if row is None or not (row["owner"] == actor.id or actor.role == "admin"):
        raise NotFound("job", identity)
    return row


@get("/{identity:uuid}")
async def read_job(reader: ReaderDep, actor: ActorDep, identity: FromPath[UUID]) -> StatusInfo:
    """How a job is doing; for the one who asked for it."""
    return describe(await _own(reader, actor, identity))


RESULTS = {
    200: ResponseSpec(dict[str, Any], generate_examples=False, description="The analysis's own answer.")
}


@get("/{identity:uuid}/results", responses=RESULTS)
async def read_results(reader: ReaderDep, actor: ActorDep, identity: FromPath[UUID]) -> Response[bytes]:
    """The answer of a job, kept for a day."""
    job = describe(await _own(reader, actor, identity))
    if job.status == "failed":
        raise Invalid(job.message or "the analysis failed")
    if job.status != "successful":
        raise Conflict(f"the job is {job.status}")
    return Response((await jobs.result(reader, identity) or "").encode(), media_type=JSON)


@delete("/{identity:uuid}", status_code=200)
async def dismiss_job(
    request: HttpRequest, reader: ReaderDep, actor: ActorDep, identity: FromPath[UUID]
) -> StatusInfo:
    """End a job; its process is stopped within a second, and its place in the queue is free at once."""
    await _own(reader, actor, identity)
    # Committed here and not behind the answer: the job that is stopped says its last word in the same row.
    request.scope["state"]["changes"] = True
    async with reader.writer() as writer:
        await jobs.dismiss(writer, identity)
    await request.app.state.desk.stop(identity)
    return describe(await _own(reader, actor, identity))


router = Router("/v1/jobs", route_handlers=[read_job, read_results, dismiss_job], tags=["jobs"])
