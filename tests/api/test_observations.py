"""What was observed is kept, in the order in which it was observed; answers say when it is not the state."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from registry.runtime import database
from registry.services.records.rebuild_state import different_states, rebuild_state
from tests.api.test_writes import URL, created, feature

EARLY, NOON, LATE = ("2026-03-01T08:00:00Z", "2026-03-01T12:00:00Z", "2026-03-01T18:00:00Z")
TENTS = {"item_code": "tents", "name": {"zh": "帐篷"}}


async def reported(client, headers, identity: str, kind: str, **body) -> dict:
    answer = await client.post(f"{URL}/{identity}/{kind}", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def depot(client, headers, *lines: dict) -> str:
    return (await created(client, headers, feature("supply_depot", stock=list(lines))))[0]


def counted(quantity: float, **item) -> dict:
    return {"counts": [{"item_code": "tents", "quantity": quantity, **item}]}


def moved(change: float, **item) -> dict:
    return {"movements": [{"item_code": "tents", "change": change, **item}]}


def quantities(answer: dict) -> list[float | None]:
    return [line["quantity"] for line in answer["properties"]["stock"]]


async def test_a_report_that_does_not_change_the_state_says_which_one_stands(client, stored, signed) -> None:
    field = await signed("field")
    identity, _ = await created(client, field)
    changed = await reported(client, field, identity, "status", observed_at=LATE, opening="full")
    assert "unapplied" not in changed
    late = await reported(
        client, field, identity, "status", observed_at=EARLY, opening="open", occupancy_persons=3
    )
    assert (late["properties"]["opening"], late["properties"]["occupancy_persons"]) == ("full", 3)
    (one,) = late["unapplied"]
    assert (one["code"], one["subject"], one["value"]) == ("later_stands", "opening", {"opening": "open"})
    assert (one["standing"]["observed_at"], one["standing"]["value"]) == (LATE, {"opening": "full"})
    assert "a later observation stands" in one["message"]["en"]
    assert "较晚" in one["message"]["zh"]
    push = {"op_id": str(uuid4()), "kind": "status", "resource_id": identity}
    push |= {"body": {"observed_at": NOON, "opening": "closed"}}
    for _ in range(2):
        (result,) = (await client.post("/v1/sync/push", json={"operations": [push]}, headers=field)).json()[
            "results"
        ]
        assert [one["code"] for one in result["unapplied"]] == ["later_stands"]
    kept = (await client.get(f"{URL}/{identity}/observations", headers=field)).json()["observations"]
    assert [(one["observed_at"], one["subject"]) for one in kept] == [
        (LATE, "opening"), (NOON, "opening"), (EARLY, "occupancy"), (EARLY, "opening"),
    ]  # fmt: skip
    assert kept[1]["id"] == push["op_id"]


async def test_movements_before_and_after_a_count(client, stored, signed) -> None:
    field = await signed("field")
    identity = await depot(client, field, TENTS)
    first = await reported(client, field, identity, "stock", observed_at=LATE, **moved(-5))
    assert (quantities(first), first["unapplied"][0]["code"]) == ([None], "never_counted")
    count = await reported(client, field, identity, "stock", observed_at=NOON, **counted(8))
    assert quantities(count) == [3], "what moved after the count is taken in when the count arrives"
    late = await reported(client, field, identity, "stock", observed_at=EARLY, **moved(100))
    assert (quantities(late), late["unapplied"][0]["code"]) == ([3], "counted_later")
    over = await reported(client, field, identity, "stock", observed_at=LATE, **moved(-4))
    assert (quantities(over), over["unapplied"][0]["code"]) == ([None], "overdrawn")
    again = await reported(client, field, identity, "stock", observed_at=LATE, **moved(2))
    assert quantities(again) == [1]
    tenths = await reported(client, field, identity, "stock", observed_at=LATE, **moved(-0.3))
    assert quantities(tenths) == [0.7]


async def test_lines_of_an_item_are_told_apart_by_unit_lot_and_expiry(client, stored, signed) -> None:
    field = await signed("field")
    lots = [
        TENTS | {"unit": "顶", "lot": "A", "expires_on": "2027-01-01", "quantity": 5},
        TENTS | {"unit": "顶", "lot": "B", "quantity": 6},
        TENTS | {"unit": "箱", "quantity": 7},
    ]
    identity = await depot(client, field, *lots)
    for item in ({"unit": "箱"}, {"lot": "A"}, {"expires_on": "2027-01-01"}, {"unit": "顶", "lot": "B"}):
        answer = await reported(client, field, identity, "stock", observed_at=NOON, **moved(-1, **item))
    assert quantities(answer) == [3, 5, 6]
    for item, field_name in (({"unit": "件"}, "unit"), ({"unit": "顶"}, "item_code"), ({"lot": "C"}, "lot")):
        wrong = await client.post(
            f"{URL}/{identity}/stock", json={"observed_at": NOON} | moved(-1, **item), headers=field
        )
        assert wrong.status_code == 422, wrong.text
        assert wrong.json()["errors"][0]["pointer"] == f"/{field_name}", wrong.text
    same = await client.post(URL, json=feature("supply_depot", stock=[TENTS, TENTS]), headers=field)
    assert same.status_code == 422
    held = {"kind": "supply_depot", "item": "tents", "quantity": 8, "lifecycle": "in_service"}
    assert len((await client.get(URL, params=held, headers=field)).json()["features"]) == 1
    assert not (await client.get(URL, params=held | {"quantity": 9}, headers=field)).json()["features"]


async def test_clocks_are_bounded_and_corrected(client, stored, signed) -> None:
    field = await signed("field")
    identity, _ = await created(client, field)
    path = f"{URL}/{identity}/status"
    now = datetime.now(UTC).replace(microsecond=0)
    ahead = now + timedelta(hours=1)
    refused = await client.post(
        path, json={"observed_at": ahead.isoformat(), "opening": "open"}, headers=field
    )
    assert refused.status_code == 422
    assert ahead.isoformat()[:16] in refused.json()["detail"]
    assert now.isoformat()[:13] in refused.json()["detail"]
    old = await client.post(
        path, json={"observed_at": "1980-01-06T00:00:00Z", "opening": "open"}, headers=field
    )
    assert old.status_code == 422
    seen = {"observed_at": (ahead - timedelta(minutes=10)).isoformat(), "sent_at": ahead.isoformat()}
    fixed = (await client.post(path, json=seen | {"opening": "open"}, headers=field)).json()["properties"]
    at = datetime.fromisoformat(fixed["status_at"])
    assert abs(at - (now - timedelta(minutes=10))) < timedelta(seconds=30)
    operation = {"op_id": str(uuid4()), "kind": "status", "resource_id": identity}
    operation |= {"body": {"observed_at": ahead.isoformat(), "opening": "full"}}
    unsaid = (await client.post("/v1/sync/push", json={"operations": [operation]}, headers=field)).json()
    assert (unsaid["results"][0]["result"], unsaid["results"][0]["status"]) == ("rejected", 422)
    said = {"sent_at": ahead.isoformat(), "operations": [operation]}
    assert (await client.post("/v1/sync/push", json=said, headers=field)).json()["results"][0][
        "result"
    ] == "applied"
    first = (await client.get(f"{URL}/{identity}/observations", headers=field)).json()["observations"][0]
    assert first["skew_s"] == pytest.approx(-3600, abs=30)
    future = {"properties": {"opening": "open", "status_at": ahead.isoformat()}}
    edit = await client.patch(f"{URL}/{identity}", json=future, headers=field | {"If-Match": "*"})
    assert edit.status_code == 422
    created_ahead = await client.post(
        URL, json=feature(status_at=ahead.isoformat(), opening="open"), headers=field
    )
    assert created_ahead.status_code == 422


async def test_an_edit_of_the_state_is_an_observation(client, stored, signed) -> None:
    field = await signed("field")
    identity, _ = await created(client, field)
    await reported(client, field, identity, "status", observed_at=NOON, opening="open")

    async def patch(**properties) -> dict:
        headers = field | {"If-Match": "*"}
        answer = await client.patch(f"{URL}/{identity}", json={"properties": properties}, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    older = await patch(opening="closed", status_at=EARLY, note="tidied")
    assert (older["properties"]["opening"], older["properties"]["note"]) == ("open", "tidied")
    assert [one["code"] for one in older["unapplied"]] == ["later_stands"]
    newer = (await patch(opening="full"))["properties"]
    assert newer["opening"] == "full"
    assert newer["status_at"] > LATE, "an edit that does not say when is of now"
    late = await reported(client, field, identity, "status", observed_at=LATE, opening="open")
    assert late["properties"]["opening"] == "full"
    whole = feature(opening="full", note="read elsewhere")
    put = await client.put(f"{URL}/{identity}", json=whole, headers=field | {"If-Match": "*"})
    assert put.json()["properties"]["status_at"] == newer["status_at"], "no time, no new value: nothing new"


async def test_a_stock_line_that_comes_back_has_its_observations(client, stored, signed) -> None:
    field = await signed("field")
    identity = await depot(client, field, TENTS)
    await reported(client, field, identity, "stock", observed_at=NOON, **counted(8))

    async def patch(*lines: dict) -> dict:
        headers = field | {"If-Match": "*"}
        answer = await client.patch(
            f"{URL}/{identity}", json={"properties": {"stock": list(lines)}}, headers=headers
        )
        return answer.json()

    assert quantities(await patch()) == []
    assert quantities(await patch(TENTS)) == [8]
    assert quantities(await patch(TENTS | {"lot": "A", "quantity": 2}, TENTS | {"quantity": 8})) == [2, 8]
    moved_lot = await reported(client, field, identity, "stock", observed_at=NOON, **moved(1, lot="A"))
    assert quantities(moved_lot) == [3, 8]


async def test_the_stored_state_is_a_cache(client, stored, signed, api_url) -> None:
    field = await signed("field")
    identity = await depot(client, field, TENTS | {"quantity": 10})
    await reported(client, field, identity, "stock", observed_at=NOON, **moved(-4))
    await stored._connection.execute("UPDATE resource SET feature = replace(feature, '6.0', '66.0')")
    (fault,) = await different_states(stored)
    assert identity in fault
    assert await rebuild_state(lambda: database.writing(api_url)) == 1
    assert await different_states(stored) == []
    rebuilt = (await client.get(f"{URL}/{identity}", headers=field)).json()
    assert (quantities(rebuilt), rebuilt["properties"]["version"]) == ([6], 3)
