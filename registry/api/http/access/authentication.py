"""Authentication: the credential of a request as an Actor, or Unauthenticated."""

from litestar.types import Scope

from registry.api.http.request import HttpRequest
from registry.domain.access.actor import ANYONE, Actor
from registry.domain.access.credential import id_of
from registry.domain.errors import Unauthenticated
from registry.services.access.identity_provider import IdentityProvider
from registry.services.access.key_authenticator import KeyAuthenticator

OPEN = {"open": True}
"""The opt of a handler that needs no credential, even where anonymous reading is off."""


class Authenticator:
    """Turns an Authorization header into an Actor: the holder of a key, or of a provider's token."""

    def __init__(self, keys: KeyAuthenticator, provider: IdentityProvider | None = None) -> None:
        self._keys = keys
        self._provider = provider

    async def actor_of(self, authorization: bytes | None) -> Actor:
        """The actor of this header; ANYONE without one. Unauthenticated for a credential that is refused."""
        if authorization is None:
            return ANYONE
        scheme, _, token = authorization.decode("latin-1").partition(" ")
        if scheme.lower() == "bearer":
            if id_of(token) is not None:
                return await self._keys.actor_of(token)
            if self._provider is not None:
                return self._provider.actor_of(token)
        raise Unauthenticated("the credential has a form that is not accepted here")


def actor_in(scope: Scope) -> Actor:
    """The actor that the middleware authenticated."""
    actor: Actor = scope["state"]["actor"]
    return actor


def admit(request: HttpRequest) -> None:
    """Refuse a request without a credential where anonymous reading is off, except to open handlers."""
    if actor_in(request.scope) is not ANYONE or request.app.state.settings.anonymous:
        return
    if not request.route_handler.opt.get("open"):
        raise Unauthenticated("this registry answers nobody without a credential")
