"""Read a record, its past and what was observed of it, and list records with how complete the list is."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct, UnsetType, structs

from registry.domain.access.actor import Actor, require
from registry.domain.access.sight import Sight
from registry.domain.completeness import (
    NOTHING_UNDECIDED,
    FeatureSetAnswer,
    SetAnswer,
    Undecided,
    UndecidedRecord,
    exclusions,
    why_none,
)
from registry.domain.conditions import Filter, to_the_minute
from registry.domain.errors import NotFound
from registry.services.completeness import completeness_of
from registry.store.database.moment import kept_or_read, moment
from registry.store.database.pool import Reader, Row
from registry.store.records import history, list_doubt, observations, resources
from registry.store.records.list_doubt import ListDoubt


class PastChange(Struct, frozen=True, kw_only=True):
    """One change of a record with its Feature before and after. Only staff read who made it and how."""

    version: int
    verb: str
    at: datetime
    reason: str | None
    """The reason that was stated."""
    actor: str | UnsetType = UNSET
    via: str | UnsetType = UNSET
    request_id: str | UnsetType | None = UNSET
    device_at: datetime | UnsetType | None = UNSET
    before: msgspec.Raw | None
    after: msgspec.Raw | None


STAFF_ONLY = ("actor", "via", "request_id", "device_at")
PUBLIC = ("version", "verb", "at", "reason")


async def visible(reader: Reader, sight: Sight, identity: UUID) -> Row:
    """The stored version, time and feature of a record; NotFound when this sight does not have it."""
    row = await resources.get(reader, sight, identity)
    if row is None:
        raise NotFound("resource", identity)
    return row


async def read_history(
    reader: Reader, sight: Sight, actor: Actor, identity: UUID, limit: int
) -> list[PastChange]:
    """The latest changes of a record, newest first."""
    await visible(reader, sight, identity)
    shown = PUBLIC + STAFF_ONLY if actor.is_at_least("viewer") else PUBLIC
    return [
        PastChange(
            before=_raw(row["before"]), after=_raw(row["after"]), **{name: row[name] for name in shown}
        )
        for row in await history.changes(reader, sight, identity, limit)
    ]


def _raw(text: str | None) -> msgspec.Raw | None:
    return None if text is None else msgspec.Raw(text.encode())


async def read_observations(
    reader: Reader, sight: Sight, actor: Actor, identity: UUID, limit: int
) -> list[Row]:
    """What was observed of a record, newest first; for staff."""
    await visible(reader, sight, identity)
    require(actor, "viewer")
    return await observations.of(reader, sight, identity, limit)


async def list_resources(
    reader: Reader, sight: Sight, wanted: Filter, *, after: UUID | None, limit: int
) -> tuple[FeatureSetAnswer, UUID | None]:
    """A page of the records that meet the conditions, and the identity after which the next one begins."""
    rows = await resources.find(reader, sight, wanted, after=after, limit=limit + 1)
    beside = await beside_list(reader, sight, wanted, rows[0]["moment"] if rows else None)
    answer = FeatureSetAnswer(
        features=[msgspec.Raw(row["feature"]) for row in rows[:limit]],
        completeness=beside.completeness,
        undecided=beside.undecided,
        excluded=beside.excluded,
    )
    if not rows and after is None:
        answer = structs.replace(answer, none=why_none(answer))
    return answer, rows[limit - 1]["id"] if len(rows) > limit else None


async def beside_list(reader: Reader, sight: Sight, wanted: Filter, at: str | None = None) -> SetAnswer:
    """What a list says beside its members; kept while the database stays as it was.

    `at` is the moment that the members were read at, where it is known.
    """
    at = at or await moment(reader)
    completeness = await completeness_of(reader, sight, wanted, at)
    if not list_doubt.is_open(wanted):
        return SetAnswer(completeness=completeness, undecided=NOTHING_UNDECIDED, excluded={})
    doubt = await _doubt(reader, sight, wanted, at)
    return SetAnswer(
        completeness=completeness,
        undecided=_undecided(doubt.records, more=doubt.more),
        excluded=exclusions(doubt.excluded, doubt.not_stated, more=doubt.more),
    )


async def undecided_of(reader: Reader, sight: Sight, wanted: Filter) -> Undecided:
    """The records that may meet the conditions, for all that is known of them."""
    if not list_doubt.is_open(wanted):
        return NOTHING_UNDECIDED
    doubt = await _doubt(reader, sight, wanted, await moment(reader))
    return _undecided(doubt.records, more=doubt.more)


async def _doubt(reader: Reader, sight: Sight, wanted: Filter, at: str | None) -> ListDoubt:
    question = ("list", sight, to_the_minute(wanted))
    return await kept_or_read(reader, question, at, lambda view: list_doubt.find(view, sight, wanted))


def _undecided(rows: Iterable[Row], *, more: bool) -> Undecided:
    records = [
        UndecidedRecord(
            id=str(row["id"]),
            kind=row["kind"],
            name={"zh": row["name_zh"], "en": row["name_en"]},
            reason="unknown_value" if row["unknown"] else row["reason"],
            distance_min_m=None,
            distance_max_m=None,
            unknown=row["unknown"] or UNSET,
        )
        for row in rows
    ]
    return Undecided(len(records), more, records)
