"""The k resources that arrive first at each of many spots, by road."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from msgspec import UNSET

from registry.domain.access.sight import Sight
from registry.domain.completeness import Undecided, UndecidedRecord, why_none
from registry.domain.conditions import Conditions, Filter, filter_of
from registry.domain.errors import InvalidQuery
from registry.domain.proximity.figures import distances
from registry.domain.proximity.origin import Origin, Start
from registry.domain.proximity.undecided import first_of
from registry.domain.roads.answer import ByMinutes
from registry.domain.roads.choice import Choice, choose, figures, first_unknown
from registry.services.completeness import completeness_of
from registry.services.proximity.answer import require_place
from registry.services.proximity.assign import Assignment, Assignments, excluded_of_any, starts_of
from registry.services.proximity.undecided import doubt_of
from registry.services.roads.current_roads import CurrentRoads
from registry.services.roads.near_by_minutes import TimedCandidates, candidates
from registry.services.roads.traffic import RoadsOfQuestion, roads_of
from registry.store.database.pool import Reader
from registry.store.proximity import batches
from registry.store.proximity.undecided import SearchBound

MOST_ORIGINS = 100


async def assign_by_minutes(
    reader: Reader, sight: Sight, conditions: Conditions, origins: Sequence[Origin], roads: CurrentRoads,
    by: ByMinutes, *, k: int, with_features: bool = True,
) -> Assignments:  # fmt: skip
    """The k first at each of up to 100 spots; InvalidQuery for more, and for any other origin."""
    if len(origins) > MOST_ORIGINS:
        raise InvalidQuery(
            f"by minutes at most {MOST_ORIGINS} origins are asked at once",
            field="origins",
            zh=f"按分钟查询一次最多 {MOST_ORIGINS} 处",
        )
    wanted = filter_of(conditions, sight.as_of or datetime.now(UTC))
    starts = starts_of(origins)
    async with reader.snapshot(one_plan=True) as snapshot:
        used = await roads_of(snapshot, sight, roads, by)
        every = [await _of_spot(snapshot, sight, wanted, start, used, k) for start in starts]
        ids = sorted({one.row["id"] for _, choice, _ in every for one in choice.hits})
        await require_place(snapshot, wanted, ids)
        features = await batches.features(snapshot, sight, ids) if ids and with_features else []
        bounds = [found.bound_m for found, _, _ in every]
        answer = Assignments(
            answers=[
                _assignment(number, start, choice, doubt, by)
                for number, (start, (_, choice, doubt)) in enumerate(zip(starts, every, strict=True))
            ],
            features=[msgspec.Raw(row["feature"]) for row in features],
            completeness=await completeness_of(snapshot, sight, wanted),
            undecided=_of_any([doubt for _, _, doubt in every]),
            excluded=await excluded_of_any(snapshot, sight, wanted, starts, bounds),
            roads=used.used([], more=False),
        )
    return answer if ids else msgspec.structs.replace(answer, none=why_none(answer))


async def _of_spot(
    reader: Reader, sight: Sight, wanted: Filter, start: Start, used: RoadsOfQuestion, k: int
) -> tuple[TimedCandidates, Choice, Undecided]:
    """The candidates, the choice among them and what is undecided, of one spot."""
    found = await candidates(reader, sight, wanted, start, used, k)
    choice = choose(found.timed, start, k, found.bound_m)
    looked_at = tuple(one.row["id"] for one in found.timed)
    doubt = await doubt_of(reader, sight, start, SearchBound(wanted, found.bound_m, hits=looked_at))
    every = [*doubt.undecided.resources, *choice.undecided]
    return found, choice, first_of(every, more=doubt.undecided.more)


def _of_any(doubts: Sequence[Undecided]) -> Undecided:
    """What is undecided of any spot, each record with its distances from the spot that it may be nearest."""
    unique: dict[str, UndecidedRecord] = {}
    for record in sorted((one for doubt in doubts for one in doubt.resources), key=_farthest_first):
        unique[record.id] = record
    return first_of(list(unique.values()), more=any(doubt.more for doubt in doubts))


def _farthest_first(record: UndecidedRecord) -> float:
    return -(record.distance_min_m or 0.0)


def _assignment(number: int, start: Start, choice: Choice, doubt: Undecided, by: ByMinutes) -> Assignment:
    of_time = figures(choice.hits, by)
    named = [record.id for record in doubt.resources]
    unknown, _ = first_unknown(choice.unknown)
    return Assignment(
        number,
        [
            {"id": str(one.row["id"]), "kind": one.row["kind"], "certain": True}
            | distances(one.row, start)
            | of_time[one.row["id"]]
            for one in choice.hits
        ],
        named[: batches.MOST_OF_EACH],
        doubt.more or len(named) > batches.MOST_OF_EACH,
        unknown or UNSET,
    )
