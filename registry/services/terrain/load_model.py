"""Load the elevations of some files as the model in use, in one transaction."""

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from registry.domain.access.actor import Actor, require
from registry.domain.errors import Invalid
from registry.domain.intake.files.refusal import REFUSAL_WORDS, RefusedFile
from registry.domain.terrain.model import TerrainModel, TerrainStatement, demand_sound
from registry.domain.terrain.tile import Bounds, ElevationTile, bounds_deg
from registry.services.clock import now
from registry.services.progress import Advance, unwatched
from registry.services.terrain.describe import model_of
from registry.store.database.pool import OpenWriter
from registry.store.files.child_process import read_elevation_in_child
from registry.store.terrain import models

STEP = "files"
MOST_FILES = 500
NOWHERE: Bounds = (np.inf, np.inf, -np.inf, -np.inf)


async def load_model(
    open_writer: OpenWriter,
    actor: Actor,
    stated: TerrainStatement,
    files: Sequence[Path],
    advance: Advance = unwatched,
) -> TerrainModel:
    """Store the heights of all files as the model in use, in place of the one before; for administrators.

    Invalid for a file that cannot be read, which leaves the model before in use.
    """
    require(actor, "admin")
    demand_sound(stated)
    if not 1 <= len(files) <= MOST_FILES:
        raise Invalid(
            f"1 to {MOST_FILES} files make a model", field="files", zh=f"请给出 1 至 {MOST_FILES} 个文件"
        )
    digest = hashlib.sha256(msgspec.msgpack.encode(stated))
    held, cells, voids = NOWHERE, 0, 0
    async with open_writer() as writer:
        started = msgspec.structs.asdict(stated) | {"loaded_at": now(), "loaded_by": actor.id}
        unknown = {"digest": "", "cells": 0, "voids": 0} | models.sides((0.0, 0.0, 0.0, 0.0))
        version = await models.begin(writer, started | unknown)
        for number, file in enumerate(files):
            tile = await _read(file)
            bounds = bounds_deg(tile)
            await models.add_tile(writer, version, number, tile, bounds)
            digest.update(msgspec.msgpack.encode(tile))
            held = (*map(min, held[:2], bounds[:2]), *map(max, held[2:], bounds[2:]))  # type: ignore[assignment]
            cells += tile.columns * tile.rows
            voids += int(np.isnan(tile.array()).sum())
            advance(STEP, number + 1, len(files))
        holds = {"digest": digest.hexdigest(), "cells": cells, "voids": voids} | models.sides(held)
        await models.finish(writer, version, holds)
        row = await models.current(writer)
    assert row is not None
    return model_of(row)


async def _read(file: Path) -> ElevationTile:
    content = await asyncio.to_thread(file.read_bytes)
    try:
        return await read_elevation_in_child(content, file.name)
    except RefusedFile as refused:
        zh, en = (words.format(**refused.figures) for words in REFUSAL_WORDS[refused.code])
        raise Invalid(f"{file.name}: {en}", field="files", zh=f"{file.name}：{zh}") from refused
