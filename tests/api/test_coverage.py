"""GET /v1/coverage: whole requests over a small world."""

import asyncio
import json
from urllib.parse import quote
from uuid import UUID

import msgspec
import numpy as np
import pytest
import shapely
import sqlalchemy as sa
from pyproj import Geod

from registry.domain.identity import new_id
from registry.domain.records.resource import KINDS
from registry.jobs.analysis_process import AnalysisProcess
from registry.jobs.runner import BY_CLOCK
from registry.jobs.worker_main import COVERS, StepProgress
from registry.store import jobs
from registry.store.database.query import Query
from registry.store.jobs import Claim
from registry.store.places import places
from tests.builders import a_resource, an_inventory
from tests.waiting import until

GEOD = Geod(ellps="WGS84")
STORED = {"process": "gaps", "owner": "anonymous", "estimate_s": 5.0, "task": None}
"""A job without a task, which no worker claims."""
PLACE = {
    "list_version": "test",
    "parent": None,
    "name_en": None,
    "extent_radius_m": None,
    "point": None,
    "point_uncertainty_m": None,
    "partner": None,
    "flags": {},
    "valid_from": None,
    "valid_to": None,
    "source": None,
}
DISTRICT = shapely.box(106.0, 29.0, 106.4, 29.2)
TOWNS = {"T1": shapely.box(106.0, 29.0, 106.2, 29.2), "T2": shapely.box(106.2, 29.0, 106.3, 29.2)}


def a_place(code, level, extent=None, basis="boundary", **given):
    shape = None if extent is None else shapely.to_geojson(extent)
    basis = basis if extent is not None else "none"
    return (
        PLACE
        | {"code": code, "level": level, "name_zh": code, "extent": shape, "extent_basis": basis}
        | given
    )


@pytest.fixture
async def world(stored):
    """A district, two towns that leave a part of it, a town without extent, an area of one town.

    All lists are declared complete.
    """
    rows = [a_place("D", "district", DISTRICT)]
    rows += [a_place(code, "town", box, "voronoi", parent="D") for code, box in TOWNS.items()]
    rows += [a_place("T3", "town", parent="D"), a_place("M", "management_area", parent="D")]
    rows += [a_place("E", "district")]
    await places.upsert(stored, rows)
    await places.set_members(stored, "M", ["T1"])
    await places.derive(stored)
    for kind in KINDS:
        await an_inventory(stored, kind)
        await an_inventory(stored, kind, exercise="drill")
    return stored


TOWER = {"kind": "fire_watch_point", "name": {"zh": "拟建塔"}}


async def watch(writer, lon=106.1, lat=29.1, **given):
    given = {"kind": "fire_watch_point", "form": "infrared_camera", "watch_radius_m": 4_000.0} | given
    return await a_resource(writer, lon=lon, lat=lat, **given)


async def ask(client, **given):
    response = await client.get("/v1/coverage", params={"kind": "fire_watch_point"} | given)
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_district_is_measured_and_parted_by_its_towns(client, world):
    await watch(world)
    await watch(world, lon=106.35, uncertainty_m=500.0)
    answer = await ask(client, place="D")
    ring, widened = np.pi * 4_000.0**2, np.pi * 4_500.0**2
    assert answer["covered_m2"]["nominal"] == pytest.approx(2 * ring, rel=1e-4)
    assert answer["covered_m2"]["upper"] == pytest.approx(2 * ring, rel=1e-4), "it covers no more anywhere"
    possible = (await post(client, "/gaps"))["possible_gaps"]["uncovered_m2"]
    assert possible == pytest.approx(widened - ring, rel=1e-3)
    assert answer["area_m2"] == pytest.approx(
        GEOD.geometry_area_perimeter(shapely.segmentize(DISTRICT, 0.001))[0]
    )
    assert [p["place"] for p in answer["by_place"]] == ["T1", "T2", "D"]
    assert sum(p["area_m2"] for p in answer["by_place"]) == pytest.approx(answer["area_m2"], rel=1e-9)
    assert answer["assumed_extent"] == ["T1", "T2"]
    assert answer["counts"] == {"resources": 2, "located": 2, "uncertain": 1, "untestable": 0}


