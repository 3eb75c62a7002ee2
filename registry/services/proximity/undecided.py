"""What an answer about nearness could not decide, and what conditions excluded from it."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from registry.domain.access.sight import Sight
from registry.domain.completeness import Excluded, Undecided, exclusions
from registry.domain.proximity.origin import Start
from registry.domain.proximity.undecided import name_undecided, nearest_excluded, places_of
from registry.store.database.pool import Reader
from registry.store.proximity.knn_columns import Possible
from registry.store.proximity.possible import extents
from registry.store.proximity.undecided import SearchBound, find_undecided


class Doubt(NamedTuple):
    """The undecided records of an answer, and the excluded ones by condition."""

    undecided: Undecided
    excluded: Excluded


async def doubt_of(reader: Reader, sight: Sight, start: Start, bound: SearchBound) -> Doubt:
    """What could not be decided up to a bound."""
    (doubt,) = await doubt_of_each(reader, sight, start, [bound])
    return doubt


async def doubt_of_each(
    reader: Reader, sight: Sight, start: Start, bounds: Sequence[SearchBound]
) -> list[Doubt]:
    """What could not be decided up to each bound, from one statement and the extents of places."""
    found = await find_undecided(reader, sight, bounds, start)
    known = await extents(reader, places_of([row for rows in found for row in rows.records]))
    return [
        Doubt(
            name_undecided(rows.records, start, known, bound.bound_m, more=rows.more),
            exclusions(rows.excluded, rows.not_stated, partial(nearest_excluded, start=start)),
        )
        for rows, bound in zip(found, bounds, strict=True)
    ]


async def doubt_among(reader: Reader, start: Start, possible: Possible) -> Doubt:
    """What the statement that found the hits could not decide, for a question without other conditions."""
    known = await extents(reader, places_of(possible.records))
    bound_m = None if possible.reach_m is None else max(0.0, possible.reach_m - start.margin_m)
    undecided = name_undecided(possible.records, start, known, bound_m, more=possible.more)
    return Doubt(undecided, {})
