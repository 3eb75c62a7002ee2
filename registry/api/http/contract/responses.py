"""What responses carry beside their bodies: headers, and for each status the problems that have it."""

from collections.abc import Mapping
from typing import Any

from registry.api.http import problems

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
HEADERS: dict[str, Schema] = {
    "X-Request-Id": {
        "description": "Identity of the request, by which the log is searched.",
        "schema": TEXT,
    },
    "RateLimit-Policy": {
        "description": 'Quota of units in a minute: `"units";q=6000;w=60` (draft-ietf-httpapi-ratelimit).',
        "schema": TEXT,
    },
    "RateLimit": {
        "description": 'What is left of it, and after how many seconds it is whole: `"units";r=5990;t=1`.',
        "schema": TEXT,
    },
    "Retry-After": {"description": "Try again after so many seconds.", "schema": {"type": "integer"}},
    "WWW-Authenticate": {"description": "How to send a credential (RFC 6750).", "schema": TEXT},
    "ETag": {
        "description": "The version that was read or stored, to be sent as If-Match or If-None-Match.",
        "schema": TEXT,
    },
    "Location": {"description": "Address of what was made.", "schema": TEXT},
    "Content-Language": {
        "description": "Language of the words, when Accept-Language preferred one.",
        "schema": TEXT,
    },
    "Registry-Findings": {
        "description": 'What the gate found: `code;severity=warn;field="/properties/place"`, … (RFC 9651).',
        "schema": TEXT,
    },
    "Idempotent-Replay": {
        "description": "`true` when this is the stored response to an earlier request with the same key.",
        "schema": TEXT,
    },
    "Preference-Applied": {"description": "`respond-async`: the answer is a job (RFC 7240).", "schema": TEXT},
    "Content-Disposition": {"description": "Name of the file.", "schema": TEXT},
}
ALWAYS = ("X-Request-Id",)
LIMITED = ("RateLimit-Policy", "RateLimit")
WITH_ETAG = {
    "createResource", "readResource", "replaceResource", "patchResource", "retireResource", "restoreResource",
    "verifyResource", "reportStatus", "reportStock", "relocateResource", "decideCorrection",
    "readPlace", "putPlace", "retirePlace", "readEntry", "putEntry", "retireEntry",
    "reportIncident", "reportDetection", "readOne", "changeOne", "joinReports", "receiveWarning",
    "uploadFile", "readFile", "answerQuestions", "decideRows", "commitFile", "undoFile", "patchRow",
    "patchRows",
    "readWarning", "putZone", "readZone", "drawZone", "putRule",
    "readPictureOfResource", "readPictureOfIncident", "readPictureOfEntry",
    "readThumbnailOfResource", "readThumbnailOfIncident", "readThumbnailOfEntry",
}  # fmt: skip
"""Operations whose 2xx responses name the version."""
WITH_LOCATION = {
    "createResource", "replaceResource", "reportIncident", "reportDetection", "joinReports", "receiveWarning",
    "subscribe", "saveScenario", "askApproval", "uploadFile",
}  # fmt: skip
"""Operations whose 2xx responses say where the thing is that they made."""
OTHER_TYPES: dict[int, dict[str, str]] = {
    400: {"malformed-body": "The body cannot be read."},
    408: {"http-408": "The body did not come in time."},
    413: {"http-413": "The body is too large."},
    415: {"http-415": "The body is of no media type that is taken here."},
    500: {"internal": "The registry made a mistake; it is logged under the request id."},
}
CONFLICTS: Schema = {
    "anyOf": [
        {"$ref": "#/components/schemas/ConflictProblem"},
        {"$ref": "#/components/schemas/Problem"},
    ]
}


def problem_types() -> dict[int, dict[str, str]]:
    """By status the types of problem, each with its meaning."""
    types: dict[int, dict[str, str]] = {status: dict(others) for status, others in OTHER_TYPES.items()}
    for kind in problems.kinds():
        meaning = (kind.__doc__ or "").strip().partition("\n")[0]
        types.setdefault(problems.status_of(kind), {})[problems.slug_of(kind)] = meaning
    return types


def problem_responses(content: Schema) -> dict[str, Schema]:
    """The response of each status that a problem may have, by its name in the document."""
    responses = {}
    for status, types in sorted(problem_types().items()):
        listed = "\n".join(f"* `{BASE}{slug}`: {meaning}" for slug, meaning in sorted(types.items()))
        names = [*ALWAYS, *LIMITED, "Content-Language"]
        names += ["Retry-After"] if status in (429, 503) else []
        names += ["WWW-Authenticate"] if status == 401 else []
        responses[name_of(str(status))] = {
            "description": f"A problem (RFC 9457). Its `type` is one of:\n\n{listed}",
            "headers": references(names),
            "content": {"application/problem+json": content},
        }
    edited = responses[name_of("409")] | {"content": {"application/problem+json": {"schema": CONFLICTS}}}
    return responses | {"EditConflict": edited}


BASE = problems.BASE


def name_of(status: str) -> str:
    """The name of a problem response in the document."""
    return f"Problem{status}"


def references(names: list[str]) -> Schema:
    """Headers by reference."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def state_headers(operation: Schema, path: str) -> None:
    """Say which headers the 2xx and 304 responses of an operation carry."""
    identity = operation["operationId"]
    parameters = {item["name"] for item in operation.get("parameters", ())}
    for status, response in operation["responses"].items():
        if not status.startswith(("2", "3")):
            continue
        names = [*ALWAYS, *(LIMITED if path.startswith("/v1") else ())]
        names += (
            ["ETag"] if identity in WITH_ETAG and (status, identity) != ("202", "relocateResource") else []
        )
        names += ["Location"] if identity in WITH_LOCATION or status == "202" else []
        names += ["Preference-Applied"] if status == "202" and "coverage" in path else []
        names += ["Registry-Findings"] if "strict" in parameters else []
        names += ["Idempotent-Replay"] if "Idempotency-Key" in parameters else []
        names += ["Content-Language", "Content-Disposition"] if path.startswith("/v1") else []
        response["headers"] = references(names)


def refusals(operation: Schema, statuses: tuple[str, ...]) -> Mapping[str, Schema]:
    """The problem responses of an operation, by reference."""
    parameters = {item["name"] for item in operation.get("parameters", ())}
    refs = {status: {"$ref": f"#/components/responses/{name_of(status)}"} for status in statuses}
    if "409" in refs and "base_version" in parameters:
        refs["409"] = {"$ref": "#/components/responses/EditConflict"}
    return refs