async def test_a_point_known_only_by_its_town_gives_an_interval(client, world):
    await watch(world, lon=None, quality="candidate_places", candidate_places=["T3"], watch_radius_m=30_000.0)
    answer = await ask(client, place="D")
    assert answer["ratio"]["lower"] == answer["ratio"]["nominal"] < 0.9
    assert answer["ratio"]["upper"] == 1.0
    near = await ask(client, place="M")
    assert near["ratio"]["upper"] == 1.0


async def test_what_cannot_be_tested_is_named(client, world):
    await watch(world, form="checkpoint", watch_radius_m=None, name={"zh": "检查站"})
    await watch(world, lon=120.0, form="checkpoint", watch_radius_m=None)
    answer = await ask(client, place="D")
    assert answer["ratio"] == {"lower": 0.0, "nominal": 0.0, "upper": 0.0}, "a checkpoint watches no area"
    assert answer["excluded"] == {"watch_radius_m": {"not_stated": 1, "otherwise": 0, "nearest": None}}
    await watch(world, form="watchtower", watch_radius_m=None, name={"zh": "瞭望塔"})
    answer = await ask(client, place="D")
    named = [(u["name"]["zh"], u["reason"], u["unknown"]) for u in answer["undecided"]["resources"]]
    assert named == [("瞭望塔", "unknown_value", ["watch_radius_m"])]
    assert answer["ratio"] == {"lower": 0.0, "nominal": 0.0, "upper": 1.0}


async def test_sight_decides_what_is_counted_and_from_where(client, world):
    await watch(world, visibility="restricted")
    await watch(world, exercise="drill")
    assert (await ask(client, place="D"))["counts"]["resources"] == 0
    assert (await ask(client, place="D", exercise="drill"))["counts"]["resources"] == 1
    await watch(world, lon=106.11, lat=29.11, visibility="internal")
    shown = await ask(client, place="D")
    assert shown["counts"] == {"resources": 1, "located": 1, "uncertain": 1, "untestable": 0}
    assert shown["ratio"]["lower"] < shown["ratio"]["nominal"] < shown["ratio"]["upper"]


async def test_only_what_works_in_service_counts(client, world):
    await watch(world, lifecycle="planned")
    await watch(world, operational="no")
    await watch(world, valid_to="2020-01-01T00:00:00Z")
    assert (await ask(client, place="D"))["counts"]["resources"] == 0
    assert (await ask(client, place="D", lifecycle="planned"))["counts"]["resources"] == 1


async def test_an_area_drawn_by_hand_is_parted_by_the_towns_it_touches(client, world):
    await watch(world)
    area = shapely.to_geojson(shapely.box(106.1, 29.05, 106.35, 29.15))
    answer = await ask(client, area=area)
    assert [p["place"] for p in answer["by_place"]] == ["T1", "T2", None]


async def test_a_watcher_outside_the_area_covers_what_it_reaches(client, world):
    await watch(world, lon=105.98, lat=29.1)
    answer = await ask(client, place="D")
    assert 0 < answer["covered_m2"]["nominal"] < np.pi * 4_000.0**2 / 2


async def test_kinds_without_a_radius_need_one_with_a_reason(client, world):
    await a_resource(world, kind="rescue_team", lon=106.1, lat=29.1)
    for given in ({}, {"radius_m": 3000}, {"radius_m": -1, "reason": "rule"}):
        response = await client.get("/v1/coverage", params={"kind": "rescue_team", "place": "D", **given})
        assert response.status_code == 400
        assert response.headers["content-type"] == "application/problem+json"
    answer = await ask(client, place="D", kind="rescue_team", radius_m=3_000, reason="15 minutes on foot")
    assert answer["covered_m2"]["nominal"] == pytest.approx(np.pi * 3_000.0**2, rel=1e-4)


BOWTIE = json.dumps(
    {"type": "Polygon", "coordinates": [[[106, 29], [107, 30], [107, 29], [106, 30], [106, 29]]]}
)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("place=nowhere", 400),
        ("place=E", 400),
        ("", 400),
        ("place=D&area=" + quote(BOWTIE), 400),
        ("area=" + quote(BOWTIE), 422),
        ("area=" + quote(json.dumps({"type": "Point", "coordinates": [106, 29]})), 400),
        ("area=" + quote(BOWTIE.replace("107", "NaN")), 400),
        ("place=D&colour=red", 400),
    ],
)
async def test_questions_that_cannot_be_asked_are_refused(client, world, query, status):
    response = await client.get(f"/v1/coverage?kind=fire_watch_point&{query}")
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"


