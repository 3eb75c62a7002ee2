"""Reports from the field: append-only observations, and what they make of a resource's state."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct, field, structs

from registry.domain.errors import Invalid
from registry.domain.geojson import Position
from registry.domain.records.resource import (
    FireWatchPoint,
    LastSeen,
    Opening,
    Operational,
    Readiness,
    RescueTeam,
    Resource,
    Shelter,
    StockLine,
    SupplyDepot,
)
from registry.domain.values import Code, Count, LongText, Metres, Quantity, ShortText

Subject = Literal["readiness", "opening", "occupancy", "operational", "position", "count", "movement"]


class StatusReport(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What somebody saw of a resource's state, and when; each kind has its own members."""

    id: UUID | None = None
    observed_at: datetime
    readiness: Readiness | None = None
    opening: Opening | None = None
    occupancy_persons: Count | None = None
    operational: Operational | None = None
    coordinates: Position | None = None
    accuracy_m: Metres = 0.0
    note: LongText | None = None


class CountedLine(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much of an item was found when it was counted."""

    item_code: Code
    scheme: Code = "gbt38565"
    quantity: Quantity


class Movement(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much of an item went out (negative) or came in."""

    item_code: Code
    scheme: Code = "gbt38565"
    change: Annotated[float, Meta(ge=-1e12, le=1e12)]


class StockReport(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A count of some lines, or movements since; both are kept."""

    id: UUID | None = None
    observed_at: datetime
    counts: Annotated[list[CountedLine], Meta(max_length=2000)] = field(default_factory=list)
    movements: Annotated[list[Movement], Meta(max_length=2000)] = field(default_factory=list)
    note: LongText | None = None
    document: ShortText | None = None


class Observed(Struct, frozen=True):
    """One observation as it is kept."""

    subject: Subject
    value: dict[str, Any]


def _aware(moment: datetime) -> None:
    if moment.tzinfo is None:
        raise Invalid("observed_at needs a time zone", field="observed_at")


def observations(report: StatusReport) -> list[Observed]:
    """What a status report says, one observation a subject; Invalid when it says nothing."""
    _aware(report.observed_at)
    said: list[Observed] = []
    if report.readiness is not None:
        said.append(Observed("readiness", {"readiness": report.readiness}))
    if report.opening is not None:
        said.append(Observed("opening", {"opening": report.opening}))
    if report.occupancy_persons is not None:
        said.append(Observed("occupancy", {"occupancy_persons": report.occupancy_persons}))
    if report.operational is not None:
        said.append(Observed("operational", {"operational": report.operational}))
    if report.coordinates is not None:
        where = {"coordinates": list(report.coordinates), "accuracy_m": report.accuracy_m}
        said.append(Observed("position", where))
    if not said:
        raise Invalid("a report says at least one of readiness, opening, occupancy, operational, position")
    return said


FITS: dict[Subject, type] = {
    "readiness": RescueTeam,
    "position": RescueTeam,
    "opening": Shelter,
    "occupancy": Shelter,
    "operational": FireWatchPoint,
    "count": SupplyDepot,
    "movement": SupplyDepot,
}


def apply(current: Resource, said: Sequence[Observed], observed_at: datetime) -> Resource:
    """The resource as the observations leave it; what was seen earlier than what is known changes nothing."""
    properties = current.properties
    for one in said:
        if not isinstance(properties, FITS[one.subject]):
            raise Invalid(f"a {current.kind} has no {one.subject}", field=one.subject)
        properties = structs.replace(properties, **_effect(properties, one, observed_at))
    return structs.replace(current, properties=properties)


def _effect(properties: Any, one: Observed, observed_at: datetime) -> dict[str, Any]:
    if one.subject == "occupancy":
        known_at, effect = properties.occupancy_at, one.value | {"occupancy_at": observed_at}
    elif one.subject == "position":
        known_at = properties.last_seen and properties.last_seen.at
        where = LastSeen(tuple(one.value["coordinates"]), observed_at, one.value["accuracy_m"])
        effect = {"last_seen": where}
    else:
        known_at, effect = properties.status_at, one.value | {"status_at": observed_at}
    return effect if known_at is None or observed_at >= known_at else {}


def stock_observations(report: StockReport) -> list[Observed]:
    """What a stock report says, one observation a line; Invalid when it says nothing."""
    _aware(report.observed_at)
    counted = [Observed("count", _line(line) | {"quantity": line.quantity}) for line in report.counts]
    moved = [Observed("movement", _line(line) | {"change": line.change}) for line in report.movements]
    if not counted + moved:
        raise Invalid("a stock report has counts or movements")
    return counted + moved


def _line(line: CountedLine | Movement) -> dict[str, Any]:
    return {"scheme": line.scheme, "item_code": line.item_code}


def apply_stock(current: Resource, said: Sequence[Observed], observed_at: datetime) -> Resource:
    """The depot after counts and movements; Invalid for an item it does not list or stock below zero."""
    if not isinstance(current.properties, SupplyDepot):
        raise Invalid(f"a {current.kind} has no stock")
    lines = {(line.scheme, line.item_code): line for line in current.properties.stock}
    for one in said:
        key = (one.value["scheme"], one.value["item_code"])
        if key not in lines:
            raise Invalid(f"the depot lists no item {key[1]} of {key[0]}", field="item_code")
        lines[key] = _counted(lines[key], one, observed_at)
    properties = structs.replace(current.properties, stock=list(lines.values()))
    return structs.replace(current, properties=properties)


def _counted(line: StockLine, one: Observed, observed_at: datetime) -> StockLine:
    if one.subject == "count":
        if line.counted_at is not None and observed_at < line.counted_at:
            return line
        return structs.replace(line, quantity=one.value["quantity"], counted_at=observed_at)
    if line.quantity is None:
        raise Invalid(f"item {line.item_code} was never counted, so a movement leaves it unknown")
    left = line.quantity + one.value["change"]
    if left < 0:
        raise Invalid(f"item {line.item_code} has {line.quantity} left", field="movements")
    return structs.replace(line, quantity=left)
