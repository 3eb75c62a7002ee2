"""Checks before a handler runs: its parameters, its headers and its body."""

import re
from collections.abc import Set
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import parse_qsl

from litestar import Litestar, Response
from litestar.params import HeaderParameter
from litestar.routes import HTTPRoute
from litestar.typing import FieldDefinition
from rapidfuzz import fuzz, process

from registry.api.http import json_body, known_codes
from registry.api.http.access import realm_check
from registry.api.http.access.admission import admission_of
from registry.api.http.access.authentication import admit
from registry.api.http.contract.declared_parameters import declared, kinds_of
from registry.api.http.params import EXERCISE, LONGEST_EXERCISE
from registry.api.http.request import HttpRequest
from registry.domain.errors import InvalidQuery
from registry.domain.intake.vocabulary import NEAR_PERCENT
from registry.domain.records.clock import past_instant
from registry.domain.values import PRINTABLE
from registry.services.clock import now

MAX_QUERY_BYTES = 8_192
MAX_BODY_BYTES = 1_048_576
BODILESS = ("GET", "HEAD", "OPTIONS")

DATE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d", re.ASCII)

STRICT = "strict"
"""The parameter of every handler that changes something: it takes no `as_of`."""
Form = Literal["text", "instant", "other"]
ParameterForms = dict[Any, dict[str, Form]]
HeaderLengths = dict[Any, dict[str, tuple[int, int]]]


def parameter_forms(app: Litestar) -> ParameterForms:
    """The form of each query parameter that a handler or its dependencies declare."""
    forms: ParameterForms = {}
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler, model in route.route_handler_map.values():
                fields = declared(handler)
                names = [parameter.field_alias for parameter in model.expected_query_params]
                known = {name: _form(fields[name]) for name in names}
                if STRICT in known:
                    known.pop("as_of", None)
                forms.setdefault(handler, {}).update(known)
    return forms


def _form(field: FieldDefinition) -> Form:
    kinds = kinds_of(field)
    return "instant" if datetime in kinds else "text" if str in kinds else "other"


def check_query(request: HttpRequest) -> None:
    """Refuse a query string with a parameter that is unknown, repeated or not text.

    To ignore a misspelt condition would return everything.
    """
    query = request.scope["query_string"]
    if not query:
        return
    if "any_query" in request.route_handler.opt:
        return
    if len(query) > MAX_QUERY_BYTES:
        raise InvalidQuery(f"the query is longer than {MAX_QUERY_BYTES} bytes")
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise InvalidQuery("the query is not percent-encoded UTF-8") from error
    known: ParameterForms = request.app.state.parameter_forms
    forms = known.get(request.route_handler)
    allowed = None if forms is None else forms.keys()
    if "parameters" in request.route_handler.opt:
        allowed = (allowed or set()) | request.route_handler.opt["parameters"](request.path_params)
    seen: set[str] = set()
    for name, value in pairs:
        _check_parameter(name, value, allowed, seen)
        _check_value(name, value, (forms or {}).get(name, "text"))


def _check_value(name: str, value: str, form: Form) -> None:
    """Refuse what the decoder would misread: `null` as no condition, a number as an instant.

    `exercise` and `as_of` are checked before any dependency starts: Litestar does not end a transaction when
    another dependency fails after it.
    """
    if name == "exercise":
        check_exercise(value)
    elif form == "instant" or name == "as_of":
        instant(name, value)
        if name == "as_of":
            past_instant(datetime.fromisoformat(value), now())
    elif form == "other" and value.lower() == "null":
        raise InvalidQuery(f"{name} is null; leave it out instead", field=name)


def check_exercise(text: str) -> None:
    """Refuse a text that is not the name of an exercise."""
    if len(text) > LONGEST_EXERCISE or not re.search(EXERCISE, text):
        raise InvalidQuery("exercise is a short name of small letters, digits and hyphens", field="exercise")