async def post(client, path, status=200, **body):
    body = {"kind": "fire_watch_point", "place": "D"} | body
    response = await client.post(f"/v1/coverage{path}", json=body)
    assert response.status_code == status, response.text
    return response.json()


async def test_gaps_are_split_by_town_and_add_up(client, world):
    await watch(world, lon=106.2)
    answer = await post(client, "/gaps")
    gaps = answer["certain_gaps"]
    assert answer["possible_gaps"]["gaps"] == []
    assert {g["place"] for g in gaps["gaps"]} == {"T1", "T2", "D"}
    assert [g["rank"] for g in gaps["gaps"]] == list(range(1, len(gaps["gaps"]) + 1))
    total = sum(g["area_m2"] for g in gaps["gaps"]) + gaps["slivers_area_m2"]
    assert total + answer["covered_m2"]["nominal"] == pytest.approx(answer["area_m2"], rel=1e-9)
    assert shapely.from_geojson(json.dumps(gaps["gaps"][0]["geometry"])).is_valid


async def test_depth_and_criticality_of_two_overlapping_points(client, world):
    one = await watch(world)
    two = await watch(world, lon=106.15)
    await watch(world, lon=106.15, lat=29.1, watch_radius_m=100.0)
    depth = await post(client, "/depth", levels=2)
    assert [level["depth"] for level in depth["levels"]] == [1, 2]
    assert [(f["depth"], f["or_more"]) for f in depth["faces"]] == [(0, False), (1, False), (2, True)]
    found = await post(client, "/criticality")
    assert {r["id"] for r in found["resources"][:2]} == {str(one), str(two)}
    assert found["resources"][2]["sole_m2"] == {"lower": 0.0, "nominal": 0.0, "upper": 0.0}
    once, twice = (level["area_m2"]["nominal"] for level in depth["levels"])
    for bound in ("lower", "nominal", "upper"):
        alone = sum(r["sole_m2"][bound] for r in found["resources"])
        assert alone == pytest.approx(once - twice, rel=1e-6)
    assert found["covered_once_m2"]["nominal"] == pytest.approx(once - twice, rel=1e-6)


async def test_min_depth_asks_for_cover_by_two(client, world):
    await watch(world)
    await watch(world)
    await watch(world, lon=106.3)
    twice = await post(client, "", min_depth=2)
    assert twice["covered_m2"]["nominal"] == pytest.approx(np.pi * 4_000.0**2, rel=1e-4)
    assert twice["min_depth"] == 2


async def test_demand_is_counted_with_its_weights_and_its_basis(client, world):
    await watch(world)
    spots = [[106.1, 29.1, 3], [106.1, 29.13, 4], [106.3, 29.1, 5]]
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": s[:2]},
            "properties": {"weight": s[2]},
        }
        for s in spots
    ]
    answer = await post(client, "", demand={"type": "FeatureCollection", "features": features})
    assert answer["demand"]["covered"] == {"lower": 7.0, "nominal": 7.0, "upper": 7.0}
    assert [p["weight"] for p in answer["demand"]["uncovered"]] == [5.0]
    towns = await post(client, "", demand={"type": "places", "level": "town"})
    missing = [(one["id"], one["lacks"]) for one in towns["demand"]["missing"]]
    assert missing == [("T1", "point"), ("T2", "point"), ("T3", "point")]
    assert towns["demand"]["ratio"] == {"lower": 0.0, "nominal": 0.0, "upper": 1.0}
    people = await post(client, "", demand={"type": "places", "level": "town", "weight": "population"})
    assert [one["lacks"] for one in people["demand"]["missing"]] == ["weight"] * 3
    assert [people["demand"][name] for name in ("total", "covered", "ratio")] == [None] * 3


