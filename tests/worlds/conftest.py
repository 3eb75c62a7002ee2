"""Many small registries beside each other in one database; each is an exercise."""

import os
import random
from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest

from registry.store.database.pool import Reader, SnapshotReader, Writer, prepare
from tests.worlds import registries
from tests.worlds.registries import Registry

SEED = int(os.environ.get("WORLDS_SEED", "20261130"))
"""Many registries are drawn by several seeds: those of one database share their ground, and its places."""
REGISTRIES = int(os.environ.get("WORLDS_REGISTRIES", "250"))


@pytest.fixture(scope="module")
def worlds_url(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.fixture(scope="module")
async def stored(worlds_url: str) -> AsyncIterator[tuple[Reader, list[Registry]]]:
    connection = await asyncpg.connect(worlds_url)
    await prepare(connection)
    rng = random.Random(SEED)
    drawn = [registries.draw(rng, number, most=14) for number in range(REGISTRIES)]
    async with connection.transaction():
        await registries.store(Writer(connection), drawn)
    await connection.execute("ANALYZE")
    yield SnapshotReader(connection), drawn
    await connection.close()
