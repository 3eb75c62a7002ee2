"""The query of an items request, from the text of its parameters."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from registry.api.ogc.parameters import value_of
from registry.domain import crs as systems
from registry.domain.conditions import Bbox
from registry.domain.crs import Crs
from registry.domain.errors import InvalidQuery
from registry.domain.ogc import cql, items
from registry.domain.ogc.catalogue import Collection
from registry.domain.ogc.cql import CqlFilter, FilterBuilder
from registry.domain.ogc.items import ItemsQuery

Params = Mapping[str, Any]


class ItemsParams(msgspec.Struct, frozen=True, kw_only=True):
    """An items query, and how its response is written; `members` are those of `properties` to keep."""

    query: ItemsQuery
    crs: Crs
    count: str
    hits_only: bool
    members: frozenset[str] | None


def read(params: Params, collection: Collection) -> ItemsParams:
    """The parameters of a request; InvalidQuery names the one that is wrong."""
    sort = items.sort_keys(params.get("sortby"), collection)
    cursor = params.get("cursor")
    query = ItemsQuery(
        filter=filter_of(params, collection),
        sort=sort,
        page=None if cursor is None else items.decode_page(cursor, sort),
        limit=items.limit(params.get("limit")),
    )
    return ItemsParams(
        query=query,
        crs=systems.system(params.get("crs")),
        count=value_of(params, "count"),
        hits_only=value_of(params, "resultType") == "hits",
        members=_members(params.get("properties"), collection),
    )


def filter_of(params: Params, collection: Collection) -> CqlFilter:
    """All conditions of a request as one filter."""
    filters = FilterBuilder(collection)
    box = read_bbox(params.get("bbox"), systems.system(params.get("bbox-crs"), "bbox-crs"))
    if box is not None and collection.is_drawn:
        items.add_window(filters, box)
    if "datetime" in params:
        items.add_time(filters, params["datetime"], collection)
    if "q" in params:
        items.add_name(filters, params["q"])
    if "under" in params:
        filters.add_extension("under", "string", params["under"])
    for name, item in collection.by_name.items():
        if name in params:
            items.add_equal(filters, item, params[name])
    if text := params.get("filter"):
        is_text = value_of(params, "filter-lang") == "cql2-text"
        filters.add(cql.parse_text(text) if is_text else cql.parse_json(text))
    return filters.build()


def read_bbox(text: str | None, crs: Crs) -> Bbox | None:
    """The box in WGS 84 degrees, west first; heights are ignored."""
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


def _members(text: str | None, collection: Collection) -> frozenset[str] | None:
    if text is None:
        return None
    names = {part.strip() for part in text.split(",") if part.strip()}
    known = {name.split(".")[0] for name in collection.by_name} | set(collection.by_name)
    if unknown := names - known:
        raise InvalidQuery(f"{', '.join(sorted(unknown))} is no property here", field="properties")
    return frozenset(name.split(".")[0] for name in names)


def stamp(now: datetime) -> str:
    """An instant as answers write it."""
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
