"""Every way of asking takes the declared conditions; `ownership` of depots is followed through all."""

from typing import Any

import pytest

from registry.domain.conditions import Conditions, ListConditions, declared
from registry.domain.ogc.catalogue import OF_KIND
from registry.store.records import changes
from tests.api.near import AT, ask, ids, tell, there
from tests.builders import A_CHANGE

SPOT = {"lon": AT[0], "lat": AT[1]}
ALERT = {"info": [{"area": [{"circle": [f"{AT[1]},{AT[0]} 5"]}]}]}
OWNED = {"ownership": "government"}


@pytest.fixture
async def depots(stored) -> dict[str, str]:
    """A depot of each ownership, one of which nobody knows the owner, by ownership."""
    stock = [{"item_code": "tent", "name": {"zh": "帐篷"}, "quantity": 9}]
    made = {
        owner: there("supply_depot", metres, stock=stock, ownership=None if owner == "unknown" else owner)
        for metres, owner in ((100, "social"), (200, "government"), (300, "unknown"))
    }
    await changes.load(stored, [*made.values()], A_CHANGE)
    return {owner: str(record.id) for owner, record in made.items()}


@pytest.mark.parametrize(("route", "more"), [("nearest", {}), ("within", {"radius_m": 1000})])
async def test_ownership_is_asked_of_what_is_near(client, depots, route, more) -> None:
    by_query = await ask(client, route, **OWNED, **more)
    by_body = await tell(client, route, origin=SPOT, where=OWNED, **more)
    for answer in (by_query, by_body):
        assert ids(answer) == [depots["government"]]
        assert answer["features"][0]["properties"]["why"]["ownership"] == "government"
        assert answer["excluded"]["ownership"]["not_stated"] == 1


async def test_ownership_is_asked_of_batches_supplies_and_alerts(client, depots) -> None:
    batch = await tell(client, "batch", origins=[SPOT], where=OWNED)
    assert [hit["id"] for hit in batch["answers"][0]["hits"]] == [depots["government"]]
    need = [{"code": "tent", "quantity": 12}]
    supplies = await tell(client, "supplies", origin=SPOT, items=need, where=OWNED)
    assert [depot["id"] for depot in supplies["depots"]] == [depots["government"]]
    response = await client.post("/v1/proximity/alert-area", params=OWNED, json=ALERT)
    assert ids(response.json()) == [depots["government"]]
    assert response.json()["excluded"]["ownership"]["not_stated"] == 1


async def test_ownership_of_what_has_none_is_answered_with_nothing(client, depots) -> None:
    """No watch point has an owner: the condition is taken, and neither met nor left undecided."""
    for answer in (
        await ask(client, "covering", **OWNED),
        await tell(client, "covering", origin=SPOT, where=OWNED),
    ):
        assert answer["features"] == []
        assert answer["excluded"] == {}


async def test_ownership_is_asked_of_lists_and_collections(client, depots) -> None:
    listed = (await client.get("/v1/resources", params=OWNED)).json()
    assert ids(listed) == [depots["government"]]
    items = "/ogc/collections/supply-depots/items"
    for params in (OWNED, {"filter": "ownership = 'government'"}):
        assert ids((await client.get(items, params=params)).json()) == [depots["government"]]
    queryables = (await client.get("/ogc/collections/supply-depots/queryables")).json()["properties"]
    assert queryables["ownership"] == {
        "title": "Ownership · 储备方式",
        "type": "string",
        "enum": ["government", "commercial", "social"],
    }


@pytest.mark.parametrize("path", ["/v1/resources", "/v1/proximity/nearest"])
async def test_a_value_that_no_record_has_is_refused(client, path) -> None:
    response = await client.get(
        path, params=SPOT | {"ownership": "royal"} if "near" in path else {"ownership": "royal"}
    )
    assert response.status_code == 400
    assert response.json()["errors"][0]["parameter"] == "ownership"


@pytest.fixture(scope="module")
async def document(plan_client) -> dict[str, Any]:
    return (await plan_client.get("/docs/openapi.json")).json()


@pytest.mark.parametrize(
    ("path", "method", "criteria"),
    [
        ("/v1/resources", "get", ListConditions),
        ("/v1/proximity/nearest", "get", Conditions),
        ("/v1/proximity/within", "get", Conditions),
        ("/v1/proximity/covering", "get", Conditions),
        ("/v1/proximity/alert-area", "post", Conditions),
    ],
)
async def test_every_condition_is_a_described_parameter(document, path, method, criteria) -> None:
    parameters = {item["name"]: item for item in document["paths"][path][method]["parameters"]}
    for name, condition in declared(criteria).items():
        assert parameters[name]["schema"].get("enum", []) == [*condition.choices]
        assert parameters[name]["description"].startswith(condition.description)


async def test_every_condition_is_a_described_member_of_a_body(document) -> None:
    members = document["components"]["schemas"]["Conditions"]["properties"]
    assert {name: member["description"] for name, member in members.items()} == {
        name: condition.description for name, condition in declared(Conditions).items()
    }


def test_every_code_of_a_kind_is_a_queryable_of_its_collection() -> None:
    for condition in declared(Conditions).values():
        for kind in condition.kinds if condition.choices else ():
            found = OF_KIND[kind].by_name[condition.name]
            assert set(found.values) <= set(condition.choices)
            assert (found.zh, found.en) == (condition.zh, condition.en)


@pytest.mark.parametrize(
    ("params", "among"),
    [
        ({"readiness": "available"}, "team"),
        ({"specialties_any": "mine,flood"}, "team"),
        ({"free_persons": 5}, "shelter"),
        ({"kinds": "shelter,fire_watch_point", "opening": "open"}, "shelter"),
        ({"bbox": "106.6,29.0,106.7,29.1", "readiness": "available"}, "team"),
    ],
)
async def test_a_list_takes_the_conditions_of_proximity(client, stored, params, among) -> None:
    made = {
        "team": there("rescue_team", 10, specialties=[{"code": "mine"}], readiness="available"),
        "shelter": there("shelter", 20, capacity_persons=9, opening="open"),
    }
    await changes.load(stored, [*made.values(), there("supply_depot", 40)], A_CHANGE)
    assert ids((await client.get("/v1/resources", params=params)).json()) == [str(made[among].id)]


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"kind": "shelter", "kinds": "shelter"}, "kinds"),
        ({"quantity": 3}, "quantity"),
        ({"bbox": "1,2,3"}, "bbox"),
        ({"kinds": "inn"}, "kinds"),
        ({"verified_since": "2026-01-01T00:00:00"}, "verified_since"),
    ],
)
async def test_a_list_names_the_condition_that_is_wrong(client, params, name) -> None:
    response = await client.get("/v1/resources", params=params)
    assert (response.status_code, response.json()["errors"][0]["parameter"]) == (400, name)
