"""What coverage says of what is not known: open lists, missing ground and weights, and what is refused."""

import json

import msgspec
import numpy as np
import pytest
import shapely

from registry.domain.completeness import SetAnswer
from registry.domain.plans.document import Document
from registry.domain.plans.provision import Provision
from registry.domain.values import Name
from registry.store.places import places
from registry.store.plans import plans
from tests.builders import a_resource, an_inventory
from tests.waiting import until

PLACE = dict.fromkeys(places.PLAIN) | {"list_version": "test", "flags": {}, "point": None}
DISTRICT = shapely.box(106.0, 29.0, 106.4, 29.2)
TOWNS = {"T1": shapely.box(106.0, 29.0, 106.2, 29.2), "T2": shapely.box(106.2, 29.0, 106.4, 29.2)}
POINT = {"type": "Point", "coordinates": [106.1, 29.1]}
TOWER = {"kind": "fire_watch_point", "name": {"zh": "拟建塔"}, "watch_radius_m": 4000.0}
QUESTION = {"kind": "fire_watch_point", "place": "D"}


def a_place(code, level, extent=None, basis="boundary", **given):
    shape = None if extent is None else shapely.to_geojson(extent)
    basis = basis if extent is not None else "none"
    values = {"code": code, "level": level, "name_zh": code, "extent": shape, "extent_basis": basis}
    return PLACE | values | given


@pytest.fixture
async def district(stored):
    """A district of two towns, a third without extent, and an area of the second and the third."""
    rows = [a_place("D", "district", DISTRICT)]
    rows += [a_place(code, "town", box, "voronoi", parent="D") for code, box in TOWNS.items()]
    rows += [a_place("T3", "town", parent="D"), a_place("M", "management_area")]
    await places.upsert(stored, rows)
    await places.set_members(stored, "M", ["T2", "T3"])
    await places.derive(stored)
    return stored


async def watch(writer, lon=106.1, lat=29.1, **given):
    given = {"kind": "fire_watch_point", "form": "infrared_camera", "watch_radius_m": 4_000.0} | given
    return await a_resource(writer, lon=lon, lat=lat, **given)


async def post(client, path="", status=200, **body):
    response = await client.post(f"/v1/coverage{path}", json=QUESTION | body)
    assert response.status_code == status, response.text
    return response.json()


async def a_total(writer, total, kind="shelter", place="D"):
    await plans.put_documents(writer, [Document(id="plan", kind="plan", title=Name(en="Plan"))])
    words = {"zh": "总", "en": "total"}
    stated = {"id": f"total-{kind}", "document": "plan", "locator": "003:156", "kind": "published_total"}
    stated |= {"title": words, "text": words, "place": place, "subject": {"kind": kind}}
    stated |= {"requirement": {"value": total, "unit": "item", "per": "total"}}
    await plans.put_provisions(writer, [msgspec.convert(stated, Provision)])


RATIO_UNKNOWN = {"lower": 0.0, "nominal": 0.0, "upper": 1.0}


async def test_an_empty_open_list_is_not_known(client, district):
    answer = await post(client)
    assert answer["ratio"] == RATIO_UNKNOWN
    assert answer["completeness"]["state"] == "open"
    gaps = await post(client, "/gaps")
    assert (gaps["certain_gaps"]["count"], gaps["possible_gaps"]["count"]) == (0, 2)
    assert gaps["uncovered_m2"] == {"lower": 0.0, "nominal": gaps["area_m2"], "upper": gaps["area_m2"]}
    await an_inventory(district, "fire_watch_point", "D")
    answer = await post(client)
    assert answer["ratio"] == {"lower": 0.0, "nominal": 0.0, "upper": 0.0}
    assert answer["completeness"]["declared"][0]["whole"] is True
    gaps = await post(client, "/gaps")
    assert (gaps["certain_gaps"]["count"], gaps["possible_gaps"]["count"]) == (2, 0)


