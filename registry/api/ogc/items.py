"""The features of a collection: a page of them, or one."""

from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath
from litestar.response import Stream
from msgspec import structs

from registry.api.http.conditional import etag_of
from registry.api.http.dependencies import ReaderDep, SightDep
from registry.api.http.known_codes import known_filter
from registry.api.http.request import HttpRequest
from registry.api.ogc import query_params
from registry.api.ogc.collection_set import said_of_set
from registry.api.ogc.exports import EXPORTS, WHOLE, exported
from registry.api.ogc.links import Link, Links
from registry.api.ogc.negotiation import FEATURES, GEOJSON, HTML, JSON, negotiate
from registry.api.ogc.pages import flat_of, page
from registry.api.ogc.parameters import ITEM, of_items
from registry.api.ogc.query_params import ItemsParams
from registry.api.ogc.response import link_header, respond
from registry.api.ogc.routes import plain, varying
from registry.domain import crs as systems
from registry.domain.access.sight import Sight
from registry.domain.crs import DEFAULT
from registry.domain.cursor import encode_cursor
from registry.domain.errors import Invalid, InvalidQuery, NotFound
from registry.domain.ogc.catalogue import Collection, collection
from registry.domain.ogc.items import PageStart
from registry.store.database.pool import Reader, Row
from registry.store.ogc import features as store
from registry.store.ogc.features import FeaturePage

T = TypeVar("T")
PROPERTIES = b',"properties":'
OFFERED = {**FEATURES, **EXPORTS}
NOTHING = FeaturePage([], None, None, None)
FILE = (*WHOLE, "crs")
"""Parameters of a page that the link to a file leaves out."""


def rendered(text: bytes, placed: str | None, members: frozenset[str] | None) -> bytes:
    """A feature as JSON, with another geometry, or with only these members of `properties`."""
    if placed is None and members is None:
        return text
    head, _, tail = text.partition(PROPERTIES)
    if placed is not None:
        head = head[: head.index(b',"geometry":')] + b',"geometry":' + placed.encode()
    if members is not None:
        properties = msgspec.json.decode(tail[:-1])
        kept = {name: value for name, value in properties.items() if name in members}
        tail = msgspec.json.encode(kept) + b"}"
    return head + PROPERTIES + tail


@varying("/collections/{collection_id:str}/items", of_items)
async def list_items(
    request: HttpRequest, collection_id: FromPath[str], reader: ReaderDep, sight: SightDep
) -> Response[bytes] | Stream:
    """The features that meet every condition, in pages, or all as a file."""
    described = collection(collection_id)
    form = negotiate(request, OFFERED)
    params = query_params.read(request.query_params, described)
    where = await known_filter(request, params.query.filter)
    params = structs.replace(params, query=structs.replace(params.query, filter=where))
    if form in EXPORTS:
        return await exported(request, reader, sight, described, params, form)
    found = await _find(reader, sight, described, params)
    links = _page_links(request, described, found.next, form)
    headers = {"Content-Crs": f"<{params.crs.uri}>", **link_header(links)}
    matched = {} if found.matched is None else {"numberMatched": found.matched}
    features = _rendered_page(found, params.members)
    counts = {"numberReturned": len(features)} | matched
    counts |= await said_of_set(reader, sight, described, request, found.moment)
    if form == "html":
        content = {"features": features, **counts, "links": links}
        return respond(request, await page(content, described.title), HTML, headers)
    return _feature_collection(request, features, links, counts, headers)


def _rendered_page(found: FeaturePage, members: frozenset[str] | None) -> list[bytes]:
    """The features of a page as JSON, with the geometries of the requested reference system."""
    if found.placed is None and members is None:
        return found.features
    placed: Sequence[str | None] = found.placed or [None] * len(found.features)
    return [rendered(text, where, members) for text, where in zip(found.features, placed, strict=True)]


