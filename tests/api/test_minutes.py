"""Nearness in minutes by road: every time looked at, closures that take effect at once, what is unknown."""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from registry.app import create_app
from registry.domain.completeness import SetAnswer
from registry.domain.roads.leg import RoadSpot
from registry.domain.roads.search import RoadSearch
from registry.domain.roads.speeds import read_speeds
from registry.runtime import database
from registry.runtime.database import as_role
from registry.services.roads.load_roads import load_roads
from registry.store.database.pool import Writer
from registry.store.roads.osm_file import read_extract
from tests.api.conftest import UNHURRIED, Client, emptied, serving, signing
from tests.api.near import ids, seen
from tests.builders import a_resource
from tests.roads import SYN60, network_of

SPEEDS = read_speeds(
    b'{"name":"office","source":"a test","kmh":{},'
    b'"factors":[{"condition":"ice","source":"a test","by_class":{},"otherwise":2}]}'
)
AT = (106.640, 29.045)
ORIGIN = {"lon": AT[0], "lat": AT[1]}
TEAMS = {"kind": "rescue_team"}


@pytest.fixture(scope="module")
def search() -> RoadSearch:
    return RoadSearch(network_of(read_extract(SYN60), SPEEDS))


@pytest.fixture(scope="module")
def road_url(new_database) -> str:
    url: str = new_database()

    async def load() -> None:
        async with database.writing(url) as writer:
            await load_roads(writer, SYN60, SPEEDS)

    with asyncio.Runner() as runner:
        runner.run(load())
    return url


@pytest.fixture(scope="module")
async def road_client(road_url: str, tmp_path_factory) -> AsyncIterator[Client]:
    settings = msgspec.structs.replace(UNHURRIED, data_dir=tmp_path_factory.mktemp("data"))
    async with serving(create_app(settings, as_role(road_url))) as opened:
        yield opened


@pytest.fixture
async def ground(road_client: Client, road_url: str) -> AsyncIterator[Writer]:
    async with emptied(road_url) as writer:
        yield writer


@pytest.fixture
async def world(ground: Writer) -> dict[str, RoadSpot]:
    """Teams all over the county and beyond it, by identity; a third of them is uncertain."""
    rng, made = random.Random(5), {}
    for n in range(90):
        lon, lat = rng.uniform(106.59, 106.70), rng.uniform(28.99, 29.09)
        uncertainty_m = rng.uniform(50, 400) if n % 3 == 0 else None
        location = {} if uncertainty_m is None else {"quality": "approximate", "uncertainty_m": uncertainty_m}
        identity = await a_resource(ground, "rescue_team", lon, lat, **location)
        made[str(identity)] = RoadSpot(lon, lat, uncertainty_m or 0.0)
    return made


async def told(client: Client, question: str, status: int = 200, headers=None, **body: Any) -> dict[str, Any]:
    body = {"origin": ORIGIN, "where": TEAMS, "by": "minutes"} | body
    response = await client.post(f"/v1/proximity/{question}", json=body, headers=headers)
    assert response.status_code == status, response.text
    return response.json()


def expected(search: RoadSearch, world: dict[str, RoadSpot]) -> list[tuple[float, str]]:
    """Every known time in order."""
    legs = search.seconds(list(world.values()), RoadSpot(*AT))
    return sorted(
        (leg.seconds_min, one) for one, leg in zip(world, legs, strict=True) if leg.seconds_min is not None
    )


@pytest.mark.parametrize("k", [1, 7, 60])
async def test_the_nearest_in_minutes_are_those_of_every_time(road_client, search, world, k: int) -> None:
    answer = await told(road_client, "nearest", k=k)
    times = expected(search, world)[:k]
    assert ids(answer) == [one for _, one in times]
    for feature, (seconds, _) in zip(answer["features"], times, strict=True):
        travel = feature["properties"]["travel"]
        assert travel["seconds_min"] == pytest.approx(seconds, abs=0.001)
        assert travel["minutes"] == pytest.approx(seconds / 60, abs=0.006)
    roads = answer["roads"]
    assert answer["ranked_by"] == "minutes"
    assert roads["method"] == "free_flow"
    assert roads["data"]["licence"].startswith("© OpenStreetMap contributors")
    assert roads["data"]["speeds"] == "office"
    assert roads["limits_not_compared"] == 2


