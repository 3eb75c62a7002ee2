"""The query parameters of the OGC API, declared once: requests and the OpenAPI document follow the table."""

from collections.abc import Mapping
from typing import Any

from registry.api.http.params import EXERCISE, LONGEST_EXERCISE
from registry.api.http.request_validation import MAX_QUERY_BYTES
from registry.api.ogc.negotiation import MediaTypes
from registry.domain.crs import CRS84, SYSTEMS
from registry.domain.errors import InvalidQuery
from registry.domain.ogc.catalogue import COLLECTIONS, Collection, Property, collection
from registry.domain.ogc.items import DEFAULT_LIMIT, MAX_LIMIT

Schema = dict[str, Any]
_TYPES: dict[str, Schema] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "date": {"type": "string", "format": "date"},
    "date-time": {"type": "string", "format": "date-time"},
    "strings": {"type": "string"},
}
_CRS: Schema = {"type": "string", "format": "uri", "enum": list(SYSTEMS), "default": CRS84}


def _parameter(name: str, description: str, schema: Schema, explode: bool = False) -> Schema:
    found = {"name": name, "in": "query", "required": False, "description": description}
    return found | {"schema": schema, "style": "form", "explode": explode}


_FLAG: Schema = {"type": "boolean", "default": False}
COMPONENTS: dict[str, Schema] = {
    item["name"]: item
    for item in (
        _parameter(
            "limit",
            "At most so many features in one answer; more than the maximum means the maximum.",
            {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
        ),
        _parameter(
            "bbox",
            "Only features whose geometry meets the box, its edge included; features without one always do.",
            {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}},
        ),
        _parameter(
            "datetime",
            "Only features valid at an RFC 3339 instant or in an interval (`a/b`, `a/..`, `../b`).",
            {"type": "string"},
        ),
        _parameter("crs", "Coordinate reference system of the answer.", _CRS),
        _parameter("bbox-crs", "Coordinate reference system of bbox.", _CRS),
        _parameter("filter", "A CQL2 condition.", {"type": "string", "maxLength": 4000}),
        _parameter(
            "filter-lang",
            "How filter is written.",
            {"type": "string", "enum": ["cql2-text", "cql2-json"], "default": "cql2-text"},
        ),
        _parameter(
            "filter-crs",
            "Coordinate reference system of the geometries in filter.",
            {"type": "string", "format": "uri", "enum": [CRS84], "default": CRS84},
        ),
        _parameter(
            "sortby",
            "Properties to sort by: `+name,-capacity_persons`; with `near` also `distance_m`.",
            {"type": "string"},
        ),
        _parameter(
            "near",
            "Longitude,latitude in degrees: where `sortby=distance_m` measures from.",
            {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}},
        ),
        _parameter(
            "properties", "Only these members of `properties`, separated by commas.", {"type": "string"}
        ),
        _parameter(
            "q", "Part of a name, Chinese or English.", {"type": "string", "minLength": 1, "maxLength": 100}
        ),
        _parameter(
            "cursor", "From the `next` link of the page before.", {"type": "string", "maxLength": 2000}
        ),
        _parameter(
            "count",
            "numberMatched: exact; bounded (left out above 10,000); none.",
            {"type": "string", "enum": ["exact", "bounded", "none"], "default": "bounded"},
        ),
        _parameter(
            "resultType",
            "hits: only the exact number, no features.",
            {"type": "string", "enum": ["results", "hits"], "default": "results"},
        ),
        _parameter("under", "Code of a place or management area, with all under it.", {"type": "string"}),
        _parameter(
            "as_of",
            "What was recorded at this instant (RFC 3339).",
            {"type": "string", "format": "date-time"},
        ),
        _parameter(
            "exercise",
            "Look into a drill or demonstration instead of real life.",
            {"type": "string", "minLength": 1, "maxLength": LONGEST_EXERCISE, "pattern": EXERCISE},
        ),
        _parameter(
            "profile",
            "How features are written: flat properties, or members nested as in /v1.",
            {"type": "string", "enum": ["flat", "nested"], "default": "flat"},
        ),
        _parameter("bom", "CSV: begin with a byte order mark, for Excel.", _FLAG),
        _parameter("hxl", "CSV: a second row with HXL 1.1 hashtags.", _FLAG),
        _parameter("reason", "Why; kept in the history.", {"type": "string", "maxLength": 1000}),
        _parameter("strict", "Refuse what the gate would only warn of.", _FLAG),
        _parameter("collections", "Only these collections, separated by commas.", {"type": "string"}),
    )
}
SIGHT = ("exercise", "as_of")
ITEM = ("crs", "profile")
DATASET_TILES = ("collections",)


def value_of(params: Mapping[str, str], name: str) -> str:
    """The value of a parameter in a request, or its declared default."""
    return str(params.get(name, COMPONENTS[name]["schema"]["default"]))


def check(name: str, value: str) -> None:
    """Refuse a value that its declaration does not allow; `domain/crs.py` checks the reference systems."""
    schema = COMPONENTS.get(name, {}).get("schema", {})
    if schema is not _CRS and value not in schema.get("enum", (value,)):
        raise InvalidQuery(f"{name} is one of {', '.join(schema['enum'])}", field=name)
    if schema.get("type") == "boolean" and value not in ("true", "false"):
        raise InvalidQuery(f"{name} is true or false", field=name)
    least, most = schema.get("minLength", 0), schema.get("maxLength", MAX_QUERY_BYTES)
    if not least <= len(value) <= most:
        raise InvalidQuery(f"{name} has {least} to {most} characters", field=name)


def form_parameter(forms: MediaTypes) -> Schema:
    """`f` for an operation with these media types."""
    schema = {"type": "string", "enum": list(forms)}
    return _parameter("f", "The format of the response; it wins over the Accept header.", schema)


def shared_names(described: Collection) -> tuple[str, ...]:
    """The parameters of a collection's items beside its properties."""
    names = ["limit", "bbox", "datetime", "crs", "bbox-crs", "filter", "filter-lang", "filter-crs", "sortby"]
    names += ["properties", "q", "cursor", "count", "resultType", "profile", "bom", "hxl"]
    if described.is_drawn:
        names.append("near")
    if "place" in described.by_name:
        names.append("under")
    return (*names, *SIGHT)


def property_parameter(item: Property) -> Schema:
    """A property as a parameter: equality with its value."""
    schema = {**_TYPES[item.type], **({"enum": list(item.values)} if item.values else {})}
    return _parameter(item.name, f"Only features with this {item.en.lower()} · {item.zh}", schema)


_ITEMS_NAMES: dict[str, frozenset[str]] = {
    item.id: frozenset({"f", *shared_names(item), *item.by_name}) for item in COLLECTIONS.values()
}


def of_items(path: dict[str, Any]) -> frozenset[str]:
    """The parameters of a request for the items of the collection in the path."""
    return _ITEMS_NAMES[collection(path["collection_id"]).id]


def fixed(*names: str) -> Any:
    """These parameters, whatever the path."""
    allowed = frozenset(names)
    return lambda _: allowed
