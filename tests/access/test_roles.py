"""Every route, every role: who is answered, who is told to come with a credential, who may not."""

from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

import pytest
from litestar.routes import HTTPRoute

from registry.app import create_app
from registry.runtime.settings import Settings
from tests.access.questions import BESIDE, BODIES, OF_ENTRIES, PATHS, QUERY, STREAMS, tiles
from tests.access.streams import Stream
from tests.access.worlds import TOWNS, World, identity_of

ROLES = ["public", "viewer", "field", "planner", "admin"]
NOBODY = "00000000-0000-7000-8000-00000000dead"
SEEN_AT = "2026-01-02T00:00:00Z"
SITE = {"kind": "fire_watch_point", "place": "D"}


class Route(NamedTuple):
    """The least role that a route answers, and a request that it takes."""

    least: str = "public"
    body: Any = None
    kind: str = "shelter"
    query: str = ""
    condition: str | None = None
    bodiless: bool = False


def draft(town: str, visibility: str = "public") -> dict[str, Any]:
    properties = {"kind": "shelter", "name": {"en": "New"}, "place": town, "location": {"quality": "unknown"}}
    properties["visibility"] = visibility
    return {"type": "Feature", "geometry": None, "properties": properties}


DISTRICT = {
    "type": "Feature",
    "geometry": {
        "type": "Polygon",
        "coordinates": [[[106.55, 28.95], [106.8, 28.95], [106.8, 29.1], [106.55, 29.1], [106.55, 28.95]]],
    },
    "properties": {"name": {"en": "D"}, "level": "district"},
}
INCIDENT = "/v1/incidents/{identity:uuid}"
DETECTION = {
    "camera": str(identity_of("public", "T1", "fire_watch_point", None)),
    "observed_at": SEEN_AT,
    "bearing_deg": 30.0,
    "bearing_error_deg": 1.0,
}
ALERT = {
    "identifier": "roles", "sender": "test", "sent": SEEN_AT, "status": "Actual", "msgType": "Alert",
    "info": [{"area": [{"circle": ["29.0,106.6 3"]}]}],
}  # fmt: skip
SUBSCRIPTION = "/v1/subscriptions/{identity:uuid}"
TRIAL = "/v1/intakes/check"
FILES = "/v1/intakes"
PICTURES = [
    f"{of}/attachments/{{sha256:str}}"
    for of in (
        "/v1/resources/{identity:uuid}",
        "/v1/incidents/{identity:uuid}",
        OF_ENTRIES.rpartition("/")[0],
    )
]
CONTACT = "/v1/resources/{identity:uuid}/contacts"
ITEMS = "/ogc/collections/{collection_id:str}/items"
UNKNOWN_PROCESS = "/ogc/processes/{process_id:str}/execution"
MATRIX: dict[tuple[str, str], Route] = {
    ("GET", "/v1/approvals"): Route("field"),
    ("POST", "/v1/approvals"): Route("field", {"changes": 1, "reason": "why"}),
    ("POST", "/v1/approvals/{identity:uuid}/grant"): Route("planner"),
    ("GET", "/v1/audit"): Route("admin"),
    ("GET", "/v1/conflicts"): Route("viewer"),
    ("GET", "/v1/corrections"): Route("viewer"),
    ("POST", "/v1/corrections/{identity:uuid}/decision"): Route("planner", {"accept": True, "reason": "why"}),
    ("POST", "/v1/coverage/scenarios"): Route("planner", {"name": {"en": "S"}, "changes": {}}),
    ("GET", "/v1/coverage/scenarios"): Route("viewer"),
    ("GET", "/v1/coverage/scenarios/{identity:uuid}"): Route("viewer"),
    ("DELETE", "/v1/coverage/scenarios/{identity:uuid}"): Route("planner"),
    ("PUT", "/v1/exercises/{exercise:str}/end"): Route("planner", bodiless=True),
    ("DELETE", "/v1/exercises/{exercise:str}/end"): Route("planner", bodiless=True),
    ("GET", "/v1/findings"): Route("viewer"),
    ("POST", "/v1/findings/{identity:uuid}/settlement"): Route("field", {"reason": "why"}),
    ("POST", TRIAL): Route("field", draft("T1")),
    ("GET", FILES): Route("planner"),
    ("POST", FILES): Route("planner"),
    ("GET", f"{FILES}/{{identity:uuid}}"): Route("planner"),
    ("PATCH", f"{FILES}/{{identity:uuid}}"): Route("planner", {"datum": "wgs84"}, condition="*"),
    ("DELETE", f"{FILES}/{{identity:uuid}}"): Route("planner"),
    ("GET", f"{FILES}/{{identity:uuid}}/rows"): Route("planner"),
    ("GET", f"{FILES}/{{identity:uuid}}/file"): Route("planner"),
    ("GET", "/v1/templates/{kind:str}"): Route("planner"),
    ("GET", "/v1/reports/kind"): Route("viewer"),
    ("PATCH", f"{FILES}/{{identity:uuid}}/rows/{{n:int}}"): Route("planner", {"decision": {"take": "skip"}}),
    ("PATCH", f"{FILES}/{{identity:uuid}}/rows"): Route("planner", {"version": 1, "rows": [{"n": 1}]}),
    ("POST", f"{FILES}/{{identity:uuid}}/decisions"): Route(
        "planner", {"version": 1, "action": "confirm", "code": "likely_double", "take": "new"}
    ),
    ("POST", f"{FILES}/{{identity:uuid}}/commit"): Route("planner", {"version": 1}),
    ("POST", f"{FILES}/{{identity:uuid}}/undo"): Route("planner", {}),
    ("DELETE", "/v1/jobs/{identity:uuid}"): Route(),
    ("POST", "/v1/resources"): Route("field", draft("T1")),
    ("PUT", "/v1/resources/{identity:uuid}"): Route("field", draft("T1"), condition="*"),
    ("PATCH", "/v1/resources/{identity:uuid}"): Route("field", {"properties": {"note": "n"}}, condition="*"),
    ("DELETE", "/v1/resources/{identity:uuid}"): Route("field", query="?reason=why", condition="*"),
    ("POST", "/v1/resources/{identity:uuid}/location"): Route(
        "field", {"coordinates": [106.6, 29.0], "datum": "wgs84", "accuracy_m": 5, "evidence": "seen"}
    ),
    ("POST", "/v1/resources/{identity:uuid}/restoration"): Route("field"),
    ("POST", "/v1/resources/{identity:uuid}/status"): Route(
        "field", {"observed_at": SEEN_AT, "opening": "full"}
    ),
    ("POST", "/v1/resources/{identity:uuid}/stock"): Route(
        "field",
        {"observed_at": SEEN_AT, "counts": [{"item_code": "tents", "quantity": 3}]},
        kind="supply_depot",
    ),
    ("POST", "/v1/resources/{identity:uuid}/verification"): Route("field", {"how": "visited"}),
    ("GET", "/v1/resources/{identity:uuid}/observations"): Route("viewer"),
    ("PUT", f"{CONTACT}/{{contact:uuid}}"): Route("field", {"role": "duty officer"}),
    ("DELETE", f"{CONTACT}/{{contact:uuid}}"): Route("field"),
    ("POST", ITEMS): Route("field", draft("T1")),
    ("PUT", f"{ITEMS}/{{feature_id:str}}"): Route("field", draft("T1"), condition="*"),
    ("PATCH", f"{ITEMS}/{{feature_id:str}}"): Route("field", {"properties": {"note": "n"}}, condition="*"),
    ("DELETE", f"{ITEMS}/{{feature_id:str}}"): Route("field", condition="*"),
    ("PUT", "/v1/attachments/{sha256:str}"): Route("field"),
    **{("PUT", path): Route("field", {"caption": "seen"}) for path in PICTURES},
    **{("DELETE", path): Route("field") for path in PICTURES},
    ("GET", "/v1/history/digest"): Route("planner"),
    ("GET", "/metrics"): Route("planner"),
    ("GET", "/v1/registers/{register:str}/{identity:uuid}/history"): Route("field", bodiless=True),
    ("PUT", "/v1/registers/{register:str}/{identity:uuid}"): Route("field", bodiless=True),
    ("DELETE", "/v1/registers/{register:str}/{identity:uuid}"): Route("field", bodiless=True),
    ("PUT", "/v1/documents/{identity:str}"): Route("planner", bodiless=True),
    ("PUT", "/v1/provisions/{identity:str}"): Route("planner", bodiless=True),
    ("PATCH", "/v1/places/{code:str}/flags"): Route("planner", {"prone_or_remote": "yes"}),
    ("PUT", "/v1/places/{code:str}"): Route("planner", DISTRICT, condition="*"),
    ("DELETE", "/v1/places/{code:str}"): Route("planner", query="?ended_on=2100-01-01", condition="*"),
    ("GET", "/v1/places/{code:str}/rehoming"): Route("planner"),
    ("GET", "/v1/places/{code:str}/boundaries"): Route("planner"),
    ("GET", "/v1/places/{code:str}/history"): Route("planner"),
    ("PUT", "/v1/zones/{identity:str}"): Route(
        "planner", {"id": NOBODY, "kind": "river_shore", "name": {"en": "Shore"}}, condition="*"
    ),
    ("PUT", "/v1/rules/{identity:str}"): Route("planner", bodiless=True),
    ("PUT", "/v1/vocabularies/{scheme:str}/{code:str}"): Route(
        "planner", {"subject": "own", "label": {"en": "Own"}}
    ),
    ("PUT", "/v1/zones/{identity:str}/geometry"): Route("planner", bodiless=True),
    ("POST", "/v1/sync/push"): Route("field", bodiless=True),
    ("POST", "/v1/incidents"): Route("field", {"hazard": "forest_fire", "place": "T1"}),
    ("POST", "/v1/incidents/detections"): Route("field", DETECTION),
    ("POST", "/v1/subscriptions"): Route("planner", {"url": "https://hooks.example/x", "kinds": ["expert"]}),
    ("GET", "/v1/subscriptions"): Route("planner"),
    ("GET", SUBSCRIPTION): Route("planner"),
    ("DELETE", SUBSCRIPTION): Route("planner"),
    ("GET", f"{SUBSCRIPTION}/deliveries"): Route("planner"),
    ("POST", f"{SUBSCRIPTION}/replay"): Route("planner", {"since": SEEN_AT}),
    ("POST", "/v1/warnings"): Route("field", ALERT),
    ("PATCH", INCIDENT): Route("field", {"level": "II"}, condition="*"),
    ("GET", f"{INCIDENT}/log"): Route("viewer"),
    ("GET", f"{INCIDENT}/proposals"): Route("viewer"),
    ("GET", f"{INCIDENT}/handover"): Route("viewer"),
    ("GET", f"{INCIDENT}/history"): Route("field", bodiless=True),
    ("POST", f"{INCIDENT}/log"): Route("field", {"text": "seen"}),
    ("POST", f"{INCIDENT}/joins"): Route("field", {"other": str(UUID(int=1))}),
    ("POST", f"{INCIDENT}/commitments"): Route("field", {"resources": [NOBODY]}),
    ("POST", f"{INCIDENT}/commitments/{{commitment:uuid}}"): Route("field", {"state": "on_scene"}),
    ("POST", "/v1/coverage/compare"): Route(body=SITE | {"scenarios": [NOBODY]}, bodiless=True),
    ("POST", "/ogc/processes/compare/execution"): Route(
        body={"inputs": SITE | {"scenarios": [NOBODY]}}, bodiless=True
    ),
    ("POST", UNKNOWN_PROCESS): Route(bodiless=True),
    ("DELETE", "/ogc/jobs/{job_id:str}"): Route(),
}
"""Everything that is not a question for anybody. What is not here is answered to the public."""
MATRIX |= {("POST", path): Route(body=asked[0]) for path, asked in BODIES.items()}