async def test_a_published_total_and_a_stated_radius_bound_what_is_not_listed(client, district):
    await a_total(district, 4)
    await a_resource(district, "shelter", 106.1, 29.1, place="T1")
    stated = {"kind": "shelter", "radius_m": 1000, "reason": "ten minutes on foot"}
    answer = await post(client, **stated)
    one = np.pi * 1000.0**2
    assert answer["covered_m2"]["lower"] == pytest.approx(one, rel=1e-4)
    assert answer["covered_m2"]["upper"] == pytest.approx(4 * one, rel=1e-4), "one listed and three missing"
    assert answer["completeness"]["missing"] == 3
    town = await post(client, place="T2", **stated)
    assert town["covered_m2"]["upper"] == pytest.approx(3 * one, rel=1e-4), "all three may be in one town"
    many = await post(client, **stated | {"radius_m": 20_000})
    assert many["ratio"]["upper"] == 1.0
    depth = await post(client, "/depth", levels=2, **stated)
    assert depth["levels"][1]["area_m2"] == {
        "lower": 0.0, "nominal": 0.0, "upper": pytest.approx(3 * one, rel=1e-4),
    }  # fmt: skip
    sole = (await post(client, "/criticality", **stated))["resources"][0]["sole_m2"]
    assert (sole["lower"], sole["upper"]) == (0.0, pytest.approx(one, rel=1e-4))
    members = await ask_members(client, kind="shelter")
    assert members["covered"] == {"lower": 1.0, "nominal": 1.0, "upper": 3.0}


async def ask_members(client, **body):
    response = await client.post("/v1/coverage/members", json={"place": "D", "level": "town"} | body)
    assert response.status_code == 200, response.text
    return response.json()


async def test_no_town_is_without_while_its_list_is_open(client, district):
    answer = await ask_members(client, kind="supply_depot")
    assert (answer["without"], [u["code"] for u in answer["possible"]]) == ([], ["T1", "T2", "T3"])
    assert answer["ratio"] == RATIO_UNKNOWN
    await an_inventory(district, "supply_depot", "T1")
    answer = await ask_members(client, kind="supply_depot")
    assert answer["completeness"]["state"] == "mixed"
    assert [u["code"] for u in answer["without"]] == ["T1"]
    assert answer["covered"]["upper"] == 2.0


async def test_ground_without_an_extent_is_named_and_widens_the_interval(client, district):
    await an_inventory(district, "fire_watch_point")
    await watch(district, lon=106.3)
    whole = await post(client)
    assert [unit["code"] for unit in whole["without_extent"]] == ["T3"]
    assert whole["unmeasured_m2"] == 0.0, "the boundary of the district holds it"
    assert whole["ratio"]["lower"] == pytest.approx(whole["ratio"]["upper"], rel=1e-6)
    area = await post(client, place="M")
    assert [unit["code"] for unit in area["without_extent"]] == ["T3"]
    other = area["unmeasured_m2"]
    assert other == pytest.approx(area["area_m2"], rel=1e-3), "it may be all of T1's ground"
    covered, total = area["covered_m2"]["nominal"], area["area_m2"] + other
    assert area["ratio"]["lower"] == pytest.approx(covered / total, rel=1e-6)
    assert area["ratio"]["upper"] == pytest.approx((covered + other) / total, rel=1e-6)
    for path in ("/depth", "/criticality", "/gaps"):
        assert [unit["code"] for unit in (await post(client, path, place="M"))["without_extent"]] == ["T3"]


async def test_an_unknown_value_leaves_a_record_undecided(client, district):
    await an_inventory(district, "shelter")
    stated = {"kind": "shelter", "radius_m": 1000, "reason": "ten minutes on foot"}
    await a_resource(district, "shelter", 106.1, 29.1, hazards=[{"code": "flood"}])
    await a_resource(district, "shelter", 106.2, 29.1, hazards=[])
    await a_resource(district, "shelter", 106.3, 29.1, hazards=[{"code": "earthquake"}])
    await a_resource(district, "shelter", 106.3, 29.1, hazards=[{"code": "earthquake"}], lifecycle="planned")
    answer = await post(client, **stated, filter={"hazards_any": ["flood"]})
    one = np.pi * 1000.0**2
    assert answer["covered_m2"]["lower"] == pytest.approx(one, rel=1e-4)
    assert answer["covered_m2"]["upper"] == pytest.approx(2 * one, rel=1e-4)
    assert [(one["reason"], one["unknown"]) for one in answer["undecided"]["resources"]] == [
        ("unknown_value", ["hazards_any"])
    ]
    assert {name: (one["not_stated"], one["otherwise"]) for name, one in answer["excluded"].items()} == {
        "hazards_any": (1, 1), "several": (0, 1),
    }  # fmt: skip


