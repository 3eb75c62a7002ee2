"""A collection's features: lists and single ones."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath
from litestar.response import Stream

from registry.api.http.conditional import etag_of
from registry.api.http.dependencies import ReaderDep, SightDep
from registry.api.http.request import HttpRequest
from registry.api.ogc import query_params as ask
from registry.api.ogc.exports import EXPORTS, WHOLE, exported
from registry.api.ogc.links import Link, Links
from registry.api.ogc.negotiation import FEATURES, GEOJSON, HTML, JSON, chosen
from registry.api.ogc.pages import page
from registry.api.ogc.parameters import ITEM, of_items
from registry.api.ogc.query_params import Asked
from registry.api.ogc.response import link_header, respond
from registry.api.ogc.routes import plain, varying
from registry.domain import crs as systems
from registry.domain.access.sight import Sight
from registry.domain.crs import DEFAULT
from registry.domain.errors import Invalid, InvalidQuery, NotFound
from registry.domain.ogc.catalogue import Collection, collection
from registry.domain.ogc.items import Page, encode_page
from registry.store.database.pool import Reader, Row
from registry.store.ogc import features as store
from registry.store.ogc.features import Found

PROPERTIES = b',"properties":'
OFFERED = {**FEATURES, **EXPORTS}
NOTHING = Found([], None, None, None)
FILE = (*WHOLE, "crs")
"""What a link to a file leaves out of the question that a page answers."""


def rendered(text: bytes, placed: str | None, members: frozenset[str] | None) -> bytes:
    """A feature with the geometry and the members that were asked for."""
    if placed is None and members is None:
        return text
    head, _, tail = text.partition(PROPERTIES)
    if placed is not None:
        head = head[: head.index(b',"geometry":')] + b',"geometry":' + placed.encode()
    if members is not None:
        known = msgspec.json.decode(tail[:-1])
        tail = msgspec.json.encode({name: known[name] for name in known if name in members}) + b"}"
    return head + PROPERTIES + tail


@varying("/collections/{collection_id:str}/items", of_items)
async def list_items(
    request: HttpRequest, collection_id: FromPath[str], reader: ReaderDep, sight: SightDep
) -> Response[bytes] | Stream:
    """The features that meet every condition, in pages, or all of them as a file."""
    described = collection(collection_id)
    form = chosen(request, OFFERED)
    asked = ask.read(request.query_params, described)
    if form in EXPORTS:
        return await exported(request, reader, sight, described, asked, form)
    found = await _found(reader, sight, described, asked)
    made = _around(request, described, found.next, form)
    headers = {"Content-Crs": f"<{asked.crs.uri}>", **link_header(made)}
    matched = {} if found.matched is None else {"numberMatched": found.matched}
    features = _written(found, asked.members)
    figures = {"numberReturned": len(features)} | matched
    if form == "html":
        shown = {"features": [_flat(text) for text in features], **figures, "links": made}
        return respond(request, page(shown, described.title), HTML, headers)
    return _collection(request, features, made, figures, headers)


def _written(found: Found, members: frozenset[str] | None) -> list[bytes]:
    """The features in the system and with the members that were asked for."""
    if found.placed is None and members is None:
        return found.features
    placed: Sequence[str | None] = found.placed or [None] * len(found.features)
    return [rendered(text, where, members) for text, where in zip(found.features, placed, strict=True)]


def _collection(
    request: HttpRequest,
    features: list[bytes],
    made: list[Link],
    figures: dict[str, int],
    headers: dict[str, str],
) -> Response[bytes]:
    rest = msgspec.json.encode(made) + b"," + msgspec.json.encode(figures)[1:]
    stamp = ask.stamp(datetime.now(UTC)).encode()
    head = b'{"type":"FeatureCollection","timeStamp":"%b"' % stamp
    body = b"".join((head, b',"features":[', b",".join(features), b'],"links":', rest))
    return respond(request, body, GEOJSON, headers, validated=memoryview(body)[len(head) :])


async def _found(reader: Reader, sight: Sight, described: Collection, asked: Asked) -> Found:
    """A page, and how many there are in all as far as that was asked for."""
    ask, where = (reader, sight, described.id), asked.question.where
    found = NOTHING
    if not asked.hits:
        counted = asked.count == "bounded"
        found = await _plainly(store.find(*ask, asked.question, asked.crs, counted=counted))
    if asked.hits or asked.count == "exact":
        found = found._replace(matched=await _plainly(store.count(*ask, where)))
    return found


async def _plainly(answer: Any) -> Any:
    """Values that the database refuses came from the query, and not from a body."""
    try:
        return await answer
    except Invalid as error:
        raise InvalidQuery("a value in the query or its cursor cannot be used") from error


def _around(
    request: HttpRequest,
    described: Collection,
    following: Page | None,
    form: str,
) -> list[Link]:
    links = Links(request)
    made = links.own(FEATURES, form)
    made += [
        {"rel": "alternate", "type": media, "title": f"As a file: {name}", "href": links.here(*FILE, f=name)}
        for name, media in EXPORTS.items()
    ]
    if following is not None:
        href = links.here(cursor=encode_page(following))
        made.append({"rel": "next", "type": FEATURES[form], "title": "Next page · 下一页", "href": href})
    made.append(links.to("collection", f"/collections/{described.id}", JSON, described.title))
    return made


def _flat(text: bytes) -> dict[str, Any]:
    feature = msgspec.json.decode(text)
    return {"id": feature["id"], **feature["properties"], "geometry": feature["geometry"]}


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
    form = chosen(request, FEATURES)
    asked_crs = systems.system(request.query_params.get("crs"))
    row = await store.get(reader, sight, described.id, identity(described, feature_id), asked_crs)
    if row is None:
        raise NotFound("feature", feature_id)
    text = rendered(row["feature"], None if asked_crs is DEFAULT else row["placed"], None)
    made = links.own(FEATURES, form)
    made.append(links.to("collection", f"/collections/{described.id}", JSON, described.title))
    headers = {"Content-Crs": f"<{asked_crs.uri}>", **link_header(made)}
    if form == "html":
        return respond(request, page({**_flat(text), "links": made}, feature_id), HTML, headers)
    body = text[:-1] + b',"links":' + msgspec.json.encode(made) + b"}"
    return respond(request, body, GEOJSON, headers, etag=_validator(row, sight))


def _validator(row: Row, sight: Sight) -> str | None:
    """The version that If-Match asks for; a place has none."""
    return None if row["version"] is None else etag_of(row["version"], sight)


def identity(described: Collection, text: str) -> str:
    """The identity as it is stored; NotFound for text that cannot be one."""
    if described.holds in ("places", "zones"):
        return text
    try:
        return str(UUID(text))
    except ValueError as error:
        raise NotFound("feature", text) from error


HANDLERS = [list_items, read_item]
