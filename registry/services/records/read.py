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
    Excluded,
    Exclusion,
    FeatureSetAnswer,
    SetAnswer,
    Undecided,
    UndecidedRecord,
    why_none,
)
from registry.domain.conditions import Filter, to_the_minute
from registry.domain.errors import NotFound
from registry.services.completeness import completeness_of
from registry.store import completeness as listings
from registry.store.database.pool import Reader, Row
from registry.store.records import history, list_doubt, observations, resources


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
    beside = await beside_list(reader, sight, wanted)
    answer = FeatureSetAnswer(
        features=[msgspec.Raw(row["feature"]) for row in rows[:limit]],
        completeness=beside.completeness,
        undecided=beside.undecided,
        excluded=beside.excluded,
    )
    if not rows and after is None:
        answer = structs.replace(answer, none=why_none(answer))
    return answer, rows[limit - 1]["id"] if len(rows) > limit else None


async def beside_list(reader: Reader, sight: Sight, wanted: Filter) -> SetAnswer:
    """What a list says beside its members; kept while the database stays as it was."""
    moment = await listings.moment(reader)
    completeness = await completeness_of(reader, sight, wanted, moment)
    if not list_doubt.is_open(wanted):
        return SetAnswer(completeness=completeness, undecided=NOTHING_UNDECIDED, excluded={})
    question = ("list", sight, to_the_minute(wanted))
    kept = reader.kept.get(question, moment)
    if kept is None:
        async with reader.snapshot() as view:
            kept = await list_doubt.find(view, sight, wanted)
            reader.kept.put(question, await listings.moment(view), kept)
    return SetAnswer(
        completeness=completeness,
        undecided=_undecided(kept.records, more=kept.more),
        excluded=_excluded(kept.excluded, kept.not_stated, more=kept.more),
    )


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


def _excluded(excluded: Iterable[Row], not_stated: Iterable[Row], *, more: bool) -> Excluded:
    silent = {row["name"]: int(row["n"]) for row in not_stated}
    others = {row["name"]: int(row["n"]) for row in excluded}
    return {
        name: Exclusion(not_stated=silent.get(name, 0), otherwise=others.get(name, 0), more=more or UNSET)
        for name in sorted({*silent, *others})
    }
