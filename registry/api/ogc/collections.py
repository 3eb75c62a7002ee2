"""The collections: descriptions, extents, queryables, sortables and schemas."""

import time
from typing import Any
from weakref import WeakKeyDictionary

from litestar import Response
from litestar.params import FromPath

from registry.api.http.dependencies import ReaderDep, SightDep
from registry.api.http.request import HttpRequest
from registry.api.ogc.collection_set import said_of_set
from registry.api.ogc.exports import EXPORTS
from registry.api.ogc.links import REL, Link, Links, about
from registry.api.ogc.negotiation import FEATURES, JSON, PLAIN, SCHEMA, SCHEMAS, STYLE
from registry.api.ogc.response import negotiated_response
from registry.api.ogc.routes import plain
from registry.domain.access.sight import Sight
from registry.domain.crs import CRS84, SYSTEMS
from registry.domain.ogc.catalogue import COLLECTIONS, Collection, Property, collection
from registry.domain.ogc.written import DRAWN_UNCERTAINTY_M
from registry.store.database.pool import Reader
from registry.store.ogc import extents
from registry.store.ogc.extents import Extent

FRESH_S = 30.0
GREGORIAN = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"
DRAFT = "https://json-schema.org/draft/2020-12/schema"
Extents = dict[tuple[Sight, str], tuple[float, Extent]]
_caches: WeakKeyDictionary[Reader, Extents] = WeakKeyDictionary()
MOST_CACHED = 500
FORMATS = {"areas": "any"}


async def extent_of(reader: Reader, sight: Sight, name: str) -> Extent:
    """The extent of a collection, at most `FRESH_S` seconds old."""
    cache = _caches.setdefault(reader, {})
    cached = cache.get((sight, name))
    if cached is not None and time.monotonic() - cached[0] < FRESH_S:
        return cached[1]
    extent = await extents.extent(reader, sight, name)
    while len(cache) >= MOST_CACHED:
        cache.pop(next(iter(cache)))
    cache[sight, name] = (time.monotonic(), extent)
    return extent


def _members(links: Links, described: Collection) -> list[Link]:
    base = f"/collections/{described.id}"
    listed = [links.to("collection", base, JSON, described.title)]
    listed += [
        links.to("items", f"{base}/items", media, f"{described.en} as {name}", f=name)
        for name, media in FEATURES.items()
    ]
    listed += [
        links.to("enclosure", f"{base}/items", media, f"{described.en} as a file: {name}", f=name)
        for name, media in EXPORTS.items()
    ]
    schema = links.to(REL + "schema", f"{base}/schema", SCHEMA, "Schema · 结构")
    listed += [schema, schema | {"rel": "describedby"}]
    listed.append(links.to(REL + "queryables", f"{base}/queryables", SCHEMA, "Queryables · 可查询属性"))
    listed.append(links.to(REL + "sortables", f"{base}/sortables", SCHEMA, "Sortables · 可排序属性"))
    if described.is_tiled:
        listed.append(links.to(REL + "tilesets-vector", f"{base}/tiles", JSON, "Vector tiles · 矢量瓦片"))
        listed.append(links.to("stylesheet", f"/styles/{described.id}", STYLE, "MapLibre style · 样式"))
    return listed


def describe(links: Links, described: Collection, extent: Extent) -> dict[str, Any]:
    """A collection in the form of the standard."""
    spans: dict[str, Any] = {}
    if extent.box is not None:
        spans["spatial"] = {"bbox": [list(extent.box)], "crs": CRS84}
    if extent.begins or extent.ends:
        interval = [moment and moment.isoformat() for moment in (extent.begins, extent.ends)]
        spans["temporal"] = {"interval": [interval], "trs": GREGORIAN}
    return {
        "id": described.id,
        "title": described.title,
        "description": described.about,
        "itemType": "feature",
        "extent": spans,
        "crs": list(SYSTEMS),
        "storageCrs": CRS84,
        "links": _members(links, described),
    }


@plain("/collections")
async def list_collections(request: HttpRequest, reader: ReaderDep, sight: SightDep) -> Response[bytes]:
    """Every collection with its extent."""
    links = Links(request)
    listed = [
        describe(links, item, await extent_of(reader, sight, name)) for name, item in COLLECTIONS.items()
    ]
    answer = {
        "title": "Collections · 数据集",
        "crs": list(SYSTEMS),
        "collections": listed,
        "links": about(links),
    }
    return await negotiated_response(request, PLAIN, answer, "Collections · 数据集")