async def test_a_scenario_adds_moves_and_removes_without_storing(client, world):
    one, two = await watch(world), await watch(world, lon=106.3)
    far = await watch(world, lon=107.5)
    added = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [106.2, 29.05]}}
    changes = {
        "add": [added | {"properties": TOWER | {"watch_radius_m": 2000, "form": None}}],
        "move": [{"id": str(far), "geometry": {"type": "Point", "coordinates": [106.36, 29.15]}}],
        "remove": [str(one)],
    }
    answer = await post(client, "/scenario", scenario=changes)
    before, after, difference = answer["before"], answer["after"], answer["difference"]
    assert before["covered_m2"]["nominal"] == pytest.approx(2 * np.pi * 4_000.0**2, rel=1e-4)
    assert difference["lost_m2"]["nominal"] == pytest.approx(np.pi * 4_000.0**2, rel=1e-4)
    net = difference["gained_m2"]["nominal"] - difference["lost_m2"]["nominal"]
    assert net == pytest.approx(after["covered_m2"]["nominal"] - before["covered_m2"]["nominal"], rel=1e-6)
    assert difference["gained"]["type"] == "MultiPolygon"
    assert (await ask(client, place="D"))["counts"]["resources"] == 2
    unknown = {"remove": ["00000000-0000-7000-8000-000000000000"]}
    assert "no resource" in (await post(client, "/scenario", 400, scenario=unknown))["detail"]
    assert "scenario or saved" in (await post(client, "/scenario", 400))["detail"]
    assert two


async def test_siting_closes_the_gap_and_proves_it(client, world):
    await watch(world)
    siting = {"model": "mclp", "sites": 2, "radius_m": 4000, "grid_m": 3000}
    answer = await sited(client, siting=siting)
    assert (answer["status"], len(answer["sites"]["features"])) == ("optimal", 2)
    added = answer["after"]["covered_m2"]["nominal"] - answer["before"]["covered_m2"]["nominal"]
    assert added == pytest.approx(2 * np.pi * 4_000.0**2, rel=0.1)
    zone = json.loads(shapely.to_geojson(shapely.box(106.0, 29.0, 106.3, 29.2)))
    kept_out = await sited(client, siting=siting, forbidden=[zone])
    assert all(f["geometry"]["coordinates"][0] >= 106.3 for f in kept_out["sites"]["features"])
    few = await sited(client, siting={"model": "lscp", "target": 0.5, "radius_m": 6000, "grid_m": 4000})
    assert few["covered_weight"]["lower"] >= 0.5 * few["demand_weight"]
    assert few["objective"] == few["bound"] == len(few["sites"]["features"])


async def finished(client, location):
    async def outcome():
        status = (await client.get(location)).json()
        return None if status["status"] in ("accepted", "running") else status

    return await until(outcome, within_s=60)


async def sited(client, **body):
    response = await client.post(
        "/v1/coverage/siting", json={"kind": "fire_watch_point", "place": "D"} | body
    )
    if response.status_code == 202:
        status = await finished(client, response.headers["location"])
        assert status["status"] == "successful", status
        response = await client.get(f"{response.headers['location']}/results")
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_job_is_accepted_runs_and_keeps_its_result(client, world):
    await watch(world)
    question = {"kind": "fire_watch_point", "place": "D"}
    response = await client.post("/v1/coverage", json=question, headers={"prefer": "respond-async"})
    accepted = response.json()
    assert (response.status_code, accepted["status"], accepted["type"]) == (202, "accepted", "process")
    assert {"processID", "jobID", "created", "updated", "progress", "links"} <= set(accepted)
    location = response.headers["location"]
    status = await finished(client, location)
    assert (status["status"], status["progress"]) == ("successful", 100)
    assert status["links"][1]["href"] == f"{location}/results"
    result = (await client.get(f"{location}/results")).json()
    assert result["ratio"] == (await post(client, ""))["ratio"]


async def test_a_dismissed_job_stops_and_has_no_result(client, world):
    hard = {"model": "mclp", "sites": 40, "radius_m": 2500, "grid_m": 500, "time_limit_s": 60}
    response = await client.post(
        "/v1/coverage/siting", json={"kind": "fire_watch_point", "place": "D", "siting": hard}
    )
    assert response.status_code == 202
    location = response.headers["location"]

    async def progress():
        status = (await client.get(location)).json()
        return status if status["progress"] > 0 else None

    status = await until(progress)
    assert (status["status"], status["message"]) == ("running", BY_CLOCK)
    assert (await client.get(f"{location}/results")).status_code == 409
    gone = await client.delete(location)
    assert (gone.status_code, gone.json()["status"]) == (200, "dismissed")
    assert not client.app.state.runner.holds(UUID(gone.json()["jobID"]))
    assert (await client.get(location)).json()["status"] == "dismissed"


async def test_a_job_tells_the_covers_that_are_worked_out(client, stored):
    identity = new_id(1)
    await jobs.insert(stored, STORED | {"id": identity})
    await stored.run(Query(sa.text("UPDATE job SET status = 'running', attempts = 1")), {})
    claim = Claim(identity, "coverage", b"", 1, 5.0)
    assert await client.app.state.runner._renew(claim, StepProgress(COVERS, 1, 3), 0.0)
    status = (await client.get(f"/v1/jobs/{identity}")).json()
    assert (status["progress"], status["message"]) == (33, "1 of 3 covers are worked out")


