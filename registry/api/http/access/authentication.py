"""Who asks: the credential of a request as an Actor, or Unauthenticated."""

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
MOST_KNOWN = 10_000
OPEN = {"open": True}
"""The opt of a handler that answers without a credential even where anonymous reading is off."""


class Doorkeeper:
    """Turns an Authorization header into an Actor; believes an accepted key for a few seconds."""

    def __init__(
        self, reader: Reader, settings: Settings, pepper: bytes, provider: Issuer | None = None
    ) -> None:
        self._provider = provider
        self._reader = reader
        self._pepper = pepper
        self._believe_s = settings.key_cache_s
        self._known: dict[bytes, tuple[Actor, Key, float]] = {}
        self._used: set[str] = set()

    async def actor_of(self, authorization: bytes | None) -> Actor:
        """Who shows this header; nobody does when there is none."""
        if authorization is None:
            return ANYONE
        scheme, _, token = authorization.decode("latin-1").partition(" ")
        if scheme.lower() == "bearer":
            if id_of(token) is not None:
                return await self._holder_of(token)
            if self._provider is not None:
                return self._provider.actor_of(token)
        raise Unauthenticated("the credential has a form that is not accepted here")

    async def _holder_of(self, token: str) -> Actor:
        digest, now_s = fingerprint(self._pepper, token), time.monotonic()
        if (known := self._known.get(digest)) and now_s < known[2] and known[1].is_active(datetime.now(UTC)):
            return known[0]
        key = await keys.find(self._reader, self._pepper, token)
        if key is None or not key.is_active(datetime.now(UTC)):
            self._known.pop(digest, None)
            raise Unauthenticated("the key is unknown, expired or revoked")
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        actor = key.actor()
        self._known[digest] = (actor, key, now_s + self._believe_s)
        self._used.add(key.id)
        return actor

    async def note(self) -> None:
        """Write down which keys were shown since the last time."""
        noted, self._used = self._used, set()
        if not noted:
            return
        try:
            async with self._reader.writer() as writer:
                await keys.used(writer, sorted(noted))
        except RegistryError as error:
            self._used |= noted
            log.warning("the use of keys could not be noted", reason=error.detail)


def actor_in(scope: Scope) -> Actor:
    """Who asks, as the gate found out."""
    found: Actor = scope["state"]["actor"]
    return found


def admit(request: HttpRequest) -> None:
    """Refuse a request without a credential where anonymous reading is off, except to open handlers."""
    if actor_in(request.scope) is not ANYONE or request.app.state.settings.anonymous:
        return
    if not request.route_handler.opt.get("open"):
        raise Unauthenticated("this registry answers nobody without a credential")
