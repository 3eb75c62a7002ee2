"""What was told once of a record that is secret now: logs of incidents, handovers, rays, and replays."""

from typing import Any
from uuid import uuid4

import pytest

from registry.domain.identity import new_id
from registry.store.database.kept import Kept
from registry.store.database.read_trace import TRACE, ReadTrace, note_read
from tests.api.test_incidents import TEAM, ground, officers, report
from tests.builders import a_resource

__all__ = ["ground", "officers"]
SECRET_NAME = "zqsecretteamzq"
SPOT = (106.5512347, 28.9512349)


async def reclassified(client, planner, identity: object, **properties: Any) -> None:
    answer = await client.patch(
        f"/v1/resources/{identity}", json={"properties": properties}, headers=planner | {"If-Match": "*"}
    )
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("moved", [{}, {"place": "T2"}])
async def test_an_incident_does_not_tell_of_a_team_that_is_secret_now(
    client, ground, officers, signed, moved: dict[str, str]
) -> None:
    planner = await signed("planner")
    team = await a_resource(ground, "rescue_team", *SPOT, **TEAM, name={"en": SECRET_NAME})
    url = f"/v1/incidents/{(await report(client, officers['one']))['incident']['id']}"
    sent = officers["one"] | {"Idempotency-Key": "commit"}
    first = await client.post(f"{url}/commitments", json={"resources": [str(team)]}, headers=sent)
    assert first.status_code == 201, first.text
    assert SECRET_NAME in first.text
    await reclassified(client, planner, team, visibility="restricted", **moved)
    asked = ("", "/log", "/handover", "/handover?f=html", "/proposals", "/history")
    for path in (f"{url}{part}" for part in asked):
        for who in ("viewer", "other" if not moved else "town"):
            told = await client.get(path, headers=officers[who])
            assert told.status_code in (200, 403), told.text
            assert SECRET_NAME not in told.text, path
            assert str(team) not in told.text, path
    known = (await client.get(f"{url}/log", headers=planner)).json()
    assert [one["name"]["en"] for one in known["commitments"]] == [SECRET_NAME]


async def test_a_detection_is_not_crossed_with_the_ray_of_a_camera_that_is_secret_now(
    client, ground, officers, signed
) -> None:
    planner = await signed("planner")
    cameras = [
        await a_resource(
            ground, "fire_watch_point", lon, 28.95, watch_radius_m=9000.0, form="infrared_camera", place="T1"
        )
        for lon in (106.55, 106.60)
    ]
    seen = {"observed_at": "2026-01-01T00:00:00Z", "bearing_error_deg": 2.0, "hazard": "forest_fire"}
    alarms = [
        seen | {"camera": str(camera), "bearing_deg": bearing}
        for camera, bearing in zip(cameras, (45.0, 315.0), strict=True)
    ]
    first = await client.post("/v1/incidents/detections", json=alarms[0], headers=officers["one"])
    assert first.status_code == 201, first.text
    await reclassified(client, planner, cameras[0], visibility="restricted", place="T2")
    told = await client.post("/v1/incidents/detections", json=alarms[1], headers=officers["town"])
    assert told.status_code == 201, told.text
    assert str(cameras[0]) not in told.text
    assert told.json()["crossed"] == []
    log = await client.get(f"/v1/incidents/{first.json()['incident']['id']}/log", headers=officers["viewer"])
    assert str(cameras[0]) not in log.text


RECORD = {
    "type": "Feature",
    "geometry": {"type": "Point", "coordinates": [*SPOT]},
    "properties": {
        "kind": "rescue_team",
        "name": {"en": SECRET_NAME},
        "place": "T1",
        "location": {"quality": "surveyed", "uncertainty_m": 5},
    },
}


async def test_a_replay_does_not_tell_what_its_caller_may_not_read_any_more(
    client, ground, officers, signed
) -> None:
    planner, town = await signed("planner"), officers["town"]
    made = await client.post("/v1/resources", json=RECORD, headers=town | {"Idempotency-Key": "make"})
    assert made.status_code == 201, made.text
    identity = made.json()["id"]
    seen = {"observed_at": "2026-01-02T00:00:00Z", "readiness": "available"}
    requests = {
        "make": ("/v1/resources", RECORD),
        "see": (f"/v1/resources/{identity}/status", seen),
        "verify": (f"/v1/resources/{identity}/verification", {"how": "seen"}),
        "draw": ("/ogc/collections/rescue-teams/items", RECORD),
    }

    async def send(key: str) -> Any:
        url, body = requests[key]
        return await client.post(url, json=body, headers=town | {"Idempotency-Key": key})

    first = {key: await send(key) for key in requests}
    again = {key: await send(key) for key in requests}
    assert all(one.status_code < 300 for one in first.values()), [one.text for one in first.values()]
    assert {key: one.content for key, one in again.items()} == {
        key: one.content for key, one in first.items()
    }
    for record in {identity, first["draw"].json()["id"]}:
        await reclassified(client, planner, record, visibility="restricted", place="T2")
    for key in requests:
        told = await send(key)
        assert told.status_code == 403, key
        assert "was done before" in told.json()["detail"]
        assert SECRET_NAME not in told.text, key
        assert str(SPOT[0]) not in told.text, key
    same = await client.post("/v1/resources", json=RECORD, headers=planner | {"Idempotency-Key": "make"})
    assert same.status_code == 201, "a key belongs to its caller"


async def test_a_push_that_comes_again_names_nothing_that_is_secret_now(
    client, ground, officers, signed
) -> None:
    planner, town = await signed("planner"), officers["town"]
    double = await a_resource(ground, "rescue_team", *SPOT, name={"en": SECRET_NAME}, place="T1")
    operation = {"op_id": str(uuid4()), "kind": "create", "resource_id": str(new_id(9)), "body": RECORD}
    first = await client.post("/v1/sync/push", json={"operations": [operation]}, headers=town)
    assert str(double) in first.text, "the gate names a likely double"
    await reclassified(client, planner, double, visibility="restricted", place="T2")
    again = await client.post("/v1/sync/push", json={"operations": [operation]}, headers=town)
    assert again.json()["results"][0]["result"] == "duplicate"
    assert str(double) not in again.text


def test_who_uses_a_kept_answer_of_restricted_records_reads_them() -> None:
    kept = Kept()
    for question, is_secret in (("secret", True), ("plain", False)):
        TRACE.set(ReadTrace())
        if is_secret:
            note_read()
        kept.put(question, "1:1:/0", question)
    for question, is_secret in (("secret", True), ("plain", False)):
        for use in (kept.get, kept.get_of_lists):
            trace = ReadTrace()
            TRACE.set(trace)
            assert use(question, "1:1:/0") == question
            assert trace.is_restricted is is_secret
    TRACE.set(None)
