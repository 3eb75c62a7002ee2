"""A collection's features: lists and single ones."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response
from litestar.params import FromPath
from litestar.response import Stream

from registry.api.conditions import etag_of
from registry.api.ogc import ask
from registry.api.ogc.answer import link_header, respond
from registry.api.ogc.ask import Asked
from registry.api.ogc.exports import EXPORTS, WHOLE, exported
from registry.api.ogc.html import page
from registry.api.ogc.links import Link, Links
from registry.api.ogc.negotiate import FEATURES, GEOJSON, HTML, JSON, chosen
from registry.api.ogc.parameters import ITEM, of_items
from registry.api.ogc.routes import plain, varying
from registry.api.provide import Asks, Sees
from registry.domain import crs as systems
from registry.domain.catalogue import Collection, collection
from registry.domain.crs import DEFAULT, Crs
from registry.domain.errors import Invalid, InvalidQuery, NotFound
from registry.domain.items import Page, Question, encode_page
from registry.domain.sight import Sight
from registry.store import features
from registry.store.pool import Reader, Row

PROPERTIES = b',"properties":'
OFFERED = {**FEATURES, **EXPORTS}
FILE = (*WHOLE, "crs")
"""What a link to a file leaves out of the question that a page answers."""


def rendered(row: Row, asked_crs: Crs, members: frozenset[str] | None) -> bytes:
    """A row's feature in the system and with the members that were asked for."""
    text: bytes = row["feature"]
    if asked_crs is DEFAULT and members is None:
        return text
    head, _, tail = text.partition(PROPERTIES)
    if asked_crs is not DEFAULT:
        head = head[: head.index(b',"geometry":')] + b',"geometry":' + (row["placed"] or "null").encode()
    if members is not None:
        known = msgspec.json.decode(tail[:-1])
        tail = msgspec.json.encode({name: known[name] for name in known if name in members}) + b"}"
    return head + PROPERTIES + tail


@varying("/collections/{collection_id:str}/items", of_items)
async def list_items(
    request: Request[Any, Any, Any], collection_id: FromPath[str], reader: Asks, sight: Sees
) -> Response[bytes] | Stream:
    """The features that meet every condition, in pages, or all of them as a file."""
    described = collection(collection_id)
    form = chosen(request, OFFERED)
    asked = ask.read(request.query_params, described)
    if form in EXPORTS:
        return await exported(request, reader, sight, described, asked, form)
    rows, matched = await _found(reader, sight, described, asked)
    more, rows = len(rows) > asked.question.limit, rows[: asked.question.limit]
    made = _around(request, described, asked, rows, more, form)
    texts = [rendered(row, asked.crs, asked.members) for row in rows]
    headers = {"Content-Crs": f"<{asked.crs.uri}>", **link_header(made)}
    figures = {"numberReturned": len(rows)} | ({} if matched is None else {"numberMatched": matched})
    if form == "html":
        shown = {"features": [_flat(text) for text in texts], **figures, "links": made}
        return respond(request, page(shown, described.title), HTML, headers)
    return _collection(request, texts, made, figures, headers)


def _collection(
    request: Request[Any, Any, Any],
    texts: list[bytes],
    made: list[Link],
    figures: dict[str, int],
    headers: dict[str, str],
) -> Response[bytes]:
    rest = msgspec.json.encode(made) + b"," + msgspec.json.encode(figures)[1:-1]
    body = b'{"type":"FeatureCollection","features":[%b],"links":%b' % (b",".join(texts), rest)
    whole = body + f',"timeStamp":"{ask.stamp(datetime.now(UTC))}"}}'.encode()
    return respond(request, whole, GEOJSON, headers, validated=body)


async def _found(
    reader: Reader, sight: Sight, described: Collection, asked: Asked
) -> tuple[Sequence[Row], int | None]:
    """A page and one more, and how many there are in all as far as that was asked for."""
    ask, where = (reader, sight, described.id), asked.question.where
    if asked.hits:
        return [], await _plainly(features.count(*ask, where))
    one_more = msgspec.structs.replace(asked.question, limit=asked.question.limit + 1)
    if asked.count == "bounded":
        found: tuple[list[Row], int | None] = await _plainly(
            features.find_and_count(*ask, one_more, asked.crs)
        )
        return found
    rows = await _plainly(features.find(*ask, one_more, asked.crs))
    return rows, await _plainly(features.count(*ask, where)) if asked.count == "exact" else None


async def _plainly(answer: Any) -> Any:
    """Values that the database refuses came from the query, and not from a body."""
    try:
        return await answer
    except Invalid as error:
        raise InvalidQuery("a value in the query or its cursor cannot be used") from error


def _around(
    request: Request[Any, Any, Any],
    described: Collection,
    asked: Asked,
    rows: Sequence[Row],
    more: bool,
    form: str,
) -> list[Link]:
    links = Links(request)
    made = links.own(FEATURES, form)
    made += [
        {"rel": "alternate", "type": media, "title": f"As a file: {name}", "href": links.here(*FILE, f=name)}
        for name, media in EXPORTS.items()
    ]
    if more:
        cursor = encode_page(_last(asked.question, rows[-1]))
        made.append(
            {
                "rel": "next",
                "type": FEATURES[form],
                "title": "Next page · 下一页",
                "href": links.here(cursor=cursor),
            }
        )
    made.append(links.to("collection", f"/collections/{described.id}", JSON, described.title))
    return made


def _last(question: Question, row: Row) -> Page:
    return Page([row[f"k{n}"] for n in range(len(question.sort))], row["id"])


def _flat(text: bytes) -> dict[str, Any]:
    feature = msgspec.json.decode(text)
    return {"id": feature["id"], **feature["properties"], "geometry": feature["geometry"]}


@plain("/collections/{collection_id:str}/items/{feature_id:str}", *ITEM)
async def read_item(
    request: Request[Any, Any, Any],
    collection_id: FromPath[str],
    feature_id: FromPath[str],
    reader: Asks,
    sight: Sees,
) -> Response[bytes]:
    """One feature."""
    described, links = collection(collection_id), Links(request)
    form = chosen(request, FEATURES)
    asked_crs = systems.system(request.query_params.get("crs"))
    row = await features.get(reader, sight, described.id, identity(described, feature_id), asked_crs)
    if row is None:
        raise NotFound("feature", feature_id)
    text = rendered(row, asked_crs, None)
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
