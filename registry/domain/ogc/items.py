"""A query for the features of a collection, from the text of its parameters."""

from typing import Any

import msgspec

from registry.domain.conditions import Bbox, has_trigram
from registry.domain.cursor import decode_cursor
from registry.domain.errors import InvalidQuery
from registry.domain.ogc import literals
from registry.domain.ogc.catalogue import Collection, Property
from registry.domain.ogc.cql import CqlFilter, FilterBuilder, check_value
from registry.domain.search_key import key_grams, key_pattern

MAX_LIMIT = 10_000
DEFAULT_LIMIT = 10
NARROW_DEG = 30.0
DISTANCE = "distance_m"
"""The sort key that is no property: the distance from `near`."""
Spot = tuple[float, float]
OPEN_YEARS = ("0000-", "9999-")
"""Years that clients without `..` write for an open end."""


class SortKey(msgspec.Struct, frozen=True):
    """A property to sort by."""

    name: str
    descending: bool = False


class PageStart(msgspec.Struct, frozen=True, array_like=True):
    """Where a page starts: after the feature with these sort keys and this identity."""

    keys: list[str | None]
    after: str


class ItemsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A query for one collection."""

    filter: CqlFilter
    sort: tuple[SortKey, ...] = ()
    page: PageStart | None = None
    limit: int = DEFAULT_LIMIT
    near: Spot | None = None
    """Where distances are measured from, longitude and latitude."""
    nested: bool = False
    """Whether features nest their members, as in `/v1`."""


def decode_page(text: str, sort: tuple[SortKey, ...]) -> PageStart:
    """The page start in a cursor; InvalidQuery for a text that this registry did not make."""
    page = decode_cursor(text, PageStart)
    if len(page.keys) != len(sort):
        raise InvalidQuery("the cursor belongs to another order", field="cursor")
    return page


def limit(text: str | None) -> int:
    """The most features in one response; a number above the maximum means the maximum."""
    if text is None:
        return DEFAULT_LIMIT
    digits = text.lstrip("0")
    if not text.isdecimal() or not text.isascii() or not digits:
        raise InvalidQuery(f"limit is a whole number from 1 to {MAX_LIMIT}", field="limit")
    return MAX_LIMIT if len(digits) > len(str(MAX_LIMIT)) else min(int(digits), MAX_LIMIT)


def spot(text: str | None) -> Spot | None:
    """Longitude and latitude in degrees."""
    if text is None:
        return None
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError as error:
        raise InvalidQuery("near is longitude,latitude", field="near") from error
    if not (abs(lon) <= 180 and abs(lat) <= 90):
        raise InvalidQuery("near is longitude,latitude in ±180, ±90", field="near")
    return lon, lat


def sort_keys(text: str | None, collection: Collection, near: Spot | None = None) -> tuple[SortKey, ...]:
    """The keys of `sortby`: names with an optional + or -, separated by commas."""
    if not text:
        return ()
    properties = collection.by_name
    keys = []
    for part in text.split(","):
        name = part.strip().removeprefix("+").removeprefix("-")
        if name == DISTANCE and near is None:
            raise InvalidQuery("distance_m is measured from near=longitude,latitude", field="sortby")
        if name != DISTANCE and (name not in properties or not properties[name].is_scalar):
            raise InvalidQuery(f"{name} cannot be sorted by", field="sortby")
        keys.append(SortKey(name, part.strip().startswith("-")))
    if len({key.name for key in keys}) != len(keys) or len(keys) > 5:
        raise InvalidQuery("sortby takes up to five different properties", field="sortby")
    return tuple(keys)


def add_window(filters: FilterBuilder, box: Bbox) -> None:
    """Require that the geometry meets the window, edges included; west > east crosses the antimeridian."""
    west, south, east, north = box
    if west > east:
        filters.add_extension("wrapped", "number", *box)
    elif west == east or south == north:
        filters.add_extension("narrow", "number", *box)
    elif east - west <= NARROW_DEG and (south > 0 or north < 0):
        filters.add_extension("window", "number", *box)
    else:
        filters.add_extension("wide", "number", *box)


def add_time(filters: FilterBuilder, text: str, collection: Collection) -> None:
    """Require validity in an RFC 3339 instant or interval; undated records are always valid."""
    parts = text.split("/")
    ends = [_open(part) for part in parts]
    if len(parts) > 2 or all(part in ("", "..") for part in parts):
        raise InvalidQuery("datetime is an instant, or start/end with at most one end open", field="datetime")
    instants = [literals.instant(end, False) for end in ends if end != ".."]
    if instants != sorted(instants):
        raise InvalidQuery("datetime ends before it begins", field="datetime")
    if "valid_from" in collection.by_name:
        period = {"interval": [ends[0], ends[-1]]}
        valid = {"interval": [{"property": "valid_from"}, {"property": "valid_to"}]}
        filters.add({"op": "t_intersects", "args": [valid, period]})


def _open(end: str) -> str:
    if end == "" or end.startswith(OPEN_YEARS):
        return ".."
    try:
        literals.instant(end, False)
    except InvalidQuery as error:
        if end != "..":
            raise InvalidQuery(error.detail, field="datetime") from error
    return end


def add_equal(filters: FilterBuilder, item: Property, text: str) -> None:
    """Require this value of a property, or this member of a list."""
    if item.type == "strings":
        filters.add({"op": "a_contains", "args": [{"property": item.name}, [text]]})
    else:
        filters.add({"op": "=", "args": [{"property": item.name}, _literal(item, text)]})


def _literal(item: Property, text: str) -> Any:
    if item.type == "string":
        check_value(item, text, item.name)
        return text
    if item.type in ("date", "date-time"):
        return {"timestamp" if item.type == "date-time" else "date": text}
    try:
        number = float(text)
    except ValueError as error:
        raise InvalidQuery(f"{item.name} is a number", field=item.name) from error
    if item.type == "integer" and not number.is_integer():
        raise InvalidQuery(f"{item.name} is a whole number", field=item.name)
    if not abs(number) < 1e15:
        raise InvalidQuery(f"{item.name} is a number of sensible size", field=item.name)
    return number


def add_name(filters: FilterBuilder, text: str) -> None:
    """Require this text in a search key: in a name, its pinyin or initials, a code, an external identity."""
    if not 1 <= len(text) <= 100:
        raise InvalidQuery("q is 1 to 100 characters", field="q")
    pattern = key_pattern(text)
    filters.add_name("keyed" if has_trigram(pattern) else "keyed_briefly", pattern, key_grams(text))
