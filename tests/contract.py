"""Holds what a server answers against what its document says of it."""

import json
import re
from typing import Any

import httpx
import jsonschema_rs

REFERENCE = re.compile(r'"#/components/schemas/([^"/]+)"')
JSON_MEDIA = ("application/json", "application/geo+json", "application/problem+json")


class Contract:
    """The document of /v1; each schema is compiled when it is first needed."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._paths = [(_pattern(path), path) for path in sorted(document["paths"], key=_by_precision)]
        self._validators: dict[tuple[str, str, str, str], jsonschema_rs.Validator | None] = {}
        self.held = 0

    def hold(self, response: httpx.Response) -> None:
        """AssertionError when a JSON answer is not as the document describes it."""
        path = response.request.url.path
        template = next((template for pattern, template in self._paths if pattern.fullmatch(path)), None)
        media = response.headers.get("content-type", "").partition(";")[0]
        method = response.request.method.lower()
        if template is None or media not in JSON_MEDIA or method not in self.document["paths"][template]:
            return
        self._hold_headers(template, method, response)
        where = (template, method, str(response.status_code), media)
        if where not in self._validators:
            self._validators[where] = self._compiled(*where)
        validator = self._validators[where]
        if validator is not None and (error := next(validator.iter_errors(response.json()), None)):
            raise AssertionError(f"{where}: {list(error.instance_path)}: {str(error)[:2000]}")
        self.held += 1

    def _hold_headers(self, template: str, method: str, response: httpx.Response) -> None:
        """Headers that the document knows must be declared where they are sent."""
        described = self.document["paths"][template][method]["responses"].get(str(response.status_code), {})
        declared = self._whole(described).get("headers", {})
        sent = {name for name in self.document["components"]["headers"] if name in response.headers}
        assert sent <= declared.keys(), (
            f"{method} {template} {response.status_code}: {sent - declared.keys()}"
        )

    def _whole(self, response: dict[str, Any]) -> dict[str, Any]:
        if "$ref" in response:
            return self.document["components"]["responses"][response["$ref"].rpartition("/")[2]]
        return response

    def _compiled(self, template: str, method: str, status: str, media: str) -> Any:
        described = self.document["paths"][template][method]["responses"].get(status)
        assert described is not None, f"{method} {template}: {status} is not described"
        content = self._whole(described).get("content", {})
        assert media in content, f"{method} {template} {status}: {media} is not described"
        schema = content[media]["schema"]
        return jsonschema_rs.validator_for(schema | {"components": {"schemas": self._named_by(schema)}})

    def _named_by(self, schema: Any) -> dict[str, Any]:
        """The schemas that one refers to, and those that they do: all of them for each took gigabytes."""
        found: dict[str, Any] = {}
        waiting = [schema]
        while waiting:
            for name in REFERENCE.findall(json.dumps(waiting.pop())):
                if name not in found:
                    found[name] = self.document["components"]["schemas"][name]
                    waiting.append(found[name])
        return found


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{[^}]*\\\}|\{[^}]*\}", "[^/]+", re.escape(path)))


def _by_precision(path: str) -> tuple[int, str]:
    """Paths with fewer parameters first: `/v1/incidents/near` before `/v1/incidents/{identity}`."""
    return path.count("{"), path
