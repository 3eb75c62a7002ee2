"""The audit over HTTP, for administrators."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Router, get
from litestar.params import QueryParameter

from registry.api.http import params
from registry.api.http.dependencies import OF_PRIMARY, ActorDep, ReaderDep
from registry.api.http.links import page_links
from registry.api.http.request import HttpRequest
from registry.domain.access.actor import require
from registry.domain.access.audit import Action, AuditEntry
from registry.domain.conditions import aware
from registry.domain.cursor import NumberCursor, decode_number
from registry.services.access.search_audit import AuditSearch, search_audit

JSON = "application/json"
Since = Annotated[datetime | None, QueryParameter(name="since", description="From this instant on.")]
Until = Annotated[datetime | None, QueryParameter(name="until", description="Before this instant.")]
ActorParam = Annotated[str | None, QueryParameter(name="actor", max_length=200, description="Who did it.")]
ActionParam = Annotated[Action | None, QueryParameter(name="action", description="What was done.")]


class AuditTraces(msgspec.Struct, frozen=True):
    """Entries of the audit, latest first."""

    traces: list[AuditEntry]
    links: list[dict[str, str]]


@get("/")
async def list_audit(
    request: HttpRequest,
    reader: ReaderDep,
    actor: ActorDep,
    by: ActorParam = None,
    action: ActionParam = None,
    since: Since = None,
    until: Until = None,
    cursor: params.Cursor = None,
    limit: params.Limit = 100,
) -> AuditTraces:
    """Who read restricted records, exported, changed, or was refused."""
    require(actor, "admin")
    search = AuditSearch(
        actor=by,
        action=action,
        since=aware(since, "since"),
        until=aware(until, "until"),
        before=decode_number(cursor),
    )
    page = await search_audit(reader, search, limit)
    links = page_links(request, NumberCursor, page.next_before, JSON)
    return AuditTraces(page.entries, links)


router = Router("/v1/audit", route_handlers=[list_audit], tags=["access"], opt=OF_PRIMARY)
