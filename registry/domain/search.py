"""A question as a value: which records, in which window, after which one."""

import base64
import re
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

import msgspec
from msgspec import Struct

from registry.domain.errors import InvalidQuery
from registry.domain.records.resource import (
    Force,
    Kind,
    Lifecycle,
    Opening,
    Operational,
    Quality,
    Readiness,
    ShelterLevel,
    TeamLevel,
    Tier,
    WatchForm,
)

Level = TeamLevel | ShelterLevel
Bbox = tuple[float, float, float, float]
TRIGRAM = re.compile(r"[^\W_]{3}")


def has_trigram(text: str) -> bool:
    """Whether an index of trigrams can tell where such a text may be; 大河 has none, 大河乡 one."""
    return TRIGRAM.search(text) is not None


class Filter(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The conditions a record must meet; a field that is None asks nothing.

    Codes are `scheme:code`. `free_persons` is room there may be: capacity less what is known taken.
    `item` with `quantity` asks for a stock line that was counted; `partners` for places with an agreement.
    """

    kind: Kind | None = None
    kinds: tuple[Kind, ...] | None = None
    place: str | None = None
    lifecycle: Lifecycle | None = None
    quality: Quality | None = None
    q: str | None = None
    bbox: Bbox | None = None
    force: Force | None = None
    level: Level | None = None
    tier: Tier | None = None
    form: WatchForm | None = None
    specialties_any: tuple[str, ...] | None = None
    specialties_all: tuple[str, ...] | None = None
    hazards_any: tuple[str, ...] | None = None
    hazards_all: tuple[str, ...] | None = None
    readiness: Readiness | None = None
    opening: Opening | None = None
    operational: Operational | None = None
    free_persons: int | None = None
    item: str | None = None
    quantity: float | None = None
    verified_since: datetime | None = None
    valid_at: datetime | None = None
    partners: Literal["exclude", "only"] | None = None

    def given(self) -> dict[str, Any]:
        """The conditions that are asked, by name."""
        return {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not None}


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


def parse_bbox(text: str | None) -> Bbox | None:
    """Four numbers west,south,east,north in WGS 84; west > east crosses the antimeridian."""
    if text is None:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise InvalidQuery("bbox is four numbers: west,south,east,north", field="bbox") from error
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise InvalidQuery("bbox has longitudes in ±180 and latitudes in ±90, south first", field="bbox")
    return west, south, east, north


def aware(moment: datetime | None, field: str) -> datetime | None:
    """`moment`, refused when it has no time zone."""
    if moment is not None and moment.tzinfo is None:
        raise InvalidQuery(f"{field} needs a time zone", field=field)
    return moment


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
