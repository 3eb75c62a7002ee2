"""Features changed over the OGC face (Part 4, draft): the same use cases as in `/v1`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import msgspec
from litestar import HttpMethod, Response, delete, patch, post, put, route
from litestar.exceptions import HTTPException, MethodNotAllowedException
from litestar.params import FromPath
from msgspec import structs

from registry.api.http.conditional import body_of, etag_of, versions_in
from registry.api.http.dependencies import IdempotencyDep, WorkDep
from registry.api.http.idempotency import rendered
from registry.api.http.json_body import check_body
from registry.api.http.request import HttpRequest
from registry.api.http.response_headers import FINDINGS, findings_header
from registry.api.ogc.items import identity
from registry.api.ogc.links import Links
from registry.api.ogc.negotiation import GEOJSON, JSON
from registry.api.ogc.parameters import fixed
from registry.api.ogc.query_params import is_nested
from registry.domain import crs as systems
from registry.domain.access.actor import Actor, require
from registry.domain.access.sight import Sight
from registry.domain.errors import Invalid, NotFound, Refused
from registry.domain.intake.shape import read_members
from registry.domain.ogc import flat, written
from registry.domain.ogc.catalogue import COLLECTIONS, OF_KIND, Collection, collection
from registry.domain.records.change import Draft
from registry.domain.records.resource import Resource
from registry.services.records.amend import amend
from registry.services.records.create import create
from registry.services.records.replace import replace
from registry.services.records.retire import retire
from registry.services.records.work import Admission, Edition, Saved, Work
from registry.store.access.idempotency import StoredResponse

MERGE = "application/merge-patch+json"
VIA = "ogc"
DELETED = "deleted over OGC API Features"
WRITING = frozenset({"exercise", "reason", "strict", "profile"})
ITEMS = "/collections/{collection_id:str}/items"
ITEM = ITEMS + "/{feature_id:str}"
UNLOCATED = next(name for name, item in COLLECTIONS.items() if item.holds == "unlocated")


def _writable(collection_id: str) -> Collection:
    described = collection(collection_id)
    if not described.is_written:
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
    """The body as a JSON object with its geometry in CRS84; 415 for another media type.

    The role is checked before the body is read.
    """
    require(actor, "field")
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind not in media:
        raise HTTPException(status_code=415, detail=f"send {' or '.join(media)}")
    body = await request.body()
    await check_body(body)
    feature = msgspec.json.decode(body)
    if not isinstance(feature, dict):
        raise Invalid("the body is one feature")
    feature.pop("links", None)
    content_crs = request.headers.get("content-crs")
    if content_crs is not None and isinstance(feature.get("geometry"), dict):
        system = systems.system(content_crs, "Content-Crs")
        feature["geometry"] = systems.point_in_degrees(feature["geometry"], system)
    return feature


def _draft(work: Work, described: Collection, feature: dict[str, Any]) -> Draft:
    """The draft of a nested feature without the members that cannot be used, which the gate refuses."""
    properties = feature.get("properties")
    kind = described.kind
    if kind is not None and isinstance(properties, dict) and properties.setdefault("kind", kind) != kind:
        raise Invalid(f"{described.id} holds {kind}", field="properties.kind")
    read = read_members(feature, Draft)
    work.writer.findings.extend(read.findings)
    if read.value is None:
        raise Refused(read.findings)
    return read.value


def _is_flat(feature: dict[str, Any]) -> bool:
    properties = feature.get("properties")
    return isinstance(properties, dict) and not written.is_nested(properties)


@contextmanager
def _told_flat(is_flat: bool) -> Iterator[None]:
    """Findings about a flat feature point to its properties, not to the members that they became."""
    try:
        yield
    except Refused as error:
        if not is_flat:
            raise
        findings = [structs.replace(one, field=written.flat_pointer(one.field)) for one in error.findings]
        raise Refused(findings) from error


def _home(record: Resource) -> str:
    """The collection where its position puts a record."""
    return OF_KIND[record.kind].id if record.geometry is not None else UNLOCATED


def _in(described: Collection, feature_id: str) -> Admission:
    """Raises NotFound for a record that is retired or in another collection."""

    def admit(record: Resource) -> None:
        if record.properties.lifecycle == "retired" or _home(record) != described.id:
            raise NotFound("feature", feature_id)

    return admit


def _body_of(request: HttpRequest, saved: Saved) -> bytes:
    """The stored feature in the form that the request asks for."""
    return body_of(saved) if is_nested(request.query_params) else flat.render(saved.record).encode()


def _send(request: HttpRequest, saved: Saved, work: Work) -> Response[bytes]:
    """The stored feature with its ETag."""
    headers = {"ETag": etag_of(saved.version, work.sight)}
    if saved.findings:
        headers[FINDINGS] = findings_header(saved.findings)
    return Response(_body_of(request, saved), headers=headers, media_type=GEOJSON)


@post(ITEMS, opt=OPT, include_in_schema=False)
async def create_item(
    request: HttpRequest, collection_id: FromPath[str], work: WorkDep, once: IdempotencyDep
) -> Response[bytes]:
    """Record a new feature; its identity is made here."""
    described = _writable(collection_id)
    feature = await _body(request, work.actor, GEOJSON, JSON) | {"id": None}
    is_flat = _is_flat(feature)

    async def perform() -> StoredResponse:
        with _told_flat(is_flat):
            draft = _draft(work, described, written.created(feature) if is_flat else feature)
            saved = await create(work._replace(via=VIA), draft, request.query_params.get("reason"))
        path = f"/collections/{_home(saved.record)}/items/{saved.record.id}"
        etag = etag_of(saved.version, work.sight)
        headers = {"ETag": etag, "Location": Links(request).href(path)}
        if saved.findings:
            headers[FINDINGS] = findings_header(saved.findings)
        return rendered(_body_of(request, saved), 201, **headers)

    return await once(perform)


@put(ITEM, opt=OPT, include_in_schema=False)
async def replace_item(
    request: HttpRequest,
    collection_id: FromPath[str],
    feature_id: FromPath[str],
    work: WorkDep,
) -> Response[bytes]:
    """Replace a feature; the identity in the body is not looked at."""
    described = _writable(collection_id)
    feature = await _body(request, work.actor, GEOJSON, JSON) | {"id": None}
    is_flat = _is_flat(feature)

    def draft_of(current: Resource) -> Draft:
        return _draft(work, described, written.replaced(feature, current) if is_flat else feature)

    with _told_flat(is_flat):
        saved = await replace(
            work._replace(via=VIA),
            UUID(identity(described, feature_id)),
            draft_of,
            _edition(request, work.sight),
            request.query_params.get("reason"),
            _in(described, feature_id),
        )
    return _send(request, saved, work)


@patch(ITEM, opt=OPT, include_in_schema=False)
async def update_item(
    request: HttpRequest,
    collection_id: FromPath[str],
    feature_id: FromPath[str],
    work: WorkDep,
) -> Response[bytes]:
    """Change some members (RFC 7396); a geometry is replaced as a whole."""
    described = _writable(collection_id)
    change = await _body(request, work.actor, MERGE, GEOJSON, JSON)
    if change.pop("id", feature_id) != feature_id:
        raise Invalid("the identity of a feature cannot change", field="id")
    change.pop("type", None)
    is_flat = _is_flat({"properties": {}} | change)

    def patch_of(current: Resource) -> dict[str, Any]:
        return written.patched(change, current) if is_flat else change

    with _told_flat(is_flat):
        saved = await amend(
            work._replace(via=VIA),
            UUID(identity(described, feature_id)),
            patch_of,
            _edition(request, work.sight),
            request.query_params.get("reason"),
            _in(described, feature_id),
        )
    return _send(request, saved, work)


@delete(ITEM, opt=OPT, status_code=204, include_in_schema=False)
async def delete_item(
    request: HttpRequest,
    collection_id: FromPath[str],
    feature_id: FromPath[str],
    work: WorkDep,
) -> None:
    """Retire a feature: it leaves the collections, its history stays."""
    described = _writable(collection_id)
    await retire(
        work._replace(via=VIA),
        UUID(identity(described, feature_id)),
        _edition(request, work.sight),
        request.query_params.get("reason") or DELETED,
        _in(described, feature_id),
    )


def _edition(request: HttpRequest, sight: Sight) -> Edition:
    """The version that the client holds; any, when it does not say (desktop clients never do)."""
    return Edition(versions_in(request.headers.get("if-match", "*"), sight))


def _allowed(*methods: str) -> Response[None]:
    return Response(None, status_code=204, headers={"Allow": ", ".join(methods)})


@route(ITEMS, http_method=[HttpMethod.OPTIONS], opt=OFFERED, include_in_schema=False, sync_to_thread=False)
def offer_items(collection_id: FromPath[str]) -> Response[None]:
    """What may be done with a collection."""
    writable = collection(collection_id).is_written
    return _allowed("GET", "HEAD", "OPTIONS", *(["POST"] if writable else []))


@route(ITEM, http_method=[HttpMethod.OPTIONS], opt=OFFERED, include_in_schema=False, sync_to_thread=False)
def offer_item(collection_id: FromPath[str]) -> Response[None]:
    """What may be done with a feature."""
    writable = collection(collection_id).is_written
    return _allowed("GET", "HEAD", "OPTIONS", *(["PUT", "PATCH", "DELETE"] if writable else []))


OFFERS = [offer_items, offer_item]
HANDLERS = [create_item, replace_item, update_item, delete_item]
