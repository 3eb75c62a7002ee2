"""Analyses and jobs over HTTP: a short analysis is answered at once, a long one with 202 and a job."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec
from litestar import Response, Router, delete, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from registry.api.http.dependencies import OF_PRIMARY, ActorDep, ReaderDep, SightDep
from registry.api.http.idempotency import Idempotency, IdempotencyKey, rendered, send
from registry.api.http.links import JSON
from registry.api.http.request import HttpRequest
from registry.domain.access.actor import Actor
from registry.domain.access.sight import Sight
from registry.domain.coverage.analyses import AnalysisAnswer
from registry.domain.coverage.tasks import AT_ONCE_S, Task, estimate_seconds
from registry.services.coverage import jobs
from registry.services.coverage.analyse import analyse
from registry.services.coverage.jobs import JobStatus
from registry.services.coverage.prepare import prepare_task
from registry.services.coverage.requests import CoverageRequest, DistanceRequest
from registry.store.access.idempotency import StoredResponse
from registry.store.database.pool import Reader

RESULTS_REL = "http://www.opengis.net/def/rel/ogc/1.0/results"
OPEN_PER_PROCESS = 10


class JobLink(msgspec.Struct, frozen=True):
    """A link of a job."""

    href: str
    rel: str
    type: str = JSON
    """Media type of what it leads to."""


class JobStatusInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A job's state, with the members of statusInfo of OGC API - Processes."""

    process_id: str = msgspec.field(name="processID")
    job_id: UUID = msgspec.field(name="jobID")
    type: Literal["process"] = "process"
    status: str
    """Accepted, running, successful, failed or dismissed."""
    message: str | None
    progress: int
    created: datetime
    """When the job was made."""
    started: datetime | None
    finished: datetime | None
    updated: datetime
    links: list[JobLink]


def describe_job(job: JobStatus, root: str = "/v1") -> JobStatusInfo:
    """A job as its statusInfo, with links below a root."""
    own = f"{root}/jobs/{job.id}"
    links = [JobLink(own, "self")]
    if job.status == "successful":
        links.append(JobLink(f"{own}/results", RESULTS_REL))
    return JobStatusInfo(
        process_id=job.process,
        job_id=job.id,
        status=job.status,
        message=job.message,
        progress=job.progress,
        created=job.created_at,
        started=job.started_at,
        finished=job.finished_at,
        updated=job.updated_at,
        links=links,
    )


class AnalysisHandler(NamedTuple):
    """Answers an analysis: who asks, what they see, and the key under which a retry finds the same job."""

    request: HttpRequest
    reader: Reader
    actor: Actor
    sight: Sight
    key: str | None

    async def respond(self, body: CoverageRequest | DistanceRequest) -> Response[Any]:
        """200 with the answer when it is expected at once, else 202 with the job that works on it."""
        task = await self.prepare(body)
        if estimate_seconds(task) <= AT_ONCE_S and not self.prefers_job:
            return Response(await analyse(task), media_type=JSON)
        return send(await self.accept(task, _accepted), JSON)

    @property
    def prefers_job(self) -> bool:
        """Whether the caller would rather have a job than wait (RFC 7240)."""
        return "respond-async" in self.request.headers.get("prefer", "")

    async def prepare(self, body: CoverageRequest | DistanceRequest) -> Task:
        """The task that answers a request."""
        return await prepare_task(self.reader, self.actor, self.sight, body)

    async def accept(
        self, task: Task, describe: Callable[[JobStatus], StoredResponse], response: str | None = None
    ) -> StoredResponse:
        """Store the task as a job, once under its key, and describe the job to the caller.

        `response` is how the results are to be written, where the caller said so.
        """

        async def start() -> StoredResponse:
            settings = self.request.app.state.settings
            most_open = settings.workers * settings.job_processes * OPEN_PER_PROCESS
            job = await jobs.start_job(writer, self.actor, task, most_open=most_open, response=response)
            return describe(job)

        async with self.reader.writer() as writer:
            accepted = await Idempotency(self.request, writer, self.actor, self.key).respond(start)
        self.request.app.state.runner.wake()
        return accepted


def _accepted(job: JobStatus) -> StoredResponse:
    location = f"/v1/jobs/{job.id}"
    return rendered(describe_job(job), 202, Location=location, Preference_Applied="respond-async")


def analysis(
    request: HttpRequest,
    reader: ReaderDep,
    actor: ActorDep,
    sight: SightDep,
    idempotency_key: IdempotencyKey = None,
) -> AnalysisHandler:
    """The handler of an analysis."""
    return AnalysisHandler(request, reader, actor, sight, idempotency_key)


AnalysisDep = NamedDependency[AnalysisHandler]
"""Answers an analysis, at once or as a job."""


@get("/{identity:uuid}")
async def read_job(reader: ReaderDep, actor: ActorDep, identity: FromPath[UUID]) -> JobStatusInfo:
    """How a job is doing; for the one who asked for it."""
    return describe_job(await jobs.job_status(reader, actor, identity))


@get("/{identity:uuid}/results", opt={"answers": AnalysisAnswer})
async def read_results(reader: ReaderDep, actor: ActorDep, identity: FromPath[UUID]) -> Response[bytes]:
    """The answer of a job, kept for a day."""
    return Response(bytes(await jobs.job_result(reader, actor, identity)), media_type=JSON)


@delete("/{identity:uuid}", status_code=200)
async def dismiss_job(
    request: HttpRequest, reader: ReaderDep, actor: ActorDep, identity: FromPath[UUID]
) -> JobStatusInfo:
    """End a job; its process is stopped within a second, and its place in the queue is free at once."""
    request.scope["state"]["changes"] = True
    await jobs.end_job(reader, actor, identity)
    await request.app.state.runner.stop(identity)
    return describe_job(await jobs.job_status(reader, actor, identity))


router = Router(
    "/v1/jobs", route_handlers=[read_job, read_results, dismiss_job], tags=["jobs"], opt=OF_PRIMARY
)
