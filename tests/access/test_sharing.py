"""What is kept beside records is read with the sight of its reader: scenarios, jobs, warnings, identities."""

from typing import Any

import pytest

from tests.access.worlds import TOWNS, World, identity_of

SCENARIOS = "/v1/coverage/scenarios"
TOWER = {"kind": "fire_watch_point", "name": {"en": "a planned tower"}, "watch_radius_m": 900}
ADDED = {
    "type": "Feature",
    "geometry": {"type": "Point", "coordinates": [106.62, 29.02]},
    "properties": TOWER,
}


def identity(visibility: str, kind: str = "fire_watch_point", town: str = "T1") -> str:
    return str(identity_of(visibility, town, kind, None))


async def kept(place: World, changes: dict[str, Any], **more: str) -> str:
    body = {"name": {"en": "a scenario"}, "changes": changes} | more
    answer = await place.client.post(SCENARIOS, json=body, headers=place.headers["planner"])
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def readable(place: World, role: str, scenario: str) -> bool:
    headers = place.headers[role]
    one = await place.client.get(f"{SCENARIOS}/{scenario}", headers=headers)
    listed = (await place.client.get(SCENARIOS, headers=headers)).json()["scenarios"]
    assert one.status_code in (200, 404)
    assert (one.status_code == 200) == (scenario in [each["id"] for each in listed])
    question = {"kind": "fire_watch_point", "place": "D", "saved": scenario}
    used = await place.client.post("/v1/coverage/scenario", json=question, headers=headers)
    assert (used.status_code == 404) == (one.status_code == 404), used.text
    return one.status_code == 200


async def test_a_scenario_is_for_planners_unless_its_maker_says_otherwise(worked_on: World) -> None:
    own = await kept(worked_on, {"add": [ADDED]})
    shared = await kept(worked_on, {"add": [ADDED]}, visibility="internal")
    for role in ("viewer", "field"):
        assert not await readable(worked_on, role, own)
        assert await readable(worked_on, role, shared)
    assert await readable(worked_on, "planner", own)


async def test_a_scenario_that_names_a_hidden_record_is_not_there(worked_on: World) -> None:
    moved = {"type": "Point", "coordinates": [106.63, 29.03]}
    for changes, own in (
        ({"remove": [identity("restricted")]}, True),
        ({"move": [{"id": identity("restricted"), "geometry": moved}]}, True),
        ({"remove": [identity("public"), identity("restricted", town="T2")]}, False),
    ):
        saved = await kept(worked_on, changes, visibility="internal")
        assert not await readable(worked_on, "viewer", saved)
        assert await readable(worked_on, "field", saved) == own
        assert await readable(worked_on, "planner", saved)


async def test_a_scenario_is_gone_when_its_record_becomes_secret(worked_on: World) -> None:
    town = "T2"
    saved = await kept(worked_on, {"remove": [identity("public", town=town)]}, visibility="internal")
    assert await readable(worked_on, "viewer", saved)
    await classify(worked_on, identity("public", town=town), "restricted")
    assert not await readable(worked_on, "viewer", saved)


async def classify(place: World, record: str, visibility: str) -> None:
    patch = {"properties": {"visibility": visibility}}
    headers = place.headers["admin"] | {"If-Match": "*"}
    answer = await place.client.patch(f"/v1/resources/{record}", json=patch, headers=headers)
    assert answer.status_code == 200, answer.text


async def test_only_its_owner_or_an_administrator_deletes_a_scenario(worked_on: World) -> None:
    saved = await kept(worked_on, {"add": [ADDED]})
    url = f"{SCENARIOS}/{saved}"
    assert (await worked_on.client.delete(url, headers=worked_on.headers["other planner"])).status_code == 403
    assert (await worked_on.client.delete(url, headers=worked_on.headers["admin"])).status_code == 204
    own = f"{SCENARIOS}/{await kept(worked_on, {'add': [ADDED]})}"
    assert (await worked_on.client.delete(own, headers=worked_on.headers["planner"])).status_code == 204