def _feature_collection(
    request: HttpRequest,
    features: list[bytes],
    links: list[Link],
    counts: dict[str, Any],
    headers: dict[str, str],
) -> Response[bytes]:
    rest = msgspec.json.encode(links) + b"," + msgspec.json.encode(counts)[1:]
    stamp = query_params.stamp(datetime.now(UTC)).encode()
    head = b'{"type":"FeatureCollection","timeStamp":"%b"' % stamp
    body = b"".join((head, b',"features":[', b",".join(features), b'],"links":', rest))
    return respond(request, body, GEOJSON, headers, validated=memoryview(body)[len(head) :])


async def _find(reader: Reader, sight: Sight, described: Collection, params: ItemsParams) -> FeaturePage:
    """A page, and the number of all features as far as it was requested."""
    source, query = (reader, sight, described.id), params.query
    found = NOTHING
    if not params.hits_only:
        counted = params.count == "bounded"
        found = await _of_query(store.find(*source, query, params.crs, counted=counted))
    if params.hits_only or params.count == "exact":
        found = found._replace(matched=await _of_query(store.count(*source, query.filter)))
    return found


async def _of_query(result: Awaitable[T]) -> T:
    """The result; a value that the database refuses is an error of the query, since there is no body."""
    try:
        return await result
    except Invalid as error:
        raise InvalidQuery("a value in the query or its cursor cannot be used") from error


def _page_links(
    request: HttpRequest, described: Collection, following: PageStart | None, form: str
) -> list[Link]:
    links = Links(request)
    listed = links.own(FEATURES, form)
    listed += [
        {"rel": "alternate", "type": media, "title": f"As a file: {name}", "href": links.here(*FILE, f=name)}
        for name, media in EXPORTS.items()
    ]
    if following is not None:
        href = links.here(cursor=encode_cursor(following))
        listed.append({"rel": "next", "type": FEATURES[form], "title": "Next page · 下一页", "href": href})
    listed.append(links.to("collection", f"/collections/{described.id}", JSON, described.title))
    return listed


@plain("/collections/{collection_id:str}/items/{feature_id:str}", *ITEM)
async def read_item(
    request: HttpRequest,
    collection_id: FromPath[str],
    feature_id: FromPath[str],
    reader: ReaderDep,
    sight: SightDep,
) -> Response[bytes]:
    """One feature."""
    described, links = collection(collection_id), Links(request)
    form = negotiate(request, FEATURES)
    crs = systems.system(request.query_params.get("crs"))
    nested = query_params.is_nested(request.query_params)
    row = await store.get(reader, sight, described.id, identity(described, feature_id), crs, nested=nested)
    if row is None:
        raise NotFound("feature", feature_id)
    feature = row["feature"] if nested else store.flat_feature(row)
    text = rendered(feature, None if crs is DEFAULT else row["placed"], None)
    listed = links.own(FEATURES, form)
    listed.append(links.to("collection", f"/collections/{described.id}", JSON, described.title))
    headers = {"Content-Crs": f"<{crs.uri}>", **link_header(listed)}
    if form == "html":
        content = {**flat_of(text), "links": listed}
        return respond(request, await page(content, feature_id), HTML, headers)
    body = text[:-1] + b',"links":' + msgspec.json.encode(listed) + b"}"
    return respond(request, body, GEOJSON, headers, etag=_validator(row, sight))


def _validator(row: Row, sight: Sight) -> str | None:
    """The ETag that If-Match compares; a place has no version and none."""
    return None if row["version"] is None else etag_of(row["version"], sight, row.get("telephone"))


def identity(described: Collection, text: str) -> str:
    """The identity as it is stored; NotFound for a text that cannot be one."""
    if described.holds in ("places", "zones"):
        return text
    record, colon, line = text.partition(":")
    try:
        if (described.holds == "stock") != (line.isdecimal() and bool(colon)):
            raise NotFound("feature", text)
        return f"{UUID(record)}{colon}{line}"
    except ValueError as error:
        raise NotFound("feature", text) from error


HANDLERS = [list_items, read_item]
