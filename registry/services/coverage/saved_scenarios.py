"""Saved scenarios: save, list, read and delete. Viewers read them, planners change them."""

import time
from datetime import datetime
from uuid import UUID

from msgspec import Struct, convert, to_builtins

from registry.domain.access.actor import Actor, require
from registry.domain.coverage.addition import Scenario
from registry.domain.errors import NotFound
from registry.domain.identity import new_id
from registry.domain.values import Name
from registry.services.coverage.requests import ScenarioDraft
from registry.store.coverage import scenarios
from registry.store.database.pool import Reader, Row, Writer

MOST_LISTED = 1000


class SavedScenario(Struct, frozen=True, kw_only=True):
    """A scenario under a name, with its owner."""

    id: UUID
    name: Name
    owner: str
    note: str | None
    created_at: datetime
    changes: Scenario


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
        },
    )
    return _from_row(row)


async def latest_scenarios(reader: Reader, actor: Actor) -> list[SavedScenario]:
    """The latest scenarios; Forbidden for less than a viewer."""
    require(actor, "viewer")
    return [_from_row(row) for row in await scenarios.find(reader, MOST_LISTED)]


async def saved_scenario(reader: Reader, actor: Actor, identity: UUID | str) -> SavedScenario:
    """One scenario; Forbidden for less than a viewer, NotFound for an unknown identity."""
    require(actor, "viewer")
    try:
        row = await scenarios.get(reader, UUID(str(identity)))
    except ValueError:
        row = None
    if row is None:
        raise NotFound("scenario", identity)
    return _from_row(row)


async def remove_scenario(writer: Writer, actor: Actor, identity: UUID) -> None:
    """Delete a scenario; Forbidden for less than a planner, NotFound for an unknown identity."""
    require(actor, "planner")
    await saved_scenario(writer, actor, identity)
    await scenarios.retire(writer, identity)


def _from_row(row: Row) -> SavedScenario:
    return SavedScenario(
        id=row["id"],
        name=Name(row["name_zh"], row["name_en"]),
        owner=row["owner"],
        note=row["note"],
        created_at=row["created_at"],
        changes=convert(row["changes"], Scenario),
    )
