"""Reports from the field, and the observations that they are."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta, Struct, field

from registry.domain.errors import Invalid
from registry.domain.geojson import SpotPosition
from registry.domain.records.resource import (
    Opening,
    Operational,
    Readiness,
    Resource,
    StockLine,
    SupplyDepot,
)
from registry.domain.records.state import Observation, Subject, statements, stock_slot
from registry.domain.values import (
    Code,
    Count,
    ItemCode,
    LongText,
    Metres,
    Quantity,
    ShortText,
)


class StatusReport(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The observed state of a resource, and when it was observed; each kind has its own members.

    `sent_at` is the device's clock at the moment of sending, by which `observed_at` is corrected.
    """

    id: UUID | None = None
    observed_at: datetime
    sent_at: datetime | None = None
    readiness: Readiness | None = None
    opening: Opening | None = None
    occupancy_persons: Count | None = None
    operational: Operational | None = None
    coordinates: SpotPosition | None = None
    accuracy_m: Metres = 0.0
    note: LongText | None = None


class StockItem(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A stock line as a report names it: by as much of unit, lot and expiry as tells it from the others."""

    item_code: ItemCode
    scheme: Code = "gbt38565"
    unit: ShortText | None = None
    lot: ShortText | None = None
    expires_on: date | None = None


class CountedLine(StockItem, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The counted quantity of an item."""

    quantity: Quantity


class Movement(StockItem, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A change of the quantity of an item: negative when it went out."""

    change: Annotated[float, Meta(ge=-1e12, le=1e12)]
    """By how much: negative when it went out."""


class StockReport(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Counts and movements of some stock lines; `sent_at` as in a status report."""

    id: UUID | None = None
    observed_at: datetime
    sent_at: datetime | None = None
    counts: Annotated[list[CountedLine], Meta(max_length=2000)] = field(default_factory=list)
    """What was counted."""
    movements: Annotated[list[Movement], Meta(max_length=2000)] = field(default_factory=list)
    note: LongText | None = None
    document: ShortText | None = None


Report = StatusReport | StockReport


def observed(current: Resource, report: Report, identity: UUID, observed_at: datetime) -> list[Observation]:
    """The observations of a report about a record; Invalid where they do not fit it."""
    parts = _stock_parts(current, report) if isinstance(report, StockReport) else _parts(current, report)
    return [
        Observation(id=identity, line=line, slot=slot, subject=subject, value=value, observed_at=observed_at)
        for line, (slot, subject, value) in enumerate(parts)
    ]


Part = tuple[str, Subject, dict[str, Any]]
"""Slot, subject and value of an observation."""


def _parts(current: Resource, report: StatusReport) -> list[Part]:
    position = report.coordinates and {"coordinates": report.coordinates, "accuracy_m": report.accuracy_m}
    values: dict[Subject, dict[str, Any] | None] = {
        "readiness": _said(readiness=report.readiness),
        "opening": _said(opening=report.opening),
        "occupancy": _said(occupancy_persons=report.occupancy_persons),
        "operational": _said(operational=report.operational),
        "position": position or None,
    }
    parts: list[Part] = [(subject, subject, value) for subject, value in values.items() if value is not None]
    if not parts:
        raise Invalid("a report says at least one of readiness, opening, occupancy, operational, position")
    slots = statements(current)
    for slot, _, _ in parts:
        if slot not in slots or isinstance(current.properties, SupplyDepot):
            raise Invalid(f"a {current.kind} has no {slot}", field=slot)
    return parts


def _said(**member: Any) -> dict[str, Any] | None:
    return None if None in member.values() else member


def _stock_parts(current: Resource, report: StockReport) -> list[Part]:
    """Counts before movements: what moved at the instant of a count moved after it."""
    if not isinstance(current.properties, SupplyDepot):
        raise Invalid(f"a {current.kind} has no stock")
    if not report.counts and not report.movements:
        raise Invalid("a stock report has counts or movements")
    stock = current.properties.stock
    counts: list[tuple[Subject, StockItem]] = [("count", item) for item in report.counts]
    movements: list[tuple[Subject, StockItem]] = [("movement", item) for item in report.movements]
    return [
        (stock_slot(line_of(stock, item)), subject, _stated(item)) for subject, item in counts + movements
    ]


def _stated(item: StockItem) -> dict[str, Any]:
    members: dict[str, Any] = msgspec.to_builtins(item)
    return {name: value for name, value in members.items() if value is not None}


def line_of(stock: Sequence[StockLine], item: StockItem) -> StockLine:
    """The stock line that a report names; Invalid where none has it, or where several could be meant."""
    lines = [line for line in stock if (line.scheme, line.item_code) == (item.scheme, item.item_code)]
    if not lines:
        raise Invalid(f"the depot lists no item {item.item_code} of {item.scheme}", field="item_code")
    for name in ("unit", "lot", "expires_on"):
        stated = getattr(item, name)
        listed = {getattr(line, name): line for line in lines}
        if stated is not None:
            if stated not in listed:
                raise Invalid(
                    f"the depot keeps item {item.item_code} by {name} {_listed(listed)}, not {stated}",
                    field=name,
                )
            lines = [line for line in lines if getattr(line, name) == stated]
    if len(lines) > 1:
        raise Invalid(
            f"the depot has {len(lines)} lines of item {item.item_code}; say unit, lot or expires_on",
            field="item_code",
        )
    return lines[0]


def _listed(values: Any) -> str:
    return ", ".join("(none)" if value is None else str(value) for value in values)
