"""A request's parameters as a question to a collection."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from registry.domain import crs as systems
from registry.domain.conditions import Bbox
from registry.domain.crs import CRS84, Crs
from registry.domain.errors import InvalidQuery
from registry.domain.ogc import cql, items
from registry.domain.ogc.catalogue import Collection
from registry.domain.ogc.cql import Condition, Conditions
from registry.domain.ogc.items import Question

Params = Mapping[str, Any]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The question, and how the answer is to be written."""

    question: Question
    crs: Crs
    count: str
    hits: bool
    members: frozenset[str] | None


def read(params: Params, described: Collection) -> Asked:
    """What the parameters ask; InvalidQuery names the one that is wrong."""
    sort = items.sort_keys(params.get("sortby"), described)
    cursor = params.get("cursor")
    question = Question(
        where=conditions(params, described),
        sort=sort,
        page=None if cursor is None else items.decode_page(cursor, sort),
        limit=items.limit(params.get("limit")),
    )
    return Asked(
        question=question,
        crs=systems.system(params.get("crs")),
        count=_one_of(params, "count", ("bounded", "exact", "none")),
        hits=_one_of(params, "resultType", ("results", "hits")) == "hits",
        members=_members(params.get("properties"), described),
    )


def conditions(params: Params, described: Collection) -> Condition:
    """All conditions of a request, each of which a feature must meet."""
    wanted = Conditions(described)
    box = read_bbox(params.get("bbox"), systems.system(params.get("bbox-crs"), "bbox-crs"))
    if box is not None and described.is_drawn:
        items.add_window(wanted, box)
    if "datetime" in params:
        items.add_time(wanted, params["datetime"], described)
    if "q" in params:
        items.add_name(wanted, params["q"])
    if "under" in params:
        wanted.plain("under", "string", params["under"])
    for name, item in described.by_name.items():
        if name in params:
            items.add_equal(wanted, item, params[name])
    _add_filter(wanted, params)
    return wanted.all()


def _add_filter(wanted: Conditions, params: Params) -> None:
    language = _one_of(params, "filter-lang", ("cql2-text", "cql2-json"))
    if params.get("filter-crs", CRS84) != CRS84:
        raise InvalidQuery(f"filter-crs is {CRS84}", field="filter-crs")
    if text := params.get("filter"):
        wanted.add(cql.parse_text(text) if language == "cql2-text" else cql.parse_json(text))


def _one_of(params: Params, name: str, values: tuple[str, ...]) -> str:
    found = params.get(name, values[0])
    if found not in values:
        raise InvalidQuery(f"{name} is one of {', '.join(values)}", field=name)
    return str(found)


def read_bbox(text: str | None, crs: Crs) -> Bbox | None:
    """The box in WGS 84 degrees, west first; heights are left aside."""
    if text is None:
        return None
    try:
        sides = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise InvalidQuery("bbox is four or six numbers", field="bbox") from error
    if len(sides) not in (4, 6) or not all(math.isfinite(side) for side in sides):
        raise InvalidQuery("bbox is four or six numbers", field="bbox")
    half = len(sides) // 2
    return systems.box_in_degrees((sides[0], sides[1], sides[half], sides[half + 1]), crs)


def _members(text: str | None, described: Collection) -> frozenset[str] | None:
    if text is None:
        return None
    names = {part.strip() for part in text.split(",") if part.strip()}
    known = {name.split(".")[0] for name in described.by_name} | set(described.by_name)
    if unknown := names - known:
        raise InvalidQuery(f"{', '.join(sorted(unknown))} is no property here", field="properties")
    return frozenset(name.split(".")[0] for name in names)


def stamp(now: datetime) -> str:
    """An instant as answers write it."""
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
