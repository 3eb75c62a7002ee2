"""Machine keys: their text, their fingerprint, and who may still use them."""

import hashlib
import hmac
import re
import secrets
from datetime import datetime

from msgspec import Struct

from registry.domain.access.actor import Actor, Role

FORM = re.compile(r"reg_([0-9a-f]{8})_([A-Za-z0-9_\-]{43,128})")


class ApiKey(Struct, frozen=True, kw_only=True):
    """A machine key without its secret; two keys of one holder are valid while it is rotated.

    A key without places holds for everywhere.
    """

    id: str
    holder: str
    role: Role
    places: list[str]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def is_active(self, now: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def actor(self) -> Actor:
        """The actor of a request with this key."""
        return Actor(id=f"key:{self.holder}", role=self.role, places=tuple(self.places) or None)


def new_token() -> str:
    """A key that nobody can guess: `reg_<id>_<secret>` with 256 bits."""
    return f"reg_{secrets.token_hex(4)}_{secrets.token_urlsafe(32)}"


def id_of(token: str) -> str | None:
    """The identity in the text of a key; None when the text is no key."""
    match = FORM.fullmatch(token)
    return match and match[1]


def fingerprint(pepper: bytes, token: str) -> bytes:
    """The HMAC that is stored instead of the key; useless without the pepper, which the database lacks."""
    return hmac.new(pepper, token.encode(), hashlib.sha256).digest()


def is_same(one: bytes, other: bytes) -> bool:
    """Whether two fingerprints are equal, compared in constant time."""
    return hmac.compare_digest(one, other)
