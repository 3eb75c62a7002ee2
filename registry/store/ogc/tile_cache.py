"""Tiles kept in memory by one worker, dropped exactly when what they draw has changed.

A tile that is being built while a change arrives is given out but not kept: it may have been read before
the change. Nothing is given from here unless the changes were looked at a moment ago.
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
"""How long after the last look at the changes a kept tile is still given."""


class Key(Struct, frozen=True):
    """Which tile, as which sight sees it."""

    realm: str
    clearance: Visibility
    scope: tuple[str, ...]
    names: tuple[str, ...]
    where: Tile


class Kept(Struct, frozen=True):
    """A tile's bytes, their compressed form and their validator."""

    raw: bytes
    packed: bytes | None
    etag: str


class Touch(Struct, frozen=True):
    """Where one version of a record is drawn in these collections, exactly and as the public sees it."""

    realm: str
    names: frozenset[str]
    visibility: Visibility
    exact: tuple[Box, ...]
    public: tuple[Box, ...]

    def seen_by(self, clearance: Visibility, scoped: bool) -> tuple[Box, ...]:
        """The boxes of this version in tiles of that clearance."""
        if self.visibility == "restricted" and clearance != "restricted" and not scoped:
            return ()
        return self.public if clearance == "public" else self.exact


class Building:
    """A tile that is being made; `stale` when a change touched it meanwhile."""

    __slots__ = ("done", "key", "made", "stale")

    def __init__(self, key: Key) -> None:
        self.key = key
        self.stale = False
        self.made: Kept | None = None
        self.done = asyncio.Event()


def key_of(sight: Sight, names: tuple[str, ...], where: Tile) -> Key:
    """The key of a tile; a scope matters only where restricted records may be seen through it."""
    scope = sight.scope if sight.clearance == "internal" else ()
    return Key(realm(sight), sight.clearance, scope, names, where)


class TileCache:
    """At most so many bytes of tiles, the least recently given dropped first."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._held = 0
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._building: dict[Key, Building] = {}
        self._at: dict[tuple[str, int], dict[Tile, set[Key]]] = {}
        self._looked_at = float("-inf")

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, key: Key) -> bool:
        return key in self._kept

    def looked(self) -> None:
        """The changes have been looked at just now, and everything they touch was dropped."""
        self._looked_at = time.monotonic()

    def get(self, key: Key) -> Kept | None:
        """The kept tile, if it is known to be current."""
        if time.monotonic() - self._looked_at > TRUST_S:
            return None
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def begin(self, key: Key) -> Building:
        """Note that a tile is being made, before its statement runs."""
        building = Building(key)
        self._building[key] = building
        return building

    def under_way(self, key: Key) -> Building | None:
        """The tile that somebody is making already, if no change has overtaken it."""
        return self._building.get(key)

    def end(self, building: Building, made: Kept | None) -> None:
        """Keep what was made, unless it failed or a change touched it meanwhile."""
        if self._building.get(building.key) is building:
            del self._building[building.key]
        building.made = made
        building.done.set()
        if made is None or building.stale:
            return
        self._drop(building.key)
        self._kept[building.key] = made
        self._held += _size(made)
        where = building.key.where
        self._at.setdefault((building.key.realm, where.z), {}).setdefault(where, set()).add(building.key)
        while self._held > self._most:
            self._drop(next(iter(self._kept)))

    def drop(self, touches: Iterable[Touch]) -> None:
        """Forget every tile that draws one of these versions, and no other."""
        for touch in touches:
            for key in [key for key in self._building if _draws(key, touch)]:
                self._building.pop(key).stale = True
            for key in self._near(touch):
                if _draws(key, touch):
                    self._drop(key)

    def clear(self) -> None:
        """Forget everything."""
        for building in self._building.values():
            building.stale = True
        self._building.clear()
        self._kept.clear()
        self._at.clear()
        self._held = 0

    def _near(self, touch: Touch) -> set[Key]:
        """The kept tiles of the realm that lie where the version may be drawn.

        A wide area meets millions of tiles at a high zoom: then those that are kept are gone through instead.
        """
        found: set[Key] = set()
        for z in range(LAST_ZOOM + 1):
            kept = self._at.get((touch.realm, z))
            if kept:
                for box in {*touch.exact, *touch.public}:
                    found.update(*_met(kept, box, z))
        return found

    def _drop(self, key: Key) -> None:
        found = self._kept.pop(key, None)
        if found is None:
            return
        self._held -= _size(found)
        kept = self._at[key.realm, key.where.z]
        kept[key.where].discard(key)
        if not kept[key.where]:
            del kept[key.where]


def _met(kept: Mapping[Tile, set[Key]], box: Box, z: int) -> list[set[Key]]:
    """The keys of the kept tiles of one zoom that draw something inside the box."""
    first_row, last_row, first_col, last_col = span(box, z)
    if (last_row - first_row + 1) * (last_col - first_col + 1) < len(kept):
        return [kept.get(Tile(z, row, col), set()) for row, col in touched(box, z)]
    return [keys for tile, keys in kept.items() if _holds(box, z, (tile.row, tile.col))]


def _size(made: Kept) -> int:
    return len(made.raw) + len(made.packed or b"") + 500


def _draws(key: Key, touch: Touch) -> bool:
    if key.realm != touch.realm or touch.names.isdisjoint(key.names):
        return False
    spot = (key.where.row, key.where.col)
    boxes = touch.seen_by(key.clearance, bool(key.scope))
    return any(_holds(box, key.where.z, spot) for box in boxes)


def _holds(box: Box, z: int, spot: tuple[int, int]) -> bool:
    first_row, last_row, first_col, last_col = span(box, z)
    return first_row <= spot[0] <= last_row and first_col <= spot[1] <= last_col
