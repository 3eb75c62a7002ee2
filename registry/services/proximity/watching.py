"""What the watch points of a spot say of it: covered, not covered, or nobody can tell."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from registry.domain.access.sight import Sight
from registry.domain.proximity.interval import Aim, Cover, DistanceInterval, covers, covers_aim, hull
from registry.domain.proximity.origin import Start
from registry.domain.records.resource import Kind, Sector
from registry.domain.search import Filter
from registry.services.proximity.hits import mm
from registry.store.database.pool import Reader
from registry.store.places import places
from registry.store.proximity import covering

MOST_COVERING = 10_000
Doubt = tuple[Mapping[str, Any], DistanceInterval, str]
WATCHER: Kind = "fire_watch_point"


class Untested(msgspec.Struct, frozen=True, kw_only=True):
    """A watch point that may cover the spot, from some of the positions it may have."""

    id: str
    name: dict[str, str | None]
    reason: str
    watch_radius_m: float
    distance_min_m: float | None
    distance_max_m: float | None


class UntestedList(msgspec.Struct, frozen=True):
    """The watch points for which nobody can say yes or no: how many, and the names of the first of them."""

    count: int
    resources: list[Untested]


class Judged(msgspec.Struct, frozen=True):
    """The watch points of a spot: those that cover it, and what is not known of the others."""

    sure: list[tuple[Mapping[str, Any], bool]]
    untested: UntestedList
    ruled_out: int
    assumed_extent: list[str]


async def judged(
    reader: Reader, sight: Sight, wanted: Filter, start: Start, *, named: int = MOST_COVERING
) -> Judged:
    """Every watch point that covers the spot or may; of the untested `named` are listed and all counted."""
    located = await covering.covering(reader, sight, wanted, start, limit=MOST_COVERING)
    loose, more, every = await covering.unplaced(
        reader, sight, wanted, start, limit=MOST_COVERING, named=named
    )
    bounds = await places.reach(reader, _spots(loose), start.lon, start.lat) if loose else {}
    told = [(row, *_judge(row, start)) for row in located]
    doubtful: list[Doubt] = [
        (row, start.interval(row["distance_m"], row["uncertainty_m"]), "uncertain_position")
        for row, nominal, verdict in told
        if verdict == "possible" and not nominal
    ]
    within = cache(lambda codes: _grown(_bounds(codes, bounds), start))
    placed = [(row, within(_possible_places(row)), row["quality"]) for row in loose]
    open_cases = [doubt for doubt in placed if covers(doubt[1], doubt[0]["watch_radius_m"]) != "no"]
    doubtful += sorted(open_cases, key=lambda doubt: doubt[1].min_m or 0.0)
    return Judged(
        [(row, verdict == "yes") for row, nominal, verdict in told if nominal],
        UntestedList(len(doubtful) + more, [_unsure(*doubt) for doubt in doubtful[:named]]),
        every - len(open_cases) - more,
        sorted(code for code, row in bounds.items() if row["basis"] != "boundary"),
    )


def _grown(interval: DistanceInterval, start: Start) -> DistanceInterval:
    """The interval as an uncertain spot has it."""
    near_m, far_m = interval.min_m, interval.max_m
    return DistanceInterval(
        None if near_m is None else max(0.0, near_m - start.margin_m),
        None if far_m is None else far_m + start.margin_m,
    )


def _spots(rows: list[Mapping[str, Any]]) -> list[str]:
    return sorted({code for row in rows for code in _possible_places(row)})


def _possible_places(row: Mapping[str, Any]) -> tuple[str, ...]:
    if row["quality"] == "candidate_places":
        return tuple(row["candidate_places"])
    return (row["place"],) if row["place"] else ()


def _bounds(codes: tuple[str, ...], reach: Mapping[str, Mapping[str, Any]]) -> DistanceInterval:
    unbounded = {"nearest_m": None, "farthest_m": None}
    spots = [reach.get(code, unbounded) for code in codes]
    return hull([DistanceInterval(spot["nearest_m"], spot["farthest_m"]) for spot in spots])


def _judge(row: Mapping[str, Any], start: Start) -> tuple[bool, Cover]:
    sector = None
    if row["sector_from_deg"] is not None:
        sector = Sector(row["sector_from_deg"], row["sector_to_deg"])
    if row["by_footprint"]:
        return row["held"], "possible" if start.uncertain else "yes"
    aim = Aim(row["distance_m"], row["uncertainty_m"] + start.margin_m, row["outward_deg"])
    return covers_aim(aim, row["watch_radius_m"], sector)


def _unsure(row: Mapping[str, Any], interval: DistanceInterval, reason: str) -> Untested:
    return Untested(
        id=str(row["id"]),
        name={"zh": row["name_zh"], "en": row["name_en"]},
        reason=reason,
        watch_radius_m=row["watch_radius_m"],
        distance_min_m=mm(interval.min_m),
        distance_max_m=mm(interval.max_m),
    )
