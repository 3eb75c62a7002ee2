"""Errors as problem details (RFC 9457): one table from error class to status."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Response
from litestar.exceptions import (
    ClientException,
    HTTPException,
    InternalServerException,
    MethodNotAllowedException,
    ValidationException,
)

from registry.api.http.localized_response import VARY, preferred
from registry.api.http.request import HttpRequest
from registry.domain import errors
from registry.domain.intake.finding import Finding, pointer_of_field
from registry.domain.intake.wrong_value import explain
from registry.domain.plans.wording import Lang

log = structlog.get_logger("registry")

STATUS: dict[type[errors.RegistryError], int] = {
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Stale: 412,
    errors.ConditionMissing: 428,
    errors.Invalid: 422,
    errors.InvalidQuery: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.CursorExpired: 410,
    errors.Unavailable: 503,
    errors.TooMany: 429,
}
BASE = "/docs/problems#"
CHALLENGE = 'Bearer realm="registry"'


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem details object; `errors` names each parameter or member that is wrong."""

    type: str
    """Address of the problem type, with what it means: `/docs/problems#…`."""
    title: str
    """The kind of problem in one sentence."""
    status: int
    """The status of the response."""
    detail: str
    """What exactly was wrong, in Chinese or English by Accept-Language."""
    instance: str
    request_id: str | None = None
    errors: list[dict[str, Any]] = msgspec.field(default_factory=list)


class ConflictProblem(Problem, frozen=True, kw_only=True):
    """An edit that met another one, and the conflict that a person decides."""

    conflict: str
    overlapping: list[str]
    """Members that both edits changed."""
    current_version: int
    """Version of the record now."""


def respond(
    request: HttpRequest,
    status: int,
    slug: str,
    title: str,
    detail: str,
    faults: list[dict[str, Any]] | None = None,
    headers: Mapping[str, str] | None = None,
    base: str = BASE,
) -> Response[bytes]:
    """The response for one problem, of a type under `base`."""
    language = preferred(request) or "en"
    problem = Problem(
        type=base + slug,
        title=title,
        status=status,
        detail=detail,
        instance=request.url.path,
        request_id=request.scope.get("state", {}).get("request_id"),
        errors=faults or [],
    )
    return Response(
        msgspec.json.encode(problem),
        status_code=status,
        media_type="application/problem+json",
        headers={"Content-Language": language, "Vary": VARY, **(headers or {})},
    )


def status_of(kind: type[errors.RegistryError]) -> int:
    """The status of a domain error: that of its nearest base class in the table."""
    return next(STATUS[base] for base in kind.__mro__ if base in STATUS)


def kinds() -> list[type[errors.RegistryError]]:
    """Every domain error class, by name."""
    classes = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    listed = [k for k in classes if issubclass(k, errors.RegistryError) and k is not errors.RegistryError]
    return sorted(listed, key=lambda kind: kind.__name__)


def slug_of(kind: type[errors.RegistryError]) -> str:
    """The fragment of an error's problem type, such as `not-found`."""
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in kind.__name__).lstrip("-")


def registry_error(request: HttpRequest, error: errors.RegistryError, base: str = BASE) -> Response[bytes]:
    """The problem of a domain error, of a type under `base`."""
    status = status_of(type(error))
    language = preferred(request)
    faults = faults_of(error, language)
    title, detail = error.said_in(language)
    headers = {}
    if isinstance(error, errors.Unavailable):
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, errors.Unauthenticated):
        headers["WWW-Authenticate"] = CHALLENGE
    return respond(request, status, slug_of(type(error)), title, detail, faults, headers, base)


def faults_of(error: errors.RegistryError, language: Lang | None = None) -> list[dict[str, Any]]:
    """What is wrong, each with its parameter or its JSON pointer into the body."""
    if isinstance(error, errors.Refused | errors.InvalidBody):
        return [fault_of(one, language) for one in error.findings]
    if not error.field:
        return []
    _, detail = error.said_in(language)
    if isinstance(error, errors.InvalidQuery):
        extra = {"proposal": error.proposal} if error.proposal else {}
        return [{"parameter": error.field, "detail": detail} | extra]
    return [{"pointer": pointer_of_field(error.field), "detail": detail}]


