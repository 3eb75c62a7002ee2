"""The fire watch points that cover a spot, and those that may."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from registry.domain.access.sight import Sight
from registry.domain.completeness import (
    SEVERAL,
    Excluded,
    FeatureSetAnswer,
    SetAnswer,
    Undecided,
    exclusions,
    why_none,
)
from registry.domain.conditions import Filter
from registry.domain.cursor import DistanceCursor
from registry.domain.incidents.cordon import CordonInForce
from registry.domain.proximity.figures import hit
from registry.domain.proximity.interval import Aim, Cover, covers, covers_aim
from registry.domain.proximity.origin import Origin, Start, as_spot
from registry.domain.proximity.undecided import (
    describe_undecided,
    first_of,
    nearest_excluded,
    places_of,
    possible_distances,
)
from registry.domain.records.resource import Kind, Sector
from registry.domain.terrain.watched import SightUsed
from registry.services.completeness import completeness_of
from registry.services.incidents.cordons_near import CordonsOfAnswer, cordons_of
from registry.services.proximity.answer import ResourceQuestion, hit_context, of_kind, require_place
from registry.services.proximity.start import start_of
from registry.services.terrain.look_at_spot import Judged, SpotSight, look_at_spot
from registry.store.database.pool import Reader, Row
from registry.store.proximity import covering as watch_points
from registry.store.proximity.possible import Extents, extents

WATCH_POINT: Kind = "fire_watch_point"
MOST_COVERING = 10_000
HIDDEN = "line_of_sight"
"""In `excluded`, the watch points within whose reach the ground hides the spot."""


class Covering(FeatureSetAnswer, frozen=True, kw_only=True, tag="FeatureCollection"):
    """Watch points whose radius reaches the spot, nearest first; `certain` ones reach it from anywhere.

    A drawn origin is somewhere in the disc that holds all of it.
    """

    origin: Mapping[str, Any]
    assumed_extent: list[str]
    cordons: list[CordonInForce] | UnsetType = UNSET
    """Cordons in force in which or behind which some of it lies."""
    sight: SightUsed | UnsetType = UNSET
    """What an answer by line of sight was worked out from."""


class WatchPoints(SetAnswer, frozen=True, kw_only=True):
    """The watch points that cover a spot, each with whether that is certain, and what is not decided."""

    covering: list[tuple[Row, bool]]
    assumed_extent: list[str]
    sight: SightUsed | UnsetType = UNSET


class CoveringPage(NamedTuple):
    """One page of watch points, and where the next one starts when there are more."""

    answer: Covering
    next_page: DistanceCursor | None


async def covering(
    reader: Reader, sight: Sight, question: ResourceQuestion, origin: Origin, *,
    limit: int = MOST_COVERING, after: DistanceCursor | None = None, smoke_height_m: float | None = None,
) -> CoveringPage:  # fmt: skip
    """The first `limit` watch points whose own radius reaches the origin, and those of which nobody can tell.

    With `smoke_height_m` they are those that see smoke of this height there over the terrain.
    What could not be decided is the same on every page.
    """
    wanted = of_kind(question.filter, WATCH_POINT, "only fire watch points cover a spot")
    question = msgspec.structs.replace(question, filter=wanted)
    async with reader.snapshot(one_plan=True) as snapshot:
        start = as_spot(await start_of(snapshot, origin))
        tested = await evaluate_watch_points(snapshot, sight, wanted, start, smoke_height_m)
        await require_place(snapshot, wanted, tested.covering)
        tested, next_page = _page(tested, limit, after)
        cordons = await cordons_of(snapshot, sight, start, [row for row, _ in tested.covering])
    answer = Covering(
        features=features(question, start, tested, cordons),
        cordons=cordons.in_force or UNSET,
        origin=start.described,
        assumed_extent=tested.assumed_extent,
        completeness=tested.completeness,
        undecided=tested.undecided,
        excluded=tested.excluded,
        sight=tested.sight,
    )
    if not answer.features and after is None:
        answer = msgspec.structs.replace(answer, none=why_none(answer))
    return CoveringPage(answer, next_page)


def _page(
    tested: WatchPoints, limit: int, after: DistanceCursor | None
) -> tuple[WatchPoints, DistanceCursor | None]:
    """The watch points of one page, and where the next one starts."""
    last = (-1.0, UUID(int=0)) if after is None else (after.distance_m, after.after)
    later = [one for one in tested.covering if (one[0]["distance_m"], one[0]["id"]) > last]
    page = later[:limit]
    more = DistanceCursor(page[-1][0]["distance_m"], page[-1][0]["id"]) if len(later) > limit else None
    return msgspec.structs.replace(tested, covering=page), more


def features(
    question: ResourceQuestion, start: Start, tested: WatchPoints, cordons: CordonsOfAnswer
) -> list[msgspec.Raw]:
    """The watch points that cover the spot as features."""
    context = hit_context(question, start)
    return [hit(row, context, certain=certain, **cordons.figures(row)) for row, certain in tested.covering]


async def evaluate_watch_points(
    reader: Reader, sight: Sight, wanted: Filter, start: Start, smoke_height_m: float | None = None
) -> WatchPoints:
    """Every watch point that covers the spot or may; of those that may the nearest 50 are named."""
    found = await watch_points.covering(reader, sight, wanted, start, limit=MOST_COVERING)
    known = await extents(reader, places_of(found.unlocated))
    judged = [(row, *_test(row, start)) for row in found.located]
    judged += [(row, False, _test_unlocated(row, start, known)) for row in found.unlocated]
    reaching: list[Judged] = [one for one in judged if one[2] != "no"]
    over = None
    if smoke_height_m is not None:
        over = await look_at_spot(reader, sight, reaching, start, smoke_height_m)
        reaching = over.seeing
    fitting = [(row, nominal, verdict) for row, nominal, verdict in reaching if not row["failing"]]
    plain = [(row, nominal, verdict) for row, nominal, verdict in fitting if not row["unknown"]]
    return WatchPoints(
        covering=[(row, verdict == "yes") for row, nominal, verdict in plain if nominal],
        assumed_extent=sorted(
            bound.rpartition("/")[0] for bound, one in known.items() if one and one.assumed
        ),
        completeness=await completeness_of(reader, sight, wanted),
        undecided=_undecided(fitting, start, known, over, more=found.more),
        excluded=_excluded(reaching, start, [] if over is None else over.hidden),
        sight=UNSET if over is None else over.used,
    )


def _undecided(
    fitting: Sequence[Judged], start: Start, known: Extents, over: SpotSight | None, *, more: bool
) -> Undecided:
    """Those that reach the spot from some positions only, and those that leave a condition open."""
    records = [
        describe_undecided(row, start, known, bound_m=row["watch_radius_m"])
        for row, nominal, _ in fitting
        if row["unknown"] or not nominal
    ]
    return first_of([one if over is None else over.explained(one) for one in records], more=more)


def _excluded(reaching: Sequence[Judged], start: Start, hidden: Sequence[Row]) -> Excluded:
    """How many that may reach the spot each condition keeps out, and from how many the ground hides it."""
    groups: dict[str, list[Row]] = defaultdict(list)
    silent: dict[str, int] = defaultdict(int)
    for row, _, _ in reaching:
        if row["failing"]:
            groups[row["failing"][0] if len(row["failing"]) == 1 else SEVERAL].append(row)
        else:
            for name in row["unknown"]:
                silent[name] += 1
    return exclusions(
        [_nearest_of(name, rows) for name, rows in (groups | ({HIDDEN: hidden} if hidden else {})).items()],
        [{"name": name, "n": count} for name, count in silent.items()],
        partial(nearest_excluded, start=start),
    )


def _nearest_of(name: str, rows: Sequence[Row]) -> dict[str, Any]:
    far = float("inf")
    nearest = min(rows, key=lambda row: row.get("distance_m", far))
    return {"name": name, "n": len(rows), "id": nearest["id"], "distance_m": nearest.get("distance_m")}


def _test(row: Row, start: Start) -> tuple[bool, Cover]:
    """Whether a located watch point covers the spot from its recorded position, and from all it may have."""
    sector = None
    if row["sector_from_deg"] is not None:
        sector = Sector(row["sector_from_deg"], row["sector_to_deg"])
    if row["by_footprint"]:
        return row["held"], "possible" if start.uncertain else "yes"
    aim = Aim(row["distance_m"], row["uncertainty_m"] + start.margin_m, row["outward_deg"])
    return covers_aim(aim, row["watch_radius_m"], sector)


def _test_unlocated(row: Row, start: Start, known: Extents) -> Cover:
    """Whether it may cover the spot from somewhere in its places."""
    possible = covers(possible_distances(row, start, known), row["watch_radius_m"])
    return "no" if possible == "no" else "possible"
