"""In which order near things are answered, and when a first look has found them all."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from registry.domain.errors import InvalidQuery
from registry.domain.records.resource import KINDS, Kind
from registry.domain.values import ShortText

Rank = Literal["distance", "distance_max", "arrival"]
SPHERE_SHARE = 0.994
"""No WGS 84 geodesic is shorter than this share of the same way on the sphere that an index orders by.

Radii of curvature are 6,335.4 km (a meridian at the equator) to 6,399.6 km; the sphere has 6,371.0 km.
"""


SpeedKmh = Annotated[float, Meta(gt=0, le=1000)]
Detour = Annotated[float, Meta(ge=1, le=20)]


class Pace(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How fast a kind gets along: speed over the ground, how much longer its way is, and who says so."""

    speed_kmh: SpeedKmh
    detour: Detour
    source: ShortText

    def seconds_per_m(self) -> float:
        """Seconds for each metre of straight line."""
        return self.detour * 3.6 / self.speed_kmh


Paces = dict[Kind, Pace]


def parse_paces(text: str | None) -> Paces:
    """Paces by kind from JSON text; ValueError tells what is wrong with it."""
    return {} if text is None else msgspec.json.decode(text, type=Paces)


class Ranking(Struct, frozen=True, kw_only=True):
    """An order, with what it needs: the margin of the origin and, for arrival, the paces."""

    rank: Rank = "distance"
    margin_m: float = 0.0
    paces: Mapping[Kind, Pace] = msgspec.field(default_factory=dict)

    def value(self, distance_m: float, uncertainty_m: float, kind: Kind) -> float:
        """What is ordered by: metres or seconds."""
        if self.rank == "distance_max":
            return distance_m + uncertainty_m
        if self.rank == "arrival":
            return max(0.0, distance_m - self.margin_m) * self.paces[kind].seconds_per_m()
        return distance_m

    def reach_m(self, value: float) -> float:
        """Nothing farther than this can come before `value`."""
        if self.rank == "arrival":
            return self.margin_m + value / min(pace.seconds_per_m() for pace in self.paces.values())
        return value


def ranking(rank: Rank, margin_m: float, paces: Paces, kinds: Sequence[Kind]) -> Ranking:
    """The ranking of a question about `kinds` (none: all); InvalidQuery when it lacks a pace."""
    if rank != "arrival":
        return Ranking(rank=rank, margin_m=margin_m)
    missing = [kind for kind in kinds or KINDS if kind not in paces]
    if missing:
        raise InvalidQuery(
            f"no speed and detour are configured for {missing[0]}: set REGISTRY_PACES,"
            " or state speed_kmh, detour and pace_source",
            field="rank",
        )
    return Ranking(rank=rank, margin_m=margin_m, paces={kind: paces[kind] for kind in kinds or KINDS})


def seen_all(farthest_sphere_m: float, reach_m: float) -> bool:
    """Whether everything within `reach_m` is among candidates that reach this far on the sphere."""
    return farthest_sphere_m * SPHERE_SHARE > reach_m
