"""The OpenAPI 3.0.3 document of the OGC API, from the declarations that requests are checked against."""

from typing import Any

from registry import __version__
from registry.api.http.contract.openapi import TOO_LONG
from registry.api.ogc import parameters
from registry.api.ogc.exports import EXPORTS
from registry.api.ogc.negotiation import FEATURES, GEOJSON, HTML, JSON, MVT, PLAIN, SCHEMAS, STYLE, MediaTypes
from registry.api.ogc.processes.catalogue import OUTPUT, PROCESSES
from registry.api.ogc.processes.jobs import PARAMETERS as JOB_PARAMETERS
from registry.api.ogc.processes.jobs import STATUSES
from registry.domain.ogc.catalogue import COLLECTIONS, Collection

Schema = dict[str, Any]
REFUSED = ("401", "403", "404", "408", "409", "413", "415", "422", "429", "500", "503")
MERGE = "application/merge-patch+json"
MATRIX = ("tileMatrix", "tileRow", "tileCol")
TILESET = {**PLAIN, "tilejson": "application/json"}


def document(root: str) -> Schema:
    """The document for a server at `root`."""
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Emergency resources: OGC API Features, Tiles and Processes",
            "description": "Every list takes CQL2 filters; every answer honours visibility and exercises.",
            "version": __version__,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "servers": [{"url": root}],
        "tags": [{"name": name} for name in ("Capabilities", "Features", "Schemas", "Tiles", "Processes")],
        "paths": _paths(),
        "components": {
            "parameters": parameters.COMPONENTS,
            "schemas": _schemas(),
            "responses": {"Problem": _problem()},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"bearer": []}],
    }


def outline(root: str) -> Schema:
    """The operations as a list for a page."""
    operations = [
        {"path": path, "summary": one["summary"], "parameters": _listed(one)}
        for path, item in _paths().items()
        for one in [next(iter(item.values()))]
    ]
    links = [
        {"rel": "service-desc", "type": "application/json", "title": "OpenAPI 3.0", "href": f"{root}/api"}
    ]
    links.append({"rel": "root", "type": HTML, "title": "Landing page · 首页", "href": f"{root}?f=html"})
    return {"description": "Operations · 操作", "operations": operations, "links": links}


def _listed(operation: Schema) -> list[str]:
    return [item.get("name") or item["$ref"].rsplit("/", 1)[-1] for item in operation["parameters"]]


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/parameters/{name}"}


def _get(
    operation: str, summary: str, forms: MediaTypes, tag: str, *extra: Schema, schema: str = "Document"
) -> Schema:
    shown = {"schema": {"$ref": f"#/components/schemas/{schema}"}}
    plain = {"schema": {"type": "string"}}
    content = {media: shown if "json" in media else plain for media in forms.values()}
    described = {
        "operationId": operation,
        "summary": summary,
        "tags": [tag],
        "parameters": [*extra, parameters.form_parameter(forms), *(_ref(name) for name in parameters.SIGHT)],
        "responses": _responses({"description": summary, "content": content}),
    }
    return {"get": described}


def _responses(good: Schema) -> Schema:
    problem = {"$ref": "#/components/responses/Problem"}
    names = ("400", "401", "403", "404", "406", "500", "503")
    return {"200": good, "304": {"description": "Not changed"}, **dict.fromkeys(names, problem), **TOO_LONG}


def _paths() -> Schema:
    paths = {
        "/": _get("getLandingPage", "Landing page", PLAIN, "Capabilities"),
        "/conformance": _get("getConformance", "Conformance classes", PLAIN, "Capabilities"),
        "/functions": _get("getFunctions", "Functions of filters", PLAIN, "Capabilities"),
        "/collections": _get("getCollections", "Collections", PLAIN, "Capabilities"),
    }
    for name, described in COLLECTIONS.items():
        paths |= _of_collection(f"/collections/{name}", described)
    paths |= _tiles("/tiles", "dataset", "the dataset", (_ref("collections"),))
    paths["/tileMatrixSets"] = _get("getTileMatrixSets", "Tile matrix sets", PLAIN, "Tiles")
    paths["/tileMatrixSets/WebMercatorQuad"] = _get("getTileMatrixSet", "WebMercatorQuad", PLAIN, "Tiles")
    style = _path("styleId", ["registry", *(name for name, one in COLLECTIONS.items() if one.is_tiled)])
    paths["/styles"] = _get("getStyles", "Styles", PLAIN, "Tiles")
    paths["/styles/{styleId}"] = _get(
        "getStyle", "A MapLibre style", {"json": STYLE, "html": HTML}, "Tiles", style
    )
    return paths | _processes() | _jobs()


