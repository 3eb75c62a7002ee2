"""The query of an items request, from the text of its parameters."""

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from registry.api.ogc.parameters import SIGHT, value_of
from registry.domain import crs as systems
from registry.domain.conditions import Bbox
from registry.domain.crs import Crs
from registry.domain.errors import InvalidQuery
from registry.domain.ogc import cql, items
from registry.domain.ogc.catalogue import COLLECTIONS, Collection
from registry.domain.ogc.cql import CqlFilter, FilterBuilder
from registry.domain.ogc.items import ItemsQuery
from registry.domain.ogc.set_question import COUNTED, NamedCondition, SetQuestion, kinds_of
from registry.domain.records.resource import Kind

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
    near = items.spot(params.get("near"))
    sort = items.sort_keys(params.get("sortby"), collection, near)
    cursor = params.get("cursor")
    query = ItemsQuery(
        filter=filter_of(params, collection),
        sort=sort,
        near=near,
        page=None if cursor is None else items.decode_page(cursor, sort),
        limit=items.limit(params.get("limit")),
        nested=is_nested(params),
    )
    return ItemsParams(
        query=query,
        crs=systems.system(params.get("crs")),
        count=value_of(params, "count"),
        hits_only=value_of(params, "resultType") == "hits",
        members=_members(params.get("properties"), collection, query.nested),
    )


def filter_of(params: Params, collection: Collection) -> CqlFilter:
    """All conditions of a request as one filter."""
    filters = FilterBuilder(collection)
    box = window_of(params)
    if box is not None and collection.is_drawn:
        items.add_window(filters, box)
    if "under" in params:
        filters.add_extension("under", "string", params["under"])
    add_conditions(filters, params, collection)
    return filters.build()


def window_of(params: Params) -> Bbox | None:
    """The box of a request in WGS 84 degrees."""
    return read_bbox(params.get("bbox"), systems.system(params.get("bbox-crs"), "bbox-crs"))


def add_conditions(filters: FilterBuilder, params: Params, collection: Collection) -> list[NamedCondition]:
    """Add what narrows a request apart from its window and its place; each by the name of its parameter."""
    found: list[NamedCondition] = []
    for name, add in _adders(filters, params, collection).items():
        before = len(filters.shapes)
        add(params[name])
        found += [NamedCondition(name, shape) for shape in filters.shapes[before:]]
    return found


def _adders(
    filters: FilterBuilder, params: Params, collection: Collection
) -> dict[str, Callable[[str], Any]]:
    """How each stated condition is added."""
    known = collection.by_name
    adders: dict[str, Callable[[str], Any]] = {
        "datetime": lambda text: items.add_time(filters, text, collection),
        "q": lambda text: items.add_name(filters, text),
        **{
            name: partial(items.add_equal, filters, known[name])
            for name in params
            if name in known and name not in SIGHT
        },
    }
    if params.get("filter"):
        is_text = value_of(params, "filter-lang") == "cql2-text"
        read = cql.parse_text if is_text else cql.parse_json
        adders["filter"] = lambda text: filters.add(read(text))
    return {name: add for name, add in adders.items() if name in params}


def set_question(params: Params, collection: Collection) -> SetQuestion | None:
    """What the list says of its set; None for a collection that does not hold records."""
    kinds = kinds_of(collection.holds, collection.kind)
    if not kinds:
        return None
    filters, under = FilterBuilder(collection), params.get("under")
    if under is not None:
        filters.add_extension("under", "string", under)
    within = ("and", tuple(filters.shapes))
    counted = [(name, params[name]) for name in COUNTED if name in params and name in collection.by_name]
    return SetQuestion(
        collection=collection.id,
        kinds=kinds,
        place=under,
        counted=tuple(counted),
        window=window_of(params) if collection.is_drawn else None,
        within=within,
        conditions=tuple(add_conditions(filters, params, collection)),
        filter=filters.build(),
        unlocated=_unlocated(params, kinds[0]) if collection.holds in ("located", "footprints") else None,
    )


def _unlocated(params: Params, kind: Kind) -> CqlFilter:
    """The conditions of a request as far as they can be asked of records without a position."""
    where = COLLECTIONS["unlocated-resources"]
    filters = FilterBuilder(where)
    items.add_equal(filters, where.by_name["kind"], kind)
    if "under" in params:
        filters.add_extension("under", "string", params["under"])
    for name, add in _adders(filters, params, where).items():
        with suppress(InvalidQuery):  # a condition on the geometry, which leaves them undecided
            add(params[name])
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


def is_nested(params: Params) -> bool:
    """Whether the features are asked for in the nested form."""
    return value_of(params, "profile") == "nested"


def _members(text: str | None, collection: Collection, nested: bool) -> frozenset[str] | None:
    if text is None:
        return None
    names = frozenset(part.strip() for part in text.split(",") if part.strip())
    if nested:
        return names
    if unknown := names - set(collection.by_name):
        raise InvalidQuery(f"{', '.join(sorted(unknown))} is no property here", field="properties")
    return names


def stamp(now: datetime) -> str:
    """An instant as answers write it."""
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
