"""Saved scenarios: save, list, read and delete.

A scenario is read with the sight of its reader: one that names a record which the reader may not see is not
there. It belongs to who saved it.
"""

import time
from datetime import datetime
from uuid import UUID

from msgspec import Struct, convert, to_builtins

from registry.domain.access.actor import Actor, require, sight_of
from registry.domain.coverage.addition import Scenario
from registry.domain.errors import Forbidden, NotFound
from registry.domain.identity import new_id
from registry.domain.records.resource import Visibility
from registry.domain.values import Name
from registry.services.coverage.requests import ScenarioDraft
from registry.store.coverage import scenarios
from registry.store.database.pool import Reader, Row, Writer
from registry.store.records import resources

MOST_LISTED = 1000


class SavedScenario(Struct, frozen=True, kw_only=True):
    """A scenario under a name, with its owner."""

    id: UUID
    name: Name
    owner: str
    note: str | None
    created_at: datetime
    changes: Scenario
    """What it changes."""
    visibility: Visibility = "restricted"


async def keep_scenario(writer: Writer, actor: Actor, draft: ScenarioDraft) -> SavedScenario:
    """Save a scenario; Forbidden for less than a planner."""
    require(actor, "planner")
    row = await scenarios.insert(
        writer,
        {
            "id": new_id(time.time_ns() // 1_000_000),
            "name_zh": draft.name.zh,
            "name_en": draft.name.en,
            "owner": actor.id,
            "note": draft.note,
            "changes": to_builtins(draft.changes),
            "visibility": draft.visibility,
        },
    )
    return _from_row(row)


async def latest_scenarios(reader: Reader, actor: Actor) -> list[SavedScenario]:
    """The latest scenarios that the actor may see; Forbidden for less than a viewer."""
    require(actor, "viewer")
    saved = [_from_row(row) for row in await scenarios.find(reader, MOST_LISTED)]
    return await _visible(reader, actor, saved)


async def _visible(reader: Reader, actor: Actor, saved: list[SavedScenario]) -> list[SavedScenario]:
    """The scenarios that are for this actor, and name no record that the actor may not see."""
    sight = sight_of(actor)
    if sight.clearance == "restricted":
        return saved
    mine = [one for one in saved if one.visibility != "restricted"]
    named = {identity for one in mine for identity in one.changes.named()}
    seen = await resources.visible(reader, sight, named)
    return [one for one in mine if one.changes.named() <= seen]


async def saved_scenario(reader: Reader, actor: Actor, identity: UUID | str) -> SavedScenario:
    """One scenario; Forbidden for less than a viewer, NotFound for one that the actor does not see."""
    require(actor, "viewer")
    try:
        row = await scenarios.get(reader, UUID(str(identity)))
    except ValueError:
        row = None
    found = [] if row is None else await _visible(reader, actor, [_from_row(row)])
    if not found:
        raise NotFound("scenario", identity)
    return found[0]


async def remove_scenario(writer: Writer, actor: Actor, identity: UUID) -> None:
    """Delete a scenario; Forbidden for all but its owner and administrators."""
    require(actor, "planner")
    saved = await saved_scenario(writer, actor, identity)
    if saved.owner != actor.id and actor.role != "admin":
        raise Forbidden(f"this scenario belongs to {saved.owner}")
    await scenarios.retire(writer, identity)


def _from_row(row: Row) -> SavedScenario:
    return SavedScenario(
        id=row["id"],
        name=Name(row["name_zh"], row["name_en"]),
        owner=row["owner"],
        note=row["note"],
        created_at=row["created_at"],
        changes=convert(row["changes"], Scenario),
        visibility=row["visibility"],
    )
