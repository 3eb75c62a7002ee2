"""A question about a collection's features as a value, from the text of its parameters."""

import base64
from typing import Any

import msgspec

from registry.domain.conditions import Bbox, has_trigram
from registry.domain.errors import InvalidQuery
from registry.domain.ogc import literals
from registry.domain.ogc.catalogue import Collection, Property
from registry.domain.ogc.cql import Condition, Conditions

MAX_LIMIT = 10_000
DEFAULT_LIMIT = 10
NARROW_DEG = 30.0
OPEN_YEARS = ("0000-", "9999-")
"""How clients that cannot say `..` write an open end."""


class Sort(msgspec.Struct, frozen=True):
    """One key to sort by."""

    name: str
    descending: bool = False


class Page(msgspec.Struct, frozen=True, array_like=True):
    """Where a page starts: after the record with these sort keys and this identity."""

    keys: list[str | None]
    after: str


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of one collection."""

    where: Condition
    sort: tuple[Sort, ...] = ()
    page: Page | None = None
    limit: int = DEFAULT_LIMIT


def encode_page(page: Page) -> str:
    """The opaque text of a `next` link."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(page)).rstrip(b"=").decode()


def decode_page(text: str, sort: tuple[Sort, ...]) -> Page:
    """The page a cursor of ours stands for; InvalidQuery for any other."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        page = msgspec.msgpack.decode(raw, type=Page)
    except (ValueError, msgspec.DecodeError) as error:
        raise InvalidQuery("the cursor is not one this registry gave", field="cursor") from error
    if len(page.keys) != len(sort):
        raise InvalidQuery("the cursor belongs to another order", field="cursor")
    return page


def limit(text: str | None) -> int:
    """How many features one answer may hold; more than the maximum means the maximum."""
    if text is None:
        return DEFAULT_LIMIT
    digits = text.lstrip("0")
    if not text.isdecimal() or not text.isascii() or not digits:
        raise InvalidQuery(f"limit is a whole number from 1 to {MAX_LIMIT}", field="limit")
    return MAX_LIMIT if len(digits) > len(str(MAX_LIMIT)) else min(int(digits), MAX_LIMIT)


def sort_keys(text: str | None, collection: Collection) -> tuple[Sort, ...]:
    """The keys of `sortby`: names with an optional + or -, separated by commas."""
    if not text:
        return ()
    known = collection.by_name
    keys = []
    for part in text.split(","):
        name = part.strip().removeprefix("+").removeprefix("-")
        if name not in known or not known[name].is_scalar:
            raise InvalidQuery(f"{name} cannot be sorted by", field="sortby")
        keys.append(Sort(name, part.strip().startswith("-")))
    if len({key.name for key in keys}) != len(keys) or len(keys) > 5:
        raise InvalidQuery("sortby takes up to five different properties", field="sortby")
    return tuple(keys)


def add_window(conditions: Conditions, box: Bbox) -> None:
    """Only what meets the window, its edge included; west > east crosses the antimeridian."""
    west, south, east, north = box
    if west > east:
        conditions.plain("wrapped", "number", *box)
    elif west == east or south == north:
        conditions.plain("narrow", "number", *box)
    elif east - west <= NARROW_DEG and (south > 0 or north < 0):
        conditions.plain("window", "number", *box)
    else:
        conditions.plain("wide", "number", *box)


def add_time(conditions: Conditions, text: str, collection: Collection) -> None:
    """Only what was valid at some moment of an RFC 3339 instant or interval; undated records always are."""
    parts = text.split("/")
    ends = [_open(part) for part in parts]
    if len(parts) > 2 or all(part in ("", "..") for part in parts):
        raise InvalidQuery("datetime is an instant, or start/end with at most one end open", field="datetime")
    known = [literals.instant(end, False) for end in ends if end != ".."]
    if known != sorted(known):
        raise InvalidQuery("datetime ends before it begins", field="datetime")
    if "valid_from" in collection.by_name:
        asked = {"interval": [ends[0], ends[-1]]}
        valid = {"interval": [{"property": "valid_from"}, {"property": "valid_to"}]}
        conditions.add({"op": "t_intersects", "args": [valid, asked]})


def _open(end: str) -> str:
    if end == "" or end.startswith(OPEN_YEARS):
        return ".."
    try:
        literals.instant(end, False)
    except InvalidQuery as error:
        if end != "..":
            raise InvalidQuery(error.detail, field="datetime") from error
    return end


def add_equal(conditions: Conditions, item: Property, text: str) -> None:
    """Only what has this value, or holds it in its list."""
    if item.type == "strings":
        conditions.add({"op": "a_contains", "args": [{"property": item.name}, [text]]})
    else:
        conditions.add({"op": "=", "args": [{"property": item.name}, _literal(item, text)]})


def _literal(item: Property, text: str) -> Any:
    if item.type == "string":
        if item.values and text not in item.values:
            raise InvalidQuery(f"{item.name} is one of {', '.join(item.values)}", field=item.name)
        return text
    if item.type == "date-time":
        return {"timestamp": text}
    try:
        number = float(text)
    except ValueError as error:
        raise InvalidQuery(f"{item.name} is a number", field=item.name) from error
    if item.type == "integer" and not number.is_integer():
        raise InvalidQuery(f"{item.name} is a whole number", field=item.name)
    if not abs(number) < 1e15:
        raise InvalidQuery(f"{item.name} is a number of sensible size", field=item.name)
    return number


def add_name(conditions: Conditions, text: str) -> None:
    """Only what has this text in one of its names, whatever the case."""
    if not 1 <= len(text) <= 100:
        raise InvalidQuery("q is 1 to 100 characters", field="q")
    plain = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    conditions.plain("named" if has_trigram(text) else "named_briefly", "string", f"%{plain}%")