@pytest.mark.parametrize("minutes", [3.0, 8.0])
async def test_within_minutes_are_all_whose_time_allows_it(
    road_client, search, world, minutes: float
) -> None:
    answer = await told(road_client, "within", max_minutes=minutes)
    assert answer["complete"]
    assert ids(answer) == [one for seconds, one in expected(search, world) if seconds <= minutes * 60]
    assert 0 < len(answer["features"]) < len(world)
    assert not any(feature["properties"]["certain"] for feature in answer["features"])
    few = await told(road_client, "within", max_minutes=minutes, limit=2)
    assert (few["complete"], ids(few)) == (False, ids(answer)[:2])
    asked = {"lon": AT[0], "lat": AT[1], "kind": "rescue_team", "by": "minutes", "max_minutes": minutes}
    found = await road_client.get("/v1/proximity/nearest", params=asked | {"k": 1000})
    assert ids(found.json()) == ids(answer)


async def test_only_the_factors_of_the_office_make_a_hit_certain(road_client, search, world) -> None:
    icy = await told(road_client, "within", max_minutes=8, condition="ice")
    certain = 0
    for feature in icy["features"]:
        travel, is_certain = feature["properties"]["travel"], feature["properties"]["certain"]
        assert is_certain == (travel["seconds_max"] is not None and travel["seconds_max"] <= 480)
        certain += is_certain
    assert certain
    refused = await told(road_client, "within", 400, max_minutes=8, condition="fog")
    assert "known: ice" in refused["detail"]


async def test_what_may_be_quicker_and_what_has_no_time_is_undecided(
    road_client, search, world, ground
) -> None:
    lost = str(await a_resource(ground, "rescue_team", AT[0] - 0.05, 29.0))
    nowhere = str(await a_resource(ground, "rescue_team", None, None))
    answer = await told(road_client, "nearest", k=3)
    undecided = {one["id"]: one["reason"] for one in answer["undecided"]["resources"]}
    assert undecided[nowhere] == "no_position"
    latest = max(f["properties"]["travel"]["seconds_free_flow_max"] for f in answer["features"])
    for seconds, one in expected(search, world)[3:]:
        assert (one in undecided) == (seconds < latest)
    everything = await told(road_client, "nearest", k=200)
    reasons = {one["id"]: one["reason"] for one in everything["roads"]["unknown"]}
    assert reasons[lost] == "no_road_data"
    named = {one["id"]: one["reason"] for one in everything["undecided"]["resources"]}
    assert named[lost] == "no_travel_time"
    assert set(reasons) >= {one for one in world if one not in ids(everything)}


async def test_an_uncertain_spot_and_a_drawn_one_have_intervals(road_client, world) -> None:
    sure = await told(road_client, "nearest", k=90)
    spot = await told(road_client, "nearest", k=90, origin=ORIGIN | {"radius_m": 300})
    ring = [[106.639, 29.044], [106.641, 29.044], [106.641, 29.046], [106.639, 29.046], [106.639, 29.044]]
    drawn = await told(
        road_client, "nearest", k=90, origin={"area": {"type": "Polygon", "coordinates": [ring]}}
    )
    for answer in (spot, drawn):
        for feature in answer["features"]:
            wide = feature["properties"]["travel"]
            exact = next(f for f in sure["features"] if f["id"] == feature["id"])["properties"]["travel"]
            assert wide["seconds_min"] <= exact["seconds_min"] <= wide["seconds_free_flow_max"]


async def shut(client: Client, headers, geometry: Any, **given: Any) -> str:
    identity = given.pop("id", str(uuid4()))
    entry = {"register": "cordon", "id": identity, "name": {"zh": "断桥"}, "kind": "closure"}
    entry |= {"visibility": "public", "geometry": geometry}
    entry |= {"location": {"quality": "surveyed", "uncertainty_m": 5}} | given
    made = await client.put(
        f"/v1/registers/cordon/{identity}", json=entry, headers=headers | {"If-Match": "*"}
    )
    if made.status_code == 412:
        made = await client.put(f"/v1/registers/cordon/{identity}", json=entry, headers=headers)
    assert made.status_code in (200, 201), made.text
    return identity


def around(lon: float, lat: float, deg: float = 0.0004) -> dict[str, Any]:
    ring = [[lon - deg, lat - deg], [lon + deg, lat - deg], [lon + deg, lat + deg], [lon - deg, lat + deg]]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


@pytest.fixture
async def bridges(search: RoadSearch) -> list[dict[str, Any]]:
    """Areas that hold the middle of each bridge."""
    network = search.network
    found = []
    for n in range(len(network.begin)):
        if network.max_t[n] == 20:
            lon = (network.lon[network.begin[n]] + network.lon[network.end[n]]) / 2
            lat = (network.lat[network.begin[n]] + network.lat[network.end[n]]) / 2
            found.append(around(float(lon), float(lat), 0.0001))
    assert len(found) == 2
    return found


