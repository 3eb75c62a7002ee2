"""The order of hits, and when a set of candidates certainly holds the first of them."""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from registry.domain.conditions import Filter
from registry.domain.errors import InvalidQuery
from registry.domain.records.resource import KINDS, Kind
from registry.domain.values import ShortText

Rank = Literal["distance", "distance_max", "arrival"]
SPHERE_SHARE = 0.994
"""No WGS 84 geodesic is shorter than this share of the distance on the sphere that the index orders by.

Radii of curvature are 6,335.4 km (a meridian at the equator) to 6,399.6 km; the sphere has 6,371.0 km.
"""


SpeedKmh = Annotated[float, Meta(gt=0, le=1000)]
Detour = Annotated[float, Meta(ge=1, le=20)]


class Pace(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How fast a kind travels: ground speed, detour factor over the straight line, and the source of both."""

    speed_kmh: SpeedKmh
    detour: Detour
    source: ShortText

    def seconds_per_m(self) -> float:
        """Seconds for one metre of the straight line."""
        return self.detour * 3.6 / self.speed_kmh


Paces = dict[Kind, Pace]


def stated_paces(
    configured: Paces, speed_kmh: float | None, detour: float | None, source: str | None
) -> Paces:
    """The configured paces, or the pace that the caller states; InvalidQuery when it is incomplete."""
    if speed_kmh is None and detour is None and source is None:
        return configured
    if speed_kmh is None or detour is None or source is None:
        raise InvalidQuery("speed_kmh, detour and pace_source go together", field="speed_kmh")
    return dict.fromkeys(KINDS, Pace(speed_kmh=speed_kmh, detour=detour, source=source))


def parse_paces(text: str | None) -> Paces:
    """Paces by kind from JSON text; ValueError says what is wrong with it."""
    return {} if text is None else msgspec.json.decode(text, type=Paces)


class Ranking(Struct, frozen=True, kw_only=True):
    """An order of hits. It needs the margin of the origin and, for arrival, a pace for each kind."""

    rank: Rank = "distance"
    margin_m: float = 0.0
    paces: Mapping[Kind, Pace] = msgspec.field(default_factory=dict)

    def value(self, distance_m: float, uncertainty_m: float, kind: Kind) -> float:
        """The sort key: metres, or seconds for arrival."""
        if self.rank == "distance_max":
            return distance_m + uncertainty_m
        if self.rank == "arrival":
            return max(0.0, distance_m - self.margin_m) * self.paces[kind].seconds_per_m()
        return distance_m

    def reach_m(self, value: float) -> float:
        """The distance in metres beyond which no hit can have a smaller sort key than `value`."""
        if self.rank == "arrival":
            return self.margin_m + value / min(pace.seconds_per_m() for pace in self.paces.values())
        return value


def ranking(rank: Rank, margin_m: float, paces: Mapping[Kind, Pace], wanted: Filter) -> Ranking:
    """The ranking of the kinds in a filter; InvalidQuery when arrival lacks the pace of one."""
    if rank != "arrival":
        return Ranking(rank=rank, margin_m=margin_m)
    kinds = wanted.kinds or (KINDS if wanted.kind is None else (wanted.kind,))
    missing = [kind for kind in kinds if kind not in paces]
    if missing:
        raise InvalidQuery(
            f"no speed and detour are configured for {missing[0]}: set REGISTRY_PACES,"
            " or state speed_kmh, detour and pace_source",
            field="rank",
        )
    return Ranking(rank=rank, margin_m=margin_m, paces={kind: paces[kind] for kind in kinds})


def complete_within(farthest_sphere_m: float, reach_m: float) -> bool:
    """Whether candidates that reach this far on the sphere hold all within `reach_m` on the ellipsoid."""
    return farthest_sphere_m * SPHERE_SHARE > reach_m