async def job(place: World, role: str) -> str:
    question = {"kind": "fire_watch_point", "place": "D"}
    found = await place.client.post("/v1/coverage", json=question, headers=place.headers[role])
    headers = place.headers[role] | {"Prefer": "respond-async"}
    answer = await place.client.post("/v1/coverage", json=question, headers=headers)
    assert answer.status_code == 202, answer.text
    # Changes of the minute before count too, and other tests made some.
    await place.connection.execute(
        "UPDATE job SET status = 'successful', result = $2, task = NULL, finished_at = now(),"
        " created_at = now() + interval '1 minute' WHERE id = $1",
        answer.json()["jobID"],
        found.text,
    )
    return f"{answer.headers['location']}/results"


@pytest.mark.parametrize(("role", "visibility"), [("viewer", "restricted"), ("public", "internal")])
async def test_an_answer_that_may_hold_what_became_secret_is_not_given(
    worked_on: World, role: str, visibility: str
) -> None:
    result, planners = await job(worked_on, role), await job(worked_on, "planner")
    assert (await worked_on.client.get(result, headers=worked_on.headers[role])).status_code == 200
    await classify(worked_on, identity("public", "rescue_team"), visibility)
    assert (await worked_on.client.get(result, headers=worked_on.headers[role])).status_code == 409
    answer = await worked_on.client.get(planners, headers=worked_on.headers["planner"])
    assert answer.status_code == 200
    await classify(worked_on, identity("public", "rescue_team"), "public")


async def test_the_answer_of_a_job_is_not_for_who_sees_less_now(worked_on: World) -> None:
    result = await job(worked_on, "other planner")
    await worked_on.connection.execute("UPDATE api_key SET role = 'viewer' WHERE holder = 'other planner'")
    worked_on.client.app.state.authenticator._keys._accepted.clear()
    answer = await worked_on.client.get(result, headers=worked_on.headers["other planner"])
    assert answer.status_code == 404
    await worked_on.connection.execute("UPDATE api_key SET role = 'planner' WHERE holder = 'other planner'")
    worked_on.client.app.state.authenticator._keys._accepted.clear()


def draft(system_id: str, **properties: Any) -> dict[str, Any]:
    given = {
        "kind": "shelter",
        "name": {"en": "A new hall"},
        "place": "T1",
        "location": {"quality": "unknown"},
    }
    given |= {"external_ids": [{"system": "mil", "id": system_id}]} | properties
    return {"type": "Feature", "geometry": None, "properties": given}


async def test_an_identity_of_another_system_tells_nothing_of_a_hidden_record(worked_on: World) -> None:
    async def posted(role: str, body: dict[str, Any]) -> Any:
        return await worked_on.client.post("/v1/resources", json=body, headers=worked_on.headers[role])

    hidden = (await posted("planner", draft("unit-7", visibility="restricted", place="T2"))).json()["id"]
    answers = [await posted("field", draft(number)) for number in ("unit-7", "unit-8")]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert hidden not in answers[0].text
    assert answers[0].headers.get("warning") == answers[1].headers.get("warning")
    assert (await posted("field", draft("unit-8"))).status_code == 409
    assert (await posted("planner", draft("unit-7"))).status_code == 409
    shared = {"code": "shared_external_id"}
    for role, count in (("planner", 1), ("field", 0), ("viewer", 0)):
        warned = await worked_on.client.get("/v1/findings", params=shared, headers=worked_on.headers[role])
        assert len(warned.json()["findings"]) == count, role


async def test_a_warning_does_not_name_a_record_that_its_reader_may_not_see(worked_on: World) -> None:
    spot = {"type": "Point", "coordinates": [TOWNS["T2"][0] + 0.05, TOWNS["T2"][1] + 0.05]}
    name = {"en": "The very same armoury of the town"}
    for visibility in ("restricted", "public"):
        given = {"kind": "supply_depot", "name": name, "place": "T2", "location": {"quality": "surveyed"}}
        body = {"type": "Feature", "geometry": spot, "properties": given | {"visibility": visibility}}
        answer = await worked_on.client.post("/v1/resources", json=body, headers=worked_on.headers["planner"])
        assert answer.status_code == 201, answer.text
    doubles = {"code": "likely_double", "resource": answer.json()["id"]}
    for role, count in (("planner", 1), ("viewer", 0), ("field", 0), ("other field", 1)):
        warned = await worked_on.client.get("/v1/findings", params=doubles, headers=worked_on.headers[role])
        assert len(warned.json()["findings"]) == count, role
