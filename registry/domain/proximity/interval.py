"""What an answer about nearness says: distances as intervals, bearings, and what could not be decided."""

from typing import Literal

from msgspec import Struct

from registry.domain.records.resource import Sector

COMPASS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
Cover = Literal["yes", "possible", "no"]


class Interval(Struct, frozen=True):
    """The least and the greatest distance in metres that the possible positions allow; None is unbounded."""

    min_m: float | None
    max_m: float | None


def around(distance_m: float, uncertainty_m: float) -> Interval:
    """The distances of all positions within `uncertainty_m` of one at `distance_m`."""
    return Interval(max(0.0, distance_m - uncertainty_m), distance_m + uncertainty_m)


def hull(intervals: list[Interval]) -> Interval:
    """The distances of a position that lies in any one of several regions."""
    if not intervals:
        return Interval(None, None)
    nearest = [part.min_m for part in intervals]
    farthest = [part.max_m for part in intervals]
    return Interval(
        None if None in nearest else min(value for value in nearest if value is not None),
        None if None in farthest else max(value for value in farthest if value is not None),
    )


def covers(interval: Interval, radius_m: float) -> Cover:
    """Whether a watch point of this radius reaches, whatever its position; the edge is covered."""
    if interval.min_m is not None and interval.min_m > radius_m:
        return "no"
    if interval.max_m is not None and interval.max_m <= radius_m:
        return "yes"
    return "possible"


def compass(bearing_deg: float | None) -> str | None:
    """The eight-point compass word of a bearing; None where two points are the same."""
    return None if bearing_deg is None else COMPASS[round(bearing_deg / 45) % 8]


def sees(sector: Sector | None, bearing_deg: float | None) -> bool:
    """Whether a bearing lies in a sector, its edges included; a point sees itself."""
    if sector is None or bearing_deg is None:
        return True
    span = (sector.to_deg - sector.from_deg) % 360
    if span == 0 and sector.from_deg != sector.to_deg:
        return True
    return (bearing_deg - sector.from_deg) % 360 <= span


class Aim(Struct, frozen=True):
    """A spot as a watch point has it: its distance, the point's own uncertainty, the bearing outward."""

    distance_m: float
    uncertainty_m: float
    bearing_deg: float | None


def judge(aim: Aim, radius_m: float, sector: Sector | None) -> tuple[bool, Cover]:
    """Whether a located watch point covers a spot from where it is recorded, and from all it may be."""
    inside = sees(sector, aim.bearing_deg)
    nominal = aim.distance_m <= radius_m and inside
    verdict = covers(around(aim.distance_m, aim.uncertainty_m), radius_m)
    if sector is None or verdict == "no":
        return nominal, verdict
    if aim.uncertainty_m > 0:
        return nominal, "possible"
    return nominal, verdict if inside else "no"
