"""Every way in passes the gate: eight ways, the same wrong records, the same codes and severities."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from litestar.routes import HTTPRoute

from tests.api.conftest import Client, Signed

SPOT = [106.65, 29.03]
MERGE = {"Content-Type": "application/merge-patch+json"}
TOWN = {
    "type": "Polygon",
    "coordinates": [[[106.6, 29], [106.7, 29], [106.7, 29.1], [106.6, 29.1], [106.6, 29]]],
}
Send = Callable[[dict[str, Any]], Awaitable[list[tuple[str, str]]]]


@pytest.fixture
async def town(client: Client, stored) -> None:
    """One town with a surveyed border, and a small vocabulary."""
    from registry.store.places import places, vocabularies

    values = dict.fromkeys(places.PLAIN) | {"code": "500110113", "name_zh": "永新镇", "name_en": "Yongxin"}
    values |= {"level": "town", "list_version": "test", "extent_basis": "boundary", "flags": {}}
    values |= {"extent": msgspec.json.encode(TOWN).decode(), "point": None}
    await places.upsert(stored, [values])
    await places.derive(stored)
    codes = [("hazard", "flood"), ("amenity", "toilets"), ("topic", "lift"), ("supply_class", "1")]
    rows = [
        {"scheme": "registry", "subject": s, "code": c, "label_zh": c, "label_en": c, "source": None}
        for s, c in codes
    ]
    await vocabularies.upsert(stored, rows)
    yield
    await stored._connection.execute("TRUNCATE vocabulary")


def a_feature(at: Any = SPOT, **properties: Any) -> dict[str, Any]:
    location = {"quality": "surveyed"} | properties.pop("location", {})
    name = {"zh": f"避难所{uuid4().hex}"}
    properties = {"kind": "shelter", "name": name, "place": "500110113", "location": location} | properties
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": at}, "properties": properties}


FUTURE = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown member": (a_feature(capasity_persons=3), "refuse", "unknown_member"),
    "text for a number": (a_feature(capacity_persons="300"), "refuse", "wrong_value"),
    "unknown hazard": (a_feature(hazards=[{"code": "floood"}]), "refuse", "unknown_code"),
    "unknown amenity": (a_feature(amenities=[{"code": "microwave_oven"}]), "refuse", "unknown_code"),
    "unknown place": (a_feature(place="500110999"), "refuse", "unknown_place"),
    "no fix": (a_feature([0, 0]), "refuse", "zero_position"),
    "from the future": (a_feature(status_at=FUTURE), "refuse", "clock_ahead"),
    "from before 1990": (a_feature(status_at="1980-01-01T00:00:00Z"), "refuse", "clock_too_old"),
    "an empty name": (a_feature(name={"zh": "\u200b"}), "refuse", "empty_text"),
    "contradiction": (a_feature(location={"quality": "candidate_places"}), "refuse", "rule_broken"),
    "far from its place": (a_feature([106.65, 28.5]), "warn", "outside_place"),
    "a shifted datum": (a_feature(location={"datum": "gcj02"}), "note", "datum_converted"),
}  # fmt: skip


def found_in(answer: Any) -> list[tuple[str, str]]:
    """The findings of a response: of a problem, of a push, or in the header."""
    if answer.status_code == 422:
        return [(one["severity"], one["code"]) for one in answer.json()["errors"]]
    assert answer.status_code < 300, answer.text
    if "results" in (body := answer.json()):
        return [(one["severity"], one["code"]) for one in body["results"][0].get("findings", [])]
    listed = answer.headers.get("registry-findings", "").split(", ")
    return [
        (item.partition("severity=")[2].partition(";")[0], item.partition(";")[0]) for item in listed if item
    ]


@pytest.fixture
async def ways(client: Client, town: None, signed: Signed) -> dict[str, Send]:
    """Each way to send a whole record."""
    headers = await signed("planner")

    async def fresh() -> str:
        answer = await client.post("/v1/resources", json=a_feature(), headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def sending(method: str, path: str, **more: str) -> Send:
        async def send(feature: dict[str, Any]) -> list[tuple[str, str]]:
            identity = await fresh() if "{id}" in path else str(uuid4())
            url = path.replace("{id}", identity).replace("{new}", identity)
            return found_in(await client.request(method, url, json=feature, headers=headers | more))

        return send

    async def pushed(kind: str, body: dict[str, Any], identity: str) -> list[tuple[str, str]]:
        operation = {"op_id": str(uuid4()), "kind": kind, "resource_id": identity, "body": body}
        return found_in(await client.post("/v1/sync/push", json={"operations": [operation]}, headers=headers))

    return {
        "post": sending("POST", "/v1/resources"),
        "put over": sending("PUT", "/v1/resources/{id}", **{"If-Match": "*"}),
        "put new": sending("PUT", "/v1/resources/{new}", **{"If-None-Match": "*"}),
        "patch": sending("PATCH", "/v1/resources/{id}", **{"If-Match": "*"}),
        "ogc post": sending("POST", "/ogc/collections/shelters/items"),
        "ogc put": sending("PUT", "/ogc/collections/shelters/items/{id}"),
        "ogc patch": sending("PATCH", "/ogc/collections/shelters/items/{id}", **MERGE),
        "push create": lambda feature: pushed("create", feature, str(uuid4())),
    }


@pytest.mark.parametrize("case", WRONG)
async def test_each_way_in_finds_the_same(ways: dict[str, Send], case: str) -> None:
    feature, severity, code = WRONG[case]
    for way, send in ways.items():
        assert (severity, code) in await send(feature), (way, case)


async def test_strict_refuses_a_warning_and_check_stores_nothing(
    client: Client, town: None, signed: Signed
) -> None:
    headers = await signed("planner")
    far = a_feature([106.65, 28.5])
    answer = await client.post("/v1/resources?strict=true", json=far, headers=headers)
    assert answer.status_code == 422
    assert [one["code"] for one in answer.json()["errors"]] == ["outside_place"]
    tried = await client.post("/v1/intakes/check", json=far, headers=headers)
    assert tried.status_code == 200, tried.text
    assert tried.json()["findings"][0]["code"] == "outside_place"
    assert tried.json()["record"]["properties"]["place"] == "500110113"
    assert (await client.get("/v1/resources", headers=headers)).json()["features"] == []


async def test_a_warning_is_kept_until_somebody_settles_it(
    client: Client, town: None, signed: Signed
) -> None:
    headers = await signed("planner")
    first = (await client.post("/v1/resources", json=a_feature([106.65, 28.5]), headers=headers)).json()
    (kept,) = (await client.get("/v1/findings", headers=headers)).json()["findings"]
    assert (kept["resource"], kept["finding"]["code"]) == (first["id"], "outside_place")
    assert (await client.get("/v1/findings")).status_code in (401, 403)
    path = f"/v1/findings/{kept['id']}/settlement"
    settled = await client.post(path, json={"reason": "a team on loan"}, headers=headers)
    assert settled.status_code == 200, settled.text
    assert (await client.get("/v1/findings", headers=headers)).json()["findings"] == []
    again = await client.put(f"/v1/resources/{first['id']}", json=first, headers=headers | {"If-Match": "*"})
    assert again.status_code == 200
    assert "registry-findings" not in again.headers
    assert (await client.get("/v1/findings", headers=headers)).json()["findings"] == []


async def test_a_warning_goes_with_its_cause(client: Client, town: None, signed: Signed) -> None:
    headers = await signed("planner")
    first = (await client.post("/v1/resources", json=a_feature([106.65, 28.5]), headers=headers)).json()
    first["geometry"]["coordinates"] = SPOT
    await client.put(f"/v1/resources/{first['id']}", json=first, headers=headers | {"If-Match": "*"})
    assert (await client.get("/v1/findings", headers=headers)).json()["findings"] == []


async def test_the_same_thing_twice_is_a_likely_double(client: Client, town: None, signed: Signed) -> None:
    headers = await signed("planner")
    feature = a_feature(name={"zh": "永新镇中心敬老院"})
    first = (await client.post("/v1/resources", json=feature, headers=headers)).json()
    answer = await client.post("/v1/resources", json=feature, headers=headers)
    assert answer.status_code == 201
    assert "likely_double;severity=warn" in answer.headers["registry-findings"]
    (kept,) = (await client.get("/v1/findings", headers=headers)).json()["findings"]
    assert kept["finding"]["proposal"]["id"] == first["id"]


async def test_a_member_without_a_place_is_counted_where_it_stands(
    client: Client, town: None, signed: Signed
) -> None:
    headers = await signed("planner")
    await client.post("/v1/resources", json=a_feature(place=None), headers=headers)
    for form in ("500110113", "500110113000"):
        answer = await client.get("/v1/resources", params={"place": form})
        assert len(answer.json()["features"]) == 1, form


NOWHERE = [
    "/v1/resources?place=nowhere",
    "/v1/resources?hazards_any=floood",
    "/v1/resources?item=nosuch",
    "/v1/proximity/nearest?lon=106.6&lat=29&place=nowhere",
    "/v1/proximity/nearest?near_place=nowhere",
    "/v1/proximity/within?lon=106.6&lat=29&radius_m=5&place=nowhere",
    "/v1/proximity/covering?lon=106.6&lat=29&place=nowhere",
    "/v1/coverage?place=nowhere&kind=shelter",
    "/v1/changes?place=nowhere",
    "/v1/changes/stream?place=nowhere",
    "/v1/sync/digest?place=nowhere",
    "/v1/sync/snapshot?place=nowhere",
    "/v1/provisions?place=nowhere",
    "/v1/reconciliation?place=nowhere",
    "/v1/survey-list?place=nowhere",
    "/v1/registers/hotline?place=nowhere",
    "/v1/hotlines?place=nowhere",
    "/v1/hotlines?place=500110113&topic=liift",
    "/v1/responsible?place=500110113&hazard=floood",
    "/v1/places?under=nowhere",
    "/v1/places?parent=nowhere",
    "/ogc/collections/shelters/items?place=nowhere",
    "/ogc/collections/shelters/items?under=nowhere",
]


@pytest.mark.parametrize("path", NOWHERE)
async def test_an_unknown_code_is_refused_on_every_route(client: Client, town: None, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 400, (answer.status_code, answer.text[:200])
    fault = answer.json()["errors"][0]
    assert fault["parameter"] in path
    if "floood" in path:
        assert fault["proposal"] == "flood"


QUESTIONS = {
    "/v1/proximity/nearest": {"origin": {"lon": 106.6, "lat": 29}, "where": {"hazards_any": ["floood"]}},
    "/v1/proximity/situation": {"origin": {"lon": 106.6, "lat": 29}, "hazard": "floood"},
    "/v1/proximity/supplies": {
        "origin": {"lon": 106.6, "lat": 29},
        "items": [{"code": "nosuch", "quantity": 1}],
    },
    "/v1/coverage/members": {"kind": "shelter", "place": "nowhere", "level": "town"},
    "/v1/checks": {"place": "nowhere"},
}


@pytest.mark.parametrize("path", QUESTIONS)
async def test_an_unknown_code_in_a_question_is_refused(client: Client, town: None, path: str) -> None:
    answer = await client.post(path, json=QUESTIONS[path])
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["code"] in ("unknown_code", "unknown_place")


async def test_no_name_of_a_constraint_reaches_a_user(client: Client, town: None, signed: Signed) -> None:
    headers = await signed("planner")
    entry = {"register": "responsibility", "id": str(uuid4()), "role": "leader", "place": "500110113-grid-7"}
    answer = await client.put(f"/v1/registers/responsibility/{entry['id']}", json=entry, headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["code"] == "unknown_place"
    taken = a_feature(external_ids=[{"system": "x", "id": "1"}])
    for _ in range(2):
        answer = await client.post("/v1/resources", json=taken, headers=headers)
    assert answer.status_code == 409
    assert "_" not in answer.json()["detail"]


async def test_a_planner_adds_a_code_and_it_is_known_at_once(
    client: Client, town: None, signed: Signed
) -> None:
    body = {"subject": "hazard", "label": {"zh": "冰雹", "en": "Hail"}}
    path = "/v1/vocabularies/registry/hail"
    assert (await client.put(path, json=body, headers=await signed("field"))).status_code == 403
    planner = await signed("planner")
    assert (await client.get("/v1/resources?hazards_any=hail")).status_code == 400
    assert (await client.put(path, json=body, headers=planner)).status_code == 200
    assert (await client.get("/v1/resources?hazards_any=hail")).status_code == 200
    listed = (await client.get("/v1/vocabularies?subject=hazard")).json()["codes"]
    assert [one["code"] for one in listed] == ["flood", "hail"]


def test_every_handler_that_stores_a_body_passes_the_gate(client: Client) -> None:
    """Only these store a body that the gate does not fold: their codes are checked at the edge.

    What is said of a file passes the gate with the rows of the file.
    """
    elsewhere = {
        "push_operations",
        "flag_place",
        "save_scenario",
        "ask_approval",
        "grant_approval",
        "answer_questions",
        "decide_rows",
        "patch_row",
        "patch_rows",
        "commit_file",
        "undo_file",
    }
    unexamined = set()
    for route in client.app.routes:
        for method, (handler, _) in getattr(route, "route_handler_map", {}).items():
            if not isinstance(route, HTTPRoute) or method not in ("POST", "PUT", "PATCH"):
                continue
            writes = {"writer", "work", "once"} & handler.parsed_fn_signature.parameters.keys()
            if writes and handler.parsed_data_field is not None and "examined" not in handler.opt:
                unexamined.add(handler.fn.__name__)
    assert unexamined <= elsewhere
