"""Cursors: where the next page of a list starts."""

import base64
from typing import Annotated, TypeVar
from uuid import UUID

import msgspec
from msgspec import Struct

from registry.domain.conditions import Filter as Filter
from registry.domain.conditions import aware as aware
from registry.domain.errors import InvalidQuery


class Page(Struct, frozen=True, array_like=True):
    """Where a page of a list starts: after this identity."""

    after: UUID


class DistancePage(Struct, frozen=True, array_like=True):
    """Where a page of a list by distance starts: after this distance and identity."""

    distance_m: float
    after: UUID


class CodePage(Struct, frozen=True, array_like=True):
    """Where a page of a list by code starts: after this code."""

    code: str


class NumberPage(Struct, frozen=True, array_like=True):
    """Where a page of a numbered list starts: before or after this number."""

    number: Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]


def encode_cursor(page: Page | DistancePage | CodePage | NumberPage) -> str:
    """The opaque text that a `next` link carries."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(page)).rstrip(b"=").decode()


def decode_page(cursor: str | None) -> UUID | None:
    """The identity a list goes on after; InvalidQuery when the cursor is not one of ours."""
    return None if cursor is None else _decode(cursor, Page).after


def decode_distance_page(cursor: str | None) -> DistancePage | None:
    """Where a list by distance goes on; InvalidQuery when the cursor is not one of ours."""
    return None if cursor is None else _decode(cursor, DistancePage)


P = TypeVar("P", Page, DistancePage, CodePage, NumberPage)


def _decode(cursor: str, kind: type[P]) -> P:
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return msgspec.msgpack.decode(raw, type=kind)
    except (ValueError, msgspec.DecodeError, msgspec.ValidationError) as error:
        raise InvalidQuery("the cursor is not one this registry gave", field="cursor") from error


def encode_code(code: str) -> str:
    """The opaque text for a list by code."""
    return encode_cursor(CodePage(code))


def decode_code(cursor: str | None) -> str | None:
    """The code a list goes on after; InvalidQuery when the cursor is not one of ours."""
    return None if cursor is None else _decode(cursor, CodePage).code


def encode_number(number: int) -> str:
    """The opaque text for a numbered list."""
    return encode_cursor(NumberPage(number))


def decode_number(cursor: str | None) -> int | None:
    """The number a list goes on from; InvalidQuery when the cursor is not one of ours."""
    return None if cursor is None else _decode(cursor, NumberPage).number
