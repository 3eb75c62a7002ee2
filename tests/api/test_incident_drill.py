"""The drill of docs/howto/incidents.md, run as it is printed; then on the feed, and replayed in the past."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from tests.api.near import a_place, box
from tests.api.test_incidents import read
from tests.builders import a_resource

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "incidents.md"
BLOCK = re.compile(r"```http\n(?P<method>\w+) (?P<url>\S+) as (?P<who>\w+)\n(?P<rest>.*?)```", re.DOTALL)
HARD = {"hazards": [{"code": "forest_fire"}], "opening": "open", "place": "T1"}


class Step(NamedTuple):
    """One request of the page: who sends it, the status it is answered with, and what is kept of it."""

    method: str
    url: str
    who: str
    body: str
    status: int
    keep: str
    path: str


def steps() -> list[Step]:
    found = []
    for block in BLOCK.finditer(PAGE.read_text("utf-8")):
        *body, said = block["rest"].strip().splitlines()
        status, *kept = said.removeprefix("# ").split(" ", 1)
        keep, _, path = kept[0].partition(" = ") if kept else ("", "", "")
        found.append(
            Step(block["method"], block["url"], block["who"], "".join(body), int(status), keep, path)
        )
    return found


@pytest.fixture
async def drill(client, stored, signed) -> dict[str, Any]:
    """The ground of the drill: places, cameras, a team, shelters, and the keys of those who act."""
    await a_place(stored, "D1", extent=box(106.5, 28.9, 0.4), level="district", name_zh="区")
    await a_place(stored, "T1", parent="D1", extent=box(106.5, 28.9, 0.2), level="town", name_zh="甲镇")
    camera = {"place": "T1", "watch_radius_m": 6_000.0, "form": "infrared_camera"}
    team = {
        "place": "T1",
        "specialties": [{"code": "forest_fire"}],
        "readiness": "available",
        "personnel": 20,
    }
    await a_resource(stored, "shelter", 106.66, 29.03, capacity_persons=100, occupancy_persons=10, **HARD)
    names = {
        "west": await a_resource(stored, "fire_watch_point", 106.60, 29.0, **camera),
        "east": await a_resource(stored, "fire_watch_point", 106.68, 29.0, **camera),
        "team": await a_resource(stored, "rescue_team", 106.69, 29.038, **team),
        "offline": uuid4(),
        "cordon": uuid4(),
        "now": datetime.now(UTC).isoformat(),
    }
    keys = {"camera": await signed("field", "T1"), "officer": await signed("field", "D1")}
    keys |= {"ranger": await signed("field", "T1"), "other": await signed("field", "D1")}
    keys["viewer"] = await signed("viewer")
    return {"names": {name: str(value) for name, value in names.items()}, "keys": keys}


def filled(text: str, names: dict[str, str]) -> str:
    return re.sub(r"\$(\w+)", lambda match: names[match[1]], text)


def at(answer: Any, path: str) -> str:
    for part in path.split("."):
        answer = answer[int(part)] if part.isdigit() else answer[part]
    return str(answer)


async def run(client, drill: dict[str, Any]) -> dict[str, Any]:
    """Every answer by the address of its request without identities."""
    names, answers = drill["names"], {}
    for step in steps():
        headers = drill["keys"][step.who] | ({"If-Match": "*"} if step.method == "PATCH" else {})
        body = json.loads(filled(step.body, names)) if step.body else None
        response = await client.request(step.method, filled(step.url, names), json=body, headers=headers)
        assert response.status_code == step.status, f"{step.method} {step.url}: {response.text}"
        answer = response.json()
        answers[step.url.partition("?")[0]] = answer
        if step.keep:
            names[step.keep] = at(answer, step.path)
    return answers


async def test_the_drill_runs_as_it_is_printed(client, drill) -> None:
    answers = await run(client, drill)
    names, viewer = drill["names"], drill["keys"]["viewer"]
    listed = answers["/v1/incidents/$fire/call-list"]
    assert [section["name"] for section in listed["sections"]] == [
        "bodies", "duty_desks", "persons", "teams", "also_tell",
    ]  # fmt: skip
    assert any("甲镇" in words["zh"] for words in listed["missing"])
    assert listed["sections"][3]["lines"][0]["id"] == names["team"]
    handed = answers["/v1/incidents/$fire/handover"]
    assert [one["state"] for one in handed["commitments"]] == ["on_scene"]
    assert [one["name"]["en"] for one in handed["cordons"]] == ["First cordon"]
    assert answers["/v1/incidents/$fire/shelter-need"]["plan"]["enough"] == "yes"
    closed = await read(client, f"/v1/incidents/{names['fire']}", viewer)
    assert closed["state"] == "closed"
    team = await read(client, f"/v1/resources/{names['team']}", viewer)
    assert team["properties"]["readiness"] == "available"
    kinds = [
        line["kind"] for line in (await read(client, f"/v1/incidents/{names['fire']}/log", viewer))["log"]
    ]
    assert kinds == [
        "opened", "joined", "joined", "changed", "dispatch", "changed", "dispatch", "dispatch", "changed",
    ]  # fmt: skip
    late = {"id": names["offline"], "hazard": "forest_fire"}
    again = await client.post("/v1/incidents", json=late, headers=drill["keys"]["ranger"])
    assert again.status_code == 409, "a report that comes twice is one"


async def test_a_unit_beyond_the_cordon_is_said_to_be(client, drill) -> None:
    await run(client, drill)
    url = f"/v1/incidents/{drill['names']['fire']}/proposals"
    (unit,) = (await read(client, url, drill["keys"]["viewer"]))["features"]
    assert [one["relation"] for one in unit["properties"]["cordons"]] == ["beyond"]


async def test_every_step_is_on_the_feed_and_can_be_replayed(client, drill) -> None:
    await run(client, drill)
    viewer, fire = drill["keys"]["viewer"], drill["names"]["fire"]
    told = (await read(client, "/v1/changes", viewer, registers=True))["changes"]
    versions = [one["entry"] for one in told if one["id"] == fire]
    assert [one["state"] for one in versions] == ["reported", "confirmed", "responding", "closed"]
    assert {one["kind"] for one in told} >= {"incident", "cordon", "rescue_team"}
    for version in versions:
        then = await read(client, f"/v1/incidents/{fire}", viewer, as_of=version["updated_at"])
        assert (then["version"], then["state"]) == (version["version"], version["state"])
        log = await read(client, f"/v1/incidents/{fire}/log", viewer, as_of=version["updated_at"])
        assert max(line["version"] or 0 for line in log["log"]) <= version["version"]


async def test_an_exercise_stays_apart_from_real_life(client, drill) -> None:
    officer = drill["keys"]["officer"]
    draft = {"hazard": "forest_fire", "place": "T1"}
    made = await client.post("/v1/incidents?exercise=autumn", json=draft, headers=officer)
    assert made.status_code == 201, made.text
    identity = made.json()["incident"]["id"]
    await read(client, f"/v1/incidents/{identity}", officer, 404)
    assert (await read(client, f"/v1/incidents/{identity}", officer, exercise="autumn"))[
        "exercise"
    ] == "autumn"
    assert (await read(client, "/v1/incidents", officer))["incidents"] == []
