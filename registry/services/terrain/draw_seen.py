"""Draw what the watch points see that were not drawn as they are, over the model in use."""

import asyncio

import numpy as np

from registry.domain.terrain.elevation import LocalPlane
from registry.domain.terrain.model import TerrainModel, doubt_of
from registry.domain.terrain.seen import Blind, Lookout, SeenGround, basis_of, draw_seen, window_m
from registry.domain.terrain.tile import Bounds
from registry.services.clock import now
from registry.services.terrain.describe import current_model
from registry.store.database.pool import OpenWriter, Row, Writer
from registry.store.terrain import models, seen

AT_ONCE = 4
"""Drawn in one transaction, which lasts under a second."""
MOST_CELLS = 25_000_000


async def draw_some(open_writer: OpenWriter) -> int:
    """Draw a few watch points; how many were looked at, 0 when none is due or another process draws."""
    async with open_writer() as writer:
        model = await current_model(writer)
        if model is None or not await seen.claim(writer):
            return 0
        rows = await seen.due(writer, model.version, AT_ONCE)
        for row in rows:
            await _draw(writer, model, row)
    return len(rows)


async def draw_all(open_writer: OpenWriter) -> int:
    """Draw every watch point that is due; how many were looked at."""
    total = 0
    while count := await draw_some(open_writer):
        total += count
    return total


async def _draw(writer: Writer, model: TerrainModel, row: Row) -> None:
    lookout = seen.lookout_of(row)
    basis = basis_of(lookout, model.digest)
    if basis == row["basis"]:
        await seen.confirm(writer, row["realm"], row["id"], row["version"], model.version)
        return
    key = {
        "realm": row["realm"],
        "resource_id": row["id"],
        "basis": basis,
        "resource_version": row["version"],
        "model_version": model.version,
    }
    await seen.put(writer, key, await _drawing(writer, model, lookout), now())


async def _drawing(writer: Writer, model: TerrainModel, lookout: Lookout) -> list[SeenGround] | Blind:
    if lookout.position is None:
        return "no_position"
    grids = await models.grids_near(writer, model.version, _around(lookout), MOST_CELLS)
    if grids is None:
        return "radius_too_long"
    return await asyncio.to_thread(draw_seen, lookout, grids, doubt_of(model))


def _around(lookout: Lookout) -> Bounds:
    """The box in degrees around all ground that decides what a watch point sees."""
    assert lookout.position is not None
    reach = window_m(lookout) * np.array([-1.0, 0.0, 1.0])
    x, y = (axis.ravel() for axis in np.meshgrid(reach, reach))
    lon, lat = LocalPlane(*lookout.position).inverse(np.column_stack([x, y])).T
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())