def routes() -> list[tuple[str, str]]:
    app = create_app(Settings(), "postgresql://nowhere")
    return sorted(
        (method, route.path)
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method in route.route_handler_map
        if method not in ("OPTIONS", "HEAD") and not route.path.startswith(("/docs", "/assets", "/guide"))
    )


ROUTES = routes()


def test_every_route_that_does_more_than_read_is_on_the_matrix() -> None:
    missing = [pair for pair in ROUTES if pair[0] != "GET" and pair not in MATRIX]
    assert not missing, f"say in MATRIX which role each of these needs: {missing}"
    assert not [pair for pair in MATRIX if pair not in ROUTES], "these are no routes any more"


def url_of(path: str, expected: Route, town: str = "T1", visibility: str = "public") -> str:
    row, column = tiles(10)
    identity = identity_of(visibility, town, expected.kind, None)
    own: dict[str, Any] = {
        "identity": identity,
        "feature_id": identity,
        "contact": identity,
        "commitment": NOBODY,
        "z": "10",
        "row": row,
        "col": column,
    }
    if not path.startswith("/v1/resources"):
        own["identity"] = NOBODY
    if path.startswith(ITEMS):
        own["collection_id"] = "shelters"
    parts = []
    for part in path.split("/"):
        name = part.strip("{}").partition(":")[0] if part.startswith("{") else None
        parts.append(part if name is None else str(own.get(name) or PATHS.get(name, ["D"])[0]))
    return "/".join(parts) + expected.query


