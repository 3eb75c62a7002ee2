"""A question about an exercise, an instant or a code that does not exist is refused on every route."""

from typing import Any
from urllib.parse import quote

import pytest
from litestar.routes import HTTPRoute

from registry.api.http.access.realm_check import ANY_EXERCISE
from registry.store.places import vocabularies
from tests.access import questions
from tests.api.test_ogc_items import ROOT, pages
from tests.builders import a_place, a_resource

FUTURE = "2999-01-01T00:00:00Z"
DRILL = "flood-drill"


def code(subject: str, value: str) -> dict[str, Any]:
    """A row of the vocabulary."""
    words = {"label_zh": None, "label_en": value, "source": None}
    return {"scheme": "registry", "subject": subject, "code": value} | words


def asked(app: Any, parameter: str) -> list[tuple[str, str, str, dict | None]]:
    """Template, method, path and body of one question for each route that takes the parameter."""
    found = []
    for route in app.routes:
        if not isinstance(route, HTTPRoute) or route.path.startswith(questions.PASSED):
            continue
        for method, (handler, model) in route.route_handler_map.items():
            names = {one.field_alias for one in model.expected_query_params}
            writes = "strict" in names
            path, given = next(iter(questions._paths(route.path)))
            if method == "GET" and "parameters" in handler.opt:
                names |= handler.opt["parameters"](given)
            demanded = {one.field_alias for one in model.expected_query_params if one.is_required}
            query = {name: questions.QUERY[name][0] for name in demanded}
            query |= questions.BESIDE.get(route.path, {}) if method == "GET" else {}
            body = next(iter(questions.BODIES.get(route.path, ())), None)
            if parameter in names and not writes and (method == "GET" or body is not None):
                found.append((route.path, method, path + questions._query(query), body))
    return found


@pytest.fixture
async def ground(client, stored) -> None:
    """The places that the questions name."""
    for place, parent in (("D", None), ("T1", "D"), ("T2", "D")):
        await a_place(stored, place, parent)
    client.app.state.reference.is_loaded = False


async def refused(client, method: str, path: str, body: Any, parameter: str, value: str) -> dict[str, Any]:
    mark = "&" if "?" in path else "?"
    answer = await client.request(method, f"{path}{mark}{parameter}={quote(value)}", json=body)
    assert answer.status_code == 400, (path, answer.text)
    problem = answer.json()
    assert parameter in answer.text, (path, problem)
    return problem


async def test_no_question_is_asked_of_an_exercise_that_does_not_exist(client, stored, ground) -> None:
    await a_resource(stored, "shelter", exercise=DRILL)
    routes = asked(client.app, "exercise")
    handlers = {
        route.path: route.route_handler_map for route in client.app.routes if isinstance(route, HTTPRoute)
    }
    checked = [one for one in routes if not ANY_EXERCISE.keys() & handlers[one[0]][one[1]][0].opt.keys()]
    assert len(checked) > 30
    for _, method, path, body in checked:
        problem = await refused(client, method, path, body, "exercise", "flod-drill")
        assert problem["errors"][0].get("proposal") == DRILL, (path, problem)
        mark = "&" if "?" in path else "?"
        known = await client.request(method, f"{path}{mark}exercise={DRILL}", json=body)
        assert "no exercise" not in known.text, path
    assert {one[0] for one in routes} - {one[0] for one in checked} == {
        "/v1/changes", "/v1/sync/digest", "/v1/sync/snapshot", "/v1/intakes", "/v1/intakes/{identity:uuid}",
        "/v1/intakes/{identity:uuid}/rows", "/v1/intakes/{identity:uuid}/file", "/v1/templates/{kind:str}",
    }  # fmt: skip


async def test_an_exercise_in_a_body_is_known_too(client, stored, ground) -> None:
    await a_resource(stored, "shelter", exercise=DRILL)
    for path in ("/v1/coverage", "/v1/coverage/gaps", "/v1/coverage/members"):
        body = questions.BODIES[path][0] | {"exercise": "fire"}
        answer = await client.post(path, json=body)
        assert (answer.status_code, "no exercise fire" in answer.text) == (400, True), answer.text


