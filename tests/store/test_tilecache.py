"""What a change makes a worker forget, against tile arithmetic done here."""

import math
import random
import time

import pytest

from registry.domain.access.sight import PUBLIC, Sight
from registry.domain.ogc.tiling import Tile
from registry.store.ogc.tile_cache import CachedTile, Invalidation, TileCache, key_of

SHELTERS = frozenset({"shelters"})
DATASET = ("rescue-teams", "shelters")
BUFFER = 64 / 4096


def position(lon: float, lat: float, z: int) -> tuple[float, float]:
    side = 2**z
    return (lon + 180) / 360 * side, (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * side


def draws(where: Tile, lon: float, lat: float) -> bool:
    x, y = position(lon, lat, where.z)
    return abs(x - where.col - 0.5) <= 0.5 + BUFFER and abs(y - where.row - 0.5) <= 0.5 + BUFFER


def filled(
    rng: random.Random, names: tuple[str, ...] = DATASET, sight: Sight = PUBLIC
) -> tuple[TileCache, set]:
    cache = TileCache(10_000_000)
    cache.trust()
    keys = set()
    for _ in range(300):
        z = rng.randrange(0, 15)
        x, y = position(rng.uniform(106.4, 106.9), rng.uniform(28.8, 29.2), z)
        keys.add(key_of(sight, names, Tile(z, int(y), int(x))))
    for key in keys:
        cache.end(cache.begin(key), CachedTile(b"x" * 10, None, "e"))
    return cache, keys


def an_invalidation(lon: float, lat: float, **given) -> Invalidation:
    box = (lon, lat, lon, lat)
    fields = {"realm": "live", "names": SHELTERS, "visibility": "public", "exact": (box,), "public": (box,)}
    return Invalidation(**(fields | given))


@pytest.mark.parametrize("seed", range(5))
def test_a_change_drops_the_tiles_that_draw_it_and_no_other(seed) -> None:
    rng = random.Random(seed)
    cache, keys = filled(rng)
    for _ in range(20):
        lon, lat = rng.uniform(106.4, 106.9), rng.uniform(28.8, 29.2)
        cache.invalidate([an_invalidation(lon, lat)])
        keys -= {key for key in keys if draws(key.where, lon, lat)}
        assert {key for key in keys if key in cache} == keys
        assert len(cache) == len(keys)


@pytest.mark.parametrize(
    ("sight", "touch", "gone"),
    [
        (Sight(), {}, True),
        (Sight(exercise="drill"), {}, False),
        (Sight(exercise="drill"), {"realm": "drill"}, True),
        (Sight(), {"names": frozenset({"supply-depots"})}, False),
        (Sight(), {"visibility": "restricted"}, False),
        (Sight(clearance="internal"), {"visibility": "restricted"}, False),
        (Sight(clearance="internal", scope=("500110",)), {"visibility": "restricted"}, True),
        (Sight(clearance="restricted"), {"visibility": "restricted"}, True),
        (Sight(), {"visibility": "internal", "public": ()}, False),
        (Sight(clearance="internal"), {"visibility": "internal", "public": ()}, True),
    ],
)
def test_only_those_who_saw_it_forget_it(sight, touch, gone) -> None:
    cache = TileCache(1_000_000)
    x, y = position(106.65, 29.03, 12)
    key = key_of(sight, DATASET, Tile(12, int(y), int(x)))
    cache.end(cache.begin(key), CachedTile(b"", None, "e"))
    cache.invalidate([an_invalidation(106.65, 29.03, **touch)])
    assert (key not in cache) == gone


def test_a_tile_that_a_change_overtakes_is_not_kept() -> None:
    cache = TileCache(1_000_000)
    x, y = position(106.65, 29.03, 12)
    key = key_of(Sight(), DATASET, Tile(12, int(y), int(x)))
    overtaken = cache.begin(key)
    cache.invalidate([an_invalidation(106.65, 29.03)])
    assert cache.under_way(key) is None
    again = cache.begin(key)
    cache.end(overtaken, CachedTile(b"old", None, "old"))
    assert key not in cache
    assert cache.under_way(key) is again
    cache.end(again, CachedTile(b"new", None, "new"))
    cache.trust()
    assert cache.get(key) == CachedTile(b"new", None, "new")


def test_nothing_is_given_when_nobody_looked_at_the_changes() -> None:
    cache = TileCache(1_000_000)
    key = key_of(Sight(), DATASET, Tile(0, 0, 0))
    cache.end(cache.begin(key), CachedTile(b"x", None, "e"))
    assert cache.get(key) is None
    cache.trust()
    assert cache.get(key) is not None


def test_memory_is_bounded_and_the_oldest_go_first() -> None:
    cache = TileCache(10_000)
    keys = [key_of(Sight(), DATASET, Tile(14, 6800, col)) for col in range(30)]
    cache.trust()
    for key in keys:
        cache.end(cache.begin(key), CachedTile(b"x" * 500, None, "e"))
        cache.get(keys[0])
    assert len(cache) == 10
    assert keys[0] in cache
    assert keys[-1] in cache
    assert keys[1] not in cache


def test_an_area_around_the_whole_earth_is_forgotten_at_once() -> None:
    cache, keys = filled(random.Random(3))
    outside = key_of(PUBLIC, DATASET, Tile(12, 0, 0))
    cache.end(cache.begin(outside), CachedTile(b"x", None, "e"))
    around = (-180.0, 28.0, 180.0, 60.0)
    begun = time.process_time()
    cache.invalidate([an_invalidation(0.0, 0.0, exact=(around,), public=(around,))] * 20)
    assert time.process_time() - begun < 1
    assert not [key for key in keys if key in cache]
    assert outside in cache