@plain("/collections/{collection_id:str}")
async def read_collection(
    request: HttpRequest, collection_id: FromPath[str], reader: ReaderDep, sight: SightDep
) -> Response[bytes]:
    """One collection, as the list has it."""
    described, links = collection(collection_id), Links(request)
    content = describe(links, described, await extent_of(reader, sight, described.id))
    content["links"] += about(links)
    content |= await said_of_set(reader, sight, described, request)
    return await negotiated_response(request, PLAIN, content, described.title)


def _geometry_schema(described: Collection) -> dict[str, Any]:
    shown = {"title": "Geometry · 几何", "x-ogc-role": "primary-geometry"}
    return (
        {"geometry": shown | {"format": f"geometry-{FORMATS.get(described.geometry, described.geometry)}"}}
        if described.is_drawn
        else {}
    )


def property_schema(item: Property) -> dict[str, Any]:
    """A property as JSON Schema with the OGC keywords."""
    schema: dict[str, Any] = {"title": item.title}
    if item.type == "strings":
        schema |= {"type": "array", "items": {"type": "string"}}
    elif item.type in ("date", "date-time"):
        schema |= {"type": "string", "format": item.type}
    else:
        schema["type"] = item.type
    if item.values:
        schema["enum"] = list(item.values)
    if item.unit:
        schema["x-ogc-unit"] = item.unit
    if item.name in ("valid_from", "valid_to"):
        schema["x-ogc-role"] = f"primary-interval-{'start' if item.name == 'valid_from' else 'end'}"
    if item.name == "kind":
        schema["x-ogc-role"] = "type"
    return schema


def _schema(links: Links, path: str, described: Collection, properties: dict[str, Any], open_: bool) -> Any:
    return {
        "$schema": DRAFT,
        "$id": f"{links.root}/collections/{described.id}/{path}",
        "title": described.title,
        "description": described.about,
        "type": "object",
        "properties": properties,
        "additionalProperties": open_,
        "links": about(links),
    }


@plain("/collections/{collection_id:str}/queryables")
async def read_queryables(request: HttpRequest, collection_id: FromPath[str]) -> Response[bytes]:
    """The properties that filters and parameters may compare."""
    described = collection(collection_id)
    queryables = _geometry_schema(described) | {i.name: property_schema(i) for i in described.properties}
    return await negotiated_response(
        request, SCHEMAS, _schema(Links(request), "queryables", described, queryables, False), described.title
    )


@plain("/collections/{collection_id:str}/sortables")
async def read_sortables(request: HttpRequest, collection_id: FromPath[str]) -> Response[bytes]:
    """The properties that sortby may name."""
    described = collection(collection_id)
    keys = {item.name: property_schema(item) for item in described.properties if item.is_scalar}
    return await negotiated_response(
        request, SCHEMAS, _schema(Links(request), "sortables", described, keys, False), described.title
    )


@plain("/collections/{collection_id:str}/schema")
async def read_schema(request: HttpRequest, collection_id: FromPath[str]) -> Response[bytes]:
    """The schema of the features, and of what may be written (OGC API - Features Part 5)."""
    described = collection(collection_id)
    content = _schema(Links(request), "schema", described, feature_schema(described), True)
    if described.is_written:
        content["required"] = ["name", *(["kind"] if described.kind is None else [])]
    return await negotiated_response(request, SCHEMAS, content, described.title)


def feature_schema(described: Collection) -> dict[str, Any]:
    """The properties as features have them, in order, with what a new feature has when it does not say."""
    properties: dict[str, Any] = {
        "id": {"title": "Identity · 标识", "type": "string", "x-ogc-role": "id", "readOnly": True},
        **_geometry_schema(described),
    }
    for sequence, item in enumerate(described.properties):
        shown = property_schema(item) | {"x-ogc-propertySeq": sequence}
        if item.read_only or not described.is_written:
            shown["readOnly"] = True
        elif item.name in DEFAULTS and described.is_drawn:
            shown["default"] = DEFAULTS[item.name]
        properties[item.name] = shown
    return properties


DEFAULTS = {"location_quality": "approximate", "uncertainty_m": DRAWN_UNCERTAINTY_M, "datum": "wgs84"}
"""What a new point has for which a client does not state it."""


HANDLERS = [list_collections, read_collection, read_queryables, read_sortables, read_schema]
