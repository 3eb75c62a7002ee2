"""Authentication: the credential of a request as an Actor, or Unauthenticated."""

import time
from datetime import UTC, datetime

import structlog
from litestar.types import Scope

from registry.api.http.access.tokens import Issuer
from registry.api.http.request import HttpRequest
from registry.domain.access.actor import ANYONE, Actor
from registry.domain.access.credential import Key, fingerprint, id_of
from registry.domain.errors import RegistryError, Unauthenticated
from registry.runtime.settings import Settings
from registry.store.access import keys
from registry.store.database.pool import Reader

log = structlog.get_logger("registry")
MOST_CACHED = 10_000
OPEN = {"open": True}
"""The opt of a handler that needs no credential, even where anonymous reading is off."""


class Authenticator:
    """Turns an Authorization header into an Actor; caches an accepted key for a few seconds."""

    def __init__(
        self, reader: Reader, settings: Settings, pepper: bytes, provider: Issuer | None = None
    ) -> None:
        self._provider = provider
        self._reader = reader
        self._pepper = pepper
        self._cache_s = settings.key_cache_s
        self._accepted: dict[bytes, tuple[Actor, Key, float]] = {}
        self._used: set[str] = set()

    async def actor_of(self, authorization: bytes | None) -> Actor:
        """The actor of this header; ANYONE without one. Unauthenticated for a credential that is refused."""
        if authorization is None:
            return ANYONE
        scheme, _, token = authorization.decode("latin-1").partition(" ")
        if scheme.lower() == "bearer":
            if id_of(token) is not None:
                return await self._key_holder(token)
            if self._provider is not None:
                return self._provider.actor_of(token)
        raise Unauthenticated("the credential has a form that is not accepted here")

    async def _key_holder(self, token: str) -> Actor:
        digest, now_s = fingerprint(self._pepper, token), time.monotonic()
        cached = self._accepted.get(digest)
        if cached and now_s < cached[2] and cached[1].is_active(datetime.now(UTC)):
            return cached[0]
        key = await keys.find(self._reader, self._pepper, token)
        if key is None or not key.is_active(datetime.now(UTC)):
            self._accepted.pop(digest, None)
            raise Unauthenticated("the key is unknown, expired or revoked")
        if len(self._accepted) >= MOST_CACHED:
            self._accepted.clear()
        actor = key.actor()
        self._accepted[digest] = (actor, key, now_s + self._cache_s)
        self._used.add(key.id)
        return actor

    async def record_uses(self) -> None:
        """Write to the database which keys were used since the last call."""
        used, self._used = self._used, set()
        if not used:
            return
        try:
            async with self._reader.writer() as writer:
                await keys.used(writer, sorted(used))
        except RegistryError as error:
            self._used |= used
            log.warning("the use of keys could not be recorded", reason=error.detail)


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
