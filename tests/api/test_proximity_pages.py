"""Long answers about what is near come in pages, whose cursors stay good while records come and go."""

from typing import Any

import pytest

from registry.domain.records.resource import Resource
from registry.store.records import changes
from tests.api.conftest import Client
from tests.api.near import ask, ids, there
from tests.builders import A_CHANGE

MORE: dict[str, dict[str, Any]] = {
    "within": {"radius_m": 30_000, "kind": "fire_watch_point"},
    "covering": {},
}


@pytest.fixture
async def towers(stored) -> list[Resource]:
    """Watch points that reach the spot, three of them at one place, nearest first but for those three."""
    metres = [100, 250, 250, 250, 400, 700, 1500]
    made = [there("fire_watch_point", at, watch_radius_m=20_000) for at in metres]
    await changes.load(stored, made, A_CHANGE)
    return made


async def pages(client: Client, first: dict[str, Any]) -> list[dict[str, Any]]:
    """All pages of an answer, of which this is the first."""
    found = [first]
    while links := [link["href"] for link in found[-1]["links"] if link["rel"] == "next"]:
        answer = await client.get(links[0])
        assert answer.status_code == 200, answer.text
        found.append(answer.json())
    return found


@pytest.mark.parametrize("route", MORE)
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
async def test_the_pages_hold_each_record_once_and_in_order(client, towers, route, limit) -> None:
    whole = ids(await ask(client, route, **MORE[route]))
    assert sorted(whole) == sorted(str(tower.id) for tower in towers)
    found = await pages(client, await ask(client, route, limit=limit, **MORE[route]))
    assert [identity for page in found for identity in ids(page)] == whole
    assert {len(page["features"]) for page in found[:-1]} <= {limit}
    assert all(page["completeness"] == found[0]["completeness"] for page in found)


@pytest.mark.parametrize("route", MORE)
async def test_a_cursor_goes_on_where_it_was_while_records_come(client, towers, stored, route) -> None:
    first = await ask(client, route, limit=3, **MORE[route])
    nearer, farther = (there("fire_watch_point", at, watch_radius_m=20_000) for at in (50, 900))
    await changes.load(stored, [nearer, farther], A_CHANGE)
    rest = [identity for page in (await pages(client, first))[1:] for identity in ids(page)]
    assert str(farther.id) in rest
    assert not {str(nearer.id), *ids(first)} & set(rest)
    assert len(ids(first)) + len(rest) == len(towers) + 1
