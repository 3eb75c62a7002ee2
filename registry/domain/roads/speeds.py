"""The table of speeds by class of road, and the office's factors for conditions."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from registry.domain.errors import Invalid
from registry.domain.values import ShortText

Kmh = Annotated[float, Meta(gt=0, le=200)]
Factor = Annotated[float, Meta(ge=1, le=20)]
CLASSES = (
    "motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential",
    "motorway_link", "trunk_link", "primary_link", "secondary_link", "tertiary_link",
    "living_street", "service", "road", "track",
)  # fmt: skip
"""The values of OpenStreetMap's `highway` that a vehicle may follow; a piece holds its place in this list."""
_KMH = (110, 80, 70, 60, 50, 40, 30, 50, 40, 40, 35, 30, 15, 15, 20, 15)


class SlowerBy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By how much a condition such as night or ice lengthens the time on each class, and who says so."""

    condition: ShortText
    source: ShortText
    by_class: dict[str, Factor]
    otherwise: Factor
    """The factor of the classes that are not named."""


class SpeedTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Speeds in km/h where the road itself has no posted one."""

    name: ShortText
    source: ShortText
    kmh: dict[str, Kmh]
    factors: Annotated[list[SlowerBy], Meta(max_length=20)] = []

    def speed(self, road_class: str) -> float:
        """The speed of a class in km/h."""
        return self.kmh[road_class]

    def factors_of(self, condition: str) -> list[float] | None:
        """The factor of each class in the order of CLASSES; None for a condition nobody gave factors for."""
        for one in self.factors:
            if one.condition == condition:
                return [one.by_class.get(road_class, one.otherwise) for road_class in CLASSES]
        return None


DEFAULT_SPEEDS = SpeedTable(
    name="default-1",
    source="The registry's own table: usual speeds of a class in free flow, without a posted limit.",
    kmh=dict(zip(CLASSES, map(float, _KMH), strict=True)),
)


def read_speeds(content: bytes) -> SpeedTable:
    """An office's own table from JSON; classes that it leaves out have the default speed.

    Invalid names what is wrong.
    """
    try:
        table = msgspec.json.decode(content, type=SpeedTable)
    except msgspec.MsgspecError as error:
        raise Invalid(f"the speeds cannot be read: {error}", field="speeds") from error
    named = [*table.kmh, *(name for one in table.factors for name in one.by_class)]
    for name in named:
        if name not in CLASSES:
            raise Invalid(f"{name} is no class of road: {', '.join(CLASSES)}", field="speeds")
    return msgspec.structs.replace(table, kmh=DEFAULT_SPEEDS.kmh | table.kmh)