async def test_shut_bridges_cut_the_far_bank_off_at_once_and_are_named(
    road_client, road_url, ground, search, bridges
) -> None:
    headers = await signing(road_url)("planner")
    network = search.network
    bridge = next(n for n in range(len(network.begin)) if network.max_t[n] == 20)
    here, there = network.begin[bridge], network.end[bridge]
    origin = {"lon": float(network.lon[here]), "lat": float(network.lat[here])}
    far = str(await a_resource(ground, "rescue_team", float(network.lon[there]), float(network.lat[there])))
    free = seen(await told(road_client, "nearest", origin=origin), Named(far))["travel"]["seconds_min"]
    one = await shut(road_client, headers, bridges[0])
    longer = await told(road_client, "nearest", origin=origin)
    assert [(closure["id"], closure["closes"] > 0) for closure in longer["roads"]["closures"]] == [
        (one, True)
    ]
    assert seen(longer, Named(far))["travel"]["seconds_min"] >= free
    two = await shut(road_client, headers, bridges[1])
    cut = await told(road_client, "nearest", origin=origin)
    assert cut["features"] == []
    assert cut["roads"]["unknown"] == [{"id": far, "reason": "not_connected"}]
    assert {closure["id"] for closure in cut["roads"]["closures"]} == {one, two}
    ignored = await told(road_client, "nearest", origin=origin, closures="ignore")
    assert seen(ignored, Named(far))["travel"]["seconds_min"] == free
    assert ignored["roads"]["closures"] == []
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    await shut(road_client, headers, bridges[0], id=one, ends_at=yesterday)
    again = await told(road_client, "nearest", origin=origin)
    assert ids(again) == [far]
    assert [closure["id"] for closure in again["roads"]["closures"]] == [two]


async def test_a_closure_that_is_hidden_or_not_drawn_or_lets_pass(
    road_client, road_url, ground, bridges
) -> None:
    headers = await signing(road_url)("planner")
    secret = await shut(road_client, headers, bridges[0], visibility="internal")
    passing = await shut(road_client, headers, bridges[1], kind="evacuation")
    loose = await shut(
        road_client, headers, None, location={"quality": "unknown"},
        closes=[{"what": "road", "name": {"zh": "某路"}}],
    )  # fmt: skip
    await a_resource(ground, "rescue_team", *AT)
    public = await told(road_client, "nearest")
    assert [(one["id"], one["drawn"]) for one in public["roads"]["closures"]] == [(loose, False)]
    known = await told(road_client, "nearest", headers=headers)
    assert {one["id"] for one in known["roads"]["closures"]} == {secret, loose}
    assert passing not in {one["id"] for one in known["roads"]["closures"]}


async def test_a_heavy_vehicle_takes_no_bridge_that_does_not_hold_it(road_client, ground, search) -> None:
    network = search.network
    bridge = next(n for n in range(len(network.begin)) if network.max_t[n] == 20)
    there = network.end[bridge]
    far = str(await a_resource(ground, "rescue_team", float(network.lon[there]), float(network.lat[there])))
    here = network.begin[bridge]
    origin = {"lon": float(network.lon[here]), "lat": float(network.lat[here])}
    light = await told(road_client, "nearest", origin=origin, vehicle={"weight_t": 20})
    heavy = await told(road_client, "nearest", origin=origin, vehicle={"weight_t": 32})
    assert ids(light) == [far]
    assert light["roads"]["limits_not_compared"] == 0
    assert heavy["roads"]["unknown"] == [{"id": far, "reason": "not_connected"}]


@pytest.mark.parametrize(
    ("question", "body", "field"),
    [
        ("nearest", {"max_m": 100}, "max_m"),
        ("nearest", {"rank": "distance_max"}, "rank"),
        ("nearest", {"by": "distance", "max_minutes": 5}, "max_minutes"),
        ("nearest", {"by": "distance", "vehicle": {"weight_t": 3}}, "vehicle"),
        ("nearest", {"by": "distance", "closures": "ignore"}, "closures"),
        ("within", {}, "max_minutes"),
        ("within", {"max_minutes": 5, "radius_m": 10}, "radius_m"),
        ("within", {"by": "distance", "condition": "ice"}, "condition"),
    ],
)
async def test_members_that_do_not_go_together_are_refused(road_client, question, body, field) -> None:
    assert field in str(await told(road_client, question, 400, **body))


async def test_without_roads_minutes_are_refused_and_metres_answered(client, stored) -> None:
    near = {"origin": ORIGIN, "where": TEAMS}
    assert (await client.post("/v1/proximity/nearest", json=near)).status_code == 200
    refused = await client.post("/v1/proximity/nearest", json=near | {"by": "minutes"})
    assert refused.status_code == 400
    assert "no roads are loaded" in refused.json()["detail"]


