"""Cursors: where the next page of a list starts, as an opaque text."""

import base64
from typing import Annotated, TypeVar
from uuid import UUID

import msgspec
from msgspec import Struct

from registry.domain.errors import InvalidQuery


class IdentityCursor(Struct, frozen=True, array_like=True):
    """A page of a list by identity starts after this one."""

    after: UUID


class DistanceCursor(Struct, frozen=True, array_like=True):
    """A page of a list by distance starts after this distance and identity."""

    distance_m: float
    after: UUID


class CodeCursor(Struct, frozen=True, array_like=True):
    """A page of a list by code starts after this one."""

    code: str


class NumberCursor(Struct, frozen=True, array_like=True):
    """A page of a numbered list starts before or after this number."""

    number: Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]


C = TypeVar("C", bound=Struct)


def encode_cursor(cursor: Struct) -> str:
    """The opaque text of a cursor, which a `next` link carries."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(cursor)).rstrip(b"=").decode()


def decode_identity(text: str | None) -> UUID | None:
    """The identity that a list goes on after."""
    return None if text is None else decode_cursor(text, IdentityCursor).after


def decode_distance(text: str | None) -> DistanceCursor | None:
    """The distance and identity that a list goes on after."""
    return None if text is None else decode_cursor(text, DistanceCursor)


def decode_code(text: str | None) -> str | None:
    """The code that a list goes on after."""
    return None if text is None else decode_cursor(text, CodeCursor).code


def decode_number(text: str | None) -> int | None:
    """The number that a list goes on from."""
    return None if text is None else decode_cursor(text, NumberCursor).number


def decode_cursor(text: str, kind: type[C]) -> C:
    """The cursor in a text; InvalidQuery for a text that this registry did not make."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return msgspec.msgpack.decode(raw, type=kind)
    except (ValueError, msgspec.DecodeError, msgspec.ValidationError) as error:
        raise InvalidQuery("the cursor is not one this registry gave", field="cursor") from error
