"""The fire watch points that cover a spot, and those for which nobody can tell."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from registry.domain.access.sight import Sight
from registry.domain.conditions import Filter
from registry.domain.geojson import FeatureCollection
from registry.domain.proximity.figures import hit, mm
from registry.domain.proximity.interval import Aim, Cover, DistanceInterval, covers, covers_aim, hull
from registry.domain.proximity.origin import Origin, Start, as_spot
from registry.domain.records.resource import Kind, Sector
from registry.services.proximity.answer import (
    ResourceQuestion,
    hit_context,
    of_kind,
    require_place,
    undecided,
)
from registry.services.proximity.nearest import FAR_M
from registry.services.proximity.start import start_of
from registry.store.database.pool import Reader, Row
from registry.store.places import places
from registry.store.proximity import covering as watch_points
from registry.store.proximity.within import SearchBound

WATCH_POINT: Kind = "fire_watch_point"
MOST_COVERING = 10_000
UNBOUNDED = {"nearest_m": None, "farthest_m": None}
Doubt = tuple[Row, DistanceInterval, str]
"""A watch point, the distances that it may have, and why nobody can tell."""


class Untested(msgspec.Struct, frozen=True, kw_only=True):
    """A watch point that covers the spot from some of the positions it may have, but not from all."""

    id: str
    name: dict[str, str | None]
    reason: str
    watch_radius_m: float
    distance_min_m: float | None
    distance_max_m: float | None


class UntestedList(msgspec.Struct, frozen=True):
    """The watch points that could not be tested: how many, and the first of them."""

    count: int
    resources: list[Untested]


class Covering(FeatureCollection, frozen=True, kw_only=True, tag="FeatureCollection"):
    """Watch points whose radius reaches the spot, nearest first; an empty list is an answer.

    A drawn origin is somewhere in the disc that holds all of it.
    """

    origin: dict[str, Any]
    untested: UntestedList
    ruled_out: int
    assumed_extent: list[str]
    left_out: dict[str, Any]


class WatchPoints(msgspec.Struct, frozen=True):
    """The watch points that cover a spot, each with whether that is certain, and the state of the others."""

    covering: list[tuple[Row, bool]]
    untested: UntestedList
    ruled_out: int
    assumed_extent: list[str]


async def covering(reader: Reader, sight: Sight, question: ResourceQuestion, origin: Origin) -> Covering:
    """The watch points whose own radius reaches the origin, and those that could not be tested."""
    wanted = of_kind(question.filter, WATCH_POINT, "only fire watch points cover a spot")
    question = msgspec.structs.replace(question, filter=wanted)
    async with reader.snapshot(one_plan=True) as snapshot:
        start = as_spot(await start_of(snapshot, origin))
        tested = await evaluate_watch_points(snapshot, sight, wanted, start)
        await require_place(snapshot, wanted, tested.covering)
        bound = SearchBound(wanted, FAR_M)
        return Covering(
            features(question, start, tested),
            origin=start.described,
            untested=tested.untested,
            ruled_out=tested.ruled_out,
            assumed_extent=tested.assumed_extent,
            left_out=await undecided(snapshot, sight, start, bound, explain=question.explain),
        )


def features(question: ResourceQuestion, start: Start, tested: WatchPoints) -> list[msgspec.Raw]:
    """The watch points that cover the spot as features."""
    context = hit_context(question, start)
    return [hit(row, context, certain=certain) for row, certain in tested.covering]


async def evaluate_watch_points(
    reader: Reader, sight: Sight, wanted: Filter, start: Start, *, named: int = MOST_COVERING
) -> WatchPoints:
    """Every watch point that covers the spot or may; of the untested `named` are listed and all counted."""
    located = await watch_points.covering(reader, sight, wanted, start, limit=MOST_COVERING)
    loose, more, total = await watch_points.unplaced(
        reader, sight, wanted, start, limit=MOST_COVERING, named=named
    )
    codes = sorted({code for row in loose for code in _possible_places(row)})
    bounds = await places.reach(reader, codes, start.lon, start.lat) if loose else {}
    tested = [(row, *_test(row, start)) for row in located]
    doubtful: list[Doubt] = [
        (row, start.interval(row["distance_m"], row["uncertainty_m"]), "uncertain_position")
        for row, nominal, verdict in tested
        if verdict == "possible" and not nominal
    ]
    from_places = cache(lambda codes: _interval_of_places(codes, bounds, start))
    placed = [(row, from_places(_possible_places(row)), row["quality"]) for row in loose]
    open_cases = [doubt for doubt in placed if covers(doubt[1], doubt[0]["watch_radius_m"]) != "no"]
    doubtful += sorted(open_cases, key=lambda doubt: doubt[1].min_m or 0.0)
    return WatchPoints(
        [(row, verdict == "yes") for row, nominal, verdict in tested if nominal],
        UntestedList(len(doubtful) + more, [_untested(*doubt) for doubt in doubtful[:named]]),
        total - len(open_cases) - more,
        sorted(code for code, row in bounds.items() if row["basis"] != "boundary"),
    )


def _possible_places(row: Row) -> tuple[str, ...]:
    if row["quality"] == "candidate_places":
        return tuple(row["candidate_places"])
    return (row["place"],) if row["place"] else ()


def _interval_of_places(
    codes: tuple[str, ...], bounds: Mapping[str, Mapping[str, Any]], start: Start
) -> DistanceInterval:
    """The distances from anywhere in these places to anywhere in the margin of the spot."""
    spans = [bounds.get(code, UNBOUNDED) for code in codes]
    interval = hull([DistanceInterval(span["nearest_m"], span["farthest_m"]) for span in spans])
    near_m, far_m = interval.min_m, interval.max_m
    return DistanceInterval(
        None if near_m is None else max(0.0, near_m - start.margin_m),
        None if far_m is None else far_m + start.margin_m,
    )


def _test(row: Row, start: Start) -> tuple[bool, Cover]:
    """Whether a located watch point covers the spot from its recorded position, and from all it may have."""
    sector = None
    if row["sector_from_deg"] is not None:
        sector = Sector(row["sector_from_deg"], row["sector_to_deg"])
    if row["by_footprint"]:
        return row["held"], "possible" if start.uncertain else "yes"
    aim = Aim(row["distance_m"], row["uncertainty_m"] + start.margin_m, row["outward_deg"])
    return covers_aim(aim, row["watch_radius_m"], sector)


def _untested(row: Row, interval: DistanceInterval, reason: str) -> Untested:
    return Untested(
        id=str(row["id"]),
        name={"zh": row["name_zh"], "en": row["name_en"]},
        reason=reason,
        watch_radius_m=row["watch_radius_m"],
        distance_min_m=mm(interval.min_m),
        distance_max_m=mm(interval.max_m),
    )
