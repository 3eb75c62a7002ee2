"""The reference client: nothing a person did is lost, nothing is done twice, conflicts come to light."""

import time

from tests.sync.world import Device, World

POINT = {"type": "Point", "coordinates": [106.65, 29.03]}
SHELTER = {
    "type": "Feature",
    "geometry": POINT,
    "properties": {
        "kind": "shelter",
        "name": {"en": "Test shelter"},
        "location": {"quality": "surveyed", "uncertainty_m": 5},
        "capacity_persons": 300,
    },
}


def depot() -> dict:
    line = {"item_code": "1010101", "name": {"zh": "帐篷"}, "quantity": 10}
    properties = {name: SHELTER["properties"][name] for name in ("name", "location")}
    return SHELTER | {"properties": properties | {"kind": "supply_depot", "stock": [line]}}


def properties(device, identity: str) -> dict:
    found = device.app.get(identity)
    assert found is not None
    return found["properties"]


def agree(*devices: Device) -> bool:
    """Whether the devices come to show the same: what one has pushed, the feed has a moment later."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        assert all(one.sync().unreachable is None for one in devices)
        shown = [list(one.app.everything()) for one in devices]
        if all(one == shown[0] for one in shown):
            return True
    return False


def test_what_was_done_without_a_network_is_shown_at_once_and_settled_on_return(device) -> None:
    mine, other = device(), device()
    mine.line.is_cut = True
    shelter = mine.app.create(SHELTER, "found on patrol")
    store = mine.app.create(depot())
    mine.app.patch(shelter, {"properties": {"note": "door on the east side"}})
    mine.app.patch(shelter, {"properties": {"note": "door on the south side"}})
    mine.app.report_status(shelter, opening="open", occupancy_persons=12)
    mine.app.report_stock(store, movements=[{"item_code": "1010101", "change": -4}])
    mine.app.verify(shelter, "seen")
    assert properties(mine, shelter)["note"] == "door on the south side"
    assert properties(mine, store)["stock"][0]["quantity"] == 6
    assert mine.sync().unreachable == "no network"
    assert len(mine.app.waiting()) == 7
    mine.die()
    done = mine.sync()
    assert done.unreachable is None
    assert [one.result for one in done.settled] == ["applied"] * 7
    assert mine.app.waiting() == []
    assert agree(mine, other)
    assert properties(other, shelter)["note"] == "door on the south side"
    assert properties(other, shelter)["occupancy_persons"] == 12
    assert properties(other, store)["stock"][0]["quantity"] == 6


def test_a_lost_answer_has_one_effect(world: World, device) -> None:
    mine = device()
    store = mine.app.create(depot())
    mine.sync()
    mine.app.report_stock(store, movements=[{"item_code": "1010101", "change": -3}])
    mine.line.lose_answers = 1
    assert mine.sync().unreachable == "the answer was lost"
    mine.die()
    done = mine.sync()
    assert [(one.kind, one.result) for one in done.settled] == [("stock", "applied")]
    assert properties(mine, store)["stock"][0]["quantity"] == 7
    counted = world.fetch(
        "SELECT count(*) FROM observation WHERE resource_id = $1::text::uuid AND origin = 'report'", store
    )
    assert counted[0][0] == 1


def test_a_conflict_comes_to_light_and_does_not_hold_up_the_rest(device) -> None:
    mine, other = device(), device()
    shelter = mine.app.create(SHELTER)
    mine.sync()
    assert agree(mine, other)
    other.app.patch(shelter, {"properties": {"capacity_persons": 500}})
    other.sync()
    mine.app.patch(shelter, {"properties": {"capacity_persons": 250}}, "counted beds")
    mine.app.patch(shelter, {"properties": {"manager": "Red Cross"}})
    done = mine.sync()
    assert [one.result for one in done.settled] == ["conflict", "merged"]
    assert agree(mine, other)
    assert properties(mine, shelter)["capacity_persons"] == 500
    assert properties(mine, shelter)["manager"] == "Red Cross"
    (refused,) = mine.app.refused()
    assert refused.body == {"properties": {"capacity_persons": 250}}
    assert refused.answer["conflict"].startswith("/v1/corrections/")
    mine.app.dismiss(refused.op_id)
    assert mine.app.refused() == []


def test_an_operation_the_registry_cannot_read_does_not_hold_up_the_others(device) -> None:
    mine = device()
    first = mine.app.create(SHELTER)
    mine.app.patch(first, {"properties": {"note": "x"}}, "far too long " * 1000)
    second = mine.app.create(depot())
    done = mine.sync()
    assert done.unreachable is None
    assert {one.resource_id: one.result for one in done.settled if one.kind == "create"} == {
        first: "applied",
        second: "applied",
    }
    assert [one.kind for one in mine.app.refused()] == ["patch"]
    assert mine.app.waiting() == []


def test_a_restored_registry_is_met_by_digest(world: World, device) -> None:
    mine, other = device(), device()
    kept = [mine.app.create(SHELTER) for _ in range(4)]
    mine.sync()
    assert agree(mine, other)
    mine.app.patch(kept[0], {"properties": {"note": "after"}})
    assert mine.sync().unreachable is None
    world.fetch("UPDATE incarnation SET id = gen_random_uuid()")
    world.run(world.app.state.change_watcher.look())
    before = other.line.passed
    assert other.sync().unreachable is None
    assert other.line.passed - before == 4, "a refused cursor, a digest, one bucket, the rest of the feed"
    assert properties(other, kept[0])["note"] == "after"
    assert agree(mine, other)


REWRITTEN = """
UPDATE resource SET updated_at = at, feature = replace(jsonb_set(feature::jsonb, '{properties,updated_at}',
       to_jsonb(to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')))::text, 'lost', 'after')
  FROM (SELECT updated_at + interval '1 second' AS at FROM resource WHERE id = $1::text::uuid) AS later
 WHERE id = $1::text::uuid"""


def test_a_version_number_that_was_given_anew_after_a_restore_is_found(world: World, device) -> None:
    mine = device()
    kept = mine.app.create(SHELTER)
    mine.sync()
    mine.app.patch(kept, {"properties": {"note": "lost"}})
    mine.sync()
    world.run(world.app.state.change_watcher.look())
    mine.sync()
    assert (properties(mine, kept)["version"], properties(mine, kept)["note"]) == (2, "lost")
    world.fetch(REWRITTEN, kept)
    world.fetch("UPDATE incarnation SET id = gen_random_uuid()")
    world.run(world.app.state.change_watcher.look())
    assert mine.sync().unreachable is None
    assert (properties(mine, kept)["version"], properties(mine, kept)["note"]) == (2, "after")


def test_a_wrong_clock_is_corrected(world: World, device) -> None:
    mine = device()
    shelter = mine.app.create(SHELTER)
    mine.skew_s = -7200
    mine.sync()
    assert abs(mine.app.clock_offset_s - 7200) < 3
    mine.app.report_status(shelter, opening="open")
    mine.sync()
    seen = world.fetch(
        "SELECT abs(extract(epoch FROM received_at - observed_at)) AS off FROM observation"
        " WHERE resource_id = $1::text::uuid",
        shelter,
    )
    assert seen[0]["off"] < 10


def test_what_is_retired_leaves_the_device(device) -> None:
    mine, other = device(), device()
    shelter = mine.app.create(SHELTER)
    mine.sync()
    assert agree(mine, other)
    mine.app.retire(shelter, "demolished")
    mine.sync()
    assert agree(mine, other)
    assert (mine.app.get(shelter), other.app.get(shelter)) == (None, None)
