"""Give watchers the ground that they see over the terrain, where that is drawn for them as they are."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from msgspec import structs

from registry.domain.access.sight import Sight
from registry.domain.coverage.watcher import Watcher
from registry.domain.terrain.model import TerrainModel
from registry.domain.terrain.seen import Lookout, basis_of, blind_reason
from registry.domain.terrain.watched import MISSING, SeenShapes, SightQuestion, Unseen, basis_from
from registry.services.terrain.describe import current_model
from registry.store.database.pool import Reader, Row
from registry.store.terrain import seen
from registry.store.visibility import realm


class Seeing(NamedTuple):
    """Watchers with what they see, and the question with the model that it rests on."""

    watchers: list[Watcher]
    asked: SightQuestion


async def see_over_terrain(
    reader: Reader, sight: Sight, watchers: Sequence[Watcher], smoke_height_m: float
) -> Seeing:
    """The watchers, each with the ground where it sees smoke of a height, or why that is not known.

    A drawing that was made of another position, height, sector, radius or model is stale: it is not used.
    """
    model = await current_model(reader)
    asked = SightQuestion(smoke_height_m=smoke_height_m, model=basis_from(model))
    open_ = [watcher for watcher in watchers if watcher.footprint is None]
    ids = [UUID(watcher.id) for watcher in open_ if reason_unseen(watcher, model) is None]
    drawings = await seen.read(reader, realm(sight), ids, smoke_height_m) if ids else {}
    return Seeing(await asyncio.to_thread(_all, watchers, model, drawings), asked)


def unseen(watcher: Watcher) -> Watcher:
    """A watcher that no drawing is made for, as it is in no record."""
    return watcher if watcher.footprint is not None else structs.replace(watcher, unseen="drawing")


def reason_unseen(watcher: Watcher, model: TerrainModel | None) -> Unseen | None:
    """What is missing to work out what a watcher sees, before any drawing is looked for.

    The public does not get what a watcher sees whose position it may not know.
    """
    if watcher.internal:
        return "position"
    blind = blind_reason(lookout_of(watcher))
    if blind is not None:
        return MISSING[blind]
    return "terrain" if model is None else None


def lookout_of(watcher: Watcher) -> Lookout:
    """All of a watcher that decides what it sees."""
    view = watcher.view
    return Lookout(
        position=watcher.position,
        uncertainty_m=watcher.uncertainty_m or 0.0,
        eye_height_m=watcher.eye_height_m,
        radius_m=watcher.radius_m,
        sector=None if view is None else (view.from_deg, view.to_deg),
    )


def _all(
    watchers: Sequence[Watcher], model: TerrainModel | None, drawings: Mapping[UUID, Row]
) -> list[Watcher]:
    return [one if one.footprint is not None else _seeing(one, model, drawings) for one in watchers]


def _seeing(watcher: Watcher, model: TerrainModel | None, drawings: Mapping[UUID, Row]) -> Watcher:
    reason = reason_unseen(watcher, model)
    if reason is not None or model is None:
        return structs.replace(watcher, unseen=reason)
    row = drawings.get(UUID(watcher.id))
    shapes = current_drawing(row, lookout_of(watcher), model)
    if isinstance(shapes, SeenShapes):
        return structs.replace(watcher, sees=shapes)
    return structs.replace(watcher, unseen=shapes)


def current_drawing(row: Row | None, lookout: Lookout, model: TerrainModel) -> SeenShapes | Unseen:
    """What a stored drawing says, unless it is missing or stale."""
    if row is None or row["basis"] != basis_of(lookout, model.digest):
        return "drawing"
    if row["reason"] is not None:
        return MISSING[row["reason"]]
    return SeenShapes(**{name: row[name] for name in SeenShapes.__struct_fields__})