async def send(place: World, role: str, method: str, url: str, expected: Route) -> int:
    if url.startswith(STREAMS):
        async with Stream(place, role, url) as stream:
            return (await stream.until(lambda so_far: so_far.status > 0)).status
    headers = place.headers[role] | ({"If-Match": expected.condition} if expected.condition else {})
    answer = await place.client.request(method, url, json=expected.body, headers=headers)
    assert answer.status_code < 500, answer.text
    return answer.status_code


def demanded(place: World, method: str, path: str) -> str:
    """The query parameters that the route cannot do without."""
    for route in place.client.app.routes:
        if isinstance(route, HTTPRoute) and route.path == path:
            needed = [
                p.field_alias
                for p in route.route_handler_map[method][1].expected_query_params
                if p.is_required
            ]
            given = {name: QUERY[name][0] for name in needed} | (
                BESIDE.get(path, {}) if method == "GET" else {}
            )
            return f"?{urlencode(given)}" if given else ""
    raise AssertionError(path)


@pytest.mark.parametrize(("method", "path"), ROUTES, ids=lambda part: part)
async def test_each_role_gets_what_the_matrix_says(writable: World, method: str, path: str) -> None:
    expected = MATRIX.get((method, path), Route())
    url = url_of(path, expected) + ("" if expected.query else demanded(writable, method, path))
    for role in ROLES:
        status = await send(writable, role, method, url, expected)
        if expected.bodiless:
            assert status >= 400, f"{role}: {status} at {url}"
        elif ROLES.index(role) >= ROLES.index(expected.least):
            assert status not in (400, 401, 403, 405), f"{role}: {status} at {url}"
        else:
            assert status == (401 if role == "public" else 403), f"{role}: {status} at {url}"