def fault_of(one: Finding, language: Lang | None = None) -> dict[str, Any]:
    """A finding as a problem names it."""
    found: dict[str, Any] = msgspec.to_builtins(one)
    pointer = {"pointer": found.pop("field")} if one.field is not None else {}
    return pointer | {"detail": one.message.zh if language == "zh" else one.message.en} | found


def validation_error(request: HttpRequest, error: ValidationException) -> Response[bytes]:
    """The problem of a request whose parameters Litestar's validation refused; it names each of them."""
    language = preferred(request)
    faults = [_fault(entry, language) for entry in error.extra or [] if isinstance(entry, dict)]
    faults = faults or _missing(error, language)
    detail = "; ".join(f"{fault['parameter']}: {fault['detail']}" for fault in faults)
    title, _ = errors.InvalidQuery().said_in(language)
    return respond(request, 400, "invalid-query", title, detail or error.detail, faults)


def _missing(error: ValidationException, language: Lang | None) -> list[dict[str, str]]:
    """Litestar names a missing parameter only in its sentence."""
    match = re.match(r"Missing required \w+ parameter '([^']+)'", error.detail)
    required = "必须给出" if language == "zh" else "is required"
    return [{"parameter": match[1], "detail": required}] if match else []


def _fault(entry: dict[str, Any], language: Lang | None) -> dict[str, str]:
    reason = explain(str(entry.get("message", ""))).reason
    return {
        "parameter": str(entry.get("key", "")),
        "detail": reason.zh if language == "zh" else reason.en,
    }


def http_error(request: HttpRequest, error: HTTPException) -> Response[bytes]:
    """The problem of a Litestar error: routing, media types, body sizes, broken bodies."""
    if isinstance(error, InternalServerException) and "disconnected" in error.detail:
        return respond(
            request, 499, "client-gone", "The client left before its request was read", error.detail
        )
    if isinstance(error, InternalServerException):
        return bug(request, error)
    status = 400 if type(error) is ClientException else error.status_code
    title = HTTPStatus(status).phrase
    if isinstance(error, MethodNotAllowedException):
        title = "That method is not offered here"
    detail = error.detail or title
    if preferred(request) == "zh":
        title = PHRASES_ZH.get(status, title)
    return respond(request, status, f"http-{status}", title, detail, None, dict(error.headers or {}))


PHRASES_ZH = {
    400: "请求有误",
    404: "没有该地址",
    405: "此地址不提供该方法",
    406: "没有所要的格式",
    408: "请求正文未及时送达",
    413: "请求正文过大",
    414: "地址过长",
    415: "请求正文的格式不被接受",
}


def malformed(request: HttpRequest, error: Exception) -> Response[bytes]:
    """The problem of a body that is not JSON, not UTF-8 or nested too deeply."""
    reason = "the body is nested too deeply" if isinstance(error, RecursionError) else str(error)
    title = "请求正文无法读取" if preferred(request) == "zh" else "The body cannot be read"
    return respond(request, 400, "malformed-body", title, reason)


def several(request: HttpRequest, error: ExceptionGroup[Exception]) -> Response[bytes]:
    """The first error, when its transaction raised another one while it was rolled back."""
    causes = [e for e in (error.__cause__, *error.exceptions) if isinstance(e, errors.RegistryError)]
    return registry_error(request, causes[0]) if causes else bug(request, error)


def bug(request: HttpRequest, error: Exception) -> Response[bytes]:
    """Any other error: logged with its traceback, returned without detail."""
    log.error("unhandled", path=request.url.path, method=request.method, exc_info=error)
    told = ("The registry made a mistake", "The mistake is logged under this request id.")
    if preferred(request) == "zh":
        told = ("登记系统出错", "错误已按此请求编号记入日志。")
    return respond(request, 500, "internal", *told)


HANDLERS: dict[Any, Any] = {
    errors.RegistryError: registry_error,
    ValidationException: validation_error,
    HTTPException: http_error,
    msgspec.DecodeError: malformed,
    msgspec.ValidationError: malformed,
    UnicodeDecodeError: malformed,
    RecursionError: malformed,
    ExceptionGroup: several,
    Exception: bug,
}
