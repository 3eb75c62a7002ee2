"""Push: operations made while away, each whole or not at all, none twice."""

import asyncio
from uuid import uuid4

from tests.api.test_writes import SHELTER, URL, created, feature

PUSH = "/v1/sync/push"


def op(kind: str, identity: str, body: dict, **more) -> dict:
    return {"op_id": str(uuid4()), "kind": kind, "resource_id": identity, "body": body} | more


async def push(client, headers, *operations) -> list[dict]:
    response = await client.post(PUSH, json={"operations": list(operations)}, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()["results"]


async def test_each_operation_has_its_own_fate(client, stored, signed) -> None:
    field = await signed("field")
    known, _ = await created(client, field)
    fresh = str(uuid4())
    operations = [
        op("create", fresh, SHELTER),
        op("patch", fresh, {"properties": {"note": "seen"}}, base_version=1),
        op("patch", known, {"properties": {"capacity_persons": -1}}, base_version=1),
        op("patch", known, {"properties": {"note": "later"}}, base_version=1),
        op("status", str(uuid4()), {"observed_at": "2026-01-02T10:00:00Z", "opening": "open"}),
    ]
    results = await push(client, field, *operations)
    assert [r["result"] for r in results] == ["applied", "applied", "rejected", "blocked", "rejected"]
    assert results[1]["version"] == 2
    assert (await client.get(f"{URL}/{known}")).json()["properties"]["version"] == 1
    again = await push(client, field, *operations)
    assert [r["result"] for r in again] == ["duplicate", "duplicate", "rejected", "blocked", "rejected"]
    assert (await client.get(f"{URL}/{fresh}")).json()["properties"]["version"] == 2


async def test_two_devices_merge_or_conflict(client, stored, signed) -> None:
    one, two, planner = await signed("field"), await signed("field"), await signed("planner")
    identity, _ = await created(client, one)
    mine = op("patch", identity, {"properties": {"capacity_persons": 5}}, base_version=1)
    theirs = op("patch", identity, {"properties": {"note": "two"}}, base_version=1)
    clash = op("patch", identity, {"properties": {"capacity_persons": 6}}, base_version=1)
    assert (await push(client, one, mine))[0]["result"] == "applied"
    assert (await push(client, two, theirs))[0]["result"] == "merged"
    lost = (await push(client, two, clash))[0]
    assert lost["result"] == "conflict"
    waiting = (await client.get("/v1/conflicts", headers=planner)).json()["corrections"]
    assert [f"/v1/corrections/{c['id']}" for c in waiting] == [lost["conflict"]]
    properties = (await client.get(f"{URL}/{identity}")).json()["properties"]
    assert (properties["capacity_persons"], properties["note"]) == (5, "two")
    repeated = (await push(client, two, clash))[0]
    assert (repeated["result"], repeated["first"]) == ("duplicate", "conflict")
    assert len((await client.get("/v1/conflicts", headers=planner)).json()["corrections"]) == 1


async def test_the_same_push_sent_twice_at_once_has_one_effect(client, stored, signed) -> None:
    field = await signed("field")
    line = {"item_code": "1010101", "name": {"zh": "帐篷"}, "quantity": 100}
    identity, _ = await created(client, field, feature("supply_depot", stock=[line]))
    moved = {"observed_at": "2026-01-02T10:00:00Z", "movements": [{"item_code": "1010101", "change": -10}]}
    operation = op("stock", identity, moved)
    await asyncio.gather(*(push(client, field, operation) for _ in range(4)))
    stock = (await client.get(f"{URL}/{identity}")).json()["properties"]["stock"]
    assert stock[0]["quantity"] == 90


async def test_bounds_and_roles(client, stored, signed) -> None:
    field, viewer = await signed("field"), await signed("viewer")
    many = {"operations": [op("retire", str(uuid4()), {}) for _ in range(51)]}
    assert (await client.post(PUSH, json=many, headers=field)).status_code == 400
    one = {"operations": [op("retire", str(uuid4()), {})]}
    assert (await client.post(PUSH, json=one, headers=viewer)).status_code == 403
    assert (await client.post(PUSH, json=one)).status_code in (401, 403)
