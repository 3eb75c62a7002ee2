"""Saved scenarios: kept by planners, used by identity, forgotten."""

import pytest
import sqlalchemy as sa

from registry.domain.identity import new_id
from registry.store import jobs
from registry.store.database.query import Query

CHANGES = {"add": [], "move": [], "remove": ["00000000-0000-7000-8000-000000000000"]}
BASE = "/v1/coverage/scenarios"


async def test_a_scenario_is_kept_listed_and_forgotten(client, stored, signed):
    planner = await signed("planner")
    body = {"name": {"zh": "增设一号塔"}, "changes": CHANGES, "note": "for the winter"}
    response = await client.post(BASE, json=body, headers=planner)
    assert response.status_code == 201, response.text
    saved = response.json()
    assert saved["changes"] == CHANGES
    path = f"{BASE}/{saved['id']}"
    assert (await client.get(path, headers=planner)).json()["name"] == {"zh": "增设一号塔", "en": None}
    listed = (await client.get(BASE, headers=planner)).json()["scenarios"]
    assert saved["id"] in [s["id"] for s in listed]
    assert (await client.delete(path, headers=planner)).status_code == 204
    assert (await client.get(path, headers=planner)).status_code == 404


async def test_only_planners_keep_scenarios_and_the_public_does_not_read_them(client, stored, signed):
    body = {"name": {"en": "one more tower"}, "changes": CHANGES}
    assert (await client.post(BASE, json=body, headers=await signed("field"))).status_code == 403
    assert (await client.get(BASE)).status_code == 401


async def test_a_job_is_only_for_the_one_who_asked(client, stored, signed):
    question = {"kind": "fire_watch_point", "area": {"type": "Polygon", "coordinates": [SQUARE]}}
    planner = await signed("planner") | {"prefer": "respond-async"}
    response = await client.post("/v1/coverage", json=question, headers=planner)
    assert response.status_code == 202, response.text
    location = response.headers["location"]
    assert (await client.get(location, headers=planner)).status_code == 200
    for other in ({}, await signed("viewer")):
        assert (await client.get(location, headers=other)).status_code == 404
        assert (await client.delete(location, headers=other)).status_code == 404


SQUARE = [[106, 29], [106.1, 29], [106.1, 29.1], [106, 29.1], [106, 29]]


async def test_saved_scenarios_are_compared_the_best_first(client, stored, signed):
    planner = await signed("planner")
    point = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [106.05, 29.05]}}
    saved = []
    for radius_m in (500, 2000):
        tower = {"kind": "fire_watch_point", "name": {"en": "tower"}, "watch_radius_m": radius_m}
        addition = point | {"properties": tower}
        body = {"name": {"en": f"tower of {radius_m}"}, "changes": {"add": [addition]}}
        saved.append((await client.post(BASE, json=body, headers=planner)).json()["id"])
    question = {"kind": "fire_watch_point", "area": {"type": "Polygon", "coordinates": [SQUARE]}}
    body = question | {"scenarios": saved}
    response = await client.post("/v1/coverage/compare", json=body, headers=planner)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert [s["name"]["en"] for s in answer["scenarios"]] == ["tower of 2000", "tower of 500"]
    assert answer["before"]["ratio"]["nominal"] == 0.0
    gained = [s["difference"]["gained_m2"]["nominal"] for s in answer["scenarios"]]
    covered = [s["answer"]["covered_m2"]["nominal"] for s in answer["scenarios"]]
    assert gained == pytest.approx(covered)
    body = question | {"saved": saved[0]}
    alone = (await client.post("/v1/coverage/scenario", json=body, headers=planner)).json()
    assert alone["difference"]["gained_m2"]["nominal"] == gained[1]
    assert alone["difference"]["gained_m2"]["lower"] == 0.0, "what is not listed may cover it already"


async def test_a_job_is_forgotten_after_a_day(client, stored):
    made = {"id": new_id(2), "process": "gaps", "owner": "anonymous", "estimate_s": 5.0, "task": None}
    await jobs.insert(stored, made)
    await stored.run(Query(sa.text("UPDATE job SET expires_at = now() - interval '1 second'")), {})
    assert (await client.get(f"/v1/jobs/{made['id']}")).status_code == 404
    await jobs.insert(stored, made | {"id": new_id(3)})
    late = Query(sa.text("SELECT count(*) AS kept FROM job WHERE expires_at < now()"))
    (row,) = await stored.rows(late, {})
    assert row["kept"] == 0
