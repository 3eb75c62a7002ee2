"""What every request passes before it is routed, unknown paths included."""

from typing import Any

from litestar import Litestar, Request
from litestar.types import ASGIApp, Receive, Scope, Send

from registry.api import problems
from registry.api.authenticate import Doorkeeper
from registry.domain.errors import RegistryError


class Gate:
    """Finds out who asks and refuses a credential that is not accepted."""

    def __init__(self, app: Litestar, inner: ASGIApp) -> None:
        self._app = app
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        doorkeeper: Doorkeeper = self._app.state.doorkeeper
        try:
            scope["state"]["actor"] = await doorkeeper.actor_of(_header(scope, b"authorization"))
        except RegistryError as error:
            await self._refuse(error, scope, receive, send)
        else:
            await self._inner(scope, receive, send)

    async def _refuse(self, error: RegistryError, scope: Scope, receive: Receive, send: Send) -> None:
        request: Request[Any, Any, Any] = Request(scope, receive, send)
        response = problems.registry_error(request, error).to_asgi_response(None, request)
        await response(scope, receive, send)


def _header(scope: Scope, name: bytes) -> bytes | None:
    return next((value for key, value in scope["headers"] if key == name), None)