async def test_a_job_that_outgrows_its_time_ends_with_an_error(client, world, monkeypatch):
    runner = client.app.state.runner
    monkeypatch.setattr(runner, "_settings", msgspec.structs.replace(runner._settings, job_time_s=0.01))
    response = await client.post(
        "/v1/coverage", json={"kind": "fire_watch_point", "place": "D"}, headers={"prefer": "respond-async"}
    )
    status = await finished(client, response.headers["location"])
    assert status["status"] == "failed"
    assert "longer than" in status["message"]
    results = await client.get(f"{response.headers['location']}/results")
    assert results.status_code == 422


async def test_a_job_that_outgrows_its_memory_ends_alone(client, world, monkeypatch):
    runner = client.app.state.runner
    monkeypatch.setattr(runner, "_settings", msgspec.structs.replace(runner._settings, job_memory_mb=1))
    response = await client.post(
        "/v1/coverage", json={"kind": "fire_watch_point", "place": "D"}, headers={"prefer": "respond-async"}
    )
    status = await finished(client, response.headers["location"])
    assert status["status"] == "failed"
    assert "memory" in status["message"]
    assert (await client.get("/health/live")).status_code == 200


async def test_no_job_is_taken_when_too_many_wait(client, world):
    for number in range(client.app.state.settings.job_processes * 10):
        await jobs.insert(world, STORED | {"id": new_id(number)})
    response = await client.post(
        "/v1/coverage", json={"kind": "fire_watch_point", "place": "D"}, headers={"prefer": "respond-async"}
    )
    assert response.status_code == 503
    assert response.headers["retry-after"] == "30"


async def test_dismissed_jobs_leave_their_places_to_others_at_once(client, world):
    """Somebody who changes their mind more often than there are places is still served."""
    question, later = {"kind": "fire_watch_point", "place": "D"}, {"prefer": "respond-async"}
    for _ in range(3 * client.app.state.settings.job_processes * 10):
        accepted = await client.post("/v1/coverage", json=question, headers=later)
        assert accepted.status_code == 202, accepted.text
        location = accepted.headers["location"]
        assert (await client.delete(location)).json()["status"] == "dismissed"
        assert (await client.get(location)).json()["status"] == "dismissed"


async def test_a_job_that_is_dismissed_by_several_at_once_leaves_no_process(client, world, monkeypatch):
    """A second dismissal does not interrupt the clearing up of the first."""
    begun: list[AnalysisProcess] = []
    monkeypatch.setattr(
        "registry.jobs.runner.AnalysisProcess",
        lambda order: begun.append(AnalysisProcess(order)) or begun[-1],
    )
    question, later = {"kind": "fire_watch_point", "place": "D"}, {"prefer": "respond-async"}
    for _ in range(5):
        location = (await client.post("/v1/coverage", json=question, headers=later)).headers["location"]
        await until(lambda: begun and begun[-1].pid is not None)
        answers = await asyncio.gather(*(client.delete(location) for _ in range(5)))
        assert {answer.json()["status"] for answer in answers} == {"dismissed"}
        assert begun.pop().pid is None


async def test_an_unknown_job_is_not_found(client, world):
    for path in ("", "/results"):
        response = await client.get(f"/v1/jobs/00000000-0000-7000-8000-000000000000{path}")
        assert response.status_code == 404


async def test_towns_without_a_team_are_named_with_the_denominator(client, world):
    await a_resource(world, kind="rescue_team", lon=None, place="T1")
    question = {"kind": "rescue_team", "place": "D"}
    answer = (await client.post("/v1/coverage/members", json=question)).json()
    assert [u["code"] for u in answer["without"]] == ["T2", "T3"]
    assert answer["ratio"] == pytest.approx({"lower": 1 / 3, "nominal": 1 / 3, "upper": 1 / 3})
    assert answer["denominator"] == "all 3 places of level town in D"
    either = {"quality": "candidate_places", "candidate_places": ["T2", "T3"]}
    await a_resource(world, kind="rescue_team", lon=None, **either)
    answer = (await client.post("/v1/coverage/members", json=question)).json()
    assert [u["code"] for u in answer["possible"]] == ["T2", "T3"]
    assert answer["ratio"] == pytest.approx({"lower": 2 / 3, "nominal": 2 / 3, "upper": 2 / 3}), (
        "in one of them"
    )
    assert [one["reason"] for one in answer["undecided"]["resources"]] == ["candidate_places"]
    await a_resource(world, kind="rescue_team", lon=None, place="D")
    answer = (await client.post("/v1/coverage/members", json=question)).json()
    assert answer["ratio"] == pytest.approx({"lower": 2 / 3, "nominal": 2 / 3, "upper": 1.0})