async def test_siting_says_what_cannot_be_reached_and_adds_nothing_idle(client, district):
    await watch(district)
    spots = [(106.1, 29.1), (106.1, 29.1001), (106.3, 29.1), (106.39, 29.19)]
    features = [
        {"type": "Feature", "id": f"d{n}", "geometry": {"type": "Point", "coordinates": at}}
        for n, at in enumerate(spots)
    ]
    demand = {"type": "FeatureCollection", "features": features}
    candidates = {"type": "FeatureCollection", "features": features[:3]}
    body = {"demand": demand, "candidates": candidates}
    plan = await sited(client, **body, siting={"model": "mclp", "sites": 3, "radius_m": 1000})
    assert [site["id"] for site in plan["sites"]["features"]] == ["d2"], "the others add nothing"
    assert (plan["status"], plan["gap"]) == ("optimal", 0.0)
    assert [point["id"] for point in plan["unreachable"]] == ["d3"]
    assert plan["covered_weight"] == {"lower": 3.0, "nominal": 3.0, "upper": 4.0}
    none = await sited(client, **body, siting={"model": "lscp", "target": 1.0, "radius_m": 1000})
    assert none["status"] == "infeasible"
    assert [none[name] for name in ("objective", "bound", "gap")] == [None] * 3
    assert [point["id"] for point in none["unreachable"]] == ["d3"]
    people = {"type": "places", "level": "town", "weight": "population"}
    refused = await post(
        client, "/siting", 400, demand=people, siting={"model": "mclp", "sites": 1, "radius_m": 1000}
    )
    assert "T1 (weight)" in refused["detail"]


async def sited(client, **body):
    response = await client.post("/v1/coverage/siting", json=QUESTION | body)
    if response.status_code == 202:
        location = response.headers["location"]

        async def done():
            return (await client.get(location)).json()["status"] == "successful"

        await until(done, within_s=60)
        response = await client.get(f"{location}/results")
    assert response.status_code == 200, response.text
    return response.json()


async def test_an_addition_counts_as_the_registry_would_show_it(client, district, signed):
    await an_inventory(district, "fire_watch_point")
    stored = await watch(district, uncertainty_m=1_000.0, quality="approximate")
    feature = (await client.get(f"/v1/resources/{stored}")).json()
    moved = feature | {"id": "copy", "geometry": POINT | {"coordinates": [106.3, 29.1]}}
    answer = await post(client, "/scenario", scenario={"add": [moved], "remove": [str(stored)]})
    before, after = (answer[when]["undecided"]["count"] for when in ("before", "after"))
    assert before == after == 0
    gained = answer["difference"]["gained_m2"]
    one = np.pi * 4000.0**2
    assert gained["lower"] == pytest.approx(np.pi * 3000.0**2, rel=1e-3)
    assert gained["nominal"] == pytest.approx(one, rel=1e-3)
    place = TOWER | {"location": {"quality": "candidate_places", "candidate_places": ["T2"]}}
    somewhere = {"type": "Feature", "geometry": None, "properties": place}
    answer = (await post(client, "/scenario", scenario={"add": [somewhere]}))["after"]
    assert [one["reason"] for one in answer["undecided"]["resources"]] == []
    assert answer["covered_m2"]["upper"] > answer["covered_m2"]["nominal"]
    hidden = {"type": "Feature", "geometry": POINT, "properties": TOWER | {"visibility": "internal"}}
    seen = await post(client, "/scenario", scenario={"add": [hidden], "remove": [str(stored)]})
    assert seen["after"]["counts"]["uncertain"] == 1, "the public sees a grid cell"


