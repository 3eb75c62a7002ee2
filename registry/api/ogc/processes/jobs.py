"""The jobs of processes: list, status, results and dismissal, for the one who asked for them."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, delete, get
from litestar.params import FromPath

from registry.api.http.dependencies import OF_PRIMARY, ActorDep, ReaderDep
from registry.api.http.request import HttpRequest
from registry.api.ogc.links import Links, about
from registry.api.ogc.negotiation import JSON, PLAIN, negotiate
from registry.api.ogc.parameters import SIGHT, Schema, fixed
from registry.api.ogc.processes.catalogue import ANALYSES, OUTPUT
from registry.api.ogc.processes.exceptions import NoSuchJob, ResultNotReady
from registry.api.ogc.response import negotiated_response
from registry.api.v1.coverage.jobs import describe_job
from registry.domain.access.actor import Actor
from registry.domain.cursor import IdentityCursor, decode_identity, encode_cursor
from registry.domain.errors import InvalidQuery, NotFound
from registry.domain.ogc import items, literals
from registry.services.coverage import jobs
from registry.services.coverage.jobs import JobsQuestion, JobStatus
from registry.store.database.pool import Reader

MONITOR = "monitor"
STATUSES = ("accepted", "running", "successful", "failed", "dismissed")
LISTED = 100
MOST_LISTED = 1_000


def _parameter(name: str, description: str, schema: Schema) -> Schema:
    found = {"name": name, "in": "query", "required": False, "description": description, "schema": schema}
    return found | ({"style": "form", "explode": False} if schema["type"] == "array" else {})


def _one_or_several(*values: str) -> Schema:
    return {"type": "array", "items": {"type": "string", "enum": list(values)}}


_SECONDS = {"type": "number", "minimum": 0}
PARAMETERS: dict[str, Schema] = {
    item["name"]: item
    for item in (
        _parameter("type", "Only jobs of this type.", _one_or_several("process")),
        _parameter("processID", "Only jobs of these processes.", _one_or_several(*ANALYSES)),
        _parameter("status", "Only jobs with one of these states.", _one_or_several(*STATUSES)),
        _parameter(
            "datetime",
            "Only jobs created at an RFC 3339 instant or in an interval (`a/b`, `a/..`, `../b`).",
            {"type": "string"},
        ),
        _parameter("minDuration", "Only jobs that took, or take, at least so many seconds.", _SECONDS),
        _parameter("maxDuration", "Only jobs that took, or take, at most so many seconds.", _SECONDS),
        _parameter(
            "limit",
            "At most so many jobs in one answer; more than the maximum means the maximum.",
            {"type": "integer", "minimum": 1, "maximum": MOST_LISTED, "default": LISTED},
        ),
        _parameter(
            "cursor", "From the `next` link of the page before.", {"type": "string", "maxLength": 2000}
        ),
    )
}
"""The conditions of the list of jobs (18-062r2, 11.2)."""


def status_info(links: Links, job: JobStatus) -> dict[str, Any]:
    """A job as its statusInfo, with what is known of it."""
    stated = msgspec.to_builtins(describe_job(job, links.root))
    return {name: value for name, value in stated.items() if value is not None}


@get("/jobs", opt={"parameters": fixed("f", *SIGHT, *PARAMETERS), **OF_PRIMARY}, include_in_schema=False)
async def list_jobs(request: HttpRequest, reader: ReaderDep, actor: ActorDep) -> Response[bytes]:
    """The jobs that the caller began in the last day, newest first, in pages."""
    links, question = Links(request), _question(request.query_params)
    found = await jobs.list_jobs(reader, actor, msgspec.structs.replace(question, limit=question.limit + 1))
    page, listed = found[: question.limit], about(links)
    if len(found) > len(page):
        cursor = encode_cursor(IdentityCursor(page[-1].id))
        listed.append({"rel": "next", "type": JSON, "title": "Next page", "href": links.here(cursor=cursor)})
    content = {"jobs": [status_info(links, job) for job in page], "links": listed}
    return await negotiated_response(request, PLAIN, content, "Jobs · 任务")


def _question(params: Mapping[str, Any]) -> JobsQuestion:
    _members(params, "type", ("process",))
    since, until = _period(params.get("datetime"))
    return JobsQuestion(
        processes=_members(params, "processID", ANALYSES),
        statuses=_members(params, "status", STATUSES),
        since=since,
        until=until,
        min_s=_seconds(params, "minDuration"),
        max_s=_seconds(params, "maxDuration"),
        after=decode_identity(params.get("cursor")),
        limit=min(MOST_LISTED, items.limit(params["limit"])) if "limit" in params else LISTED,
    )


def _members(params: Mapping[str, Any], name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    stated = tuple(params[name].split(",")) if name in params else known
    if not set(stated) <= set(known):
        raise InvalidQuery(f"{name} is one or several of {', '.join(known)}", field=name)
    return stated


def _period(text: str | None) -> tuple[datetime | None, datetime | None]:
    if text is None:
        return None, None
    parts = text.split("/")
    if len(parts) > 2 or all(part in ("", "..") for part in parts):
        raise InvalidQuery("datetime is an instant, or start/end with at most one end open", field="datetime")
    try:
        since, until = (
            None if part in ("", "..") else literals.instant(part, is_last)
            for part, is_last in ((parts[0], False), (parts[-1], True))
        )
    except InvalidQuery as error:
        raise InvalidQuery(error.detail, field="datetime") from error
    return since, until


def _seconds(params: Mapping[str, Any], name: str) -> float | None:
    try:
        value = float(params[name]) if name in params else None
    except ValueError:
        value = math.nan
    if value is not None and not 0 <= value < math.inf:
        raise InvalidQuery(f"{name} is a number of seconds", field=name)
    return value


async def _job(reader: Reader, actor: Actor, identity: str) -> JobStatus:
    """The job of this identity; NoSuchJob for any that is not of a process here, or not the caller's."""
    try:
        job = await jobs.job_status(reader, actor, UUID(identity))
    except (ValueError, NotFound):
        raise NoSuchJob("job", identity) from None
    if job.process not in ANALYSES:
        raise NoSuchJob("job", identity)
    return job


