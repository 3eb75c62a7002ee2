"""Rules over synthetic rivers and roads: distances by a geodesic oracle, and never `allowed` unknowing."""

import itertools
import math
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from pyproj import Geod
from shapely.geometry import Point as Spot
from shapely.geometry import shape

from registry.services.seeding import seed
from tests.api.conftest import signing

GEOD = Geod(ellps="WGS84")
QIJIANG = next(
    shape(place["geometry"]) for place in seed.read_features("places.geojson") if place["id"] == "500110"
)
"""The drawn boundary in which the rules of Qijiang are in force."""
SOURCE = {"kind": "assumption", "reference": "synthetic test geometry", "confidence": "assumed"}
RIVER = [(106.60 + 0.004 * n, 29.00 + 0.01 * math.sin(n / 3)) for n in range(60)]
ROAD = [(106.70 + 0.002 * n, 28.90 + 0.0015 * n + 0.002 * math.sin(n / 5)) for n in range(80)]
OPEN = {"type": "Polygon", "coordinates": [[(106.0, 29.0), (106.1, 29.0), (106.1, 29.1), (106.0, 29.1)]]}


@pytest.fixture
def client(plan_client):
    """These tests ask an application over the seeded plans."""
    return plan_client


@pytest.fixture
def signed(plan_url):
    """Keys for it."""
    return signing(plan_url)


@pytest.fixture
async def planner(seeded, signed) -> dict[str, str]:
    return await signed("planner")


def line(points: list[tuple[float, float]]) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": points}


async def draw(client, headers, zone: str, geometry: dict[str, Any], represents: str, **more: Any):
    body = {"geometry": geometry, "represents": represents, "source": SOURCE, **more}
    return await client.put(f"/v1/zones/{zone}/geometry", json=body, headers=headers)


