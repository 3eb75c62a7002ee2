"""Incidents over HTTP: report, change, join, detect, dispatch, with versions, log, feed and past."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.near import a_place, box
from tests.builders import a_resource
from tests.waiting import until

SPOT = [106.65, 29.03]
FIRE = {"hazard": "forest_fire", "geometry": {"type": "Point", "coordinates": SPOT}}
FIRE |= {"location": {"quality": "surveyed", "uncertainty_m": 30}, "reported_via": "hotline"}
TEAM = {"specialties": [{"code": "forest_fire"}], "readiness": "available", "place": "T1"}


@pytest.fixture
async def ground(stored):
    """A district of two towns with extents, and the codes that the tests use."""
    await a_place(stored, "D1", extent=box(106.5, 28.9, 0.4), level="district", name_zh="区")
    await a_place(stored, "T1", parent="D1", extent=box(106.5, 28.9, 0.2), level="town", name_zh="甲镇")
    await a_place(stored, "T2", parent="D1", extent=box(106.7, 28.9, 0.2), level="town", name_zh="乙镇")
    return stored


@pytest.fixture
async def officers(signed):
    """Two field officers of the district, one of each town, and a viewer."""
    return {
        "one": await signed("field", "D1"),
        "two": await signed("field", "D1"),
        "town": await signed("field", "T1"),
        "other": await signed("field", "T2"),
        "viewer": await signed("viewer"),
    }


async def report(client, headers, status: int = 201, **more: Any) -> dict[str, Any]:
    response = await client.post("/v1/incidents", json=FIRE | more, headers=headers)
    assert response.status_code == status, response.text
    return response.json()


async def read(client, url: str, headers, status: int = 200, **params: Any) -> dict[str, Any]:
    response = await client.get(url, headers=headers, params=params)
    assert response.status_code == status, response.text
    return response.json()


async def test_an_incident_is_reported_read_and_changed_by_its_version(client, ground, officers) -> None:
    made = await report(client, officers["town"])
    incident = made["incident"]
    assert (incident["place"], incident["state"], incident["version"]) == ("T1", "reported", 1)
    assert made["possible_doubles"] == []
    url = f"/v1/incidents/{incident['id']}"
    got = await client.get(url, headers=officers["viewer"])
    assert got.json()["hazard"] == "forest_fire"
    change = {"state": "confirmed", "level": "III", "why": "seen from the road"}
    assert (await client.patch(url, json=change, headers=officers["town"])).status_code == 428
    stale = officers["town"] | {"If-Match": '"7-i"'}
    assert (await client.patch(url, json=change, headers=stale)).status_code == 412
    held = officers["town"] | {"If-Match": got.headers["etag"]}
    changed = await client.patch(url, json=change, headers=held)
    assert changed.status_code == 200, changed.text
    assert (changed.json()["state"], changed.json()["level"], changed.json()["version"]) == (
        "confirmed",
        "III",
        2,
    )
    again = officers["town"] | {"If-Match": changed.headers["etag"]}
    back = await client.patch(url, json={"state": "reported"}, headers=again)
    assert back.status_code == 409
    assert "responding" in back.json()["detail"]
    log = (await read(client, f"{url}/log", officers["viewer"]))["log"]
    assert [line["kind"] for line in log] == ["opened", "changed"]
    assert log[1]["body"]["after"] == {"state": "confirmed", "level": "III"}
    assert log[1]["text"] == "seen from the road"


async def test_the_public_knows_nothing_of_an_internal_incident(client, ground, officers) -> None:
    hidden = (await report(client, officers["town"]))["incident"]["id"]
    shown = (await report(client, officers["town"], visibility="public", contact="023-1"))["incident"]["id"]
    listed = await read(client, "/v1/incidents", {})
    assert [one["id"] for one in listed["incidents"]] == [shown]
    assert listed["incidents"][0]["contact"] is None
    await read(client, f"/v1/incidents/{hidden}", {}, 404)
    near = await read(client, "/v1/incidents/near", {}, lon=SPOT[0], lat=SPOT[1], radius_m=500)
    assert [hit["entry"]["id"] for hit in near["entries"]] == [shown]
    told = (await read(client, "/v1/changes", {}, registers=True))["changes"]
    assert {one["id"] for one in told} == {shown}
    assert "contact" not in told[0]["entry"]
    await read(client, f"/v1/incidents/{shown}/log", {}, 401)


async def test_what_lies_elsewhere_is_filed_under_the_own_place(client, ground, officers) -> None:
    far = {"geometry": {"type": "Point", "coordinates": [106.75, 29.0]}}
    made = await report(client, officers["town"], **far)
    assert (made["filed_under"], made["incident"]["place"]) == ("T1", "T1")
    await report(client, officers["town"], 403, place="T2", **far)
    other = await read(client, f"/v1/incidents/{made['incident']['id']}/call-list", officers["viewer"])
    assert [one["code"] for one in other["territory"]] == ["T2", "D1"]


async def test_an_incident_near_a_spot_is_certain_or_named(client, ground, officers) -> None:
    exact = (await report(client, officers["one"]))["incident"]["id"]
    vague = {"geometry": None, "location": {"quality": "candidate_places", "candidate_places": ["T2"]}}
    loose = (await report(client, officers["one"], **vague))["incident"]["id"]
    near = await read(client, "/v1/incidents/near", officers["viewer"], lon=106.69, lat=29.03, radius_m=3_880)
    assert near["entries"] == []
    assert {one["id"]: one["reason"] for one in near["undecided"]["entries"]} == {
        exact: "uncertainty",
        loose: "candidate_places",
    }
    assert "2 may belong" in near["none"]["en"]
    near = await read(client, "/v1/incidents/near", officers["viewer"], lon=106.69, lat=29.03, radius_m=4_000)
    assert [(hit["entry"]["id"], hit["certain"]) for hit in near["entries"]] == [(exact, True)]
    assert near["completeness"]["state"] == "open"


async def test_two_reports_of_one_fire_are_proposed_and_joined_by_a_person(client, ground, officers) -> None:
    first = (await report(client, officers["town"]))["incident"]["id"]
    beside = {"geometry": {"type": "Point", "coordinates": [106.653, 29.03]}, "reported_via": "field"}
    second = await report(client, officers["one"], **beside)
    assert [double["id"] for double in second["possible_doubles"]] == [first]
    flood = await report(client, officers["one"], hazard="flood", **beside)
    assert flood["possible_doubles"] == []
    url = f"/v1/incidents/{first}/joins"
    joined = await client.post(
        url, json={"other": second["incident"]["id"], "why": "same smoke"}, headers=officers["one"]
    )
    assert joined.status_code == 200, joined.text
    other = await read(client, f"/v1/incidents/{second['incident']['id']}", officers["viewer"])
    assert (other["state"], other["joined_to"]) == ("closed", first)
    again = await client.post(url, json={"other": second["incident"]["id"]}, headers=officers["one"])
    assert again.status_code == 409
    logs = [
        (await read(client, f"/v1/incidents/{one}/log", officers["viewer"]))["log"][-1]["kind"]
        for one in (first, second["incident"]["id"])
    ]
    assert logs == ["joined", "joined"]


async def test_two_officers_cannot_commit_one_team_and_its_readiness_follows(
    client, ground, officers
) -> None:
    team = str(await a_resource(ground, "rescue_team", 106.66, 29.03, **TEAM))
    one, two = [(await report(client, officers["one"]))["incident"]["id"] for _ in range(2)]
    start = (await read(client, "/v1/changes", officers["viewer"], cursor="now"))["cursor"]
    sent = {"resources": [team], "task": "west flank"}
    first = await client.post(f"/v1/incidents/{one}/commitments", json=sent, headers=officers["one"])
    assert first.status_code == 201, first.text
    clash = await client.post(f"/v1/incidents/{two}/commitments", json=sent, headers=officers["two"])
    assert clash.status_code == 409
    assert one in clash.json()["detail"]

    async def told() -> list[str]:
        """The feed may begin with the team itself: other transactions of the cluster hold it back."""
        changes = (await read(client, "/v1/changes", officers["viewer"], cursor=start))["changes"]
        states = [change["feature"]["properties"]["readiness"] for change in changes]
        return states if "committed" in states else []

    assert (await until(told))[-1] == "committed"
    units = (await read(client, f"/v1/incidents/{two}/proposals", officers["viewer"]))["features"]
    assert units[0]["properties"]["committed_to"]["incident"] == one
    assert (await read(client, f"/v1/incidents/{one}", officers["viewer"]))["state"] == "responding"
    (held,) = first.json()["commitments"]
    step = f"/v1/incidents/{one}/commitments/{held['id']}"
    for state in ("en_route", "on_scene", "released"):
        moved = await client.post(step, json={"state": state}, headers=officers["one"])
        assert moved.status_code == 200, moved.text
    assert moved.json()["commitments"][0]["state"] == "released"
    assert (await client.post(step, json={"state": "on_scene"}, headers=officers["one"])).status_code == 404
    ready = await read(client, f"/v1/resources/{team}", officers["viewer"])
    assert ready["properties"]["readiness"] == "available"
    freed = await client.post(f"/v1/incidents/{two}/commitments", json=sent, headers=officers["two"])
    assert freed.status_code == 201


async def test_an_incident_with_committed_teams_is_not_closed(client, ground, officers) -> None:
    team = str(await a_resource(ground, "rescue_team", 106.66, 29.03, **TEAM))
    one = (await report(client, officers["one"]))["incident"]["id"]
    url = f"/v1/incidents/{one}"
    await client.post(f"{url}/commitments", json={"resources": [team]}, headers=officers["one"])
    closing = officers["one"] | {"If-Match": "*"}
    refused = await client.patch(url, json={"state": "closed"}, headers=closing)
    assert refused.status_code == 409
    assert "release" in refused.json()["detail"]


async def test_the_rays_of_two_cameras_cross_in_an_incident(client, ground, officers) -> None:
    cameras = [
        str(
            await a_resource(
                ground,
                "fire_watch_point",
                lon,
                29.0,
                place="T1",
                watch_radius_m=6_000.0,
                form="infrared_camera",
            )
        )
        for lon in (106.60, 106.68)
    ]
    alarms = []
    for camera, bearing in zip(cameras, (49.4, 320.0), strict=True):
        seen = {"camera": camera, "observed_at": "2026-01-01T00:00:00Z", "bearing_deg": bearing}
        response = await client.post(
            "/v1/incidents/detections", json=seen | {"bearing_error_deg": 1.0}, headers=officers["town"]
        )
        assert response.status_code == 201, response.text
        alarms.append(response.json())
    first, second = alarms
    assert first["fix"] is None
    assert first["incident"]["geometry"]["type"] == "Polygon"
    assert second["fix"]["uncertainty_m"] < 300
    assert second["incident"]["geometry"]["coordinates"] == [second["fix"]["lon"], second["fix"]["lat"]]
    assert second["crossed"][0]["incident"] == first["incident"]["id"]
    assert [one["id"] for one in second["possible_doubles"]] == [first["incident"]["id"]]
    again = {"camera": cameras[1], "observed_at": "2026-01-01T00:05:00Z", "bearing_deg": 320.5}
    repeated = await client.post(
        "/v1/incidents/detections", json=again | {"bearing_error_deg": 1.0}, headers=officers["town"]
    )
    assert repeated.json()["outcome"] == "continued"
    assert repeated.json()["incident"]["id"] == second["incident"]["id"]
    strange = await client.post(
        "/v1/incidents/detections", json=again | {"bearing_error_deg": 1.0}, headers=officers["other"]
    )
    assert strange.status_code == 403


async def test_shelters_around_an_incident_are_counted_as_intervals(client, ground, officers) -> None:
    shelter = {"opening": "open", "hazards": [{"code": "forest_fire"}], "place": "T1"}
    for metres, more in (
        (0.01, {"capacity_persons": 100, "occupancy_persons": 40}),
        (0.02, {"capacity_persons": 200}),
    ):
        await a_resource(ground, "shelter", SPOT[0] + metres, SPOT[1], **shelter, **more)
    await a_resource(ground, "shelter", SPOT[0] + 0.03, SPOT[1], **shelter)
    one = (await report(client, officers["one"]))["incident"]["id"]
    url = f"/v1/incidents/{one}/shelter-need"
    need = await read(client, url, officers["viewer"], persons=50, radius_m=5_000)
    assert need["plan"]["enough"] == "yes"
    assert [placing["takes_persons"] for placing in need["plan"]["placings"]] == [50]
    need = await read(client, url, officers["viewer"], persons=250, radius_m=5_000)
    plan = need["plan"]
    assert (plan["enough"], plan["free_min_persons"], plan["missing_max_persons"]) == ("unknown", 60, 190)
    assert [one["reason"] for one in need["undecided"]["resources"]][-1] == "unknown_value"
    spot = {"lon": SPOT[0], "lat": SPOT[1], "spot_radius_m": 30, "hazard": "forest_fire"}
    there = await read(
        client, "/v1/proximity/shelter-need", officers["viewer"], persons=250, radius_m=5_000, **spot
    )
    assert there["plan"] == plan, "a spot that is no incident yet is answered alike"


async def test_a_position_is_read_as_it_was_said(client, ground, officers) -> None:
    url = "/v1/proximity/position"
    said = await read(client, url, officers["viewer"], text="北纬29°01′48″ 东经106°39′")
    assert (said["lon"], said["lat"]) == pytest.approx((106.65, 29.03), abs=1e-6)
    shifted = await read(client, url, officers["viewer"], text="106.65, 29.03", datum="gcj02")
    assert 300 < abs(shifted["lon"] - 106.65) * 97_000 < 600
    refused = await read(client, url, officers["viewer"], 400, text="somewhere")
    assert "106.65, 29.03" in refused["detail"]
    unknown = await read(client, url, officers["viewer"], 422, text="G75 K1060+300")
    assert "G75" in unknown["detail"]


async def test_the_past_of_an_incident_can_be_replayed(client, ground, officers) -> None:
    made = (await report(client, officers["one"]))["incident"]
    url = f"/v1/incidents/{made['id']}"
    changed = await client.patch(url, json={"level": "II"}, headers=officers["one"] | {"If-Match": "*"})
    then = await read(client, url, officers["viewer"], as_of=made["updated_at"])
    assert (then["version"], then["level"]) == (1, None)
    log = await read(client, f"{url}/log", officers["viewer"], as_of=made["updated_at"])
    assert [line["kind"] for line in log["log"]] == ["opened"]
    assert changed.json()["version"] == 2
    sheet = await client.get(f"{url}/handover?f=html", headers=officers["viewer"])
    assert sheet.status_code == 200, sheet.text
    assert "事件交接单" in sheet.text
    handed = await read(client, f"{url}/handover", officers["viewer"])
    assert handed["incident"]["level"] == "II"
    assert any("甲镇" in words["zh"] for words in handed["open_questions"])


async def test_a_service_point_is_open_or_says_why_not(client, ground, officers) -> None:
    """Four points: open all day, closed all day by its hours, seen closed just now, and free text."""
    now = datetime.now(UTC).isoformat()
    states = [
        {"hours": "24/7", "amenities": [{"code": "water"}]},
        {"hours": "off"},
        {"hours": "24/7", "opening": "closed", "opening_at": now},
        {"hours": "早八点到晚八点"},
    ]
    for number, more in enumerate(states):
        identity = f"00000000-0000-7000-8000-0000000000a{number}"
        entry = {"register": "service_point", "id": identity, "type": "warm_station", "place": "T1"} | more
        entry |= {"geometry": {"type": "Point", "coordinates": SPOT}}
        entry |= {"location": {"quality": "surveyed", "uncertainty_m": 5}}
        stored = await client.put(
            f"/v1/registers/service_point/{identity}", json=entry, headers=officers["town"]
        )
        assert stored.status_code == 201, stored.text
    here = {"lon": SPOT[0], "lat": SPOT[1], "radius_m": 500}
    near = await read(client, "/v1/service-points", {}, **here)
    assert sorted(one["opening"]["state"] for one in near["service_points"]) == [
        "closed",
        "closed",
        "open",
        "unknown",
    ]
    near = await read(client, "/v1/service-points", {}, open_now=True, **here)
    assert [one["entry"]["hours"] for one in near["service_points"]] == ["24/7"]
    assert near["excluded"] == {"open_now": {"not_stated": 1, "otherwise": 2}}
    near = await read(client, "/v1/service-points", {}, amenities="water", type="warm_station", **here)
    assert len(near["service_points"]) == 1


OPEN_ALL_DAY, SHUT_NOW, VAGUE = "24/7", "Jan 01 off", "in the evening, mostly"


async def test_shelters_are_open_by_their_hours_and_a_report_of_today_comes_first(
    client, ground, officers
) -> None:
    """Hours that shut it, hours in words, and hours with a report; of no hours nothing is said."""
    now = datetime.now(UTC)
    said = {
        "open": {"hours": OPEN_ALL_DAY},
        "shut": {"hours": SHUT_NOW},
        "vague": {"hours": VAGUE},
        "silent": {},
        "reported": {"hours": SHUT_NOW, "status_at": now.isoformat()},
    }
    common = {"opening": "open", "capacity_persons": 10, "occupancy_persons": 0, "place": "T1"}
    common |= {"hazards": [{"code": "forest_fire"}]}
    made = {
        name: str(await a_resource(ground, "shelter", 106.6 + n / 1000, 29.0, **common, **given))
        for n, (name, given) in enumerate(said.items())
    }
    here = {"lon": 106.599, "lat": 29.0}
    expected = {"open": "open", "shut": "closed", "vague": "unknown", "silent": None, "reported": "open"}
    nearest = await read(client, "/v1/proximity/nearest", officers["viewer"], **here, kind="shelter")
    within = await read(client, "/v1/proximity/within", officers["viewer"], **here, radius_m=5000)
    alarm = {"origin": here, "hazard": "forest_fire", "k": 10, "persons": 5}
    situation = await client.post("/v1/proximity/situation", json=alarm, headers=officers["viewer"])
    for answer in (nearest, within, situation.json()["shelters"]):
        states = {
            one["id"]: one["properties"].get("open_now", {"state": None})["state"]
            for one in answer["features"]
        }
        assert states == {made[name]: state for name, state in expected.items()}
    url = "/v1/proximity/shelter-need"
    need = await read(client, url, officers["viewer"], **here, persons=100, radius_m=5000)
    plan = {
        one["shelter"]: (one["takes_min_persons"], one["takes_persons"]) for one in need["plan"]["placings"]
    }
    assert plan == {
        made["open"]: (10, 10),
        made["vague"]: (0, 10),
        made["silent"]: (10, 10),
        made["reported"]: (10, 10),
    }
    hours = need["excluded"]["hours"]
    assert (hours["not_stated"], hours["otherwise"], hours["nearest"]["id"]) == (1, 1, made["shut"])


async def test_a_report_made_without_network_is_pushed_once(client, ground, officers) -> None:
    identity, now = "01a22c00-0000-7000-8000-00000000beef", datetime.now(UTC)
    body = FIRE | {"reported_via": "field", "reported_at": (now - timedelta(hours=3)).isoformat()}
    operation = {"op_id": identity, "kind": "incident", "resource_id": identity, "body": body}
    sent = {"operations": [operation], "sent_at": (now - timedelta(hours=2)).isoformat()}
    results = []
    for _ in range(2):
        response = await client.post("/v1/sync/push", json=sent, headers=officers["town"])
        assert response.status_code == 200, response.text
        results.append(response.json()["results"][0]["result"])
    assert results == ["applied", "duplicate"]
    stored = await read(client, f"/v1/incidents/{identity}", officers["viewer"])
    late = now - datetime.fromisoformat(stored["reported_at"])
    assert timedelta(minutes=59) < late < timedelta(minutes=61), "its clock was two hours slow"
    wrong = operation | {"op_id": "01a22c00-0000-7000-8000-00000000dead", "body": {"hazard": 7}}
    refused = await client.post("/v1/sync/push", json={"operations": [wrong]}, headers=officers["town"])
    assert refused.status_code == 200, refused.text
    assert refused.json()["results"][0]["result"] == "rejected"
