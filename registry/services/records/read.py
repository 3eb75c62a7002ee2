"""Read a record, its past and what was observed of it."""

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct, UnsetType

from registry.domain.access.actor import Actor, require
from registry.domain.access.sight import Sight
from registry.domain.errors import NotFound
from registry.store.database.pool import Reader, Row
from registry.store.records import history, observations, resources


class PastChange(Struct, frozen=True, kw_only=True):
    """One change of a record with its Feature before and after. Only staff read who made it and how."""

    version: int
    verb: str
    at: datetime
    reason: str | None
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
