"""Distances as intervals, bearings, and whether a watch point covers a spot."""

from typing import Literal

from msgspec import Struct

from registry.domain.records.resource import Sector

Cover = Literal["yes", "possible", "no"]


class DistanceInterval(Struct, frozen=True):
    """The least and greatest distance in metres over all possible positions; None means unbounded."""

    min_m: float | None
    max_m: float | None


def around(distance_m: float, uncertainty_m: float) -> DistanceInterval:
    """The distances of the positions within `uncertainty_m` of one at `distance_m`."""
    return DistanceInterval(max(0.0, distance_m - uncertainty_m), distance_m + uncertainty_m)


def hull(intervals: list[DistanceInterval]) -> DistanceInterval:
    """The distances of a position that may lie in any of several regions."""
    if not intervals:
        return DistanceInterval(None, None)
    nearest = [part.min_m for part in intervals]
    farthest = [part.max_m for part in intervals]
    return DistanceInterval(
        None if None in nearest else min(value for value in nearest if value is not None),
        None if None in farthest else max(value for value in farthest if value is not None),
    )


def covers(interval: DistanceInterval, radius_m: float) -> Cover:
    """Whether a watch point with this radius covers a spot at these distances; the edge is covered."""
    if interval.min_m is not None and interval.min_m > radius_m:
        return "no"
    if interval.max_m is not None and interval.max_m <= radius_m:
        return "yes"
    return "possible"


def in_sector(sector: Sector | None, bearing_deg: float | None) -> bool:
    """Whether a bearing lies in a sector, edges included; a watch point sees its own position."""
    if sector is None or bearing_deg is None:
        return True
    span = (sector.to_deg - sector.from_deg) % 360
    if span == 0 and sector.from_deg != sector.to_deg:
        return True
    return (bearing_deg - sector.from_deg) % 360 <= span


class Aim(Struct, frozen=True):
    """A spot seen from a watch point: distance and uncertainty in metres, and the bearing to the spot."""

    distance_m: float
    uncertainty_m: float
    bearing_deg: float | None


def covers_aim(aim: Aim, radius_m: float, sector: Sector | None) -> tuple[bool, Cover]:
    """Whether a watch point covers a spot from its recorded position, and from every possible one."""
    inside = in_sector(sector, aim.bearing_deg)
    nominal = aim.distance_m <= radius_m and inside
    verdict = covers(around(aim.distance_m, aim.uncertainty_m), radius_m)
    if sector is None or verdict == "no":
        return nominal, verdict
    if aim.uncertainty_m > 0:
        return nominal, "possible"
    return nominal, verdict if inside else "no"
