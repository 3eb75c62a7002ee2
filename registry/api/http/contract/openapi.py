"""The OpenAPI document of /v1: Litestar's document, corrected where it differs from what the server does.

msgspec describes the bodies and responses that it decodes and encodes: its schemas have unknown members,
bounds of zero and tagged unions, which Litestar's lack. Litestar's 400 is not the problem that is sent.
"""

import inspect
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, get_args, get_origin

import msgspec
from litestar import Litestar, Response
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse
from litestar.routes import HTTPRoute
from litestar.typing import FieldDefinition

from registry.api.http.contract import responses
from registry.api.http.contract.declared_parameters import declared
from registry.api.http.contract.examples import state_examples
from registry.api.http.contract.features import (
    CARRIED,
    RECORD,
    REFERENCE,
    HitFigures,
    Schema,
    describe_features,
)
from registry.api.http.contract.members import describe_members
from registry.api.http.links import GEOJSON, JSON
from registry.api.http.problems import ConflictProblem, Problem

PROBLEMS = ("400", "401", "403", "404", "422", "429", "500", "503")
BODY_PROBLEMS = ("408", "409", "412", "413", "415", "428")
EVENTS = "text/event-stream"
PAGED = ("410",)
MAY_BE_UNDONE = {"readResults"}
"""Reads of what is made while others wait: 409 until it is done, or when it was given up."""
TOO_LONG = {"414": {"description": "The URI is longer than 64 KiB; a question of that size goes in a body"}}
SURROGATES = r"\ud800-\udfff"
"""Decoded text holds no surrogates, and most regular-expression engines cannot read them in a pattern."""
IN_ONE_LANGUAGE = {"Words", "Name"}
ONE_LANGUAGE = "A text in Chinese and English, or in the one that Accept-Language prefers."


def complete(app: Litestar, generated: Mapping[str, Any]) -> Schema:
    """The whole document, from the one that Litestar generated."""
    document = deepcopy(dict(generated))
    slots: list[tuple[Schema, Any]] = [
        ({}, kind) for kind in (Problem, ConflictProblem, HitFigures, *CARRIED)
    ]
    for path, operation, handler in _operations(app, document):
        _leave_out_past(operation)
        _name(operation, handler, path)
        slots += _bodies(operation, handler)
        slots += _responses(operation, handler)
        _bound(operation, declared(handler))
        _refuse(operation, reads="GET" in handler.http_methods)
        state_examples(operation)
        responses.state_headers(operation, path)
    schemas, components = msgspec.json.schema_components([kind for _, kind in slots], ref_template=REFERENCE)
    for (slot, _), schema in zip(slots, schemas, strict=True):
        slot["schema"] = schema
    describe_members(components, [kind for _, kind in slots])
    for name in IN_ONE_LANGUAGE & components.keys():
        components[name] = {"anyOf": [components[name], {"type": "string"}], "description": ONE_LANGUAGE}
    describe_features(components)
    document["components"] = {
        "schemas": components,
        "responses": responses.problem_responses(slots[0][0]),
        "headers": responses.HEADERS,
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
    }
    document["security"] = [{}, {"bearer": []}]
    whole: Schema = readable(document)
    return whole


