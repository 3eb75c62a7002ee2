"""JSON bodies: their media type, their depth, and values that are what they say."""

import re
from functools import cache
from typing import Any

import msgspec
from litestar.enums import RequestEncodingType
from litestar.exceptions import HTTPException, ValidationException
from litestar.typing import FieldDefinition
from litestar.utils.scope.state import ScopeState

from registry.api.http.request import HttpRequest
from registry.domain.errors import InvalidQuery

MAX_DEPTH = 32
JSON_TYPES = ("application/json", "application/geo+json", "application/merge-patch+json")

_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"')
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_WHERE = re.compile(r"^(.*) - at `\$\.?(.*)`$", re.DOTALL)


async def read(request: HttpRequest) -> None:
    """Decode the body of a handler that takes JSON, for the handler to find.

    Litestar alone would take `"12"` for a number and any media type for JSON, which also opens writes to
    plain forms on other sites.
    """
    wanted = request.route_handler.parsed_data_field
    if wanted is None or _declared(wanted) != RequestEncodingType.JSON:
        return
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if body and media not in JSON_TYPES:
        raise HTTPException(status_code=415, detail=f"the body must be one of {', '.join(JSON_TYPES)}")
    check_depth(body)
    if body:
        ScopeState.from_scope(request.scope).json = _decoded(wanted.annotation, body)


def _declared(wanted: FieldDefinition) -> str:
    return getattr(wanted.kwarg_definition, "media_type", None) or RequestEncodingType.JSON


def _decoded(kind: Any, body: bytes) -> Any:
    try:
        found = _decoder(kind).decode(body)
        if isinstance(found, _Nothing):
            raise msgspec.ValidationError("Invalid value '' - at `$.type`")
        return found
    except msgspec.ValidationError as error:
        parts = _WHERE.match(str(error))
        what, where = parts.groups() if parts else (str(error), "")
        fault = {"message": what, "key": where, "source": "body"}
        raise ValidationException(detail="the body is not what this route takes", extra=[fault]) from error


class _Nothing(msgspec.Struct, tag_field="type", tag=""):
    """Beside which a Feature must say that it is one: alone its type may be left out."""


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    known = getattr(kind, "__struct_config__", None)
    return msgspec.json.Decoder(kind | _Nothing if known and known.tag_field == "type" else kind)


def check_depth(body: bytes) -> None:
    """Refuse JSON nested deeper than any honest document, before a decoder recurses into it."""
    depth = deepest = 0
    for byte in _STRINGS.sub(b"", body).translate(None, delete=_NOT_BRACKETS):
        depth += 1 if byte in b"[{" else -1
        if depth > deepest:
            deepest = depth
            if deepest > MAX_DEPTH:
                raise InvalidQuery(f"the body is nested deeper than {MAX_DEPTH} levels")
