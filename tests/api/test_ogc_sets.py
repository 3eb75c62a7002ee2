"""A list of features says how complete it is, who may belong to it too, and what its conditions keep out."""

import pytest

from tests.api.near import a_place, box
from tests.builders import a_resource, an_inventory

ROOT = "/ogc/collections"
THREE = {"completeness", "undecided", "excluded"}


@pytest.fixture
async def shelters(client, stored) -> dict[str, str]:
    await a_place(stored, "D", extent=box(106.5, 28.9, 0.3))
    await a_place(stored, "T1", parent="D", extent=box(106.5, 28.9, 0.1))
    await a_place(stored, "T2", parent="D", extent=box(106.7, 29.1, 0.1))
    made = {
        "big": await a_resource(
            stored, "shelter", 106.55, 28.95, place="T1", capacity_persons=500, level="town"
        ),
        "small": await a_resource(stored, "shelter", 106.56, 28.96, place="T1", capacity_persons=5),
        "silent": await a_resource(stored, "shelter", 106.57, 28.97, place="T1", level="town"),
        "in T1": await a_resource(
            stored, "shelter", None, quality="candidate_places", candidate_places=["T1"], place="T1"
        ),
        "in T2": await a_resource(
            stored, "shelter", None, quality="candidate_places", candidate_places=["T2"], place="T2"
        ),
        "nowhere": await a_resource(stored, "shelter", None, capacity_persons=300),
        "tiny": await a_resource(stored, "shelter", None, capacity_persons=1),
    }
    await a_resource(stored, "rescue_team", None)
    await a_resource(stored, "shelter", None, visibility="restricted")
    await a_resource(stored, "shelter", None, lifecycle="retired")
    return {name: str(identity) for name, identity in made.items()}


async def asked(client, query: str = "", collection: str = "shelters", **params) -> dict:
    answer = await client.get(f"{ROOT}/{collection}/items{query}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def names(made: dict[str, str], answer: dict) -> set[str]:
    known = {identity: name for name, identity in made.items()}
    return {known[one["id"]] for one in answer["undecided"]["resources"]}


async def test_every_collection_of_records_says_the_three_in_lists_and_in_its_description(
    client, stored
) -> None:
    described = (await client.get(ROOT)).json()["collections"]
    for name in (one["id"] for one in described):
        is_of_records = name not in ("places", "zones")
        for answer in (await asked(client, collection=name), (await client.get(f"{ROOT}/{name}")).json()):
            assert (answer.keys() >= THREE) == is_of_records, name


async def test_who_has_no_position_is_undecided_where_it_may_be(client, shelters) -> None:
    answer = await asked(client)
    assert (answer["completeness"]["state"], answer["completeness"]["listed"]) == ("open", 7)
    assert answer["completeness"]["located"] == answer["numberMatched"] == 3
    assert names(shelters, answer) == {"in T1", "in T2", "nowhere", "tiny"}
    reasons = {one["id"]: one["reason"] for one in answer["undecided"]["resources"]}
    assert reasons[shelters["in T1"]] == "candidate_places"
    assert reasons[shelters["nowhere"]] == "no_position"
    window = await asked(client, bbox="106.5,28.9,106.55,28.95")
    assert names(shelters, window) == {"in T1", "nowhere", "tiny"}
    place = await asked(client, under="T2")
    assert (names(shelters, place), place["completeness"]["listed"]) == ({"in T2", "nowhere", "tiny"}, 1)


async def test_a_filter_keeps_out_by_name_and_leaves_the_unknown_undecided(client, shelters) -> None:
    answer = await asked(client, filter="capacity_persons > 100")
    assert [one["id"] for one in answer["features"]] == [shelters["big"]]
    assert answer["excluded"] == {"filter": {"not_stated": 1, "otherwise": 1, "nearest": None}}
    assert names(shelters, answer) == {"in T1", "in T2", "nowhere"}
    answer = await asked(client, filter="capacity_persons < 100", level="town")
    assert answer["features"] == []
    counted = {name: (one["not_stated"], one["otherwise"]) for name, one in answer["excluded"].items()}
    assert counted == {"filter": (1, 1), "level": (1, 0), "several": (0, 0)}
    spatial = await asked(client, filter="S_INTERSECTS(geometry, BBOX(0,0,1,1)) AND capacity_persons > 100")
    assert names(shelters, spatial) == {"in T1", "in T2", "nowhere", "tiny"}


async def test_what_is_kept_follows_every_change(client, stored, shelters) -> None:
    assert (await asked(client))["undecided"]["count"] == 4
    another = str(await a_resource(stored, "shelter", None))
    answer = await asked(client)
    assert answer["undecided"]["count"] == 5
    assert another in {one["id"] for one in answer["undecided"]["resources"]}
    assert answer["completeness"]["listed"] == 8
    await an_inventory(stored, "shelter")
    assert (await asked(client))["completeness"]["state"] == "complete"


async def test_the_page_says_it_too(client, shelters) -> None:
    page = (await client.get(f"{ROOT}/shelters/items?f=html")).text
    for word in ("completeness", "undecided", "excluded", "open", "candidate_places"):
        assert word in page
