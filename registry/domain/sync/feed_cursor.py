"""Cursors of the change feed: how far a client has read, encrypted so that it learns nothing else."""

import base64
import hashlib
import hmac
from contextlib import suppress
from functools import lru_cache

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from msgspec import Struct

from registry.domain.access.pepper import Peppers
from registry.domain.access.sight import Sight
from registry.domain.errors import CursorExpired, InvalidQuery

MIN_BYTES = 32
"""Of an encrypted cursor, of which sixteen are its tag."""
LAST_SEQ = 2**63 - 1
"""The position after every change of a transaction."""


class LogPosition(Struct, frozen=True, order=True, array_like=True):
    """A position in the order of history: the number of a transaction in it, and a change within that.

    The upper bits of `xid` are the incarnation, the lower 44 the transaction's number on its server.
    """

    xid: int
    seq: int


START = LogPosition(0, 0)


class FeedCursor(Struct, frozen=True, array_like=True):
    """What a client has read, and what the registry held then.

    That was `changes` changes up to `last`, the newest of them in this incarnation of the registry. `since`
    is the end of the feed when the client began to read.
    """

    incarnation: str
    audience: str
    position: LogPosition
    last: LogPosition
    changes: int
    since: LogPosition


@lru_cache(1024)
def audience_of(sight: Sight, place: str | None, *, registers: bool = False) -> str:
    """A short hash of everything that decides which changes a client is shown."""
    parts = [sight.exercise or "", sight.clearance, ",".join(sorted(sight.scope)), place or ""]
    parts += ["registers"] if registers else []
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:12]


def encrypt_cursor(cursor: FeedCursor, key: bytes) -> str:
    """The text of a cursor, which only this registry can read. Equal cursors have equal texts."""
    encrypted = _cipher(key).encrypt(msgspec.msgpack.encode(cursor), None)
    return base64.urlsafe_b64encode(encrypted).rstrip(b"=").decode()


@lru_cache(4096)  # a device that polls sends the same cursor again and again
def decrypt_cursor(text: str, peppers: Peppers) -> FeedCursor:
    """The cursor in a text; InvalidQuery when it is none, CursorExpired when it was made with another key."""
    try:
        encrypted = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except ValueError:
        encrypted = b""
    if len(encrypted) < MIN_BYTES:
        raise InvalidQuery("the cursor is not one this registry gave", field="cursor")
    for key in peppers.every():
        with suppress(InvalidTag, msgspec.DecodeError):
            return msgspec.msgpack.decode(_cipher(key).decrypt(encrypted, None), type=FeedCursor)
    raise CursorExpired("the cursor is older than the key of this registry, or altered")


@lru_cache(16)
def _cipher(key: bytes) -> AESSIV:
    """Deterministic authenticated encryption (RFC 5297)."""
    return AESSIV(hmac.digest(key, b"feed cursor", "sha512"))


def check_cursor(cursor: FeedCursor, audience: str, *, holds: bool) -> None:
    """CursorExpired unless the registry holds what it held then, and the audience is the same."""
    if not holds:
        raise CursorExpired("the registry was restored to another point since; compare digests and go on")
    if cursor.audience != audience:
        raise CursorExpired("the cursor belongs to another role, scope, place or exercise")
