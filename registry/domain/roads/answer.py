"""How minutes are asked for, and what an answer in minutes says of its roads."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from registry.domain.errors import InvalidQuery
from registry.domain.roads.closures import Vehicle
from registry.domain.roads.leg import Leg, RoadData, UnknownLeg
from registry.domain.values import Name, ShortText

By = Literal["distance", "minutes"]
MaxMinutes = Annotated[float, Meta(gt=0, le=600)]
Closures = Literal["obey", "ignore"]
MOST_UNKNOWN = 50


class ByMinutes(Struct, frozen=True, kw_only=True):
    """A question in minutes by road: its limit, the vehicle, the condition, and whether closures count."""

    max_minutes: MaxMinutes | None = None
    vehicle: Vehicle | None = None
    condition: ShortText | None = None
    closures: Closures = "obey"

    @property
    def limit_s(self) -> float | None:
        """The limit in seconds."""
        return None if self.max_minutes is None else self.max_minutes * 60


class ObeyedClosure(Struct, frozen=True, kw_only=True):
    """A closure that the times obey; one that is not `drawn` closes nothing: nobody knows where it is."""

    id: UUID
    """Identity of the cordon."""
    name: Name | None
    drawn: bool
    """Whether it has a geometry."""
    closes: int
    """How many pieces of road it closes."""


class UnknownTime(Struct, frozen=True, kw_only=True):
    """A record whose time by road is not known, and why."""

    id: str
    reason: UnknownLeg
    """Why it has no time."""


class RoadsUsed(Struct, frozen=True, kw_only=True):
    """The roads that the minutes of an answer are counted on. They are free flow: the lower end."""

    data: RoadData
    """Version, date, extent and licence of the roads."""
    method: Literal["free_flow"] = "free_flow"
    """No waiting, no turns, no traffic; `seconds_max` alone holds the factors of a condition."""
    max_minutes: float | None
    """No farther than this at free flow."""
    condition: str | None
    """Whose factors give `seconds_max`."""
    vehicle: Vehicle | None
    """Its dimensions were compared with the limits of bridges."""
    limits_not_compared: int
    """Pieces of road with a limit of weight or height that the question gave no dimension for."""
    closures: list[ObeyedClosure]
    """Closures in force that were obeyed."""
    unknown: list[UnknownTime]
    """Records near enough whose time is not known, the nearest 50."""
    more_unknown: bool
    """Whether there are more of them."""


class TravelTime(Struct, frozen=True, kw_only=True):
    """How long it takes by road from a record to the spot that was asked about."""

    minutes: float
    """Free flow from the most favourable place, in minutes."""
    seconds_min: float
    """The same in seconds."""
    seconds_free_flow_max: float | None
    """Free flow from the least favourable place that the uncertainties allow; null if one has no time."""
    seconds_max: float | None
    """With the factors of the condition, from the least favourable place; null without factors."""
    offroad_m: float
    """Metres on foot to and from the roads, within the time."""
    unknown: UnknownLeg | None = None
    """Why there is no greatest time."""
    may_be_faster_outside: bool = False
    """Whether a way beyond the edge of the extract could be faster."""


def travel_time(leg: Leg) -> TravelTime:
    """A known leg as an answer tells it, in milliseconds and millimetres."""
    assert leg.seconds_min is not None
    assert leg.offroad_m is not None
    return TravelTime(
        minutes=round(leg.seconds_min / 60, 2),
        seconds_min=round(leg.seconds_min, 3),
        seconds_free_flow_max=_ms(leg.free_flow_max_s),
        seconds_max=_ms(leg.seconds_max),
        offroad_m=round(leg.offroad_m, 3),
        unknown=leg.unknown,
        may_be_faster_outside=leg.may_be_faster_outside,
    )


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def is_within(leg: Leg, question: ByMinutes) -> bool:
    """Whether a leg is within the limit for certain: by its greatest time, or without a limit."""
    if question.limit_s is None:
        return True
    return leg.seconds_max is not None and leg.seconds_max <= question.limit_s


def by_minutes(
    by: By, max_minutes: float | None, vehicle: Vehicle | None = None, condition: str | None = None,
    closures: Closures = "obey",
) -> ByMinutes | None:  # fmt: skip
    """The question in minutes; None for one by distance, which has no member of it."""
    if by == "minutes":
        return ByMinutes(max_minutes=max_minutes, vehicle=vehicle, condition=condition, closures=closures)
    given = {"max_minutes": max_minutes, "vehicle": vehicle, "condition": condition}
    given["closures"] = None if closures == "obey" else closures
    for name, value in given.items():
        if value is not None:
            raise InvalidQuery(f"{name} goes with by=minutes", field=name, zh=f"{name} 仅用于 by=minutes")
    return None


def demand_by_distance(**given: object) -> None:
    """InvalidQuery for a member that only a question by distance has."""
    for name, value in given.items():
        if value is not None:
            raise InvalidQuery(f"{name} goes with by=distance", field=name, zh=f"{name} 仅用于 by=distance")