def _operations(app: Litestar, document: Schema) -> Iterator[tuple[str, Schema, HTTPRouteHandler]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            item = document["paths"].get(route.path_format, {})
            for method, (handler, _) in route.route_handler_map.items():
                if method.lower() in item:
                    yield route.path_format, item[method.lower()], handler


def _leave_out_past(operation: Schema) -> None:
    """A change is made now: where `strict` is taken, `as_of` is refused."""
    parameters = operation.get("parameters", [])
    if any(item["name"] == "strict" for item in parameters):
        operation["parameters"] = [item for item in parameters if item["name"] != "as_of"]


def _name(operation: Schema, handler: HTTPRouteHandler, path: str) -> None:
    """Name an operation by its handler, and describe it and the parameters of its path."""
    promise = inspect.cleandoc(handler.fn.__doc__ or "")
    of = handler.opt.get("of")  # the same handlers below several paths
    first, *others = f"{handler.fn.__name__}_of_{of}".split("_") if of else handler.fn.__name__.split("_")
    operation["operationId"] = first + "".join(word.capitalize() for word in others)
    operation["summary"] = promise.partition("\n")[0].removesuffix(".")
    operation["description"] = promise
    for item in operation.get("parameters", ()):
        if item["in"] == "path":
            item.setdefault("description", _of_path(path, item["name"]))


def _of_path(path: str, name: str) -> str:
    """What a parameter of a path is: of the thing that the segment before it names."""
    segments = path.strip("/").split("/")
    before = segments[segments.index(f"{{{name}}}") - 1]
    noun = f"{before[:-3]}y" if before.endswith("ies") else before.removesuffix("s").replace("-", " ")
    if before.startswith("{"):
        noun = "entry"
    if noun == name:
        return f"Which {noun}."
    return f"The {'number' if name == 'n' else name} of the {noun}."


def _bodies(operation: Schema, handler: HTTPRouteHandler) -> Iterator[tuple[Schema, Any]]:
    """Each body schema to fill and its type; a handler that decodes the body itself states `opt["takes"]`."""
    field, taken = handler.parsed_data_field, handler.opt.get("takes")
    if taken is not None:
        operation["requestBody"] = {"required": True, "content": {media: {} for media in taken}}
    for media, slot in operation.get("requestBody", {}).get("content", {}).items():
        yield slot, field.annotation if field is not None else (taken or {})[media]


def _responses(operation: Schema, handler: HTTPRouteHandler) -> Iterator[tuple[Schema, Any]]:
    """Each response schema to fill and its type; bytes are a feature or an object that was encoded before."""
    kinds = {str(handler.status_code): _answered(handler.parsed_fn_signature.return_type.annotation)}
    kinds |= {str(status): spec.data_container for status, spec in (handler.responses or {}).items()}
    for status, kind in kinds.items():
        response = operation["responses"][status]
        for media, slot in (response.get("content") or {}).items():
            if "answers" in handler.opt:
                yield from _one_of(slot, handler.opt["answers"])
            elif not _is_encoded(kind):
                yield slot, kind
            elif media == GEOJSON:
                slot["schema"] = {"$ref": REFERENCE.format(name=RECORD)}
            elif media == EVENTS:
                slot["schema"] = {
                    "description": "Server-sent events; each has an id, an event and JSON data."
                }
            else:
                slot["schema"] = {"type": "object" if media == JSON else "string"}
    for media, kind in handler.opt.get("also", {}).items():
        slot = operation["responses"]["200"]["content"][media] = {"schema": {"type": "string"}}
        if kind is not str:
            yield slot, kind


def _one_of(slot: Schema, kind: Any) -> Iterator[tuple[Schema, Any]]:
    """Fill the slot of a body of one of several types without a tag, which msgspec does not describe."""
    slot["schema"] = {"anyOf": [{"$ref": REFERENCE.format(name=one.__name__)} for one in get_args(kind)]}
    yield from (({}, one) for one in get_args(kind))


def _answered(kind: Any) -> Any:
    """The type of a body, also of one that the handler has encoded and put into a Response of that type."""
    return get_args(kind)[0] if get_origin(kind) is Response else kind


def _is_encoded(kind: Any) -> bool:
    return kind is bytes or FieldDefinition.from_annotation(kind).is_subclass_of((Response, ASGIResponse))


def _bound(operation: Schema, fields: Mapping[str, FieldDefinition]) -> None:
    """State bounds of zero, which Litestar drops; a parameter is left out, never null."""
    for item in operation.get("parameters", ()):
        schema = _present(item["schema"])
        limits = fields[item["name"]].kwarg_definition if item["name"] in fields else None
        if limits is not None and getattr(limits, "ge", None) == 0:
            schema["minimum"] = 0
        if limits is not None and getattr(limits, "gt", None) == 0:
            schema["exclusiveMinimum"] = 0
        item["schema"] = schema


def _present(schema: Schema) -> Schema:
    schema = dict(schema)
    options = [option for option in schema.pop("oneOf", ()) if option != {"type": "null"}]
    if len(options) == 1:
        schema = options[0] | schema
    elif options:
        schema["oneOf"] = options
    if isinstance(schema.get("type"), list):
        kinds = [kind for kind in schema["type"] if kind != "null"]
        schema["type"] = kinds[0] if len(kinds) == 1 else kinds
    if "enum" in schema:
        schema["enum"] = list(dict.fromkeys(value for value in schema["enum"] if value is not None))
    return schema


def _refuse(operation: Schema, *, reads: bool) -> None:
    """State the problems that a request may be refused with."""
    names = {item["name"] for item in operation.get("parameters", ())}
    statuses = (*PROBLEMS, *(PAGED if "cursor" in names else ()), *(() if reads else BODY_PROBLEMS))
    if operation["operationId"] in MAY_BE_UNDONE:
        statuses = (*statuses, "409")
    if reads and "If-None-Match" in names:
        operation["responses"]["304"] = {"description": "Not changed"}
    operation["responses"] = operation["responses"] | responses.refusals(operation, statuses) | TOO_LONG


def readable(value: Any) -> Any:
    """A document without the surrogates in its patterns, and as generators of clients read it.

    `items: false` says of a tuple only what its `maxItems` says; they take no object as a default, and an
    object of which nothing is said for an empty one.
    """
    if isinstance(value, dict):
        if "prefixItems" in value:
            value = {name: item for name, item in value.items() if (name, item) != ("items", False)}
            value |= {"maxItems": len(value["prefixItems"])}
        if isinstance(value.get("default"), dict) and {"anyOf", "$ref", "type"} & value.keys():
            value = {name: item for name, item in value.items() if name != "default"}
        if value.get("type") == "object" and not {"properties", "additionalProperties"} & value.keys():
            value = value | {"additionalProperties": True}
        return {name: readable(item) for name, item in value.items()}
    if isinstance(value, list):
        return [readable(item) for item in value]
    return value.replace(SURROGATES, "") if isinstance(value, str) else value