def is_draft(expected: Route) -> bool:
    """Whether the body is a whole record, which says where it lies."""
    return isinstance(expected.body, dict) and "geometry" in expected.body


OWN = ("/v1/resources/{", f"{ITEMS}/{{")
WRITES = [pair for pair in MATRIX if pair[1].startswith(OWN) and pair[0] != "GET"]


async def put_back(place: World, town: str, visibility: str) -> None:
    """Have the shelter in its collection again, whatever was done to it: what is deleted is not there."""
    body = draft(town, visibility)
    body["properties"]["location"] = {"quality": "surveyed"}
    body["geometry"] = {"type": "Point", "coordinates": list(TOWNS[town])}
    url = f"/v1/resources/{identity_of(visibility, town, 'shelter', None)}"
    answer = await place.client.put(url, json=body, headers=place.headers["admin"] | {"If-Match": "*"})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(("method", "path"), WRITES, ids=lambda part: part)
@pytest.mark.parametrize("visibility", ["public", "internal"])
async def test_a_town_officer_writes_only_in_the_town(
    writable: World, method: str, path: str, visibility: str
) -> None:
    expected = MATRIX[method, path]
    for town, officers, strangers in (
        ("T1", ["field", "district field"], ["other field"]),
        ("T2", ["other field", "district field"], ["field"]),
    ):
        request = expected._replace(body=draft(town, visibility)) if is_draft(expected) else expected
        url = url_of(path, expected, town, visibility)
        for role in strangers:
            assert await send(writable, role, method, url, request) == 403, f"{role} in {town}"
        for role in officers:
            if path.startswith(ITEMS):
                await put_back(writable, town, visibility)
            status = await send(writable, role, method, url, request)
            gone = status == 404 and method == "DELETE"  # the first officer purged or detached it
            gone &= "{contact" in path or "{sha256" in path
            assert gone or status not in (401, 403, 404), f"{role} in {town}: {status}"


@pytest.mark.parametrize(("method", "path"), WRITES, ids=lambda part: part)
async def test_what_one_may_not_see_is_not_there_to_be_written(
    writable: World, method: str, path: str
) -> None:
    expected = MATRIX[method, path]
    expected = expected._replace(body=draft("T2", "restricted")) if is_draft(expected) else expected
    hidden = url_of(path, expected, "T2", "restricted")
    nothing = hidden.replace(str(identity_of("restricted", "T2", expected.kind, None)), NOBODY)
    assert await send(writable, "field", method, hidden, expected) == 404
    assert await send(writable, "field", method, nothing, expected) == 404
    assert await send(writable, "other field", method, hidden, expected) not in (401, 403)


async def test_a_record_is_not_created_in_another_town(writable: World) -> None:
    for town, role, expected in (("T1", "field", 201), ("T2", "field", 403), ("T2", "district field", 201)):
        answer = await writable.client.post("/v1/resources", json=draft(town), headers=writable.headers[role])
        assert answer.status_code == expected, f"{role} in {town}"


async def test_a_record_is_not_moved_into_another_town(writable: World) -> None:
    url = f"/v1/resources/{identity_of('public', 'T1', 'rescue_team', None)}"
    patch = {"properties": {"place": "T2"}}
    for role, expected in (("field", 403), ("other field", 403), ("district field", 200)):
        headers = writable.headers[role] | {"If-Match": "*"}
        answer = await writable.client.patch(url, json=patch, headers=headers)
        assert answer.status_code == expected, role
