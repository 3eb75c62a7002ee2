"""The travel time between two spots by road, and the port that answers it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from msgspec import Struct

UnknownLeg = Literal["no_road_data", "too_far_from_road", "not_connected", "beyond_limit"]
FOOT_M_PER_S = 4 / 3.6
"""Walking speed between a spot and the nearest road: 4 km/h."""
MAX_OFFROAD_M = 500.0
"""A spot farther than this from every road has no travel time."""


class RoadSpot(NamedTuple):
    """A position, and how far from it the spot may be, in metres."""

    lon: float
    lat: float
    radius_m: float = 0.0


class Leg(Struct, frozen=True, kw_only=True):
    """The travel time of one pair in seconds, or why it is not known.

    `seconds_min` is free flow from the most favourable place that the uncertainties allow,
    `free_flow_max_s` free flow from the least favourable one. `seconds_max` holds the factors of the office
    too, and is None without them or when one of the places is not reached.
    """

    seconds_min: float | None = None
    """Free flow from the most favourable place, in seconds; null when the time is not known."""
    free_flow_max_s: float | None = None
    """Free flow from the least favourable place; null when one of them has no time."""
    seconds_max: float | None = None
    """With the office's factors, from the least favourable place; null without such factors."""
    offroad_m: float | None = None
    """Metres on foot between the spots and the roads, at 4 km/h within the time."""
    unknown: UnknownLeg | None = None
    """Why there is no time, or no greatest one."""
    may_be_faster_outside: bool = False
    """Whether a way beyond the edge of the extract could be faster."""


class RoadData(Struct, frozen=True, kw_only=True):
    """Which road data an answer is from."""

    version: str
    """The first 16 digits of the digest of the packed network."""
    extract_at: datetime
    """When the extract was taken."""
    extent: tuple[float, float, float, float]
    """West, south, east and north of its junctions."""
    licence: str
    """Whose roads they are, to be said wherever minutes show."""
    speeds: str
    """The name of the table of speeds."""


class Traffic(NamedTuple):
    """What a search obeys: closed pieces of road, and the condition whose factors give the upper end."""

    closed: tuple[int, ...] = ()
    condition: str | None = None


FREE = Traffic()


class Roads(Protocol):
    """Travel times over one version of the road data. The answer of a pair never depends on other pairs."""

    def seconds(
        self, origins: Sequence[RoadSpot], to: RoadSpot, *, limit_s: float | None = None,
        traffic: Traffic = FREE,
    ) -> list[Leg]: ...  # fmt: skip

    def known(self) -> RoadData:
        """Version, date, extent and licence of the data."""
        ...
