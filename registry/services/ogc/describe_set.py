"""Say how complete a list of features is, what it leaves undecided and what its conditions exclude."""

from msgspec import Struct

from registry.domain.access.sight import Sight
from registry.domain.completeness import (
    NOTHING_UNDECIDED,
    Completeness,
    Excluded,
    Undecided,
    UndecidedRecord,
)
from registry.domain.ogc.set_question import SetQuestion, UnlocatedRecord
from registry.services.completeness import completeness_of
from registry.store.database.moment import kept_or_read, moment
from registry.store.database.pool import Reader
from registry.store.ogc import sets

MOST_NAMED = 10
"""Undecided records that a list names; `unlocated-resources` has them all."""
MOST_COUNTED = 10_000
"""Exclusions are counted in collections of up to so many records."""


class DescribedSet(Struct, frozen=True, kw_only=True):
    """What a list says of its set. `excluded` is None where the collection is too large to count it."""

    completeness: Completeness
    undecided: Undecided
    excluded: Excluded | None


async def describe_set(
    reader: Reader, sight: Sight, question: SetQuestion, at: str | None = None
) -> DescribedSet:
    """The three of a question; what does not depend on the window is kept for as long as nothing is written.

    Records without a position are undecided where they may lie in the window. Exclusions are of the whole
    collection, whatever the window.
    """
    at = at or await moment(reader)
    listing = await completeness_of(reader, sight, question.listing, at)
    return DescribedSet(
        completeness=listing,
        undecided=await _undecided(reader, sight, question, at),
        excluded=await _excluded(reader, sight, question, at, listing.listed),
    )


async def _undecided(reader: Reader, sight: Sight, question: SetQuestion, at: str | None) -> Undecided:
    asked = question.unlocated
    if asked is None:
        return NOTHING_UNDECIDED
    key = ("unlocated", sight, asked.shape, str(asked.values))
    known = await kept_or_read(reader, key, at, lambda view: sets.unlocated(view, sight, asked))
    among = known[: sets.MOST_UNLOCATED]
    possible = [record for record in among if record.may_meet(question.window)]
    more = len(known) > len(among) or len(possible) > MOST_NAMED
    return Undecided(len(possible), more, [_named(record) for record in possible[:MOST_NAMED]])


def _named(record: UnlocatedRecord) -> UndecidedRecord:
    return UndecidedRecord(
        id=record.id,
        kind=record.kind,
        name=record.name,
        reason=record.reason,
        distance_min_m=None,
        distance_max_m=None,
    )


async def _excluded(
    reader: Reader, sight: Sight, question: SetQuestion, at: str | None, listed: int
) -> Excluded | None:
    if not question.conditions:
        return {}
    if listed > MOST_COUNTED:
        return None
    shapes = tuple(question.conditions)
    key = ("excluded", sight, question.collection, question.within, shapes, str(question.filter.values))
    return await kept_or_read(reader, key, at, lambda view: sets.excluded(view, sight, question))
