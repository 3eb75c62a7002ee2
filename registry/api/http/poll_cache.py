"""Polls that find nothing: what one was answered is the answer to the next, until the feed moves."""

from typing import Any

import msgspec
from litestar import Response
from litestar.types import Receive, Scope, Send

from registry.api.http.access.authentication import actor_in
from registry.api.http.request import HttpRequest
from registry.api.http.request_validation import before_request
from registry.domain.access.actor import Actor

MOST_KNOWN = 10_000
Question = tuple[bytes, Actor]


class Quiet:
    """Answers by their question and who asked it, who was let in when it was asked first."""

    def __init__(self) -> None:
        self._known: dict[Question, Unchanged] = {}

    def find(self, scope: Scope) -> "Unchanged | None":
        """What this very question was answered since the feed moved."""
        return self._known.get((scope["query_string"], actor_in(scope)))

    def keep(self, scope: Scope, told: object) -> None:
        """Remember that this question found nothing where the feed stands now."""
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[scope["query_string"], actor_in(scope)] = Unchanged(msgspec.json.encode(told))

    def clear(self) -> None:
        """Forget everything, because something happened."""
        self._known.clear()


class Unchanged(Response[bytes]):
    """A JSON answer whose head and body are rendered once, however often it is sent."""

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


async def unless_quiet(request: HttpRequest) -> Unchanged | None:
    """The answer that is known; for any other question the checks that every request passes."""
    known: Unchanged | None = request.app.state.watch.quiet.find(request.scope)
    if known is None:
        await before_request(request)
    return known
