"""JSON bodies: media type, depth and strict decoding."""

import asyncio
import json
import re
from contextlib import suppress
from functools import cache
from typing import Any

import msgspec
from litestar.enums import RequestEncodingType
from litestar.exceptions import HTTPException
from litestar.typing import FieldDefinition
from litestar.utils.scope.state import ScopeState

from registry.api.http.request import HttpRequest
from registry.domain.errors import InvalidBody, InvalidQuery, Refused
from registry.domain.intake.finding import Finding, finding, refusals
from registry.domain.intake.shape import read_members
from registry.domain.intake.wrong_value import explain

MAX_DEPTH = 32
JSON_TYPES = ("application/json", "application/geo+json", "application/merge-patch+json")

IN_THREAD_BYTES = 262_144
"""A longer body is searched for members that are there twice outside the event loop."""
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"')
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_WHERE = re.compile(r"^(.*) - at `\$\.?(.*)`$", re.DOTALL)


async def read(request: HttpRequest) -> None:
    """Decode the body for a handler that takes JSON, where Litestar looks for it.

    Litestar alone would decode `"12"` as a number and accept any media type, which opens writes to plain
    forms on other sites.
    """
    field = request.route_handler.parsed_data_field
    if field is None or _media_type(field) != RequestEncodingType.JSON:
        return
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if body and media not in JSON_TYPES:
        raise HTTPException(status_code=415, detail=f"the body must be one of {', '.join(JSON_TYPES)}")
    await check_body(body)
    if body:
        examined = "examined" in request.route_handler.opt
        if inline := request.route_handler.opt.get("inline"):
            body = inline(body)
        if each := request.route_handler.opt.get("each"):
            body, request.scope["state"]["malformed"] = _readable_items(field.annotation, body, each)
        value, findings = _decoded(field.annotation, body, examined=examined)
        ScopeState.from_scope(request.scope).json = value
        if findings:
            request.scope["state"]["body_findings"] = findings


def _media_type(field: FieldDefinition) -> str:
    return getattr(field.kwarg_definition, "media_type", None) or RequestEncodingType.JSON


def _decoded(kind: Any, body: bytes, *, examined: bool) -> tuple[Any, list[Finding]]:
    """The value of a body, and what was left out of it.

    Only the gate may go on with a value whose faulty members were left out: it refuses them with its own.
    """
    try:
        return _own_type(_decoder(kind).decode(body)), []
    except msgspec.ValidationError as error:
        read = read_members(msgspec.json.decode(body), _with_other_type(kind))
        if isinstance(read.value, _OtherType):
            read = read._replace(value=None)
        if not refusals(read.findings) and read.value is not None:
            return read.value, read.findings
        if examined and read.value is None:
            raise Refused(
                read.findings or [finding("wrong_value", "/type", reason="not a Feature")]
            ) from error
        if examined:
            return read.value, read.findings
        raise InvalidBody(read.findings or [_not_an_object(str(error))]) from error


def faults_in(body: bytes, kind: Any, what: str) -> list[Finding]:
    """All that is wrong with a body that the decoder refused for `what`."""
    return read_members(msgspec.json.decode(body), kind).findings or [_not_an_object(what)]


def _not_an_object(what: str) -> Finding:
    return finding("wrong_value", "", reason=explain(_WHERE.sub(r"\1", what)).reason)


def _readable_items(kind: Any, body: bytes, name: str) -> tuple[bytes, dict[int, Any]]:
    """The body without the items of a list that cannot be read, and those by their places.

    One bad item must not refuse the others. More items than the list may have are left where they are.
    """
    try:
        _decoder(kind).decode(body)
        return body, {}
    except msgspec.ValidationError:
        whole = msgspec.json.decode(body)
    items = whole.get(name) if isinstance(whole, dict) else None
    described: Any = msgspec.inspect.type_info(kind)
    one = next(field.type for field in described.fields if field.name == name)
    if not isinstance(items, list) or len(items) > one.max_length:
        return body, {}
    wrong = {place: item for place, item in enumerate(items) if not _is_readable(item, one.item_type.cls)}
    kept = [item for place, item in enumerate(items) if place not in wrong]
    return msgspec.json.encode(whole | {name: kept}), wrong


def _is_readable(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


class _OtherType(msgspec.Struct, tag_field="type", tag=""):
    """A second union member: msgspec requires the `type` tag only when a union has two members."""


def _own_type(value: Any) -> Any:
    if isinstance(value, _OtherType):
        raise msgspec.ValidationError("Invalid value '' - at `$.type`")
    return value


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(_with_other_type(kind))


def _with_other_type(kind: Any) -> Any:
    config = getattr(kind, "__struct_config__", None)
    return kind | _OtherType if config and config.tag_field == "type" else kind


async def check_body(body: bytes) -> None:
    """Refuse JSON that is nested too deeply, or that two readers could read in two ways."""
    check_depth(body)
    if len(body) > IN_THREAD_BYTES:
        await asyncio.to_thread(demand_distinct_members, body)
    else:
        demand_distinct_members(body)


def demand_distinct_members(body: bytes) -> None:
    """InvalidQuery for an object that has a member twice: readers would differ in which of the two counts."""
    with suppress(ValueError):  # whoever decodes it says what is wrong
        json.loads(body, object_pairs_hook=_distinct, parse_float=str, parse_int=str, parse_constant=str)


def _distinct(pairs: list[tuple[str, Any]]) -> None:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidQuery(f"the member {twice[:100]} is there twice", field=twice[:100])


def check_depth(body: bytes) -> None:
    """Refuse JSON that is nested deeper than MAX_DEPTH, before a decoder recurses into it."""
    depth = deepest = 0
    for byte in _STRINGS.sub(b"", body).translate(None, delete=_NOT_BRACKETS):
        depth += 1 if byte in b"[{" else -1
        if depth > deepest:
            deepest = depth
            if deepest > MAX_DEPTH:
                raise InvalidQuery(f"the body is nested deeper than {MAX_DEPTH} levels")
