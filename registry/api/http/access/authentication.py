"""Authentication: the credential of a request as an Actor, at first and for as long as its answer is open."""

import math
import time

from litestar.types import Scope

from registry.api.http.request import HttpRequest
from registry.domain.access.actor import ANYONE, Actor
from registry.domain.access.credential import id_of
from registry.domain.errors import InvalidQuery, Unauthenticated, Unavailable
from registry.services.access.identity_provider import IdentityProvider
from registry.services.access.key_authenticator import KeyAuthenticator

LOOK_AGAIN_S = 4.0
"""How often the credential of an open answer is looked at."""
LONGEST_UNSURE_S = 8.0
"""How long an answer goes on while the database is too busy to say whether the credential still holds."""
OPEN = {"open": True}
"""The opt of a handler that needs no credential, even where anonymous reading is off."""


class Authenticator:
    """Turns an Authorization header into an Actor: the holder of a key, or of a provider's token."""

    def __init__(self, keys: KeyAuthenticator, provider: IdentityProvider | None = None) -> None:
        self._keys = keys
        self._provider = provider

    async def actor_of(self, authorization: bytes | None, newer_than_s: float = math.inf) -> Actor:
        """The actor of this header; ANYONE without one. Unauthenticated for a credential that is refused.

        What is known of a key for `newer_than_s` or longer is asked again.
        """
        if authorization is None:
            return ANYONE
        scheme, _, token = authorization.decode("latin-1").partition(" ")
        if scheme.lower() == "bearer":
            if id_of(token) is not None:
                return await self._keys.actor_of(token, newer_than_s)
            if self._provider is not None:
                return self._provider.actor_of(token)
        raise Unauthenticated(
            "the credential sent has a form that is not accepted here: send `Authorization: Bearer reg_…`",
            zh="所发送的凭据格式不被接受：请发送 `Authorization: Bearer reg_…`",
        )


def demand_one_credential(scope: Scope) -> None:
    """InvalidQuery for several Authorization headers: another reader of the request may take another one."""
    if sum(name == b"authorization" for name, _ in scope["headers"]) > 1:
        raise InvalidQuery("send one Authorization header", field="Authorization")


class OpenCredential:
    """The credential of an answer that is still open: it may be revoked, expire or mean less than it did."""

    def __init__(self, authenticator: Authenticator, authorization: bytes | None, actor: Actor) -> None:
        self._authenticator = authenticator
        self._authorization = authorization
        self._actor = actor
        self._looked_s = time.monotonic()

    async def look(self) -> None:
        """Look again, every few seconds; Unauthenticated when it does not say the same as at first.

        Unavailable when nothing could say so for longer than a moment.
        """
        age_s = time.monotonic() - self._looked_s
        if self._actor is ANYONE or age_s < LOOK_AGAIN_S:
            return
        try:
            actor = await self._authenticator.actor_of(self._authorization, LOOK_AGAIN_S)
        except Unavailable:
            if age_s > LONGEST_UNSURE_S:
                raise
            return
        if actor != self._actor:
            raise Unauthenticated("the rights of this credential changed; connect again")
        self._looked_s = time.monotonic()


def credential_in(scope: Scope) -> OpenCredential:
    """The credential that the middleware accepted."""
    credential: OpenCredential = scope["state"]["credential"]
    return credential


def actor_in(scope: Scope) -> Actor:
    """The actor that the middleware authenticated."""
    actor: Actor = scope["state"]["actor"]
    return actor


def admit(request: HttpRequest) -> None:
    """Refuse a request without a credential where anonymous reading is off, except to open handlers."""
    if actor_in(request.scope) is not ANYONE or request.app.state.settings.anonymous:
        return
    if not request.route_handler.opt.get("open"):
        raise Unauthenticated(
            "no credential was sent, and this registry answers nobody without one",
            zh="没有发送凭据，而本系统不向无凭据者应答",
        )
