"""The list of processes, and each with its inputs as JSON schemas."""

from functools import cache
from typing import Any

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from registry import __version__
from registry.api.http.contract.members import describe_members
from registry.api.http.contract.openapi import readable
from registry.api.http.request import HttpRequest
from registry.api.ogc.links import REL, Link, Links, about
from registry.api.ogc.negotiation import JSON, PLAIN
from registry.api.ogc.parameters import SIGHT, fixed
from registry.api.ogc.processes.catalogue import OUTPUT, PROCESSES, Process
from registry.api.ogc.processes.exceptions import NoSuchProcess
from registry.api.ogc.response import negotiated_response
from registry.api.ogc.routes import plain
from registry.domain.cursor import CodeCursor, decode_code, encode_cursor
from registry.domain.errors import InvalidQuery
from registry.domain.ogc import items

Schema = dict[str, Any]
DOCUMENT = "/docs/openapi.json"
REFERENCE = "#/components/schemas/"


@plain("/processes", "limit", "cursor")
async def list_processes(request: HttpRequest) -> Response[bytes]:
    """The processes, in pages where `limit` says so."""
    links, names = Links(request), list(PROCESSES)
    start = _start(names, decode_code(request.query_params.get("cursor")))
    stated = request.query_params.get("limit")
    end = len(names) if stated is None else start + items.limit(stated)
    listed: list[Link] = about(links)
    if end < len(names):
        cursor = encode_cursor(CodeCursor(names[end - 1]))
        listed.append({"rel": "next", "type": JSON, "title": "Next page", "href": links.here(cursor=cursor)})
    content = {"processes": [summary(links, PROCESSES[name]) for name in names[start:end]], "links": listed}
    return await negotiated_response(request, PLAIN, content, "Processes · 处理")


def _start(names: list[str], after: str | None) -> int:
    if after is not None and after not in names:
        raise InvalidQuery("the cursor is not one this registry gave", field="cursor")
    return 0 if after is None else names.index(after) + 1


def summary(links: Links, process: Process) -> Schema:
    """A process as the list has it."""
    modes = ["sync-execute", "async-execute", "dismiss"] if process.may_be_a_job else ["sync-execute"]
    return {
        "id": process.id,
        "version": __version__,
        "title": process.title,
        "description": process.description,
        "jobControlOptions": modes,
        "outputTransmission": ["value"],
        "links": [
            links.to("self", f"/processes/{process.id}", JSON, process.title),
            links.to(REL + "execute", f"/processes/{process.id}/execution", JSON, "Execute · 执行"),
        ],
    }


def description(process: Process) -> HTTPRouteHandler:
    """The route that describes a process."""

    async def describe(request: HttpRequest) -> Response[bytes]:
        links = Links(request)
        found = summary(links, process)
        base = links.root.removesuffix("/ogc")
        content = found | {
            "inputs": inputs_of(process),
            "outputs": {OUTPUT: output_of(process, base)},
            "links": [*found["links"][1:], links.to("up", "/processes", JSON, "Processes · 处理")],
        }
        return await negotiated_response(request, PLAIN, content, process.title)

    describe.__doc__ = f"The process `{process.id}` with its inputs and its output."
    return get(f"/processes/{process.id}", opt={"parameters": fixed("f", *SIGHT)}, include_in_schema=False)(
        describe
    )


@cache
def inputs_of(process: Process) -> Schema:
    """Each input with its sentence and its whole schema, from the type that decodes it."""
    _, components = msgspec.json.schema_components([process.inputs], ref_template=f"{REFERENCE}{{name}}")
    describe_members(components, [process.inputs])
    whole = readable(components)
    body = whole[process.inputs.__name__]
    return {
        name: _input(name, _resolved(schema, whole), is_required=name in body.get("required", ()))
        for name, schema in body["properties"].items()
    }


def _input(name: str, schema: Schema, *, is_required: bool) -> Schema:
    sentence = schema.pop("description", name)
    return {
        "title": name,
        "description": sentence,
        "minOccurs": 1 if is_required else 0,
        "maxOccurs": 1,
        "schema": schema,
    }


def _resolved(value: Any, components: Schema) -> Any:
    """A schema with each reference replaced by what it refers to: a client reads each input alone.

    `null` is left out: what is not stated is not sent. No type of an input holds itself.
    """
    if isinstance(value, list):
        return [_resolved(item, components) for item in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        beside = {name: item for name, item in value.items() if name != "$ref"}
        value = components[value["$ref"].removeprefix(REFERENCE)] | beside
    options = [one for one in value.get("anyOf", ()) if one != {"type": "null"}]
    if options:
        rest = {name: item for name, item in value.items() if name != "anyOf"}
        value = _resolved(options[0], components) | rest if len(options) == 1 else rest | {"anyOf": options}
    if isinstance(value.get("discriminator"), dict):
        value = {name: item for name, item in value.items() if name != "discriminator"}
    return {
        name: _resolved(item, components)
        for name, item in value.items()
        if name != "default" or item is not None
    }


def output_of(process: Process, base: str) -> Schema:
    """The output: its type by reference to the document of /v1, which says the same of the same answer."""
    schema = {"$ref": f"{base}{DOCUMENT}{REFERENCE}{process.answer.__name__}"}
    return {
        "title": "Answer · 结果",
        "description": f"What {process.twin} answers.",
        "schema": {"type": "object", "contentMediaType": process.media, "allOf": [schema]},
    }


@plain("/processes/{process_id:str}")
async def describe_unknown(process_id: FromPath[str]) -> None:
    """Refuse to describe a process that is not offered."""
    raise NoSuchProcess("process", process_id)


HANDLERS = [list_processes, *(description(process) for process in PROCESSES.values()), describe_unknown]