@pytest.mark.parametrize(
    "body",
    [
        {"radius_m": "far"},
        {"radius_m": 1e400},
        {"min_depth": 0},
        {"colour": "red"},
        {"filter": {"kind": "volcano"}},
        {"as_of": "2026-01-01T00:00:00"},
        {"scenario": {"add": [{"type": "Feature", "geometry": {"type": "GeometryCollection"}}]}},
        {"demand": {"type": "FeatureCollection", "features": []}},
    ],
)
async def test_bodies_that_cannot_be_meant_are_refused(client, world, body):
    question = {"kind": "fire_watch_point", "place": "D"} | body
    response = await client.post("/v1/coverage", content=json.dumps(question).replace("Infinity", "1e400"))
    assert 400 <= response.status_code < 500, response.text
    assert response.headers["content-type"] == "application/problem+json"


async def test_how_far_the_nearest_team_is_beyond_the_border_too(client, world):
    await a_resource(world, kind="rescue_team", lon=106.5, lat=29.1, uncertainty_m=400.0)
    await a_resource(world, kind="rescue_team", lon=None, place="T1")
    spots = [
        {"type": "Feature", "id": name, "geometry": {"type": "Point", "coordinates": [lon, 29.1]}}
        for name, lon in (("near", 106.39), ("far", 106.01))
    ]
    body = {"kind": "rescue_team", "place": "D", "demand": {"type": "FeatureCollection", "features": spots}}
    response = await client.post("/v1/coverage/distance", json=body)
    assert response.status_code == 200, response.text
    answer = response.json()
    true = [GEOD.inv(106.5, 29.1, lon, 29.1)[2] for lon in (106.01, 106.39)]
    assert [f["distance_m"]["nominal"] for f in answer["farthest"]] == pytest.approx(true, abs=0.01)
    far, near = (found["distance_m"] for found in answer["farthest"])
    corners = shapely.get_coordinates(TOWNS["T1"])
    town = max(GEOD.inv(106.01, 29.1, lon, lat)[2] for lon, lat in corners)
    assert (far["lower"], far["upper"]) == (0.0, pytest.approx(town, rel=1e-3)), "one is somewhere in T1"
    assert near["upper"] == pytest.approx(true[1] + 400.0, abs=0.01)
    assert (answer["located"], answer["unlocated"]) == (1, 1)


async def test_the_past_is_asked_as_it_was_recorded(client, world):
    await watch(world)
    long_ago = await post(client, "", as_of="2020-01-01T00:00:00Z")
    assert long_ago["counts"]["resources"] == 0
    assert (await post(client, "", as_of="2026-11-20T00:00:00Z"))["counts"]["resources"] == 1


async def test_an_area_across_the_antimeridian_finds_its_points_on_both_sides(client, stored):
    await watch(stored, lon=179.95, lat=-17.0)
    await watch(stored, lon=-179.95, lat=-17.0)
    await watch(stored, lon=-179.0, lat=-17.0)
    halves = [shapely.box(179.8, -17.2, 180, -16.8), shapely.box(-180, -17.2, -179.8, -16.8)]
    area = json.loads(shapely.to_geojson(shapely.MultiPolygon(halves)))
    answer = await post(client, "/gaps", place=None, area=area)
    assert answer["counts"]["resources"] == 2
    apart = GEOD.inv(179.95, -17.0, -179.95, -17.0)[2]
    assert apart > 8_000
    assert answer["covered_m2"]["nominal"] == pytest.approx(2 * np.pi * 4_000.0**2, rel=1e-4)
    (gap,) = answer["possible_gaps"]["gaps"]
    assert answer["certain_gaps"]["gaps"] == [], "nobody has declared a list of that area"
    assert shapely.from_geojson(json.dumps(gap["geometry"])).bounds == (-180.0, -17.2, 180.0, -16.8)