async def ask(
    client, lon: float, lat: float, kind: str, action: str = "build", **more: Any
) -> dict[str, Any]:
    site = {"geometry": {"type": "Point", "coordinates": [lon, lat]}, "facility_kind": kind, "action": action}
    answer = await client.post("/v1/rules/check", json=site | more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def finding(answer: dict[str, Any], rule: str) -> dict[str, Any]:
    return next(item for item in answer["findings"] if item["rule"] == rule)


def nearest_m(points: list[tuple[float, float]], lon: float, lat: float) -> float:
    """Least geodesic distance to the geodesic legs, by golden section on each leg."""

    def along(leg: tuple[Any, Any], t: float) -> float:
        (ax, ay), (bx, by) = leg
        azimuth, _, length = GEOD.inv(ax, ay, bx, by)
        x, y, _ = GEOD.fwd(ax, ay, azimuth, length * t)
        return GEOD.inv(lon, lat, x, y)[2]

    def least(leg: tuple[Any, Any]) -> float:
        low, high, ratio = 0.0, 1.0, (math.sqrt(5) - 1) / 2
        for _ in range(60):
            a, b = high - ratio * (high - low), low + ratio * (high - low)
            low, high = (low, b) if along(leg, a) < along(leg, b) else (a, high)
        return min(along(leg, low), along(leg, 0.0), along(leg, 1.0))

    return min(least(leg) for leg in itertools.pairwise(points))


async def test_without_geometry_nothing_is_allowed(client, planner) -> None:
    for kind in ("chemical_park", "tailings_pond", "shelter"):
        assert (await ask(client, 106.65, 29.0, kind))["outcome"] == "cannot_evaluate"


async def test_distances_agree_with_the_geodesic_oracle(client, planner) -> None:
    assert (await draw(client, planner, "qijiang-river-shore", line(RIVER), "shore")).status_code == 200
    rng = random.Random(5)
    for _ in range(25):
        lon, lat = rng.uniform(106.58, 106.86), rng.uniform(28.97, 29.03)
        found = finding(await ask(client, lon, lat, "chemical_park"), "river-chemical")
        expected = nearest_m(RIVER, lon, lat)
        assert found["distance_m"] == pytest.approx(expected, abs=0.05)
        assert found["distance_to_boundary_m"] == pytest.approx(expected - 1000, abs=0.05)
        inside = "forbidden" if expected <= 1000 else "allowed"
        assert found["outcome"] == (inside if QIJIANG.covers(Spot(lon, lat)) else "not_in_force")


async def test_a_zone_says_when_it_was_drawn(client, planner) -> None:
    before = datetime.now(UTC)
    drawn = (await draw(client, planner, "qijiang-river-shore", line(RIVER), "shore")).json()
    listed = (await client.get("/v1/zones")).json()["zones"]
    stored = next(zone for zone in listed if zone["zone"]["id"] == "qijiang-river-shore")
    assert stored["updated_at"] == drawn["updated_at"]
    assert datetime.fromisoformat(drawn["updated_at"]) >= before


async def test_far_from_a_zone_the_distance_is_within_half_a_per_cent(client, planner) -> None:
    await draw(client, planner, "qijiang-river-shore", line(RIVER), "shore")
    rng = random.Random(6)
    for _ in range(12):
        lon, lat = rng.uniform(105.5, 108.0), rng.choice([rng.uniform(28.0, 28.9), rng.uniform(29.1, 30.0)])
        found = finding(await ask(client, lon, lat, "chemical_park"), "river-chemical")
        assert found["distance_m"] == pytest.approx(nearest_m(RIVER, lon, lat), rel=0.005)
        assert found["outcome"] == ("allowed" if QIJIANG.covers(Spot(lon, lat)) else "not_in_force")


async def test_a_site_elsewhere_is_not_made_undecidable_by_qijiangs_roads(client, planner) -> None:
    yuzhong = await ask(client, 106.57, 29.556, "chemical_project")
    assert yuzhong["outcome"] == "not_in_force"
    assert {item["outcome"] for item in yuzhong["findings"]} == {"not_in_force"}
    assert finding(yuzhong, "river-chemical")["reason"]["en"].startswith("the site lies outside")
    assert (await situation(client, lon=106.57, lat=29.556))["rules"]["cannot_evaluate"] == []
    at_the_border = (await situation(client, lon=106.57, lat=29.556, radius_m=60_000))["rules"]
    assert "river-chemical" in at_the_border["cannot_evaluate"]
    rules = (await client.get("/v1/rules")).json()["rules"]
    assert {rule["territory"] for rule in rules} == {"qijiang"}


async def test_the_edge_of_a_kilometre_is_inside(client, planner) -> None:
    await draw(client, planner, "qijiang-river-shore", line([(106.6, 29.0), (106.7, 29.0)]), "shore")
    for metres, outcome in ((999.9, "forbidden"), (1000.1, "allowed")):
        lon, lat, _ = GEOD.fwd(106.6, 29.0, 270, metres)
        found = finding(await ask(client, lon, lat, "chemical_project"), "river-chemical")
        assert found["outcome"] == outcome


async def test_two_river_rules_have_different_verbs_and_one_exception(client, planner) -> None:
    await draw(client, planner, "qijiang-river-shore", line(RIVER), "shore")
    spot = RIVER[10]

    async def outcome(kind: str, action: str, **more: Any) -> list[str]:
        answer = await ask(client, *spot, kind, action, **more)
        return [f["outcome"] for f in answer["findings"] if f["rule"].startswith("river")]

    assert await outcome("chemical_park", "build") == ["forbidden"]
    assert await outcome("chemical_park", "expand") == ["forbidden"]
    assert await outcome("chemical_park", "rebuild") == []
    assert await outcome("tailings_pond", "rebuild") == ["forbidden"]
    assert await outcome("tailings_pond", "rebuild", purpose="raise_safety") == ["allowed"]
    assert await outcome("tailings_pond", "build", purpose="raise_safety") == ["forbidden"]
    assert await outcome("shelter", "build") == []


async def test_a_word_outside_the_vocabulary_is_never_waved_through(client, planner) -> None:
    await draw(client, planner, "qijiang-river-shore", line(RIVER), "shore")
    answer = await ask(client, *RIVER[10], "chemistry_works")
    assert answer["outcome"] == "cannot_evaluate"
    assert finding(answer, "river-chemical")["outcome"] == "cannot_evaluate"


def along_road(first_km: float) -> list[float]:
    km = [first_km]
    for a, b in itertools.pairwise(ROAD):
        km.append(km[-1] + GEOD.inv(*a, *b)[2] / 1000)
    return km


async def load_roads(client, headers) -> None:
    zones = (await client.get("/v1/zones")).json()["zones"]
    for item in zones:
        zone = item["zone"]
        if zone["kind"] == "river_shore":
            await draw(client, headers, zone["id"], line(RIVER), "shore")
        elif zone["id"] == "yuqian-land":
            measures = {"measures_km": [along_road(1033.0)]}
            drawn = await draw(client, headers, zone["id"], line(ROAD), "land_edge", **measures)
            assert drawn.status_code == 200, drawn.text
        else:
            far = [(108.0, 31.0), (108.1, 31.0)]
            await draw(client, headers, zone["id"], line(far), "land_edge")


async def test_the_control_zone_is_measured_from_the_edge_with_road_and_kilometre(client, planner) -> None:
    await load_roads(client, planner)
    (ax, ay), (bx, by) = ROAD[40], ROAD[41]
    azimuth, _, length = GEOD.inv(ax, ay, bx, by)
    mx, my, _ = GEOD.fwd(ax, ay, azimuth, length / 2)
    for metres, outcome in ((29.5, "forbidden"), (30.5, "allowed")):
        lon, lat, _ = GEOD.fwd(mx, my, azimuth + 90, metres)
        answer = await ask(client, lon, lat, "shelter")
        found = finding(answer, "road-control-30")
        assert (found["outcome"], answer["outcome"]) == (outcome, outcome)
        assert found["distance_m"] == pytest.approx(metres, abs=0.02)
        if outcome == "forbidden":
            assert found["road"] == "yuqian"
            km = along_road(1033.0)
            assert found["chainage_km"] == pytest.approx((km[40] + km[41]) / 2, abs=0.001)
            assert found["provision"] == "qj-hw-zone30"
    inside = await ask(client, mx, my, "shelter", purpose="local_road")
    assert inside["outcome"] == "needs_review"
    assert (await ask(client, mx, my, "shelter", purpose="industrial_estate"))["outcome"] == "needs_review"
    assert "会商" in finding(inside, "road-control-30")["exemption"]["zh"]


async def test_a_centre_line_cannot_say_that_a_site_is_outside(client, planner) -> None:
    await load_roads(client, planner)
    (ax, ay), (bx, by) = ROAD[40], ROAD[41]
    azimuth, _, _ = GEOD.inv(ax, ay, bx, by)

    async def at(metres: float) -> str:
        lon, lat, _ = GEOD.fwd(ax, ay, azimuth + 90, metres)
        return finding(await ask(client, lon, lat, "shelter"), "road-control-30")["outcome"]

    await draw(client, planner, "yuqian-land", line(ROAD), "centre_line")
    assert [await at(25), await at(40), await at(4000)] == ["forbidden", "cannot_evaluate", "cannot_evaluate"]
    await draw(client, planner, "yuqian-land", line(ROAD), "centre_line", offset_max_m=40)
    assert [await at(25), await at(60), await at(90)] == ["forbidden", "cannot_evaluate", "allowed"]
    await draw(client, planner, "yuqian-land", line(ROAD), "drain_edge")
    assert [await at(32), await at(34)] == ["forbidden", "allowed"]


async def test_a_road_is_kept_to_its_range_of_kilometres(client, planner) -> None:
    await load_roads(client, planner)
    measures = {"measures_km": [along_road(1100.0)]}
    drawn = await draw(client, planner, "yuqian-land", line(ROAD), "land_edge", **measures)
    assert drawn.status_code == 200
    km = along_road(1100.0)
    assert km[-1] > 1105 > km[0]
    beyond = ROAD[-1]
    found = finding(await ask(client, *beyond, "shelter"), "road-control-30")
    assert found["outcome"] == "allowed"
    position = (await client.get("/v1/zones/yuqian-land/position", params={"km": 1105})).json()
    lon, lat = position["geometry"]["coordinates"]
    assert found["distance_m"] == pytest.approx(GEOD.inv(*beyond, lon, lat)[2], abs=30)
    n = max(i for i, value in enumerate(km) if value <= 1102)
    spot = (await client.get("/v1/zones/yuqian-land/position", params={"km": 1102})).json()["geometry"]
    assert GEOD.inv(*ROAD[n], *spot["coordinates"])[2] == pytest.approx((1102 - km[n]) * 1000, abs=0.5)


async def test_a_kilometre_without_geometry_cannot_be_told(client, planner) -> None:
    answer = await client.get("/v1/zones/qiwan-land/position", params={"km": 12})
    assert answer.json()["outcome"] == "cannot_evaluate"
    found = (await client.get("/v1/zones", params={"road": "yuzhu", "km": 86})).json()["zones"]
    assert [item["zone"]["id"] for item in found] == ["yuzhu-85-land", "yuzhu-85-ramps"]
    gap = (await client.get("/v1/zones", params={"road": "yuzhu", "km": 60})).json()["zones"]
    assert gap == []


async def test_ground_that_is_drawn_as_an_area_has_no_distance_inside(client, planner) -> None:
    await load_roads(client, planner)
    ring = [(106.7, 28.9), (106.71, 28.9), (106.71, 28.91), (106.7, 28.91), (106.7, 28.9)]
    area = {"type": "Polygon", "coordinates": [ring]}
    assert (await draw(client, planner, "qiwan-land", area, "land_edge")).status_code == 200
    inside = await ask(client, 106.705, 28.905, "housing")
    assert finding(inside, "road-land")["outcome"] == "forbidden"
    assert finding(inside, "road-land")["distance_m"] == 0
    site = {
        "type": "Polygon",
        "coordinates": [[(106.712, 28.9), (106.72, 28.9), (106.72, 28.91), (106.712, 28.9)]],
    }
    body = {"geometry": site, "facility_kind": "housing", "action": "build"}
    beside = (await client.post("/v1/rules/check", json=body)).json()
    expected = GEOD.inv(106.71, 28.9, 106.712, 28.9)[2]
    assert finding(beside, "road-land")["distance_m"] == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize(
    ("zone", "change", "status"),
    [
        ("yuqian-land", {"represents": "shore"}, 422),
        ("qijiang-river-shore", {"represents": "land_edge"}, 422),
        ("qijiang-river-shore", {"measures_km": [[0, 1]]}, 422),
        ("yuqian-land", {"represents": "land_edge", "measures_km": [[1, 2, 3]]}, 422),
        ("yuqian-land", {"represents": "land_edge", "measures_km": [[1, 1]]}, 422),
        ("yuqian-land", {"represents": "land_edge", "geometry": line([(106.0, 29.0), (106.0, 29.0)])}, 422),
        (
            "yuqian-land",
            {"represents": "land_edge", "geometry": {"type": "Point", "coordinates": [1, 2]}},
            422,
        ),
        ("yuqian-land", {"represents": "land_edge", "geometry": line([(106.0, 29.0), (-74.0, -29.0)])}, 422),
        ("qiwan-land", {"represents": "land_edge", "geometry": OPEN}, 422),
        ("yuqian-land", {"represents": "land_edge", "uncertainty_m": -1}, 422),
        ("nowhere", {}, 404),
    ],
)
async def test_geometry_that_contradicts_its_zone_is_refused(client, planner, zone, change, status) -> None:
    body = {
        "geometry": line([(106.0, 29.0), (106.1, 29.0)]),
        "represents": "shore",
        "source": SOURCE,
    } | change
    answer = await client.put(f"/v1/zones/{zone}/geometry", json=body, headers=planner)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_only_a_planner_draws(client, seeded, signed) -> None:
    for role, status in (("viewer", 403), ("field", 403)):
        answer = await draw(client, await signed(role), "qijiang-river-shore", line(RIVER), "shore")
        assert answer.status_code == status
    assert (await draw(client, {}, "qijiang-river-shore", line(RIVER), "shore")).status_code in (401, 403)


@pytest.mark.parametrize(
    "site",
    [
        {
            "geometry": {"type": "Point", "coordinates": [106, 95]},
            "facility_kind": "shelter",
            "action": "build",
        },
        {"geometry": {"type": "Point", "coordinates": [106, 29]}, "facility_kind": "", "action": "build"},
        {"geometry": {"type": "Point", "coordinates": [106, 29]}, "facility_kind": "shelter"},
        {"facility_kind": "shelter", "action": "build"},
        {"geometry": None, "facility_kind": "shelter", "action": "build"},
    ],
)
async def test_a_site_that_cannot_be_judged_is_refused(client, planner, site) -> None:
    assert (await client.post("/v1/rules/check", json=site)).status_code == 400


async def situation(client, **origin: Any) -> dict[str, Any]:
    answer = await client.post("/v1/proximity/situation", json={"origin": origin})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_rules_of_a_situation_are_those_of_all_that_it_may_be(client, planner) -> None:
    await draw(client, planner, "qijiang-river-shore", line([(106.6, 29.0), (106.7, 29.0)]), "shore")

    async def said(**origin: Any) -> str:
        rules = (await situation(client, **origin))["rules"]
        found = [one["outcome"] for one in rules["reach_here"] if one["rule"] == "river-chemical"]
        return found[0] if found else "vague" if "river-chemical" in rules["cannot_evaluate"] else "none"

    north = {m: GEOD.fwd(106.65, 29.0, 0, m)[1] for m in (900, 1500, 3000)}
    assert await said(lon=106.65, lat=north[900]) == "forbidden"
    assert await said(lon=106.65, lat=north[1500]) == "none"
    assert await said(lon=106.65, lat=north[900], radius_m=50) == "forbidden"
    assert await said(lon=106.65, lat=north[900], radius_m=500) == "vague"
    assert await said(lon=106.65, lat=north[1500], radius_m=600) == "vague"
    assert await said(lon=106.65, lat=north[1500], radius_m=400) == "none"
    far = line([(106.65, north[1500]), (106.65, north[3000])])
    assert await said(line=far) == "none"
    assert await said(line=far, width_m=1100) == "forbidden"
    ring = [(106.64, north[900]), (106.66, north[900]), (106.65, north[3000]), (106.64, north[900])]
    assert await said(area={"type": "Polygon", "coordinates": [ring]}) == "forbidden"


async def test_a_site_with_an_edge_half_around_the_earth_is_measured(client, planner) -> None:
    """Nobody can say which way a geodesic between antipodes goes; one straight in lon/lat goes one way."""
    await load_roads(client, planner)
    site = line([(-80.0, 1.175494351e-38), (100.0, 0.0), (108.0, 30.0)])
    body = {"geometry": site, "facility_kind": "shelter", "action": "build"}
    answer = await client.post("/v1/rules/check", json=body)
    assert answer.status_code == 200, answer.text
    ring = [(-180.0, 0.0), (0.0, 0.0), (180.0, 0.0), (180.0, 40.0), (-180.0, 40.0), (-180.0, 0.0)]
    rules = (await situation(client, area={"type": "Polygon", "coordinates": [ring]}))["rules"]
    assert "river-chemical" in {one["rule"] for one in rules["reach_here"]}


async def test_f13_a_chainage_is_an_origin_once_its_road_is_drawn(client, planner) -> None:
    question = {"road": "yuqian", "chainage_km": 1033.05, "kind": "rescue_team", "k": 1, "exercise": "demo"}
    before = await client.get("/v1/proximity/nearest", params=question)
    assert (before.status_code, before.json()["type"]) == (422, "/docs/problems#no-geometry")
    await load_roads(client, planner)
    km = along_road(1033.0)
    question["chainage_km"] = km[7]
    answer = (await client.get("/v1/proximity/nearest", params=question)).json()
    told = answer["origin"]
    assert GEOD.inv(told["lon"], told["lat"], *ROAD[7])[2] < 0.5
    (hit,) = answer["features"]
    expected = GEOD.inv(*ROAD[7], *hit["geometry"]["coordinates"])[2]
    assert hit["properties"]["distance_m"] == pytest.approx(expected, abs=0.5)
    for path in ("within?radius_m=1000&", "covering?"):
        found = await client.get(f"/v1/proximity/{path}road=yuqian&chainage_km={km[7]}")
        assert found.status_code == 200, found.text
    assert (await situation(client, road="yuqian", chainage_km=km[7]))["origin"] == told
    unknown = await client.get("/v1/proximity/nearest", params={"road": "G75", "chainage_km": 1060})
    assert unknown.status_code == 422
    assert "yuqian" in unknown.json()["detail"]
