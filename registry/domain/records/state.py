"""The state of a record as the fold of what was observed of it, in the order in which it was observed.

A state has slots: one for each status and position, and one for each stock line. In each slot a statement
sets, a movement that was observed later adds, and one that was observed earlier is part of the count.
"""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import Struct, structs

from registry.domain.records.clock import observed_instant
from registry.domain.records.resource import (
    LastSeen,
    RescueTeam,
    Resource,
    Shelter,
    StockLine,
    SupplyDepot,
)

Subject = Literal["readiness", "opening", "occupancy", "operational", "position", "count", "movement"]
Origin = Literal["report", "edit", "record"]
"""A report from the field, an edit of the record, or what the record said before its first observation."""
NOTHING = (None, "unknown")
DECIMALS = 6
"""Quantities are rounded to these, so that tenths taken out of tenths leave zero."""
BEGINNING = datetime.min.replace(tzinfo=UTC)


class Statement(Struct, frozen=True):
    """What is said of a slot, and when it was observed; None where nobody said when."""

    subject: Subject
    value: dict[str, Any]
    at: datetime | None

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing: an unknown value of no date."""
        return self.at is None and next(iter(self.value.values())) in NOTHING


class Observation(Struct, frozen=True, kw_only=True):
    """One observation: `id` is that of its report and `line` its place in it."""

    id: UUID
    line: int = 0
    slot: str
    subject: Subject
    value: dict[str, Any]
    observed_at: datetime | None
    origin: Origin = "report"

    @property
    def order(self) -> tuple[datetime, UUID, int]:
        """Its place in time: the undated first, those of one instant by the identities of their reports."""
        return self.observed_at or BEGINNING, self.id, self.line


def stock_slot(line: StockLine) -> str:
    """The slot of a stock line: item, unit, lot and expiry tell the lines of a depot apart."""
    return msgspec.json.encode([line.scheme, line.item_code, line.unit, line.lot, line.expires_on]).decode()


def statements(record: Resource) -> dict[str, Statement]:
    """What a record says of its state, by slot."""
    properties = record.properties
    if isinstance(properties, SupplyDepot):
        return {
            stock_slot(line): Statement("count", {"quantity": line.quantity}, line.counted_at)
            for line in properties.stock
        }
    status_at = properties.status_at
    if isinstance(properties, RescueTeam):
        return {
            "readiness": Statement("readiness", {"readiness": properties.readiness}, status_at),
            "position": _position(properties.last_seen),
        }
    if isinstance(properties, Shelter):
        persons = {"occupancy_persons": properties.occupancy_persons}
        return {
            "opening": Statement("opening", {"opening": properties.opening}, status_at),
            "occupancy": Statement("occupancy", persons, properties.occupancy_at),
        }
    return {"operational": Statement("operational", {"operational": properties.operational}, status_at)}


def _position(seen: LastSeen | None) -> Statement:
    if seen is None:
        return Statement("position", {"coordinates": None}, None)
    return Statement(
        "position", {"coordinates": list(seen.coordinates), "accuracy_m": seen.accuracy_m}, seen.at
    )


def with_state(record: Resource, state: Mapping[str, Statement]) -> Resource:
    """`record` with these slots set. A slot that the record does not have is left out."""
    properties = record.properties
    if isinstance(properties, SupplyDepot):
        lines = [_counted(line, state.get(stock_slot(line))) for line in properties.stock]
        return structs.replace(record, properties=structs.replace(properties, stock=lines))
    members: dict[str, Any] = {}
    for slot, said in statements(record).items():
        if state.get(slot, said) != said:
            members |= _members(state[slot])
    return structs.replace(record, properties=structs.replace(properties, **members))


def _counted(line: StockLine, count: Statement | None) -> StockLine:
    quantity = None if count is None else count.value["quantity"]
    if count is None or (quantity, count.at) == (line.quantity, line.counted_at):
        return line
    return structs.replace(line, quantity=quantity, counted_at=count.at)


def _members(statement: Statement) -> dict[str, Any]:
    value, at = statement.value, statement.at
    if statement.subject == "occupancy":
        return value | {"occupancy_at": at}
    if statement.subject != "position":
        return value | {"status_at": at}
    if value["coordinates"] is None or at is None:
        return {"last_seen": None}
    return {"last_seen": LastSeen(tuple(value["coordinates"]), at, value["accuracy_m"])}


class Fold(Struct, frozen=True):
    """A slot after its observations: what is true now, the observation that set it, what moved since."""

    standing: Observation | None
    moved: tuple[Observation, ...]

    @property
    def is_overdrawn(self) -> bool:
        """Whether more went out than was there."""
        quantity = self._quantity()
        return quantity is not None and quantity < 0

    @property
    def statement(self) -> Statement | None:
        """The state of the slot; None while nothing sets it. A quantity that is overdrawn is not known."""
        if self.standing is None:
            return None
        one = self.standing
        if one.subject != "count":
            return Statement(one.subject, one.value, one.observed_at)
        quantity = None if self.is_overdrawn else self._quantity()
        return Statement("count", {"quantity": quantity}, one.observed_at)

    def _quantity(self) -> float | None:
        counted: float | None = None if self.standing is None else self.standing.value.get("quantity")
        if counted is None or not self.moved:
            return counted
        changes = (one.value["change"] for one in self.moved)
        return round(math.fsum((counted, *changes)), DECIMALS) + 0.0


def fold(observations: Iterable[Observation]) -> Fold:
    """The fold of the observations of one slot, in whatever order they are given."""
    ordered = sorted(observations, key=lambda one: one.order)
    settings = [place for place, one in enumerate(ordered) if one.subject != "movement"]
    since = settings[-1] + 1 if settings else 0
    return Fold(ordered[since - 1] if settings else None, tuple(ordered[since:]))


def fold_slots(observations: Iterable[Observation]) -> dict[str, Fold]:
    """The fold of each slot, of observations in whatever order they are given."""
    slots: dict[str, list[Observation]] = {}
    for one in observations:
        slots.setdefault(one.slot, []).append(one)
    return {slot: fold(of_slot) for slot, of_slot in slots.items()}


def state_of(folds: Mapping[str, Fold]) -> dict[str, Statement]:
    """The state of the slots that something sets."""
    return {slot: said for slot, one in folds.items() if (said := one.statement) is not None}


def edited(
    before: Mapping[str, Statement], after: Mapping[str, Statement], now: datetime
) -> dict[str, Statement]:
    """What an edit says of the state, by slot.

    A value that changed without a new time of its own is seen now. One that is as it was, without a time,
    says nothing new. A slot that is new may be without a time.
    """
    said: dict[str, Statement] = {}
    for slot, statement in after.items():
        known = before.get(slot)
        if known is None or (statement.at is not None and statement.at != known.at):
            said[slot] = statement
        elif known.value != statement.value:
            said[slot] = structs.replace(statement, at=now)
    return said


def check_clocks(said: Mapping[str, Statement], now: datetime) -> None:
    """Invalid for a state that was observed in the future or before 1990."""
    for statement in said.values():
        if statement.at is not None:
            observed_instant(statement.at, now, field=TIMES.get(statement.subject, "properties.status_at"))


TIMES = {
    "occupancy": "properties.occupancy_at",
    "position": "properties.last_seen.at",
    "count": "properties.stock.counted_at",
}
"""The members that hold when a slot was observed, beside `status_at`."""