@pytest.mark.parametrize(
    "given",
    [
        {"colour": "red"},
        {"uncertainty_m": 20},
        {"kind": "shelter"},
        {"lifecycle": "planned"},
        {"operational": "no"},
        {"visibility": "restricted"},
        {"valid_to": "2020-01-01T00:00:00Z"},
        {"exercise": "other"},
        {"form": "checkpoint"},
    ],
)
async def test_an_addition_that_would_be_ignored_is_refused(client, district, given):
    properties = {name: value for name, value in (TOWER | given).items() if name != "watch_radius_m"}
    addition = {"type": "Feature", "geometry": POINT, "properties": properties}
    await post(client, "/scenario", 400, scenario={"add": [addition]}, filter={"form": "watchtower"})


OF_A_SET = set(SetAnswer.__struct_fields__)
EVERY_QUESTION = {
    "": {},
    "/gaps": {},
    "/depth": {},
    "/criticality": {},
    "/scenario": {"scenario": {"remove": []}},
    "/siting": {"siting": {"radius_m": 5000, "grid_m": 5000}},
    "/distance": {
        "demand": {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": POINT}]}
    },
    "/compare": {},
    "/members": {"level": "town"},
}


ELSEWHERE = {"/v1/coverage/minutes"}
"""Asked in `test_minutes.py`, where roads are loaded."""


def test_every_route_of_coverage_is_among_the_questions(app_routes):
    assert {path for path in app_routes if "scenarios" not in path} - ELSEWHERE == {
        f"/v1/coverage{path}" for path in EVERY_QUESTION
    }


@pytest.fixture
def app_routes(client):
    return {
        route.path
        for route in client.app.routes
        if route.path.startswith("/v1/coverage") and "POST" in route.methods
    }


@pytest.mark.parametrize("path", EVERY_QUESTION)
@pytest.mark.parametrize("later", [False, True], ids=["at once", "as a job"])
async def test_every_answer_says_how_complete_it_is(client, district, signed, path, later):
    planner = await signed("planner")
    body = QUESTION | EVERY_QUESTION[path]
    if path == "/compare":
        kept = await client.post(
            "/v1/coverage/scenarios", json={"name": {"en": "s"}, "changes": {}}, headers=planner
        )
        body |= {"scenarios": [kept.json()["id"]]}
    headers = planner | ({"prefer": "respond-async"} if later else {})
    response = await client.post(f"/v1/coverage{path}", json=body, headers=headers)
    if response.status_code == 202:
        location = response.headers["location"]

        async def done():
            return (await client.get(location, headers=planner)).json()["status"] == "successful"

        await until(done, within_s=60)
        response = await client.get(f"{location}/results", headers=planner)
    assert response.status_code == 200, response.text
    assert response.json().keys() >= OF_A_SET
    for inner in _answers(response.json()):
        assert inner.keys() >= OF_A_SET


def _answers(found):
    """The coverage answers anywhere in an answer: all that tell a ratio of an area."""
    if isinstance(found, dict):
        if "by_place" in found:
            yield found
        for value in found.values():
            yield from _answers(value)
    if isinstance(found, list):
        for value in found:
            yield from _answers(value)


@pytest.mark.parametrize(
    "body",
    [
        {"filter": {"opning": "open"}},
        {"siting": {"radius_m": 5000, "capacity": 3}},
        {
            "demand": {
                "type": "FeatureCollection",
                "features": [{"type": "Feature", "geometry": POINT, "x": 1}],
            }
        },
        {"scenario": {"add": [{"type": "Feature", "geometry": POINT, "properties": TOWER | {"x": 1}}]}},
    ],
)
async def test_unknown_members_are_refused(client, district, body):
    path = "/siting" if "siting" in body else "/scenario" if "scenario" in body else ""
    assert "there is no member" in json.dumps(await post(client, path, 400, **body)).lower()
