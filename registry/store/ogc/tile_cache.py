"""Vector tiles in the memory of one worker, dropped exactly when a record that they draw has changed.

A tile that is built while a change arrives is answered but not cached: it may be older than the change.
The cache answers only for a moment after the change log was read.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping

from msgspec import Struct

from registry.domain.access.sight import Sight
from registry.domain.ogc.tiling import Box, Tile, span, touched
from registry.domain.records.resource import Visibility
from registry.store.visibility import realm

LAST_ZOOM = 18
TRUST_S = 1.5
"""How long after the change log was read a cached tile may be answered."""


class TileKey(Struct, frozen=True):
    """A tile as one kind of sight sees it."""

    realm: str
    clearance: Visibility
    scope: tuple[str, ...]
    names: tuple[str, ...]
    where: Tile


class CachedTile(Struct, frozen=True):
    """The bytes of a tile, their compressed form, and an ETag of their content."""

    raw: bytes
    packed: bytes | None
    etag: str


class Invalidation(Struct, frozen=True):
    """Where one version of a record is drawn in these collections: exactly, and blurred for the public."""

    realm: str
    names: frozenset[str]
    visibility: Visibility
    exact: tuple[Box, ...]
    public: tuple[Box, ...]

    def seen_by(self, clearance: Visibility, scoped: bool) -> tuple[Box, ...]:
        """The boxes of this version in tiles of a clearance; none where it is not drawn."""
        if self.visibility == "restricted" and clearance != "restricted" and not scoped:
            return ()
        return self.public if clearance == "public" else self.exact


class TileBuild:
    """A tile that is being built; `stale` when a record that it draws changed meanwhile."""

    __slots__ = ("done", "key", "stale", "tile")

    def __init__(self, key: TileKey) -> None:
        self.key = key
        self.stale = False
        self.tile: CachedTile | None = None
        self.done = asyncio.Event()


def key_of(sight: Sight, names: tuple[str, ...], where: Tile) -> TileKey:
    """The key of a tile. Its scope counts only for internal clearance, the only one that it widens."""
    scope = sight.scope if sight.clearance == "internal" else ()
    return TileKey(realm(sight), sight.clearance, scope, names, where)


class TileCache:
    """At most `most_bytes` of tiles; the least recently used are dropped first."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._held_bytes = 0
        self._tiles: OrderedDict[TileKey, CachedTile] = OrderedDict()
        self._builds: dict[TileKey, TileBuild] = {}
        self._keys_at: dict[tuple[str, int], dict[Tile, set[TileKey]]] = {}
        self._trusted_at = float("-inf")

    def __len__(self) -> int:
        return len(self._tiles)

    @property
    def held_bytes(self) -> int:
        """The memory of the cached tiles."""
        return self._held_bytes

    def __contains__(self, key: TileKey) -> bool:
        return key in self._tiles

    def trust(self) -> None:
        """Trust the cached tiles from now: the change log was read, and what it changed was dropped."""
        self._trusted_at = time.monotonic()

    def get(self, key: TileKey) -> CachedTile | None:
        """The cached tile, if it is known to be current."""
        if time.monotonic() - self._trusted_at > TRUST_S:
            return None
        tile = self._tiles.get(key)
        if tile is not None:
            self._tiles.move_to_end(key)
        return tile

    def begin(self, key: TileKey) -> TileBuild:
        """Note a build before its statement runs, so that a change can mark it stale."""
        build = TileBuild(key)
        self._builds[key] = build
        return build

    def under_way(self, key: TileKey) -> TileBuild | None:
        """The build of this tile that is under way, unless a change made it stale."""
        return self._builds.get(key)

    def end(self, build: TileBuild, tile: CachedTile | None) -> None:
        """Cache what was built, unless the build failed or is stale."""
        if self._builds.get(build.key) is build:
            del self._builds[build.key]
        build.tile = tile
        build.done.set()
        if tile is None or build.stale:
            return
        self._drop(build.key)
        self._tiles[build.key] = tile
        self._held_bytes += _size(tile)
        where = build.key.where
        self._keys_at.setdefault((build.key.realm, where.z), {}).setdefault(where, set()).add(build.key)
        while self._held_bytes > self._most_bytes:
            self._drop(next(iter(self._tiles)))

    def invalidate(self, invalidations: Iterable[Invalidation]) -> None:
        """Drop every tile that draws one of these versions, and no other."""
        for version in invalidations:
            for key in [key for key in self._builds if _draws(key, version)]:
                self._builds.pop(key).stale = True
            for key in self._near(version):
                if _draws(key, version):
                    self._drop(key)

    def clear(self) -> None:
        """Drop every tile."""
        for build in self._builds.values():
            build.stale = True
        self._builds.clear()
        self._tiles.clear()
        self._keys_at.clear()
        self._held_bytes = 0

    def _near(self, version: Invalidation) -> set[TileKey]:
        """The keys of the cached tiles of the realm where the version may be drawn."""
        near: set[TileKey] = set()
        for z in range(LAST_ZOOM + 1):
            keys_at = self._keys_at.get((version.realm, z))
            if keys_at:
                for box in {*version.exact, *version.public}:
                    near.update(*_met(keys_at, box, z))
        return near

    def _drop(self, key: TileKey) -> None:
        tile = self._tiles.pop(key, None)
        if tile is None:
            return
        self._held_bytes -= _size(tile)
        keys_at = self._keys_at[key.realm, key.where.z]
        keys_at[key.where].discard(key)
        if not keys_at[key.where]:
            del keys_at[key.where]


def _met(keys_at: Mapping[Tile, set[TileKey]], box: Box, z: int) -> list[set[TileKey]]:
    """The keys of the cached tiles of one zoom that draw something inside the box.

    A wide box meets millions of tiles at a high zoom. Then every cached tile is compared with it instead.
    """
    first_row, last_row, first_col, last_col = span(box, z)
    if (last_row - first_row + 1) * (last_col - first_col + 1) < len(keys_at):
        return [keys_at.get(Tile(z, row, col), set()) for row, col in touched(box, z)]
    return [keys for tile, keys in keys_at.items() if _holds(box, z, (tile.row, tile.col))]


def _size(tile: CachedTile) -> int:
    return len(tile.raw) + len(tile.packed or b"") + 500


def _draws(key: TileKey, version: Invalidation) -> bool:
    if key.realm != version.realm or version.names.isdisjoint(key.names):
        return False
    cell = (key.where.row, key.where.col)
    boxes = version.seen_by(key.clearance, bool(key.scope))
    return any(_holds(box, key.where.z, cell) for box in boxes)


def _holds(box: Box, z: int, cell: tuple[int, int]) -> bool:
    first_row, last_row, first_col, last_col = span(box, z)
    return first_row <= cell[0] <= last_row and first_col <= cell[1] <= last_col
