"""The exceptions of OGC API - Processes: problems whose types the standard names."""

from typing import Any

from litestar import Response

from registry.api.http import problems
from registry.api.http.request import HttpRequest
from registry.domain.errors import NotFound, RegistryError

TYPES = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/"


class NoSuchProcess(NotFound):
    """There is no such process."""

    title_zh = "没有该处理。"


class NoSuchJob(NotFound):
    """There is no such job."""

    title_zh = "没有该任务。"


class ResultNotReady(NotFound):
    """The job has no result yet."""

    title_zh = "任务尚无结果。"


def exception(request: HttpRequest, error: RegistryError) -> Response[bytes]:
    """The problem of one of these errors."""
    return problems.registry_error(request, error, TYPES)


HANDLERS: dict[Any, Any] = {NoSuchProcess: exception, NoSuchJob: exception, ResultNotReady: exception}