def _processes() -> Schema:
    process = _path("processID", list(PROCESSES))
    listed = [_ref("limit"), _ref("cursor")]
    answers = {
        "200": {
            "description": "The answer, raw or as a document",
            "content": {media: {"schema": {"type": "object"}} for media in ("application/json", GEOJSON)},
        },
        "201": {"description": "A job that works on it", "content": _json("StatusInfo")},
    }
    executes = {
        "operationId": "execute",
        "summary": "Execute a process",
        "tags": ["Processes"],
        "parameters": [process, *(_ref(name) for name in parameters.SIGHT)],
        "requestBody": {"required": True, "content": _json("Execute")},
        "responses": {**answers, **_refusals("400", *REFUSED), **TOO_LONG},
    }
    return {
        "/processes": _get("getProcesses", "Processes", PLAIN, "Processes", *listed),
        "/processes/{processID}": _get("getProcess", "A process and its inputs", PLAIN, "Processes", process),
        "/processes/{processID}/execution": {"post": executes},
    }


def _jobs() -> Schema:
    job = _path("jobID")
    one = _get("getStatus", "How a job is doing", PLAIN, "Processes", job, schema="StatusInfo")
    one["delete"] = {
        "operationId": "dismiss",
        "summary": "End a job, or forget its answer",
        "tags": ["Processes"],
        "parameters": [job, *(_ref(name) for name in parameters.SIGHT)],
        "responses": {
            "200": {"description": "The job, dismissed", "content": _json("StatusInfo")},
            **_refusals("400", "401", "403", "404", "500", "503"),
            **TOO_LONG,
        },
    }
    results = _get("getResult", "The answer of a job", {"json": JSON}, "Processes", job, schema="Answer")
    results["get"]["responses"] |= _refusals("409", "422")
    return {
        "/jobs": _get("getJobs", "Jobs of the caller", PLAIN, "Processes", *JOB_PARAMETERS.values()),
        "/jobs/{jobID}": one,
        "/jobs/{jobID}/results": results,
    }


def _path(name: str, values: list[str] | None = None) -> Schema:
    schema: Schema = {"type": "string"} | ({} if values is None else {"enum": values})
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _json(schema: str) -> Schema:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _refusals(*statuses: str) -> Schema:
    return {status: {"$ref": "#/components/responses/Problem"} for status in statuses}


def _of_collection(base: str, described: Collection) -> Schema:
    title, name = described.en, described.id
    shared = [_ref(item) for item in parameters.shared_names(described) if item not in parameters.SIGHT]
    own = [
        parameters.property_parameter(item)
        for item in described.properties
        if item.name not in parameters.SIGHT
    ]
    item_id = {"name": "featureId", "in": "path", "required": True, "schema": {"type": "string"}}
    paths = {
        base: _get(f"{name}.describe", title, PLAIN, "Capabilities", schema="Collection"),
        f"{base}/items": _get(
            f"{name}.getFeatures",
            f"Features of {title}",
            {**FEATURES, **EXPORTS},
            "Features",
            *shared,
            *own,
            schema="FeatureCollection",
        ),
        f"{base}/items/{{featureId}}": _get(
            f"{name}.getFeature",
            f"A feature of {title}",
            FEATURES,
            "Features",
            item_id,
            _ref("crs"),
            _ref("profile"),
            schema="Feature",
        ),
    }
    if described.is_written:
        paths[f"{base}/items"] |= {
            "post": _write(f"{name}.create", f"Create a feature of {title}", "201", GEOJSON)
        }
        one = paths[f"{base}/items/{{featureId}}"]
        one["put"] = _write(f"{name}.replace", f"Replace a feature of {title}", "200", GEOJSON, item_id)
        one["patch"] = _write(f"{name}.update", f"Change a feature of {title}", "200", MERGE, item_id)
        one["delete"] = _write(f"{name}.delete", f"Retire a feature of {title}", "204", None, item_id)
    for what in ("queryables", "sortables", "schema"):
        paths[f"{base}/{what}"] = _get(
            f"{name}.{what}", f"{what.capitalize()} of {title}", SCHEMAS, "Schemas"
        )
    if described.is_tiled:
        paths |= _tiles(f"{base}/tiles", f"{name}.collection", title, ())
    return paths


