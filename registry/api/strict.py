"""What is checked before a handler runs: no unknown or repeated parameters, no bottomless bodies."""

import re
from typing import Any
from urllib.parse import parse_qsl

from litestar import Litestar, Request
from litestar.routes import HTTPRoute

from registry.api import bodies
from registry.api.authenticate import admit
from registry.domain.errors import InvalidQuery
from registry.domain.values import PRINTABLE

MAX_QUERY_BYTES = 8_192
MAX_BODY_BYTES = 1_048_576

Known = dict[Any, frozenset[str]]


def known_parameters(app: Litestar) -> Known:
    """The query parameters that each handler and its dependencies declare."""
    known: Known = {}
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler, model in route.route_handler_map.values():
                names = frozenset(parameter.field_alias for parameter in model.expected_query_params)
                known[handler] = known.get(handler, frozenset()) | names
    return known


def check_query(request: Request[Any, Any, Any]) -> None:
    """Refuse a query string with a parameter that is unknown, given twice or not text.

    A misspelt filter that was ignored would return everything.
    """
    query = request.scope["query_string"]
    if not query:
        return
    if len(query) > MAX_QUERY_BYTES:
        raise InvalidQuery(f"the query is longer than {MAX_QUERY_BYTES} bytes")
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise InvalidQuery("the query is not percent-encoded UTF-8") from error
    known: Known = request.app.state.known_parameters
    allowed = known.get(request.route_handler)
    if "parameters" in request.route_handler.opt:
        allowed = (allowed or frozenset()) | request.route_handler.opt["parameters"](request.path_params)
    seen: set[str] = set()
    for name, value in pairs:
        _check_parameter(name, value, allowed, seen)


def _check_parameter(name: str, value: str, allowed: frozenset[str] | None, seen: set[str]) -> None:
    if allowed is not None and name not in allowed:
        listed = ", ".join(sorted(allowed)) or "none"
        raise InvalidQuery(f"unknown parameter {name}; known here: {listed}", field=name)
    if name in seen:
        raise InvalidQuery(f"parameter {name} is given more than once", field=name)
    if not _printable(value):
        raise InvalidQuery(f"parameter {name} has characters that are not text", field=name)
    seen.add(name)


def _printable(value: str) -> bool:
    return re.search(PRINTABLE, value) is not None


async def before_request(request: Request[Any, Any, Any]) -> None:
    """Every request that has a route passes here first."""
    admit(request)
    check_query(request)
    await bodies.read(request)
