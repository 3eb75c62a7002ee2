"""Edits that meet: kept together where they can be, put before a person where they cannot."""

from typing import Any

from msgspec import Struct

from registry.api.http.idempotency import answer
from registry.domain.errors import Stale
from registry.domain.identity import new_id
from registry.domain.records.change import Change, differences, merge, to_members
from registry.domain.records.resource import Resource
from registry.services.records.editing import Desk
from registry.store.access.idempotency import Answer
from registry.store.records import corrections, history


class Merged(Struct, frozen=True):
    """The record that keeps both edits, or the answer that tells of a recorded conflict."""

    record: Resource
    conflict: Answer | None = None
    conflict_id: str | None = None
    overlapping: tuple[str, ...] = ()


async def merge_from(
    desk: Desk, current: Resource, wanted: Resource, base_version: int, change: Change
) -> Merged:
    """Bring an edit of an older version into the current one; an overlap is recorded, never overwritten."""
    if base_version > current.properties.version:
        raise Stale(f"there is no version {base_version}; the record is at {current.properties.version}")
    base = await history.version(desk.writer, desk.sight, current.id, base_version)
    result = merge(base, current, wanted)
    if not result.overlapping:
        return Merged(result.record)
    identity = new_id(int(change.at.timestamp() * 1000))
    await corrections.insert(
        desk.writer,
        desk.sight,
        {
            "id": identity,
            "resource_id": current.id,
            "base_version": base_version,
            "subject": "conflict",
            "members": differences(to_members(base), to_members(wanted)),
            "overlapping": list(result.overlapping),
            "actor": change.actor,
            "at": change.at,
        },
    )
    told = answer(_problem(current, str(identity), result.overlapping), 409, Content_Type=PROBLEM)
    return Merged(current, told, str(identity), result.overlapping)


PROBLEM = "application/problem+json"


def _problem(current: Resource, identity: str, overlapping: tuple[str, ...]) -> dict[str, Any]:
    return {
        "type": "/docs/problems#conflict",
        "title": "Somebody changed the same members since the version you edited",
        "status": 409,
        "detail": f"kept for a person to decide; both changed {', '.join(overlapping)}",
        "conflict": f"/v1/corrections/{identity}",
        "overlapping": list(overlapping),
        "current_version": current.properties.version,
        "errors": [{"pointer": name, "detail": "changed by somebody else too"} for name in overlapping],
    }
