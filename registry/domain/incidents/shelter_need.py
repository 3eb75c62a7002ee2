"""Which open shelters together hold so many persons, nearest first, as intervals where it is not known."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from msgspec import Struct


class Room(Struct, frozen=True, kw_only=True):
    """The free places of one shelter: at least and at most, and whether it certainly is within the radius."""

    shelter: UUID
    distance_m: float
    free_min_persons: int
    free_max_persons: int
    certain: bool


class Placing(Struct, frozen=True, kw_only=True):
    """How many persons a shelter takes of those who are left: at most, and for certain."""

    shelter: UUID
    takes_persons: int
    takes_min_persons: int


class ShelterPlan(Struct, frozen=True, kw_only=True):
    """The shelters to use, and whether they are enough; a None at the end of an interval is not known."""

    persons: int
    enough: Literal["yes", "no", "unknown"]
    free_min_persons: int
    free_max_persons: int | None
    missing_min_persons: int
    missing_max_persons: int
    placings: list[Placing]


def plan_shelters(persons: int, rooms: Sequence[Room], *, unlisted: bool) -> ShelterPlan:
    """The nearest shelters until their certain places are enough, or all of them.

    With `unlisted` there may be places that no figure counts: of shelters whose room or distance is not
    decided, or that are not listed.
    """
    ordered = sorted(rooms, key=lambda room: (room.distance_m, str(room.shelter)))
    free_min = sum(room.free_min_persons for room in ordered if room.certain)
    free_max = sum(room.free_max_persons for room in ordered)
    missing_max = max(0, persons - free_min)
    missing_min = 0 if unlisted else max(0, persons - free_max)
    enough: Literal["yes", "no", "unknown"] = "unknown"
    if not missing_max:
        enough = "yes"
    elif missing_min:
        enough = "no"
    return ShelterPlan(
        persons=persons,
        enough=enough,
        free_min_persons=free_min,
        free_max_persons=None if unlisted else free_max,
        missing_min_persons=missing_min,
        missing_max_persons=missing_max,
        placings=_placings(persons, ordered),
    )


def _placings(persons: int, ordered: Sequence[Room]) -> list[Placing]:
    placings, left = [], persons
    for room in ordered:
        if left <= 0:
            break
        sure = min(left, room.free_min_persons) if room.certain else 0
        placings.append(
            Placing(
                shelter=room.shelter, takes_persons=min(left, room.free_max_persons), takes_min_persons=sure
            )
        )
        left -= sure
    return placings
