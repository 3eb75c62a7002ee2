"""Answers of routes that change an incident: stored under the key of the request, with the ETag."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Response

from registry.api.http.conditional import etag_of
from registry.api.http.idempotency import Idempotency, rendered
from registry.api.http.links import JSON
from registry.domain.access.sight import Sight
from registry.domain.incidents.incident import Incident
from registry.store.access.idempotency import StoredResponse


async def answer_once(
    once: Idempotency, sight: Sight, act: Callable[[], Awaitable[Any]], status: int = 200
) -> Response[bytes]:
    """What `act` answers, or the response again that is stored under the request's key."""

    async def perform() -> StoredResponse:
        value = await act()
        headers = {}
        incident = value if isinstance(value, Incident) else getattr(value, "incident", None)
        if isinstance(incident, Incident):
            headers = {"ETag": etag_of(incident.version, sight), "Location": f"/v1/incidents/{incident.id}"}
        return rendered(value, status, **headers)

    return await once(perform, JSON)
