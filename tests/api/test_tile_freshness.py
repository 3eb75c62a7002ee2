"""Two workers, one database: a change reaches every kept tile that draws it within two seconds, no other."""

import random

import asyncpg
import msgspec
import pytest

from registry.app import create_app
from registry.domain.access.sight import PUBLIC
from registry.domain.geojson import Point
from registry.domain.ogc.tiling import Tile
from registry.domain.records import change as changing
from registry.domain.records import feature
from registry.runtime.database import as_role
from registry.runtime.settings import Settings
from registry.store.database.pool import Writer, prepare
from registry.store.ogc import tile_invalidation, tiles
from registry.store.records import changes, resources
from tests.api.conftest import PEPPER, serving
from tests.api.test_feed import looked
from tests.builders import A_CHANGE, a_resource
from tests.store.test_tilecache import draws, position
from tests.waiting import until

NAMES = ("rescue-teams", "shelters", "coverage-footprints")
QUERY = "?collections=" + ",".join(NAMES)
LATEST_S = 2.0


@pytest.fixture
async def workers(client, api_url):
    async with serving(create_app(Settings(pool_size=3, key_pepper=PEPPER), as_role(api_url))) as second:
        for worker in (client, second):
            worker.app.state.tiles.clear()
        yield client, second


def spots(rng: random.Random) -> list[Tile]:
    found = set()
    for z in (2, 7, 10, 11, 13):
        for _ in range(6):
            x, y = position(rng.uniform(106.5, 106.7), rng.uniform(29.0, 29.1), z)
            found.add(Tile(z, int(y), int(x)))
    return sorted(found)


async def ask(worker, where: Tile) -> bytes:
    answer = await worker.get(f"/ogc/tiles/WebMercatorQuad/{where.z}/{where.row}/{where.col}{QUERY}")
    assert answer.status_code == 200, answer.text
    return answer.content


async def followed(workers) -> None:
    """Wait until the changes were looked at since, on each worker."""
    for cache in (worker.app.state.tiles for worker in workers):
        for _ in range(2):  # the first look to end may have begun before
            before = cache._trusted_at
            await until(lambda cache=cache, before=before: cache._trusted_at > before)


def kept(worker) -> set[Tile]:
    return {key.where for key in worker.app.state.tiles._tiles}


async def change_something(rng: random.Random, stored, known: list) -> list[tuple[float, float]]:
    """One write of any kind; where what it changed was drawn and is drawn."""
    spot = (rng.uniform(106.5, 106.7), rng.uniform(29.0, 29.1))
    if not known or rng.random() < 0.4:
        known.append(await a_resource(stored, rng.choice(["shelter", "rescue_team"]), *spot))
        return [spot]
    row = await resources.get(stored, PUBLIC, rng.choice(known))
    current = feature.parse(row["feature"])
    wanted = msgspec.structs.replace(current, geometry=Point(spot)) if rng.random() < 0.6 else current
    properties = msgspec.structs.replace(wanted.properties, manager=str(rng.random()))
    wanted = changing.next_version(
        current, msgspec.structs.replace(wanted, properties=properties), A_CHANGE.at
    )
    async with stored._connection.transaction():
        await changes.amend(stored, current, wanted, A_CHANGE)
    return [current.geometry.coordinates, wanted.geometry.coordinates]


@pytest.mark.parametrize("seed", range(3))
async def test_no_stale_tile_survives_and_no_untouched_one_is_dropped(
    workers, stored, seed, monkeypatch
) -> None:
    monkeypatch.setattr(tile_invalidation, "EVERY_S", 0.02)
    rng = random.Random(seed)
    known: list = []
    where = spots(rng)
    for _ in range(6):
        for worker in workers:
            for tile in where:
                await ask(worker, tile)
        await followed(workers)
        before = [kept(worker) & set(where) for worker in workers]
        drawn = await change_something(rng, stored, known)
        touched = {tile for tile in where if any(draws(tile, *spot) for spot in drawn)}
        await followed(workers)
        for worker, held in zip(workers, before, strict=True):
            assert kept(worker) & set(where) == held - touched
            for tile in where:
                assert await ask(worker, tile) == await tiles.tile(stored, PUBLIC, NAMES, tile)


async def test_a_watch_circle_that_shrinks_leaves_the_tiles_it_leaves(workers, stored) -> None:
    identity = await a_resource(stored, "fire_watch_point", 106.6, 29.05, watch_radius_m=5000)
    x, y = position(106.64, 29.05, 14)
    edge = Tile(14, int(y), int(x))
    x, y = position(106.9, 29.05, 14)
    away = Tile(14, int(y), int(x))
    for worker in workers:
        assert await ask(worker, edge) != b""
        assert await ask(worker, away) == b""
    current = feature.parse((await resources.get(stored, PUBLIC, identity))["feature"])
    properties = msgspec.structs.replace(current.properties, watch_radius_m=1000.0)
    wanted = changing.next_version(
        current, msgspec.structs.replace(current, properties=properties), A_CHANGE.at
    )
    async with stored._connection.transaction():
        await changes.amend(stored, current, wanted, A_CHANGE)
    await until(lambda: not any(edge in kept(worker) for worker in workers), LATEST_S)
    for worker in workers:
        assert away in kept(worker)
        assert await ask(worker, edge) == b""


async def test_a_change_that_commits_late_is_not_missed(workers, stored, api_url) -> None:
    x, y = position(106.6, 29.05, 16)
    where = Tile(16, int(y), int(x))
    late = stored._connection.transaction()
    await late.start()
    identity = await a_resource(stored, "shelter", 106.6, 29.05)
    other = await asyncpg.connect(api_url)
    await prepare(other)
    await a_resource(Writer(other), "rescue_team", 106.6, 29.05)
    await other.close()
    for worker in workers:
        await looked(worker.app.state.change_watcher)
        assert str(identity).encode() not in await ask(worker, where)
    await late.commit()

    async def all_show_it() -> bool:
        return all([str(identity).encode() in await ask(worker, where) for worker in workers])

    await until(all_show_it, LATEST_S)
