"""Store the next version of an entry, and its line in the log."""

from datetime import timedelta
from typing import TypeVar

from msgspec import structs

from registry.domain.plans.entry import Entry
from registry.domain.records.change import Change
from registry.store.database.pool import Writer
from registry.store.plans import entries

E = TypeVar("E", bound=Entry)


async def store_entry(writer: Writer, current: Entry | None, entry: E, change: Change) -> E:
    """The entry as its next version, which is later than the one before; Duplicate for a taken identity."""
    moment = change.at
    if current is not None and current.updated_at is not None:
        moment = max(moment, current.updated_at + timedelta(microseconds=1))
    version, created_at = (1, moment) if current is None else (current.version + 1, current.created_at)
    stamped = structs.replace(entry, version=version, created_at=created_at, updated_at=moment)
    if current is None:
        await entries.insert_many(writer, [stamped], change.actor)
    else:
        await entries.amend(writer, stamped, change.actor)
    await entries.log(writer, current, stamped, change)
    return stamped
