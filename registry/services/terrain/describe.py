"""Say which terrain model is in use, and what is drawn over it."""

from msgspec import Struct

from registry.domain.terrain.model import TerrainModel
from registry.domain.terrain.seen import SMOKE_HEIGHTS_M
from registry.store.database.pool import Reader, Row
from registry.store.terrain import models, seen


class TerrainInUse(Struct, frozen=True, kw_only=True):
    """The model in use, None where none is loaded, and the watch points by what became of them."""

    model: TerrainModel | None
    smoke_heights_m: tuple[float, ...] = SMOKE_HEIGHTS_M
    """The smoke heights that can be asked for."""
    watch_points: dict[str, int]
    """How many are drawn, and how many cannot be by reason."""


async def terrain_in_use(reader: Reader) -> TerrainInUse:
    """The model in use, and how many watch points are drawn over it."""
    model = await current_model(reader)
    if model is None:
        return TerrainInUse(model=None, watch_points={})
    return TerrainInUse(model=model, watch_points=await seen.counts(reader, model.version))


async def current_model(reader: Reader) -> TerrainModel | None:
    """The model in use."""
    row = await models.current(reader)
    return None if row is None else model_of(row)


def model_of(row: Row) -> TerrainModel:
    """A model from its row."""
    bounds = tuple(row[f"{side}_deg"] for side in ("west", "south", "east", "north"))
    names = [name for name in TerrainModel.__struct_fields__ if name != "bounds"]
    return TerrainModel(**{name: row[name] for name in names}, bounds=bounds)
