"""HEAD for every route: the response of GET without its body."""

from typing import Any

from litestar.types import ASGIApp, Message, Receive, Scope, Send


class HeadMiddleware:
    """Answers HEAD with the status and headers of GET."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        get_scope: dict[str, Any] = dict(scope)
        if get_scope.get("method") != "HEAD":
            await self._inner(scope, receive, send)
            return
        get_scope["method"] = "GET"

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        typed: Any = get_scope
        await self._inner(typed, receive, without_body)
