"""Reports from the field: append-only observations, and the state of a resource that they make."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct, field, structs

from registry.domain.errors import Invalid
from registry.domain.geojson import SpotPosition
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
from registry.domain.values import (
    Code,
    Count,
    ItemCode,
    LongText,
    Metres,
    ObservedInstant,
    Quantity,
    ShortText,
)

Subject = Literal["readiness", "opening", "occupancy", "operational", "position", "count", "movement"]


class StatusReport(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The observed state of a resource, and when it was observed; each kind has its own members."""

    id: UUID | None = None
    observed_at: ObservedInstant
    readiness: Readiness | None = None
    opening: Opening | None = None
    occupancy_persons: Count | None = None
    operational: Operational | None = None
    coordinates: SpotPosition | None = None
    accuracy_m: Metres = 0.0
    note: LongText | None = None


class CountedLine(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The counted quantity of an item."""

    item_code: ItemCode
    scheme: Code = "gbt38565"
    quantity: Quantity


class Movement(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A change of the quantity of an item: negative when it went out."""

    item_code: ItemCode
    scheme: Code = "gbt38565"
    change: Annotated[float, Meta(ge=-1e12, le=1e12)]


class StockReport(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Counts and movements of some stock lines."""

    id: UUID | None = None
    observed_at: ObservedInstant
    counts: Annotated[list[CountedLine], Meta(max_length=2000)] = field(default_factory=list)
    movements: Annotated[list[Movement], Meta(max_length=2000)] = field(default_factory=list)
    note: LongText | None = None
    document: ShortText | None = None


class Observation(Struct, frozen=True):
    """One observation as it is stored."""

    subject: Subject
    value: dict[str, Any]


def _aware(moment: datetime) -> None:
    if moment.tzinfo is None:
        raise Invalid("observed_at needs a time zone", field="observed_at")


def observations(report: StatusReport) -> list[Observation]:
    """The observations of a status report, one a subject; Invalid when it has none."""
    _aware(report.observed_at)
    observed: list[Observation] = []
    if report.readiness is not None:
        observed.append(Observation("readiness", {"readiness": report.readiness}))
    if report.opening is not None:
        observed.append(Observation("opening", {"opening": report.opening}))
    if report.occupancy_persons is not None:
        observed.append(Observation("occupancy", {"occupancy_persons": report.occupancy_persons}))
    if report.operational is not None:
        observed.append(Observation("operational", {"operational": report.operational}))
    if report.coordinates is not None:
        where = {"coordinates": list(report.coordinates), "accuracy_m": report.accuracy_m}
        observed.append(Observation("position", where))
    if not observed:
        raise Invalid("a report says at least one of readiness, opening, occupancy, operational, position")
    return observed


FITS: dict[Subject, type] = {
    "readiness": RescueTeam,
    "position": RescueTeam,
    "opening": Shelter,
    "occupancy": Shelter,
    "operational": FireWatchPoint,
    "count": SupplyDepot,
    "movement": SupplyDepot,
}


def apply(current: Resource, observed: Sequence[Observation], observed_at: datetime) -> Resource:
    """The resource after the observations; one that is older than the current state changes nothing."""
    properties = current.properties
    for one in observed:
        if not isinstance(properties, FITS[one.subject]):
            raise Invalid(f"a {current.kind} has no {one.subject}", field=one.subject)
        properties = structs.replace(properties, **_effect(properties, one, observed_at))
    return structs.replace(current, properties=properties)


def _effect(properties: Any, one: Observation, observed_at: datetime) -> dict[str, Any]:
    if one.subject == "occupancy":
        current_at, effect = properties.occupancy_at, one.value | {"occupancy_at": observed_at}
    elif one.subject == "position":
        current_at = properties.last_seen and properties.last_seen.at
        where = LastSeen(tuple(one.value["coordinates"]), observed_at, one.value["accuracy_m"])
        effect = {"last_seen": where}
    else:
        current_at, effect = properties.status_at, one.value | {"status_at": observed_at}
    return effect if current_at is None or observed_at >= current_at else {}


def stock_observations(report: StockReport) -> list[Observation]:
    """The observations of a stock report, one a line; Invalid when it has none."""
    _aware(report.observed_at)
    counted = [Observation("count", _line(line) | {"quantity": line.quantity}) for line in report.counts]
    moved = [Observation("movement", _line(line) | {"change": line.change}) for line in report.movements]
    if not counted + moved:
        raise Invalid("a stock report has counts or movements")
    return counted + moved


def _line(line: CountedLine | Movement) -> dict[str, Any]:
    return {"scheme": line.scheme, "item_code": line.item_code}


def apply_stock(current: Resource, observed: Sequence[Observation], observed_at: datetime) -> Resource:
    """The depot after counts and movements; Invalid for an unlisted item or a quantity below zero."""
    if not isinstance(current.properties, SupplyDepot):
        raise Invalid(f"a {current.kind} has no stock")
    lines = {(line.scheme, line.item_code): line for line in current.properties.stock}
    for one in observed:
        key = (one.value["scheme"], one.value["item_code"])
        if key not in lines:
            raise Invalid(f"the depot lists no item {key[1]} of {key[0]}", field="item_code")
        lines[key] = _counted(lines[key], one, observed_at)
    properties = structs.replace(current.properties, stock=list(lines.values()))
    return structs.replace(current, properties=properties)


def _counted(line: StockLine, one: Observation, observed_at: datetime) -> StockLine:
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
