"""The change feed: where a reader is, which changes it may know, and in what form."""

import base64
import hashlib
import hmac
from collections.abc import Collection
from functools import lru_cache
from typing import Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from msgspec import Struct

from registry.domain.access.sight import Sight
from registry.domain.errors import CursorExpired, InvalidQuery
from registry.domain.records.resource import Visibility

Op = Literal["put", "delete", "scope_out"]
SHORTEST = 32
"""Bytes of a sealed cursor, of which sixteen are its tag."""
END = 2**63 - 1
"""After every change of a transaction."""


class Mark(Struct, frozen=True, order=True, array_like=True):
    """A place in commit order: a transaction and a change within it."""

    xid: int
    seq: int


class Cursor(Struct, frozen=True, array_like=True):
    """What a client has seen: up to which mark, of which history, through which eyes, of which places."""

    epoch: str
    eyes: str
    mark: Mark
    lsn: int


@lru_cache(1024)
def eyes_of(sight: Sight, place: str | None) -> str:
    """A short name for everything that decides what this reader is shown."""
    said = [sight.exercise or "", sight.clearance, ",".join(sorted(sight.scope)), place or ""]
    return hashlib.sha256("\x1f".join(said).encode()).hexdigest()[:12]


def seal(cursor: Cursor, key: bytes) -> str:
    """The text of a cursor, which tells nobody but this registry what it holds; the same each time."""
    sealed = _cipher(key).encrypt(msgspec.msgpack.encode(cursor), None)
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


@lru_cache(4096)  # a device that polls shows the same cursor again and again
def unseal(text: str, key: bytes) -> Cursor:
    """The cursor in a text; InvalidQuery for what is no cursor, CursorExpired for one of another key."""
    try:
        sealed = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except ValueError:
        sealed = b""
    if len(sealed) < SHORTEST:
        raise InvalidQuery("the cursor is not one this registry gave", field="cursor")
    try:
        return msgspec.msgpack.decode(_cipher(key).decrypt(sealed, None), type=Cursor)
    except (InvalidTag, msgspec.DecodeError) as error:
        raise CursorExpired("the cursor is older than the key of this registry, or altered") from error


@lru_cache(8)
def _cipher(key: bytes) -> AESSIV:
    """Authenticated encryption without a nonce (RFC 5297)."""
    return AESSIV(hmac.digest(key, b"feed cursor", "sha512"))


def check_cursor(cursor: Cursor, *, epoch: str, lsn: int, eyes: str) -> None:
    """CursorExpired where what the client has seen is not the past of what is here."""
    if cursor.epoch != epoch or cursor.lsn > lsn:
        raise CursorExpired("the registry was restored to another point since; compare digests and go on")
    if cursor.eyes != eyes:
        raise CursorExpired("the cursor belongs to another role, scope, place or exercise")


class Side(Struct, frozen=True):
    """A record before or after a change, as far as it decides who may know of it."""

    visibility: Visibility | None
    inside: bool
    own: bool
    gone: bool


def shown(side: Side, clearance: Visibility) -> bool:
    """Whether a reader sees the record in this state: it is there, in scope, and not hidden."""
    if side.visibility is None or not side.inside:
        return False
    if side.visibility != "restricted" or clearance == "restricted":
        return True
    return clearance == "internal" and side.own


def op_of(before: Side, after: Side, clearance: Visibility) -> Op | None:
    """What a change means to a reader; None where it is none of theirs.

    A retired record is a delete; one that leaves the reader's places or sight is a scope_out.
    """
    was, is_now = shown(before, clearance) and not before.gone, shown(after, clearance)
    if is_now:
        return "delete" if after.gone else "put"
    return "scope_out" if was else None


def inside(place: str | None, ancestors: Collection[str]) -> bool:
    """Whether a record is under a place; everything is under none."""
    return place is None or place in ancestors