def _write(operation: str, summary: str, status: str, media: str | None, *extra: Schema) -> Schema:
    feature = {"content": {GEOJSON: {"schema": {"$ref": "#/components/schemas/Feature"}}}}
    problem = {"$ref": "#/components/responses/Problem"}
    names = ("400", "401", "403", "404", "409", "412", "415", "422", "429", "500", "503")
    described: Schema = {
        "operationId": operation,
        "summary": summary,
        "tags": ["Features"],
        "security": [{"bearer": []}],
        "parameters": [*extra, _ref("exercise"), _ref("reason"), _ref("strict"), _ref("profile")],
        "responses": {
            status: {"description": summary} | (feature if status != "204" else {}),
            **dict.fromkeys(names, problem),
            **TOO_LONG,
        },
    }
    if media is not None:
        schema = {"$ref": "#/components/schemas/Feature"} if media == GEOJSON else {"type": "object"}
        described["requestBody"] = {"required": True, "content": {media: {"schema": schema}}}
    return described


def _tiles(base: str, operation: str, title: str, extra: tuple[Schema, ...]) -> Schema:
    listed = _get(f"{operation}.vector.getTileSetsList", f"Tilesets of {title}", PLAIN, "Tiles", *extra)
    tileset = _get(f"{operation}.vector.getTileSet", f"Tileset of {title}", TILESET, "Tiles", *extra)
    axes = [
        {"name": axis, "in": "path", "required": True, "schema": {"type": "integer", "minimum": 0}}
        for axis in MATRIX
    ]
    tile = _get(f"{operation}.vector.getTile", f"A tile of {title}", {"mvt": MVT}, "Tiles", *axes, *extra)
    binary = {"schema": {"type": "string", "format": "binary"}}
    tile["get"]["responses"]["200"]["content"] = {MVT: binary}
    matrix = f"{base}/WebMercatorQuad"
    template = "/".join(f"{{{axis}}}" for axis in MATRIX)
    return {base: listed, matrix: tileset, f"{matrix}/{template}": tile}


def _problem() -> Schema:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": "What was wrong (RFC 9457)",
        "content": {"application/problem+json": {"schema": schema}},
    }


def _schemas() -> Schema:
    link = {
        "type": "object",
        "required": ["href", "rel"],
        "properties": {name: {"type": "string"} for name in ("href", "rel", "type", "title")},
    }
    links = {"type": "array", "items": {"$ref": "#/components/schemas/Link"}}
    feature = {
        "type": "object",
        "required": ["type", "geometry", "properties"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": {"type": "string"},
            "geometry": {"type": "object", "nullable": True},
            "properties": {"type": "object"},
            "links": links,
        },
    }
    return {
        "Link": link,
        "Document": {"type": "object", "properties": {"links": links}},
        "Collection": {
            "type": "object",
            "required": ["id", "links"],
            "properties": {"id": {"type": "string"}, "links": links, "extent": {"type": "object"}},
        },
        "Feature": feature,
        "FeatureCollection": {
            "type": "object",
            "required": ["type", "features"],
            "properties": {
                "type": {"type": "string", "enum": ["FeatureCollection"]},
                "features": {"type": "array", "items": {"$ref": "#/components/schemas/Feature"}},
                "links": links,
                "timeStamp": {"type": "string", "format": "date-time"},
                "numberReturned": {"type": "integer", "minimum": 0},
                "numberMatched": {"type": "integer", "minimum": 0},
            },
        },
        **_of_execution(links),
        "Problem": {
            "type": "object",
            "required": ["type", "title", "status"],
            "properties": {
                "type": {"type": "string"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
                "instance": {"type": "string"},
            },
        },
    }


def _of_execution(links: Schema) -> Schema:
    instant = {"type": "string", "format": "date-time"}
    text = {"type": "string"}
    choice = {"type": "object", "properties": {"transmissionMode": {"type": "string", "enum": ["value"]}}}
    return {
        "Execute": {
            "type": "object",
            "required": ["inputs"],
            "properties": {
                "inputs": {"type": "object", "description": "By name; each process describes its own."},
                "outputs": {"type": "object", "properties": {OUTPUT: choice}, "additionalProperties": False},
                "response": {"type": "string", "enum": ["raw", "document"], "default": "raw"},
            },
            "additionalProperties": False,
        },
        "Answer": {"type": "object"},
        "StatusInfo": {
            "type": "object",
            "required": ["jobID", "status", "type"],
            "properties": {
                **dict.fromkeys(("processID", "jobID", "message"), text),
                **dict.fromkeys(("created", "started", "finished", "updated"), instant),
                "type": {"type": "string", "enum": ["process"]},
                "status": {"type": "string", "enum": list(STATUSES)},
                "progress": {"type": "integer", "minimum": 0, "maximum": 100},
                "links": links,
            },
        },
    }
