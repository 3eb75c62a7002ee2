"""Zones, rules and vocabularies as planners maintain them on the seeded registry."""

from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest

from registry.store.database.pool import Writer
from tests.api.conftest import Client, signing

SHORE = {"id": "own-shore", "kind": "river_shore", "name": {"en": "Own shore"}}


@pytest.fixture
async def office(plan_client: Client, plan_url: str, seeded: Writer) -> AsyncIterator[Client]:
    """A planner of everywhere; what it made is taken out again."""
    headers = await signing(plan_url)("planner")
    transport = httpx.ASGITransport(app=plan_client.app, raise_app_exceptions=False)
    async with Client(transport=transport, base_url="http://localhost", headers=headers) as opened:
        yield opened
    connection = await asyncpg.connect(plan_url)
    await connection.execute(
        "DELETE FROM zone WHERE id = 'own-shore'; DELETE FROM rule WHERE id = 'own-rule'"
    )
    await connection.execute("DELETE FROM vocabulary WHERE scheme = 'own'")
    await connection.close()


async def test_a_zone_is_made_and_replaced_by_its_version(office: Client) -> None:
    made = await office.put("/v1/zones/own-shore", json=SHORE)
    assert made.status_code == 201, made.text
    renamed = SHORE | {"name": {"en": "Shore of the lake"}}
    assert (await office.put("/v1/zones/own-shore", json=renamed)).status_code == 428
    etag = (await office.get("/v1/zones/own-shore")).headers["etag"]
    replaced = await office.put("/v1/zones/own-shore", json=renamed, headers={"If-Match": etag})
    assert replaced.status_code == 200, replaced.text
    assert replaced.json()["version"] == 2
    stale = await office.put("/v1/zones/own-shore", json=SHORE, headers={"If-Match": etag})
    assert stale.status_code == 412
    assert (await office.put("/v1/zones/other", json=SHORE)).status_code == 422


async def test_a_drawn_zone_keeps_its_geometry_and_refuses_another_kind(office: Client) -> None:
    await office.put("/v1/zones/own-shore", json=SHORE)
    line = {"type": "LineString", "coordinates": [[106.6, 29.0], [106.7, 29.0]]}
    drawing = {"geometry": line, "represents": "shore", "source": {"kind": "person", "reference": "tester"}}
    drawn = await office.put("/v1/zones/own-shore/geometry", json=drawing)
    assert drawn.status_code == 200, drawn.text
    match = {"If-Match": "*"}
    other = await office.put("/v1/zones/own-shore", json=SHORE | {"kind": "road_ramp"}, headers=match)
    assert other.status_code == 422
    await office.put("/v1/zones/own-shore", json=SHORE | {"name": {"en": "New"}}, headers=match)
    read = (await office.get("/v1/zones/own-shore")).json()
    assert read["zone"]["has_geometry"]
    assert read["geometry"] == line


async def test_a_rule_is_kept_with_its_territory(office: Client) -> None:
    rule = (await office.get("/v1/rules")).json()["rules"][0]
    own = rule | {"id": "own-rule", "territory": "500110000000"}
    stored = await office.put("/v1/rules/own-rule", json=own)
    assert stored.status_code == 200, stored.text
    rules = {one["id"]: one for one in (await office.get("/v1/rules")).json()["rules"]}
    assert rules["own-rule"]["territory"] == "500110", "a code in its long form is the place that is stored"
    for wrong, status in (
        ({"territory": "nowhere"}, 422),
        ({"actions": []}, 422),
        ({"provision": "nothing"}, 404),
    ):
        answer = await office.put("/v1/rules/own-rule", json=own | wrong)
        assert answer.status_code == status, answer.text


async def test_a_code_of_a_vocabulary_is_recorded(office: Client) -> None:
    body = {"subject": "hazard", "label": {"zh": "雪崩", "en": "Avalanche"}}
    assert (await office.put("/v1/vocabularies/own/avalanche", json=body)).status_code == 200
    listed = (await office.get("/v1/vocabularies", params={"scheme": "own"})).json()["codes"]
    assert [(one["code"], one["label"]["en"]) for one in listed] == [("avalanche", "Avalanche")]
