"""Every answer about what is near says what lies in a cordon in force, behind it, or perhaps."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from registry.domain.access.sight import Sight
from registry.domain.conditions import Conditions
from registry.domain.proximity.origin import Origin
from registry.services.proximity.answer import question_of
from registry.services.proximity.nearest import nearest
from registry.store.database.one_view import SecondStatement
from registry.store.database.pool import Reader
from tests.api.near import AT, a_place, box, east
from tests.api.test_incidents import read
from tests.builders import a_resource, an_inventory
from tests.waiting import until

HERE = {"lon": AT[0], "lat": AT[1]}
READY: dict[str, Any] = {
    "rescue_team": {"readiness": "available", "specialties": [{"code": "forest_fire"}]},
    "shelter": {
        "opening": "open",
        "capacity_persons": 10,
        "occupancy_persons": 0,
        "hazards": [{"code": "forest_fire"}],
    },
    "supply_depot": {
        "tier": "town",
        "stock": [{"item_code": "01", "name": {"en": "tent"}, "quantity": 1, "unit": "each"}],
    },
    "fire_watch_point": {"form": "checkpoint", "watch_radius_m": 9_000.0},
}
AWAY = {"inside": 1_000.0, "beyond": 3_000.0, "outside": -1_000.0}
"""How far east of the incident something is that lies so to the area from 500 to 2,000 m."""


def area(begin_m: float, end_m: float) -> dict[str, Any]:
    """A closed area across the way to the east, 4 km from north to south."""
    west, off = east(begin_m)[0], 0.018
    east_end = east(end_m)[0]
    ring = [[west, AT[1] - off], [east_end, AT[1] - off], [east_end, AT[1] + off], [west, AT[1] + off]]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


async def close(client, headers, **given: Any) -> str:
    """Put a closed area from 500 to 2,000 m east of the incident, or change one."""
    again = {"If-Match": "*"} if "id" in given else {}
    identity = given.setdefault("id", str(uuid4()))
    drawn = {"geometry": area(500, 2_000), "location": {"quality": "surveyed", "uncertainty_m": 5}}
    entry = {"register": "cordon", "id": identity, "name": {"zh": "一线", "en": "First"}, "order": 1}
    entry |= {"visibility": "public", "kind": "closure"} | drawn | given
    url = f"/v1/registers/cordon/{identity}"
    made = await client.put(url, json=entry, headers=headers | again)
    assert made.status_code in (200, 201), made.text
    return identity


@pytest.fixture
async def ground(stored):
    await a_place(stored, "D", extent=box(106.3, 28.7, 0.8), level="district")
    await a_place(stored, "T", parent="D", extent=box(106.6, 29.0, 0.2), level="town")
    await a_place(stored, "U", parent="D", extent=box(106.3, 28.7, 0.1), level="town")
    return stored


@pytest.fixture
async def planner(signed):
    return await signed("planner")


@pytest.fixture
async def world(ground, planner) -> dict[str, dict[str, str]]:
    """Of each kind one inside the closed area, one beyond it and one on this side of it."""
    return {
        kind: {
            how: str(await a_resource(ground, kind, *east(metres), **READY[kind]))
            for how, metres in AWAY.items()
        }
        for kind in READY
    }


async def answers(client, headers, fire: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """Each answer about what is near the incident, with the kind that it is about."""

    async def told(question: str, **body: Any) -> dict[str, Any]:
        response = await client.post(f"/v1/proximity/{question}", json=body, headers=headers)
        assert response.status_code == 200, response.text
        return response.json()

    team, need = (
        {"kind": "rescue_team"},
        [{"scheme": "gbt38565", "code": "01", "quantity": 3, "unit": "each"}],
    )
    by_arrival = {"rank": "arrival", "speed_kmh": 30, "detour": 1.4, "pace_source": "a test"}
    situation = await told("situation", origin=HERE, hazard="forest_fire", k=3)
    with_cordons = {"cordons": situation["cordons"]}
    url, near = f"/v1/incidents/{fire}", "/v1/proximity/within"
    wide = {"radius_m": 5000}
    return {
        "nearest": ("rescue_team", await told("nearest", origin=HERE, where=team)),
        "nearest by arrival": ("rescue_team", await told("nearest", origin=HERE, where=team, **by_arrival)),
        "within": ("shelter", await read(client, near, headers, **HERE, **wide, kind="shelter")),
        "within an area": ("rescue_team", await told("within", origin={"area": around(4_000)}, where=team)),
        "covering": ("fire_watch_point", await told("covering", origin=HERE)),
        "teams": ("rescue_team", situation["teams"] | with_cordons),
        "shelters": ("shelter", situation["shelters"] | with_cordons),
        "checkpoints": ("fire_watch_point", situation["checkpoints"] | with_cordons),
        "depots": ("supply_depot", situation["depots"]["town"] | with_cordons),
        "watched by": ("fire_watch_point", situation["covering"] | with_cordons),
        "proposals": ("rescue_team", await read(client, f"{url}/proposals", headers)),
        "shelter need": ("shelter", await read(client, f"{url}/shelter-need", headers, persons=30, **wide)),
        "supplies": ("supply_depot", depots(await told("supplies", origin=HERE, items=need))),
    }  # fmt: skip


def depots(answer: dict[str, Any]) -> dict[str, Any]:
    return answer | {"features": answer["depots"]}


def around(metres: float) -> dict[str, Any]:
    west, side = east(-metres)[0], 2 * (east(metres)[0] - AT[0])
    return box(west, AT[1] - side / 2, side)


async def a_fire(client, headers) -> str:
    point = {"type": "Point", "coordinates": list(AT)}
    draft = {
        "hazard": "forest_fire",
        "geometry": point,
        "location": {"quality": "surveyed", "uncertainty_m": 0},
    }
    made = await client.post("/v1/incidents", json=draft, headers=headers)
    assert made.status_code == 201, made.text
    return made.json()["incident"]["id"]


async def test_every_answer_says_what_is_inside_and_beyond(client, world, planner) -> None:
    fire = await a_fire(client, planner)
    before = await answers(client, planner, fire)
    identity = await close(client, planner)
    for name, (kind, answer) in (await answers(client, planner, fire)).items():
        said = {feature["id"]: feature["properties"].get("cordons", []) for feature in answer["features"]}
        for how, record in world[kind].items():
            assert [one["relation"] for one in said[record]] == [how] * (how != "outside"), (name, how)
        one = said[world[kind]["inside"]][0]
        assert (one["cordon"], one["order"], one["name"]["en"]) == (identity, 1, "First"), name
        assert [one["id"] for one in answer["cordons"]] == [identity], name
        assert not any("cordons" in one["properties"] for one in before[name][1]["features"]), name
    kept = await answers(client, planner, fire)
    assert kept["nearest"][1]["cordons"][0]["origin"] == "outside"
    await close(client, planner, id=identity, active=False)
    for name, (_, answer) in (await answers(client, planner, fire)).items():
        assert not answer.get("cordons"), name
        assert not any("cordons" in one["properties"] for one in answer["features"]), name


async def test_a_cordon_counts_between_its_times_and_in_the_past_of_an_answer(client, world, planner) -> None:
    url, now = "/v1/proximity/nearest", datetime.now(UTC)
    hour = timedelta(hours=1)
    for times in ({"starts_at": now + hour}, {"ends_at": now - hour}):
        await close(client, planner, **{name: at.isoformat() for name, at in times.items()})
        assert "cordons" not in await read(client, url, planner, **HERE, kind="shelter")
    before = datetime.now(UTC)
    identity = await close(client, planner, starts_at=(now - hour).isoformat())
    shut = await read(client, url, planner, **HERE, kind="shelter")
    assert [one["id"] for one in shut["cordons"]] == [identity]
    then = await read(client, url, planner, **HERE, kind="shelter", as_of=before.isoformat())
    assert "cordons" not in then


async def test_only_who_may_see_a_cordon_is_told_of_it(client, world, planner, signed) -> None:
    identity = await close(client, planner, visibility="internal")
    secret = await close(client, planner, visibility="restricted", name={"en": "Secret"}, place="T")
    url = "/v1/proximity/nearest"
    public = await client.get(url, params=HERE | {"kind": "shelter"})
    assert identity not in public.text
    assert "cordon" not in public.text
    for role, known in (("viewer", {identity}), ("planner", {identity, secret})):
        told = await read(client, url, await signed(role), **HERE, kind="shelter")
        assert {one["id"] for one in told["cordons"]} == known, role


async def test_what_is_not_sure_is_said_to_be_so(client, ground, planner) -> None:
    vague = str(await a_resource(ground, "shelter", *east(1_900), uncertainty_m=500.0, quality="approximate"))
    far = str(await a_resource(ground, "shelter", *east(4_000), uncertainty_m=3_500.0, quality="approximate"))
    await close(client, planner)
    undrawn = await close(client, planner, order=2, geometry=None,
                          location={"quality": "candidate_places", "candidate_places": ["U"]})  # fmt: skip
    url = "/v1/proximity/nearest"
    told = await read(client, url, planner, **HERE, kind="shelter")
    said = {one["id"]: [c["relation"] for c in one["properties"]["cordons"]] for one in told["features"]}
    assert said[vague] == ["possibly_inside"]
    assert said[far] == ["possibly_inside"]
    assert undrawn not in [one["id"] for one in told["cordons"]]
    there = await read(client, url, planner, lon=106.35, lat=28.75, kind="shelter")
    assert [(one["id"], one["origin"], one["drawn"]) for one in there["cordons"]][-1] == (
        undrawn, "possibly_inside", False,
    )  # fmt: skip


class OneQuestion(Reader):
    """A reader of which no second statement may be asked."""

    def __init__(self, reader: Reader) -> None:
        self._reader, self.kept = reader, reader.kept
        self.asked = 0

    async def rows(self, query, given):
        self.asked += 1
        return await self._reader.rows(query, given)

    async def row(self, query, given):
        self.asked += 1
        return await self._reader.row(query, given)

    def snapshot(self, *, one_plan: bool = False):
        raise SecondStatement


async def test_nearest_asks_no_more_than_without_cordons(client, world, planner, ground, reader) -> None:
    """What is kept of cordons is confirmed by the statement that finds the hits."""
    for kind in READY:
        await an_inventory(ground, kind)
    await close(client, planner)
    sight = Sight(clearance="internal")
    question = question_of(Conditions(), sight, 180)

    async def ask(reader: Reader) -> list[Any]:
        answer = await nearest(reader, sight, question, Origin(**HERE), k=20)
        return list(answer.cordons)

    first = await ask(reader)
    assert first

    async def in_one() -> bool:
        """What is kept counts once all transactions before the reading have ended."""
        try:
            return await ask(OneQuestion(reader)) == first
        except SecondStatement:
            await ask(reader)
            return False

    await until(in_one)
