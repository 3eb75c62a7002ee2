"""The cache of poll responses that found nothing, until the feed moves."""

from typing import Any

import msgspec
from litestar import Response
from litestar.types import Receive, Scope, Send

from registry.api.http.access.authentication import actor_in
from registry.api.http.request import HttpRequest
from registry.api.http.request_validation import before_request
from registry.domain.access.actor import Actor

MOST_CACHED = 10_000


class PollCache:
    """Responses to empty polls by query string and actor, who was authorised on the first request."""

    def __init__(self) -> None:
        self._responses: dict[tuple[bytes, Actor], RenderedResponse] = {}

    def find(self, scope: Scope) -> "RenderedResponse | None":
        """The cached response to the same request."""
        return self._responses.get((scope["query_string"], actor_in(scope)))

    def keep(self, scope: Scope, body: object) -> None:
        """Cache the response to a poll that found nothing."""
        if len(self._responses) >= MOST_CACHED:
            self._responses.clear()
        self._responses[scope["query_string"], actor_in(scope)] = RenderedResponse(msgspec.json.encode(body))

    def clear(self) -> None:
        """Drop everything, because the feed moved."""
        self._responses.clear()


class RenderedResponse(Response[bytes]):
    """A JSON response that is rendered once, however often it is sent."""

    def __init__(self, body: bytes) -> None:
        super().__init__(body, media_type="application/json")
        self._body = body
        self._head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]

    def to_asgi_response(self, *_: Any, **__: Any) -> Any:
        """Itself."""
        return self._send

    async def _send(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self._head})
        await send({"type": "http.response.body", "body": self._body, "more_body": False})


async def cached_poll(request: HttpRequest) -> RenderedResponse | None:
    """The cached response; for any other request the checks that every request passes."""
    cache: PollCache = request.app.state.poll_cache
    response = cache.find(request.scope)
    if response is None:
        await before_request(request)
    return response