async def test_a_process_and_the_file_of_a_host_answer_alike(road_client, world) -> None:
    near = await told(road_client, "nearest", k=4)
    inputs = {"origin": ORIGIN, "where": TEAMS, "k": 4, "by": "minutes"}
    done = await road_client.post("/ogc/processes/nearest/execution", json={"inputs": inputs})
    assert done.status_code == 200, done.text
    assert ids(done.json()) == ids(near)
    kept = os.listdir(road_client.app.state.settings.data_dir / "roads")
    assert [name.partition(".")[0] for name in kept] == [near["roads"]["data"]["version"]]


async def test_a_batch_is_the_same_as_each_question(road_client, world, ground) -> None:
    await a_resource(ground, "rescue_team", AT[0] - 0.05, 29.0)
    spots = [ORIGIN, {"lon": 106.66, "lat": 29.02, "radius_m": 200}, {"lon": 107.5, "lat": 29.0}]
    body = {"origins": spots, "where": TEAMS, "k": 4, "by": "minutes"}
    asked = await road_client.post("/v1/proximity/batch", json=body)
    assert asked.status_code == 200, asked.text
    answer = asked.json()
    for one, spot in zip(answer["answers"], spots, strict=True):
        alone = await told(road_client, "nearest", k=4, origin=spot)
        assert [hit["id"] for hit in one["hits"]] == ids(alone)
        assert [hit["travel"] for hit in one["hits"]] == [
            feature["properties"]["travel"] for feature in alone["features"]
        ]
        assert one.get("unknown", []) == alone["roads"]["unknown"]
        named = [record["id"] for record in alone["undecided"]["resources"]]
        assert set(one["undecided"]) <= set(named)
        assert one["more_undecided"] or len(named) == len(one["undecided"])
    assert answer["answers"][2]["unknown"][0]["reason"] == "no_road_data"
    assert answer["roads"]["data"] == alone["roads"]["data"]
    many = await road_client.post("/v1/proximity/batch", json=body | {"origins": [ORIGIN] * 101})
    assert many.status_code == 400
    assert "origins" in many.text


async def test_demand_is_reached_as_the_pairs_say(road_client, search, world) -> None:
    rng = random.Random(9)
    points = [(rng.uniform(106.60, 106.69), rng.uniform(29.0, 29.08)) for _ in range(30)] + [(107.5, 29.0)]
    features = [
        {
            "type": "Feature",
            "id": str(n),
            "geometry": {"type": "Point", "coordinates": point},
            "properties": {},
        }
        for n, point in enumerate(points)
    ]
    demand = {"type": "FeatureCollection", "features": features}
    ring = [[106.5, 28.9], [107.6, 28.9], [107.6, 29.2], [106.5, 29.2], [106.5, 28.9]]
    body = {"kind": "rescue_team", "area": {"type": "Polygon", "coordinates": [ring]}, "demand": demand}
    asked = await road_client.post("/v1/coverage/minutes", json=body | {"max_minutes": 2, "condition": "ice"})
    assert asked.status_code == 200, asked.text
    answer = asked.json()
    assert answer.keys() >= set(SetAnswer.__struct_fields__)
    recorded = [spot._replace(radius_m=0.0) for spot in world.values()]
    first = {}
    for n, point in enumerate(points):
        legs = search.seconds(recorded, RoadSpot(*point))
        first[str(n)] = min((leg.seconds_min for leg in legs if leg.seconds_min is not None), default=None)
    late = {n for n, seconds in first.items() if seconds is None or seconds > 120}
    assert {gap["point"]["id"] for gap in answer["gaps"]} == late
    assert answer["gaps_count"] == len(late)
    assert answer["reached"]["nominal"] == len(points) - len(late)
    assert answer["reached"]["lower"] <= answer["reached"]["nominal"] <= answer["reached"]["upper"]
    beyond = next(gap for gap in answer["gaps"] if gap["point"]["id"] == "30")
    assert (beyond["unknown"], beyond["minutes"]["free_flow"]) == ("no_road_data", None)
    assert answer["mean"] is None
    known = sorted(seconds for seconds in first.values() if seconds is not None)
    half = next(one for one in answer["quantiles"] if one["share"] == 0.5)
    assert half["minutes"]["free_flow"] == pytest.approx(known[15] / 60, abs=0.006)
    assert half["minutes"]["lower"] == 0.0
    assert answer["roads"]["data"]["licence"].startswith("© OpenStreetMap")
    without = (await road_client.post("/v1/coverage/minutes", json=body | {"max_minutes": 2})).json()
    assert without["reached"]["lower"] == 0.0
    assert without["reached"]["nominal"] == answer["reached"]["nominal"]


class Named(msgspec.Struct):
    """A record by its identity alone."""

    id: str
