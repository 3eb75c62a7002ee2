"""Execute a process: the handler of /v1 asks, and the answer is written as OGC API - Processes has it."""

import inspect
from typing import Any, NamedTuple

import msgspec
from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from registry.api.http.access.admission import admission_of
from registry.api.http.idempotency import rendered, send
from registry.api.http.links import JSON
from registry.api.http.request import HttpRequest
from registry.api.ogc.links import Links
from registry.api.ogc.processes.catalogue import OUTPUT, PROCESSES, Process
from registry.api.ogc.processes.exceptions import NoSuchProcess
from registry.api.ogc.processes.jobs import MONITOR, status_info
from registry.api.v1.coverage.jobs import AnalysisHandler
from registry.domain.coverage.tasks import AT_ONCE_S, Task, estimate_seconds
from registry.domain.errors import InvalidQuery
from registry.services.coverage import jobs
from registry.services.coverage.analyse import analyse
from registry.services.coverage.inputs import request_sight
from registry.services.coverage.jobs import JobStatus
from registry.services.coverage.requests import CoverageRequest, DistanceRequest
from registry.store.access.idempotency import StoredResponse

WAIT_S = 60.0
"""How long a caller who does not want a job waits for an analysis."""
QUALIFIED = {"value", "mediaType", "encoding", "schema"}


def execution(process: Process) -> HTTPRouteHandler:
    """The route that executes a process, with the dependencies of its route in /v1."""

    async def execute(request: HttpRequest, data: Any, **provided: Any) -> Response[Any]:
        inputs = data.inputs
        if "sight" in provided:
            provided["sight"] = request_sight(inputs, provided["sight"])
        if "analysis" in provided:
            provided["analysis"] = ProcessAnalysis(provided["analysis"], data.response)
        if "request" in process.parameters:
            provided["request"] = request
        answer = await process.ask(data=inputs, **provided)
        return _written(answer, data.response, process.media)

    own = {name: one for name, one in process.parameters.items() if name not in ("request", "data")}
    body: Any = JSONBody
    types = {"request": HttpRequest, "data": body[process.execution]}
    types |= {name: one.annotation for name, one in own.items()}
    handler: Any = execute
    handler.__doc__ = f"`{process.twin}` as a process. {process.description}"
    handler.__annotations__ = types | {"return": Response[Any]}
    handler.__signature__ = inspect.Signature(
        [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=types[name]) for name in types]
    )
    return post(
        f"/processes/{process.id}/execution",
        status_code=200,
        opt={**(process.parent.opt or {}), **(process.handler.opt or {}), "inline": inline_values},
        dependencies=process.parent.dependencies,
        include_in_schema=False,
    )(handler)


def inline_values(body: bytes) -> bytes:
    """An execute request with each qualified value replaced by the value itself (18-062r2, 7.11.2)."""
    if b'"value"' not in body:
        return body
    whole = msgspec.json.decode(body)
    inputs = whole.get("inputs") if isinstance(whole, dict) else None
    if not isinstance(inputs, dict):
        return body
    return msgspec.json.encode(whole | {"inputs": {name: _inline(value) for name, value in inputs.items()}})


def _inline(value: Any) -> Any:
    if isinstance(value, list):
        return [_inline(item) for item in value]
    is_qualified = isinstance(value, dict) and "value" in value and value.keys() <= QUALIFIED
    return value["value"] if is_qualified else value


def _written(answer: Any, response: str, media: str) -> Response[Any]:
    """The answer itself, or a document with it; a job is neither."""
    sent = answer if isinstance(answer, Response) else Response(answer, media_type=media)
    if response == "raw" or sent.status_code == 201:
        return sent
    content = msgspec.Raw(sent.content) if isinstance(sent.content, bytes) else sent.content
    return Response({OUTPUT: content}, headers=sent.headers, media_type=JSON)


class ProcessAnalysis(NamedTuple):
    """Answers an analysis in the execution mode that the caller and the standard want."""

    asked: AnalysisHandler
    response: str

    async def respond(self, body: CoverageRequest | DistanceRequest) -> Any:
        """The answer, or 201 with the job where the caller prefers one."""
        task = await self.asked.prepare(body)
        if self.asked.prefers_job:
            return send(await self.asked.accept(task, self._created, self.response), JSON)
        if estimate_seconds(task) <= AT_ONCE_S:
            return await analyse(task)
        return await self._waited_for(task)

    def _created(self, job: JobStatus) -> StoredResponse:
        links = Links(self.asked.request)
        location = links.href(f"/jobs/{job.id}")
        return rendered(status_info(links, job), 201, Location=location, Preference_Applied="respond-async")

    async def _waited_for(self, task: Task) -> Response[Any]:
        """The answer of a job that the caller waits for without its slot; the job ends with the request."""
        if estimate_seconds(task) > WAIT_S:
            raise _too_long()
        request, begun = self.asked.request, list[JobStatus]()
        await self.asked._replace(key=None).accept(task, lambda job: _noted(begun, job), self.response)
        [job] = begun
        try:
            async with admission_of(request.scope).paused():
                reader = request.app.state.reader
                result = await jobs.wait_for_result(reader, self.asked.actor, job.id, WAIT_S)
        except TimeoutError:
            raise _too_long() from None
        monitor = f'<{Links(request).href(f"/jobs/{job.id}")}>; rel="{MONITOR}"; type="{JSON}"'
        return Response(bytes(result), headers={"Link": monitor}, media_type=JSON)


def _noted(begun: list[JobStatus], job: JobStatus) -> StoredResponse:
    begun.append(job)
    return rendered({})


def _too_long() -> InvalidQuery:
    return InvalidQuery(
        f"this analysis takes longer than {WAIT_S:.0f} s: ask for a job, by `Prefer: respond-async`",
        field="Prefer",
        zh=f"该分析需时超过 {WAIT_S:.0f} 秒：请以请求头 Prefer: respond-async 改为异步执行",
    )


@post("/processes/{process_id:str}/execution", status_code=200, include_in_schema=False)
async def execute_unknown(process_id: FromPath[str]) -> None:
    """Refuse to execute a process that is not offered."""
    raise NoSuchProcess("process", process_id)


HANDLERS = [*(execution(process) for process in PROCESSES.values()), execute_unknown]