@get("/jobs/{job_id:str}", opt={"parameters": fixed("f", *SIGHT), **OF_PRIMARY}, include_in_schema=False)
async def read_status(
    request: HttpRequest, reader: ReaderDep, actor: ActorDep, job_id: FromPath[str]
) -> Response[bytes]:
    """How a job is doing."""
    content = status_info(Links(request), await _job(reader, actor, job_id))
    return await negotiated_response(request, PLAIN, content, "Job · 任务")


@get(
    "/jobs/{job_id:str}/results",
    opt={"parameters": fixed("f", *SIGHT), **OF_PRIMARY},
    include_in_schema=False,
)
async def read_answer(
    request: HttpRequest, reader: ReaderDep, actor: ActorDep, job_id: FromPath[str]
) -> Response[bytes]:
    """The answer of a job, raw or as a document, as the caller asked for it; kept for a day."""
    negotiate(request, {"json": JSON})
    job = await _job(reader, actor, job_id)
    if job.status in ("accepted", "running"):
        raise ResultNotReady("result yet of the job", job_id)
    result = await jobs.job_result(reader, actor, job.id)
    document = msgspec.json.encode({OUTPUT: result}) if job.response == "document" else bytes(result)
    return Response(document, media_type=JSON)


@delete("/jobs/{job_id:str}", status_code=200, opt=OF_PRIMARY, include_in_schema=False)
async def dismiss(
    request: HttpRequest, reader: ReaderDep, actor: ActorDep, job_id: FromPath[str]
) -> Response[bytes]:
    """End a job, or forget the answer of one that has ended."""
    request.scope["state"]["changes"] = True
    job = await _job(reader, actor, job_id)
    await jobs.end_job(reader, actor, job.id, with_result=True)
    await request.app.state.runner.stop(job.id)
    content = status_info(Links(request), await _job(reader, actor, job_id))
    return Response(msgspec.json.encode(content), media_type=JSON)


HANDLERS = [list_jobs, read_status, read_answer, dismiss]
