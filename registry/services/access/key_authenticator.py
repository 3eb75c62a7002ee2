"""Authenticates machine keys, and records when they were used."""

import math
import time
from datetime import UTC, datetime

import structlog

from registry.domain.access.actor import Actor
from registry.domain.access.credential import ApiKey, fingerprint
from registry.domain.access.pepper import Peppers
from registry.domain.errors import RegistryError, Unauthenticated
from registry.store.access import keys
from registry.store.database.pool import Reader

log = structlog.get_logger("registry")
MAX_CACHED = 10_000


class KeyAuthenticator:
    """Turns a key into its actor, and accepts it for `cache_s` seconds without asking the database."""

    def __init__(self, reader: Reader, peppers: Peppers, cache_s: float) -> None:
        self._reader = reader
        self._peppers = peppers
        self._cache_s = cache_s
        self._accepted: dict[bytes, tuple[Actor, ApiKey, float]] = {}
        """The actor and key of each accepted text, and when the database was asked, in monotonic seconds."""
        self._used: set[str] = set()

    async def actor_of(self, token: str, newer_than_s: float = math.inf) -> Actor:
        """The holder of a key; Unauthenticated when the key is unknown, expired or revoked.

        What was cached `newer_than_s` ago or longer is asked again.
        """
        digest, now_s = fingerprint(self._peppers.current, token), time.monotonic()
        cached = self._accepted.get(digest)
        kept_s = min(self._cache_s, newer_than_s)
        if cached and now_s - cached[2] < kept_s and cached[1].is_active(datetime.now(UTC)):
            return cached[0]
        key = await keys.find(self._reader, self._peppers, token)
        if key is None or not key.is_active(datetime.now(UTC)):
            self._accepted.pop(digest, None)
            raise Unauthenticated(
                "the key sent is unknown, expired or revoked", zh="所发送的密钥未知、已过期或已撤销"
            )
        if len(self._accepted) >= MAX_CACHED:
            self._accepted.clear()
        actor = key.actor()
        self._accepted[digest] = (actor, key, now_s)
        self._used.add(key.id)
        return actor

    async def record_uses(self) -> None:
        """Write to the database which keys were used since the last call."""
        used, self._used = self._used, set()
        if not used:
            return
        try:
            async with self._reader.writer() as writer:
                await keys.record_uses(writer, sorted(used))
        except RegistryError as error:
            self._used |= used
            log.warning("the use of keys could not be recorded", reason=error.detail)
