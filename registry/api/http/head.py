"""HEAD for every resource: what GET answers, without its body."""

from typing import Any

from litestar.types import ASGIApp, Message, Receive, Scope, Send


class Head:
    """Answers HEAD by asking for the resource and keeping only its head."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        asked: dict[str, Any] = dict(scope)
        if asked.get("method") != "HEAD":
            await self._inner(scope, receive, send)
            return
        asked["method"] = "GET"

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        headless: Any = asked
        await self._inner(headless, receive, without_body)
