"""Refuse a question about an exercise that does not exist, or about the future, on every route that asks.

A write into a new exercise opens it. Devices sync before they write, and a file is looked through before the
first of its rows is stored, so that the routes of both take any name.
"""

from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from litestar.types import Empty
from litestar.utils.scope.state import ScopeState

from registry.api.http.access.authentication import actor_in
from registry.api.http.request import HttpRequest
from registry.domain.access.actor import sight_of
from registry.domain.records.clock import past_instant
from registry.services.access.exercises import demand_exercise
from registry.services.clock import now

ANY_EXERCISE = {"any_exercise": True}
"""The option of a route that takes the name of an exercise before its first record."""
MOST_KEPT = 1_000


async def check(request: HttpRequest) -> None:
    """Refuse a question about an exercise, in its query or its body, of which its reader sees nothing."""
    if isinstance(instant := _stated(request, "as_of"), datetime):
        past_instant(instant, now())
    for name in _named(request):
        sight = sight_of(actor_in(request.scope), name)
        key = (name, sight.clearance, sight.scope)
        known: set[Any] = request.app.state.exercises
        if key in known:
            continue
        await demand_exercise(request.app.state.available, sight)
        if len(known) >= MOST_KEPT:
            known.clear()
        known.add(key)


def _named(request: HttpRequest) -> set[str]:
    handler = request.route_handler
    if {"any_exercise", "any_query", "examined"} & handler.opt.keys():
        return set()
    query = request.scope["query_string"]
    named = set() if writes(request) or not query else {*parse_qs(query.decode()).get("exercise", ())}
    stated = _stated(request, "exercise")
    return named | {stated} if isinstance(stated, str) else named


def _stated(request: HttpRequest, member: str) -> Any:
    """A member of the body of a question; None without one."""
    body = ScopeState.from_scope(request.scope).json
    if body is Empty or "examined" in request.route_handler.opt:
        return None
    return getattr(body, member, None)


def writes(request: HttpRequest) -> bool:
    """Whether the handler opens a transaction: it then takes `strict`."""
    return "strict" in request.app.state.parameter_forms.get(request.route_handler, {})
