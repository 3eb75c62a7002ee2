"""The resources that are nearest in minutes by road, and those within so many minutes."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import structs

from registry.domain.access.sight import Sight
from registry.domain.conditions import Filter
from registry.domain.errors import InvalidQuery
from registry.domain.proximity.origin import Origin, Start, as_spot
from registry.domain.roads.answer import ByMinutes
from registry.domain.roads.choice import (
    Choice,
    TimedRecord,
    choose,
    figures,
    first_unknown,
    in_order,
    joined,
    reach_s,
    spot_of_row,
)
from registry.domain.roads.leg import RoadSpot
from registry.services.proximity.answer import Near, ResourceQuestion, hit_context, near
from registry.services.proximity.start import start_of
from registry.services.proximity.undecided import doubt_of
from registry.services.roads.current_roads import CurrentRoads
from registry.services.roads.traffic import RoadsOfQuestion, roads_of
from registry.store.database.pool import Reader, Row
from registry.store.proximity import nearest as knn
from registry.store.proximity.knn_columns import Hits
from registry.store.proximity.undecided import SearchBound
from registry.store.proximity.within import within_distance

FIRST, MOST = 64, 8_192
"""Records that are looked at first, and at the most: no straight line is slower than the greatest speed."""


class TimedCandidates(NamedTuple):
    """Records with their times, and the distance within which no record is missing; None is no bound."""

    timed: list[TimedRecord]
    bound_m: float | None


async def nearest_by_minutes(
    reader: Reader, sight: Sight, question: ResourceQuestion, origin: Origin, roads: CurrentRoads,
    by: ByMinutes, *, k: int,
) -> Near:  # fmt: skip
    """The k resources that arrive first at free flow; they drive to the origin."""
    async with reader.snapshot(one_plan=True) as snapshot:
        start = as_spot(await start_of(snapshot, origin))
        used = await roads_of(snapshot, sight, roads, by)
        found = await candidates(snapshot, sight, question.filter, start, used, k)
        choice = choose(found.timed, start, k, found.bound_m)
        return await _answer(snapshot, sight, question, start, used, found, choice)


async def within_minutes(
    reader: Reader, sight: Sight, question: ResourceQuestion, origin: Origin, roads: CurrentRoads,
    by: ByMinutes, *, limit: int,
) -> tuple[Near, bool]:  # fmt: skip
    """The resources that arrive within the limit at free flow, and whether they are all of them."""
    if by.limit_s is None:
        raise InvalidQuery(
            "say how many minutes: max_minutes", field="max_minutes", zh="请给出 max_minutes（分钟）"
        )
    async with reader.snapshot(one_plan=True) as snapshot:
        start = as_spot(await start_of(snapshot, origin))
        used = await roads_of(snapshot, sight, roads, by)
        bound_m = by.limit_s * used.search.network.head.fastest_m_per_s
        rows = await within_distance(
            snapshot, sight, question.filter, start, radius_m=bound_m, limit=MOST + 1
        )
        if len(rows) > MOST:
            raise _too_many()
        found = TimedCandidates(await timed(used, start, rows), bound_m)
        choice = choose(found.timed, start, limit, bound_m)
        answer = await _answer(snapshot, sight, question, start, used, found, choice)
        return answer, len(in_order(found.timed)) <= limit


async def candidates(
    reader: Reader, sight: Sight, wanted: Filter, start: Start, used: RoadsOfQuestion, k: int
) -> TimedCandidates:
    """Enough of the nearest in a straight line to hold the first k in time, whatever the roads are."""
    fastest = used.search.network.head.fastest_m_per_s
    cap_m = None if used.question.limit_s is None else used.question.limit_s * fastest
    count = max(FIRST, 4 * k)
    while True:
        hits = await knn.nearest(reader, sight, wanted, start, k=count, max_m=cap_m)
        records = await timed(used, start, hits.rows)
        if len(hits.rows) < count:
            return TimedCandidates(records, cap_m)
        settled = reach_s(records, k)
        if settled is not None and start.distance_m(hits.rows[-1]["distance_m"]) >= settled * fastest:
            return TimedCandidates(records, settled * fastest)
        if count >= MOST:
            raise _too_many()
        count = min(4 * count, MOST)


def _too_many() -> InvalidQuery:
    return InvalidQuery(
        f"more than {MOST} records would have to be looked at: give max_minutes or more conditions",
        field="max_minutes",
        zh="需要查看的记录过多：请给出更小的 max_minutes 或更多条件",
    )


async def timed(used: RoadsOfQuestion, start: Start, rows: Sequence[Row]) -> list[TimedRecord]:
    """The time of each record to the start; searches run beside the event loop."""
    if not rows:
        return []
    spots = [spot_of_row(row) for row in rows]
    to = RoadSpot(start.lon, start.lat, start.margin_m)
    limit_s = used.question.limit_s
    legs = await asyncio.to_thread(used.search.seconds, spots, to, limit_s=limit_s, traffic=used.traffic)
    return [TimedRecord(row, leg) for row, leg in zip(rows, legs, strict=True)]


async def _answer(
    reader: Reader, sight: Sight, question: ResourceQuestion, start: Start, used: RoadsOfQuestion,
    found: TimedCandidates, choice: Choice,
) -> Near:  # fmt: skip
    looked_at = tuple(one.row["id"] for one in found.timed)
    bound = SearchBound(question.filter, found.bound_m, hits=looked_at)
    doubt = await doubt_of(reader, sight, start, bound)
    doubt = doubt._replace(undecided=joined(doubt.undecided, choice.undecided))
    unknown, more = first_unknown(choice.unknown)
    rows = Hits([one.row for one in choice.hits])
    of_time = figures(choice.hits, used.question)
    answer = await near(reader, sight, question, hit_context(question, start), rows, doubt, of_time)
    return structs.replace(answer, ranked_by="minutes", roads=used.used(unknown, more=more))
