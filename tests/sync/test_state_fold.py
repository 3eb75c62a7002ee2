"""Whatever order reports arrive in, the state is the fold of what was observed, computed here once more."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from registry.runtime import database
from registry.services.records.rebuild_state import different_states
from tests.sync.world import World

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
STOCK = [
    {"item_code": "tents", "name": {"zh": "帐篷"}, "unit": "顶", "quantity": 100},
    {"item_code": "tents", "name": {"zh": "帐篷"}, "unit": "箱"},
    {"item_code": "water", "name": {"zh": "水"}, "unit": "瓶", "lot": "A", "expires_on": "2030-01-01"},
    {
        "item_code": "water",
        "name": {"zh": "水"},
        "unit": "瓶",
        "lot": "B",
        "quantity": 40,
        "counted_at": (START + timedelta(minutes=3, seconds=30)).isoformat(),
    },
]
NAMED = [{"unit": "顶"}, {"unit": "箱"}, {"lot": "A"}, {"lot": "B"}]
"""How a report tells each of these lines from the others."""
TYPES: dict[str, st.SearchStrategy[Any]] = {
    "opening": st.sampled_from(["open", "closed", "full", "unknown"]),
    "occupancy_persons": st.integers(0, 9),
    "readiness": st.sampled_from(["available", "committed", "unavailable"]),
    "coordinates": st.tuples(st.integers(106, 107), st.integers(28, 30)).map(list),
}
KIND_OF = {
    "opening": "shelter",
    "occupancy_persons": "shelter",
    "readiness": "rescue_team",
    "coordinates": "rescue_team",
}
TIMES = {"opening": "status_at", "occupancy_persons": "occupancy_at", "readiness": "status_at"}
bases = itertools.count(1)


class Event(Struct, frozen=True):
    """Something that was observed: in which minute, what of, and how it comes in."""

    minute: int
    member: str
    value: Any
    way: str


status_events = st.sampled_from(sorted(TYPES)).flatmap(
    lambda member: st.builds(
        Event,
        st.integers(0, 5),
        st.just(member),
        TYPES[member],
        st.sampled_from(["single", "push"] if member == "coordinates" else ["single", "push", "edit"]),
    )
)
stock_events = st.builds(
    Event,
    st.integers(0, 6),
    st.sampled_from([f"{what}-{line}" for what in ("count", "move") for line in range(len(STOCK))]),
    st.integers(0, 12),
    st.sampled_from(["single", "push"]),
)


class Sender:
    """Sends events to fresh records of a running registry, and reads what became of them."""

    def __init__(self, world: World) -> None:
        self.world, self.key = world, world.key(f"fold-{uuid4()}")
        self.base = next(bases) << 96

    def create(self, kind: str, **members: Any) -> str:
        properties = {"kind": kind, "name": {"zh": "点"}, "location": {"quality": "unknown"}, **members}
        answer = self.ask(
            "POST", "/v1/resources", {"type": "Feature", "geometry": None, "properties": properties}
        )
        return str(answer["id"])

    def ask(self, method: str, path: str, body: Any, **headers: str) -> Any:
        answer = self.world.ask(method, path, self.key, json=body, headers=headers)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def send(self, identity: str, event: Event, rank: int) -> None:
        """Send an event under an identity that depends on its rank alone, not on when it is sent."""
        seen, report = START + timedelta(minutes=event.minute), str(UUID(int=self.base + rank))
        if event.way == "edit":
            at = (seen + timedelta(seconds=1 + rank)).isoformat()
            body: dict[str, Any] = {"properties": {event.member: event.value, TIMES[event.member]: at}}
            self.ask("PATCH", f"/v1/resources/{identity}", body, **{"If-Match": "*"})
            return
        what, _, line = event.member.partition("-")
        body = {"observed_at": seen.isoformat()}
        if line:
            item = {"item_code": STOCK[int(line)]["item_code"], **NAMED[int(line)]}
            counted = {"counts": [item | {"quantity": event.value}]}
            body |= counted if what == "count" else {"movements": [item | {"change": event.value - 6}]}
        else:
            body[event.member] = event.value
        kind = "stock" if line else "status"
        if event.way == "single":
            self.ask("POST", f"/v1/resources/{identity}/{kind}", body | {"id": report})
            return
        operation = {"op_id": report, "kind": kind, "resource_id": identity, "body": body}
        (result,) = self.ask("POST", "/v1/sync/push", {"operations": [operation]})["results"]
        assert result["result"] == "applied", result

    def state(self, identity: str) -> dict[str, Any]:
        properties = self.world.ask("GET", f"/v1/resources/{identity}", self.key).json()["properties"]
        stock = {n: line["quantity"] for n, line in enumerate(properties.get("stock", []))}
        seen = properties.get("last_seen")
        held = {name: properties[name] for name in TYPES if name in properties}
        return (
            held | {"coordinates": seen and seen["coordinates"]} | {f"line {n}": q for n, q in stock.items()}
        )


def expected_status(events: Sequence[Event], kind: str) -> dict[str, Any]:
    state: dict[str, Any] = {"coordinates": None}
    state |= (
        {"opening": "unknown", "occupancy_persons": None} if kind == "shelter" else {"readiness": "unknown"}
    )
    order = sorted(
        enumerate(events),
        key=lambda one: (one[1].minute * 60 + (one[1].way == "edit") * (1 + one[0]), one[0]),
    )
    for _, event in order:
        if KIND_OF[event.member] == kind:
            state[event.member] = event.value
    return state


def expected_stock(events: Sequence[Event]) -> dict[str, float | None]:
    held: dict[str, float | None] = {}
    for number, line in enumerate(STOCK):
        quantity: float | None = None if "counted_at" in line else line.get("quantity")
        initial = (3.5, -1, "count", line["quantity"]) if "counted_at" in line else None
        known = [
            (event.minute, rank, event.member.partition("-")[0], event.value)
            for rank, event in enumerate(events)
            if event.member.endswith(f"-{number}")
        ]
        for _, _, what, value in sorted(known + ([initial] if initial else [])):
            if what == "count":
                quantity = value
            elif quantity is not None:
                quantity += value - 6
        held[f"line {number}"] = None if quantity is not None and quantity < 0 else quantity
    return held


def stored_states(world: World) -> list[str]:
    async def look() -> list[str]:
        async with database.writing(world.database_url) as writer:
            return await different_states(writer)

    return world.run(look())


unhurried = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


@unhurried
@given(events=st.lists(status_events, min_size=1, max_size=6), data=st.data())
def test_every_order_of_status_reports_and_edits_ends_in_one_state(
    world: World, events: list[Event], data: st.DataObject
) -> None:
    for order in (range(len(events)), data.draw(st.permutations(range(len(events))))):
        sender = Sender(world)
        records = {kind: sender.create(kind) for kind in ("shelter", "rescue_team")}
        for rank in order:
            sender.send(records[KIND_OF[events[rank].member]], events[rank], rank)
        for kind, identity in records.items():
            assert sender.state(identity) == expected_status(events, kind), (kind, list(order))
    assert stored_states(world) == []


@unhurried
@given(events=st.lists(stock_events, min_size=1, max_size=7), data=st.data())
def test_every_order_of_counts_and_movements_ends_in_one_stock(
    world: World, events: list[Event], data: st.DataObject
) -> None:
    for order in (range(len(events)), data.draw(st.permutations(range(len(events))))):
        sender = Sender(world)
        depot = sender.create("supply_depot", stock=STOCK)
        for rank in order:
            sender.send(depot, events[rank], rank)
        assert sender.state(depot) == {"coordinates": None} | expected_stock(events), list(order)
    assert stored_states(world) == []
