"""HEAD for every resource: what GET answers, without its body."""

from litestar.types import ASGIApp, Message, Receive, Scope, Send


class Head:
    """Answers HEAD by asking for the resource and keeping only its head."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._inner(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        asked: Scope = {**scope, "method": "GET"}  # type: ignore[typeddict-item, misc]
        await self._inner(asked, receive, without_body)
