"""Features changed over the OGC face (Part 4, draft): the same acts as in `/v1`, in the standard's words."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import HttpMethod, Response, delete, patch, post, put, route
from litestar.exceptions import HTTPException, MethodNotAllowedException
from litestar.params import FromPath
from msgspec import structs

from registry.api.http.dependencies import IdempotencyDep, WorkDep
from registry.api.http.request import HttpRequest
from registry.api.ogc.items import identity
from registry.api.ogc.links import Links
from registry.api.ogc.negotiation import GEOJSON, JSON
from registry.api.ogc.parameters import fixed
from registry.domain import crs as systems
from registry.domain.access.actor import Actor, require
from registry.domain.errors import Invalid, NotFound
from registry.domain.ogc.catalogue import COLLECTIONS, OF_KIND, Collection, collection
from registry.domain.records.draft import Draft
from registry.services.records import acts
from registry.services.records.editing import Desk, Edition, held
from registry.store.access.idempotency import Answer

MERGE = "application/merge-patch+json"
DELETED = "deleted over OGC API Features"
WRITING = frozenset({"exercise", "reason"})
ITEMS = "/collections/{collection_id:str}/items"
ITEM = ITEMS + "/{feature_id:str}"
UNLOCATED = next(name for name, item in COLLECTIONS.items() if item.holds == "unlocated")


def _writable(collection_id: str) -> Collection:
    described = collection(collection_id)
    if described.kind is None and described.holds != "unlocated":
        raise MethodNotAllowedException(
            f"{collection_id} cannot be written here", headers={"Allow": "GET, HEAD, OPTIONS"}
        )
    return described


def _parameters(path: dict[str, Any]) -> frozenset[str]:
    _writable(path["collection_id"])
    return WRITING


OPT = {"parameters": _parameters}
OFFERED = {"parameters": fixed("exercise")}


async def _body(request: HttpRequest, actor: Actor, *media: str) -> dict[str, Any]:
    """The body as a JSON object with its geometry in CRS84; 415 for anything else.

    Who may not write at all is told so before the body is looked at.
    """
    require(actor, "field")
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind not in media:
        raise HTTPException(status_code=415, detail=f"send {' or '.join(media)}")
    made = msgspec.json.decode(await request.body())
    if not isinstance(made, dict):
        raise Invalid("the body is one feature")
    for answered_only in ("links", "bbox"):
        made.pop(answered_only, None)
    given = request.headers.get("content-crs")
    if given is not None and isinstance(made.get("geometry"), dict):
        system = systems.system(given, "Content-Crs")
        made["geometry"] = systems.point_in_degrees(made["geometry"], system)
    return made


def _draft(described: Collection, made: dict[str, Any]) -> Draft:
    properties = made.get("properties")
    kind = described.kind
    if kind is not None and isinstance(properties, dict) and properties.setdefault("kind", kind) != kind:
        raise Invalid(f"{described.id} holds {kind}", field="properties.kind")
    return msgspec.convert(made, Draft)


async def _held(desk: Desk, described: Collection, feature_id: str) -> UUID:
    """The identity of a feature that is in this collection, and neither deleted nor in another."""
    known = UUID(identity(described, feature_id))
    record = await held(desk, "field", known)
    home = OF_KIND[record.kind].id if record.geometry is not None else UNLOCATED
    if record.properties.lifecycle == "retired" or home != described.id:
        raise NotFound("feature", feature_id)
    return known


def _stated(made: Answer) -> dict[str, str]:
    return {name: value for name, value in made.headers.items() if name == "ETag"}


def _where(body: bytes) -> str:
    """The path of a stored feature, in the collection where its position puts it."""
    feature = msgspec.json.decode(body)
    located = feature["geometry"] is not None
    home = OF_KIND[feature["properties"]["kind"]].id if located else UNLOCATED
    return f"/collections/{home}/items/{feature['id']}"


def _ours(desk: Desk) -> Desk:
    return desk._replace(via="ogc")


@post(ITEMS, opt=OPT, include_in_schema=False)
async def create_item(
    request: HttpRequest, collection_id: FromPath[str], desk: WorkDep, once: IdempotencyDep
) -> Response[bytes]:
    """Record a new feature; its identity is made here."""
    described = _writable(collection_id)
    draft = _draft(described, await _body(request, desk.actor, GEOJSON, JSON) | {"id": None})
    return await once(lambda: _create(request, desk, draft))


async def _create(request: HttpRequest, desk: Desk, draft: Draft) -> Answer:
    made = await acts.create(_ours(desk), draft, request.query_params.get("reason"))
    return structs.replace(made, headers=_stated(made) | {"Location": Links(request).href(_where(made.body))})


@put(ITEM, opt=OPT, include_in_schema=False)
async def replace_item(
    request: HttpRequest,
    collection_id: FromPath[str],
    feature_id: FromPath[str],
    desk: WorkDep,
) -> Response[bytes]:
    """Replace a feature; the identity in the body is not looked at."""
    described = _writable(collection_id)
    draft = _draft(described, await _body(request, desk.actor, GEOJSON, JSON) | {"id": None})
    made = await acts.replace(
        _ours(desk),
        await _held(desk, described, feature_id),
        draft,
        _edition(request),
        request.query_params.get("reason"),
    )
    return Response(made.body, status_code=made.status, headers=_stated(made), media_type=GEOJSON)


@patch(ITEM, opt=OPT, include_in_schema=False)
async def update_item(
    request: HttpRequest,
    collection_id: FromPath[str],
    feature_id: FromPath[str],
    desk: WorkDep,
) -> Response[bytes]:
    """Change some members (RFC 7396); a geometry is replaced as a whole."""
    described = _writable(collection_id)
    change = await _body(request, desk.actor, MERGE, GEOJSON, JSON)
    if change.pop("id", feature_id) != feature_id:
        raise Invalid("the identity of a feature cannot change", field="id")
    change.pop("type", None)
    made = await acts.amend(
        _ours(desk),
        await _held(desk, described, feature_id),
        change,
        _edition(request),
        request.query_params.get("reason"),
    )
    return Response(made.body, status_code=made.status, headers=_stated(made), media_type=GEOJSON)


@delete(ITEM, opt=OPT, status_code=204, include_in_schema=False)
async def delete_item(
    request: HttpRequest,
    collection_id: FromPath[str],
    feature_id: FromPath[str],
    desk: WorkDep,
) -> None:
    """Retire a feature: it leaves the collections, its history stays."""
    described = _writable(collection_id)
    reason = request.query_params.get("reason") or DELETED
    await acts.retire(
        _ours(desk), await _held(desk, described, feature_id), _edition(request).if_match, reason
    )


def _edition(request: HttpRequest) -> Edition:
    """The version that the client holds; any, when it does not say (desktop clients never do)."""
    return Edition(if_match=request.headers.get("if-match", "*"))


def _allowed(*methods: str) -> Response[None]:
    return Response(None, status_code=204, headers={"Allow": ", ".join(methods)})


@route(ITEMS, http_method=[HttpMethod.OPTIONS], opt=OFFERED, include_in_schema=False, sync_to_thread=False)
def offer_items(collection_id: FromPath[str]) -> Response[None]:
    """What may be done with a collection."""
    writable = collection(collection_id).kind is not None or collection_id == UNLOCATED
    return _allowed("GET", "HEAD", "OPTIONS", *(["POST"] if writable else []))


@route(ITEM, http_method=[HttpMethod.OPTIONS], opt=OFFERED, include_in_schema=False, sync_to_thread=False)
def offer_item(collection_id: FromPath[str]) -> Response[None]:
    """What may be done with a feature."""
    writable = collection(collection_id).kind is not None or collection_id == UNLOCATED
    return _allowed("GET", "HEAD", "OPTIONS", *(["PUT", "PATCH", "DELETE"] if writable else []))


OFFERS = [offer_items, offer_item]
HANDLERS = [create_item, replace_item, update_item, delete_item]