def instant(name: str, text: str) -> None:
    """Refuse a text that is not an RFC 3339 instant."""
    if not _is_instant(text):
        raise InvalidQuery(f"{name} is an RFC 3339 instant with a time zone", field=name)


def _is_instant(text: str) -> bool:
    try:
        moment = datetime.fromisoformat(text)
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return False
    return DATE.match(text) is not None and moment.tzinfo is not None


def _check_parameter(name: str, value: str, allowed: Set[str] | None, seen: set[str]) -> None:
    if allowed is not None and name not in allowed:
        raise _unknown(name, allowed)
    if name in seen:
        raise InvalidQuery(
            f"parameter {name} is given more than once", field=name, zh=f"参数 {name} 给出了不止一次"
        )
    if not _printable(value):
        raise InvalidQuery(
            f"parameter {name} has characters that are not text", field=name, zh=f"参数 {name} 含有非文本字符"
        )
    seen.add(name)


def _unknown(name: str, allowed: Set[str]) -> InvalidQuery:
    """A parameter that this route has not, with the one that is likely meant."""
    if name == "as_of":
        return InvalidQuery(
            "as_of asks about the past, and a change is made now: leave it out",
            field=name,
            zh="as_of 用于查询过去，而更改只在当前进行：请去掉它",
        )
    listed = ", ".join(sorted(allowed))
    nearest = process.extractOne(name, sorted(allowed), scorer=fuzz.ratio, score_cutoff=NEAR_PERCENT)
    proposal = None if nearest is None else str(nearest[0])
    near, near_zh = (f"; did you mean {proposal}?", f"，是否为 {proposal}？") if proposal else ("", "")
    return InvalidQuery(
        f"unknown parameter {name}{near}; known here: {listed or 'none'}",
        field=name,
        proposal=proposal,
        zh=f"没有参数 {name}{near_zh}；此处可用：{listed or '无'}",
    )


def _printable(value: str) -> bool:
    return re.search(PRINTABLE, value) is not None


def methods_offered(app: Litestar) -> dict[str, str]:
    """The Allow header of each path.

    Litestar's own response to OPTIONS lacks the handlers that were added to a path after its first.
    """
    offered: dict[str, str] = {}
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            methods = set(route.methods) | ({"HEAD"} if "GET" in route.methods else set())
            offered[route.path_format] = ", ".join(sorted(methods))
    return offered


def header_lengths(app: Litestar) -> HeaderLengths:
    """The least and greatest length of each header that a handler or its dependencies declare."""
    lengths: HeaderLengths = {}
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                lengths[handler] = {
                    name: (header.min_length or 0, header.max_length or MAX_QUERY_BYTES)
                    for name, field in declared(handler).items()
                    if isinstance(header := field.kwarg_definition, HeaderParameter)
                }
    return lengths


def check_headers(request: HttpRequest) -> None:
    """Refuse a header that is too long or too short, before any dependency starts."""
    lengths: HeaderLengths = request.app.state.header_lengths
    for name, (least, most) in lengths.get(request.route_handler, {}).items():
        value = request.headers.get(name)
        if value is not None and not least <= len(value) <= most:
            raise InvalidQuery(f"{name} has {least} to {most} characters", field=name)


async def before_request(request: HttpRequest) -> Response[None] | None:
    """Check a request that has a route, and let it work once its body is there; OPTIONS is answered here."""
    admit(request)
    check_query(request)
    check_headers(request)
    if request.method == "OPTIONS" and request.route_handler.fn.__module__ == HTTPRoute.__module__:
        allowed = request.app.state.methods_offered[request.scope["path_template"]]
        return Response(None, status_code=204, headers={"Allow": allowed})
    if request.method not in BODILESS:
        bytes_a_unit = request.route_handler.opt.get("bytes_a_unit")
        request.scope["state"]["weigh"](await request.body(), bytes_a_unit)
    if request.route_handler.opt.get("admission") != "own":
        await admission_of(request.scope).enter()
    await json_body.read(request)
    await known_codes.check(request)
    await realm_check.check(request)
    return None
