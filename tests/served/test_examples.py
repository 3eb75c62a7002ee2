"""Every example of the document, sent to a server as a reader of `/docs` would send it."""

import base64
import re
from typing import Any

import pytest

from registry.api.http.contract.examples import CAMERA, DEPOT, MOMENT, OF_ONES_OWN, OTHER_INCIDENT, TEAM
from tests.contract import Contract

ORDER = ("post", "put", "get", "patch", "delete")
NOT_FOUND = (404,)
FOLLOWS = {"cursor", "Last-Event-ID"}
"""Parameters that only an earlier answer tells."""
STREAMS = {"streamChanges"}
NOT_YET = {"restoreResource": (409,), "measureTravel": (400,)} | {
    f"readThumbnailOf{subject}": (404,) for subject in ("Resource", "Incident", "Entry")
}
"""No roads are loaded, no record is retired where its restoration is asked, and its picture is detached."""
OF_ROADS = {"max_minutes"}
"""Conditions of questions in minutes by road, which are asked in `tests/api/test_minutes.py`."""
SOME = {"sources": [{"kind": "person", "reference": "test"}], "place": "500110110"}
LINE = {"item_code": "1", "unit": "件", "name": {"zh": "帐篷"}, "quantity": 100}
BEFORE: dict[str, dict[str, Any]] = {
    DEPOT: {"kind": "supply_depot", "name": {"zh": "库"}, "tier": "town", "stock": [LINE]},
    CAMERA: {"kind": "fire_watch_point", "name": {"zh": "塔"}, "form": "infrared_camera"},
    TEAM: {"kind": "rescue_team", "name": {"zh": "队"}, "level": "town"},
}


@pytest.fixture(scope="module")
def contract(web) -> Contract:
    return Contract(web.get("/docs/openapi.json").json())


@pytest.fixture(scope="module")
def prepared(web) -> None:
    """What the examples speak of and the seeds do not have."""
    for identity, properties in BEFORE.items():
        point = {"type": "Point", "coordinates": [106.66, 28.77]}
        body = {
            "type": "Feature",
            "id": identity,
            "geometry": point,
            "properties": {"location": {"quality": "surveyed", "uncertainty_m": 5}} | properties | SOME,
        }
        assert web.post("/v1/resources", json=body).status_code == 201
    line = {"type": "LineString", "coordinates": [[106.6, 28.9], [106.6, 29.1]]}
    drawn = {"geometry": line, "measures_km": [[24, 48]], "represents": "land_edge", "uncertainty_m": 5}
    drawn |= {"source": {"kind": "document", "reference": "test"}}
    put = web.put("/v1/zones/jiangqi-land/geometry", json=drawn)
    assert put.status_code == 200, put.text
    other = {"id": OTHER_INCIDENT, "hazard": "flood", "reported_at": MOMENT, "place": "500110110"}
    assert web.post("/v1/incidents", json=other).status_code == 201


def operations(document):
    for path, item in document["paths"].items():
        for method in ORDER:
            if method in item:
                yield method, path, item[method]


def example_of(item: dict[str, Any]) -> Any:
    return item.get("example", item["schema"].get("examples", [None])[0])


def as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def request_of(path: str, operation: dict[str, Any], *names: str) -> tuple[str, dict[str, Any]]:
    """The address and the rest of a request with the examples that a page fills in, and those named."""
    parameters = {item["name"]: item for item in operation.get("parameters", ())}
    sent = {name: item for name, item in parameters.items() if "example" in item or name in names}
    url = re.sub(r"\{(\w+)\}", lambda match: as_text(parameters[match[1]]["example"]), path)
    rest: dict[str, Any] = {
        "params": {name: as_text(example_of(item)) for name, item in sent.items() if item["in"] == "query"},
        "headers": {name: as_text(example_of(item)) for name, item in sent.items() if item["in"] == "header"},
    }
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        if media == "application/json":
            rest["json"] = content["example"]
        elif media == "image/png":
            rest["content"] = base64.b64decode(content["example"])
            rest["headers"]["Content-Type"] = media
        elif media == "application/octet-stream":
            rest["content"] = content["example"].encode()
            rest["headers"]["Content-Type"] = media
    return url, rest


def allowed(operation: dict[str, Any], url: str, rest: dict[str, Any]) -> tuple[int, ...]:
    own = OF_ONES_OWN in url or OF_ONES_OWN in str(rest.get("json"))
    return (NOT_FOUND if own else ()) + NOT_YET.get(operation["operationId"], ())


def test_every_parameter_and_body_has_an_example(contract) -> None:
    for _, path, operation in operations(contract.document):
        for item in operation.get("parameters", ()):
            assert item["name"] in FOLLOWS or example_of(item) is not None, f"{path} {item['name']}"
        content = operation.get("requestBody", {}).get("content", {})
        assert not content or any("example" in one for one in content.values()), path


def test_every_example_is_answered(web, contract, prepared) -> None:
    """In the order of the document: what is made by one is read by the next."""
    refused = []
    for method, path, operation in operations(contract.document):
        if operation["operationId"] in STREAMS:
            continue
        url, rest = request_of(path, operation)
        response = web.request(method, url, **rest)
        contract.hold(response)
        if not response.is_success and response.status_code not in allowed(operation, url, rest):
            refused.append((operation["operationId"], response.status_code, response.text[:500]))
    assert not refused, "\n".join(map(str, refused))
    assert contract.held > 100


def test_every_example_of_a_condition_is_taken(web, contract, prepared) -> None:
    """Each optional parameter with its example, on the first route that has it."""
    seen: set[tuple[str, str]] = set()
    refused = []
    for method, path, operation in operations(contract.document):
        for item in operation.get("parameters", ()):
            key = (item["name"], str(example_of(item)))
            if method != "get" or key in seen or "example" in item or example_of(item) is None:
                continue
            if (
                item["name"] in OF_ROADS
                or operation["operationId"] in STREAMS
                or OF_ONES_OWN in request_of(path, operation)[0]
            ):
                continue
            seen.add(key)
            url, rest = request_of(path, operation, item["name"], *TOGETHER.get(item["name"], ()))
            for other in INSTEAD_OF.get(item["name"], ()):
                rest["params"].pop(other, None)
            response = web.request(method, url, **rest)
            if response.status_code not in (200, 304, 404):
                refused.append((operation["operationId"], key, response.status_code, response.text[:300]))
    assert not refused, "\n".join(map(str, refused))
    assert len(seen) > 60


TOGETHER = {
    "quantity": ("item",),
    "road": ("chainage_km",),
    "chainage_km": ("road",),
    **dict.fromkeys(("speed_kmh", "detour", "pace_source"), ("rank", "speed_kmh", "detour", "pace_source")),
    "radius_m": ("reason",),
    **dict.fromkeys(("sight", "smoke_height_m"), ("sight", "smoke_height_m")),
}
"""Parameters that mean something only beside others."""
INSTEAD_OF = dict.fromkeys(("near_place", "road", "chainage_km"), ("lon", "lat")) | {"area": ("place",)}
