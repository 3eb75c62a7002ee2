"""Jobs: store an analysis to be worked later, read how it is doing and its answer, dismiss it."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from registry.domain.access.actor import Actor, sight_of
from registry.domain.coverage.tasks import Task, estimate_seconds
from registry.domain.errors import Conflict, Invalid, NotFound, Unavailable
from registry.domain.identity import new_id
from registry.store import jobs
from registry.store.database.pool import Reader, Row, Writer

FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 1.0


class JobStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a job; `process` is the kind of analysis, `progress` is in percent."""

    id: UUID
    process: str
    owner: str
    status: str
    message: str | None
    progress: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    updated_at: datetime
    response: str | None = None
    """How the results are to be written, `raw` or `document`, where the caller said so."""


class JobsQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """Which jobs to list, newest first: those created in a period, that took so long, after one of them."""

    processes: Sequence[str]
    statuses: Sequence[str]
    since: datetime | None = None
    until: datetime | None = None
    min_s: float | None = None
    max_s: float | None = None
    after: UUID | None = None
    limit: int = 100


def audience_of(actor: Actor) -> str:
    """Everything that decides which records the answers to this actor hold."""
    sight = sight_of(actor)
    return " ".join((sight.clearance, *sorted(sight.scope)))


async def start_job(
    writer: Writer, actor: Actor, task: Task, *, most_open: int, response: str | None = None
) -> JobStatus:
    """Store a task as a job, which a worker claims after the commit.

    Unavailable when `most_open` jobs of the actor wait or run already; all without a credential are one.
    """
    if await jobs.count_open(writer, actor.id) >= most_open:
        raise Unavailable("too many of your analyses are waiting", retry_after_s=30)
    identity = new_id(time.time_ns() // 1_000_000)
    await jobs.insert(
        writer,
        {
            "id": identity,
            "process": task.__struct_config__.tag,
            "owner": actor.id,
            "audience": audience_of(actor),
            "estimate_s": estimate_seconds(task),
            "task": await asyncio.to_thread(msgspec.msgpack.encode, task),
            "response": response,
        },
    )
    return await job_status(writer, actor, identity)


async def job_status(reader: Reader, actor: Actor, identity: UUID) -> JobStatus:
    """The state of a job; NotFound for all but its owner and administrators."""
    row = await jobs.get(reader, identity)
    if row is None or not (row["owner"] == actor.id or actor.role == "admin"):
        raise NotFound("job", identity)
    if row["owner"] == actor.id and row["audience"] not in (None, audience_of(actor)):
        raise NotFound("job", identity)  # it holds what the actor might see then
    return _status(row)


def _status(row: Row) -> JobStatus:
    return JobStatus(**{name: row[name] for name in JobStatus.__struct_fields__})


async def list_jobs(reader: Reader, actor: Actor, question: JobsQuestion) -> list[JobStatus]:
    """The jobs that a caller began and may still read.

    None for callers without a credential, who cannot be told apart: each knows the address of its own.
    """
    if actor.role == "public":
        return []
    owned = {"owner": actor.id, "audience": audience_of(actor)}
    rows = await jobs.find(reader, owned | msgspec.structs.asdict(question))
    return [_status(row) for row in rows]


async def wait_for_result(reader: Reader, actor: Actor, identity: UUID, within_s: float) -> msgspec.Raw:
    """The answer of a job once it is there, as `job_result`.

    TimeoutError when it takes longer. The job is dismissed then, and when the caller does not wait any more.
    """
    pause_s = FIRST_PAUSE_S
    try:
        async with asyncio.timeout(within_s):
            while (await job_status(reader, actor, identity)).finished_at is None:
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
    except BaseException:
        await end_job(reader, actor, identity)
        raise
    return await job_result(reader, actor, identity)


async def job_result(reader: Reader, actor: Actor, identity: UUID) -> msgspec.Raw:
    """The answer of a job, as the JSON that is stored.

    NotFound as for `job_status`, Invalid when the analysis failed. Conflict while there is no answer, and
    when a record that may be in it became secret since.
    """
    job = await job_status(reader, actor, identity)
    if job.status == "failed":
        raise Invalid(job.message or "the analysis failed")
    if job.status != "successful":
        raise Conflict(f"the job is {job.status}")
    if await jobs.is_reclassified(reader, sight_of(actor).clearance, job.created_at):
        raise Conflict("a record that this answer may hold became secret since; ask again")
    return msgspec.Raw((await jobs.result(reader, identity) or "").encode())


async def end_job(reader: Reader, actor: Actor, identity: UUID, *, with_result: bool = False) -> None:
    """End a job, and `with_result` forget the answer of one that has ended; NotFound as for `job_status`.

    The dismissal commits here: whoever stops the job afterwards writes to the same row.
    """
    await job_status(reader, actor, identity)
    async with reader.writer() as writer:
        await jobs.dismiss(writer, identity)
        if with_result:
            await jobs.discard(writer, identity)
