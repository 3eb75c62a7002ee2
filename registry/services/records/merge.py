"""Merge an edit with those that others made since; where both changed a member, a person decides."""

from uuid import UUID

from msgspec import Struct

from registry.domain.access.sight import Sight
from registry.domain.errors import Stale
from registry.domain.identity import new_id
from registry.domain.records.change import Change, differences, merge, to_members
from registry.domain.records.resource import Resource
from registry.store.database.pool import Writer
from registry.store.records import corrections, history


class MergedEdit(Struct, frozen=True):
    """The record that keeps both edits, or the correction that waits for a person."""

    record: Resource
    correction: UUID | None = None
    overlapping: tuple[str, ...] = ()


async def merge_edit(
    writer: Writer, sight: Sight, pair: tuple[Resource, Resource], base_version: int, change: Change
) -> MergedEdit:
    """Bring an edit of an older version into the current one; `pair` is the current and revised record."""
    current, revised = pair
    if base_version > current.properties.version:
        raise Stale(f"there is no version {base_version}; the record is at {current.properties.version}")
    base = await history.version(writer, sight, current.id, base_version)
    result = merge(base, current, revised)
    if not result.overlapping:
        return MergedEdit(result.record)
    identity = new_id(int(change.at.timestamp() * 1000))
    values = {"id": identity, "resource_id": current.id, "base_version": base_version, "subject": "conflict"}
    values |= {"members": differences(to_members(base), to_members(revised)), "actor": change.actor}
    values |= {"overlapping": list(result.overlapping), "at": change.at}
    await corrections.insert(writer, sight, values)
    return MergedEdit(current, identity, result.overlapping)