async def test_the_first_write_opens_an_exercise_and_restricted_ones_stay_unknown(
    client, stored, signed
) -> None:
    planner = await signed("planner")
    secret = await a_resource(stored, "shelter", exercise="secret", visibility="restricted")
    public = await client.get("/v1/resources?exercise=secrt")
    assert public.status_code == 400
    assert "secret" not in public.text
    assert (await client.get("/v1/resources?exercise=secret")).status_code == 400
    seen = await client.get("/v1/resources?exercise=secret", headers=planner)
    assert [one["id"] for one in seen.json()["features"]] == [str(secret)]
    assert (await client.get("/v1/resources?exercise=new", headers=planner)).status_code == 400
    made = await client.post(
        "/v1/resources?exercise=new", headers=planner,
        json={"type": "Feature", "geometry": None, "properties": {
            "kind": "shelter", "name": {"en": "First"},
            "location": {"quality": "unknown", "source": "list"}}},
    )  # fmt: skip
    assert made.status_code == 201, made.text
    opened = await client.get("/v1/resources?exercise=new", headers=planner)
    assert len(opened.json()["features"]) == 1


async def test_no_question_is_asked_of_the_future(client, ground) -> None:
    routes = asked(client.app, "as_of")
    assert len(routes) > 20
    for _, method, path, body in routes:
        await refused(client, method, path, body, "as_of", FUTURE)
    late = await client.post("/v1/coverage", json=questions.FIRE | {"as_of": FUTURE})
    assert (late.status_code, "later than" in late.text) == (400, True), late.text


async def test_before_the_first_record_an_answer_says_since_when_anything_is_known(client, stored) -> None:
    await a_resource(stored, "shelter", 106.65, 29.03)
    near = "/v1/proximity/nearest?lon=106.65&lat=29.03"
    told = (await client.get(f"{near}&as_of=2001-01-01T00:00:00Z")).json()
    assert told["features"] == []
    assert told["completeness"]["known_since"] > "2001"
    assert "known_since" not in (await client.get(near)).json()["completeness"]
    covering = await client.get("/v1/proximity/covering?lon=106.65&lat=29.03&as_of=2001-01-01T00:00:00Z")
    assert "nothing was recorded before" in covering.text


UNKNOWN = [
    ("shelters", "hazards", "A_CONTAINS(hazards, ('registry:flod'))", "flood"),
    ("shelters", "hazards", "A_OVERLAPS(hazards, ('registry:flood', 'registry:zzz'))", None),
    ("shelters", "place", "place = '500110119'", "500110"),
    ("shelters", "place", "place IN ('500110', '999999')", None),
    ("shelters", "place", "NOT place <> 'nowhere'", None),
    ("shelters", "lifecycle", "lifecycle = 'in_servce'", "in_service"),
    ("shelters", "visibility", "visibility IN ('public', 'secret')", None),
    ("rescue-teams", "specialties", "A_EQUALS(specialties, ('registry:minee'))", "mine"),
    ("places", "parent", "parent = '5001100'", "500110"),
]


@pytest.mark.parametrize(("collection", "name", "condition", "nearest"), UNKNOWN)
async def test_codes_in_a_filter_are_known(client, stored, collection, name, condition, nearest) -> None:
    await a_place(stored, "500110")
    await vocabularies.upsert(stored, [code("hazard", "flood"), code("specialty", "mine")])
    client.app.state.reference.is_loaded = False
    answer = await client.get(f"{ROOT}/{collection}/items?filter={quote(condition)}")
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0].get("proposal") == nearest, (name, answer.text)


async def test_a_place_in_a_filter_is_known_in_each_form(client, stored) -> None:
    await a_place(stored, "500110")
    shelter = str(await a_resource(stored, "shelter", 106.65, 29.03, place="500110"))
    for form in ("500110", "500110000", "500110000000"):
        for condition in (f"place = '{form}'", f"place IN ('{form}')", f"NOT place <> '{form}'"):
            found = await pages(client, f"{ROOT}/shelters/items?filter={quote(condition)}")
            assert found == [shelter], condition


async def test_a_place_that_was_added_since_is_not_taken_for_one_that_is_spelled_alike(
    client, stored
) -> None:
    """Another worker may have added it: this one has read only the other."""
    await a_place(stored, "ab1")
    listed = "/v1/resources?place=AB1"
    assert (await client.get(listed)).json()["features"] == []
    await a_place(stored, "AB1")
    await a_resource(stored, "shelter", lon=106.5, lat=29.0, place="AB1")
    for path in (listed, f"{ROOT}/shelters/items?filter=place%3D'AB1'"):
        found = (await client.get(path)).json()["features"]
        assert [one["properties"]["place"] for one in found] == ["AB1"], path
