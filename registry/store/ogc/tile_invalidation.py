"""Tile invalidation: reads the change log, and drops the cached tiles that draw what changed."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import sqlalchemy as sa

from registry.domain.errors import RegistryError
from registry.domain.ogc.catalogue import COLLECTIONS, OF_KIND
from registry.domain.ogc.tiling import Box
from registry.store.database.pool import Reader
from registry.store.database.query import Query
from registry.store.ogc.extents import outward
from registry.store.ogc.tile_cache import Invalidation, TileCache
from registry.store.schema.changes import change_log, resource_past
from registry.store.schema.records import resource

MOST = 2_000
"""With more changes at once than this, every tile is dropped instead."""
EVERY_S = 0.5
FOOTPRINTS = frozenset(name for name, item in COLLECTIONS.items() if item.holds == "footprints")
POINTS = {kind: frozenset({item.id}) for kind, item in OF_KIND.items()}
SIDES = ("XMin", "YMin", "XMax", "YMax")


def _version(table: Any) -> Any:
    """The rows of a version and of the one before it, in the present or the past table."""
    columns = table.c
    points = [
        getattr(sa.func, f"ST_{axis}")(columns[name]).label(f"{name}_{axis.lower()}")
        for name in ("geom", "public_geom")
        for axis in "XY"
    ]
    sides = [getattr(sa.func, f"ST_{side}")(columns.footprint).label(side.lower()) for side in SIDES]
    return sa.select(columns.visibility, *points, columns.watch_radius_m, *sides).where(
        columns.realm == change_log.c.realm,
        columns.id == change_log.c.resource_id,
        columns.version.between(change_log.c.version - 1, change_log.c.version),
    )


def _changes() -> Query:
    versions = sa.union_all(_version(resource), _version(resource_past)).lateral("versions")
    return Query(
        sa.select(
            sa.cast(change_log.c.xid, sa.Text).label("xid"),
            change_log.c.seq,
            change_log.c.realm,
            change_log.c.kind,
            *versions.c,
        )
        .select_from(change_log.join(versions, sa.true()))
        .where(change_log.c.xid >= sa.cast(sa.bindparam("since", type_=sa.Text), change_log.c.xid.type))
        .limit(sa.literal_column(str(2 * MOST)))
    )


CHANGES = _changes()
# Tables without a change log are compared by their row versions, exercises by their partitions. A new
# incarnation may lack changes that were drawn.
STATE = Query(
    sa.text(
        "SELECT registry_horizon()::text AS horizon, md5(concat("
        "(SELECT id FROM incarnation ORDER BY n DESC LIMIT 1),"
        "(SELECT string_agg(xmin::text || ctid::text, ',') FROM place),"
        "(SELECT string_agg(xmin::text || ctid::text, ',') FROM zone),"
        "(SELECT string_agg(inhrelid::text, ',' ORDER BY inhrelid) FROM pg_inherits"
        " WHERE inhparent = 'resource'::regclass))) AS unlogged"
    )
)


class TileInvalidator:
    """Reads the change log again and again, and drops the tiles that draw what changed.

    A transaction may commit after others with higher numbers. So the log is read from the oldest transaction
    that was under way at the last reading, and the changes that were seen already are skipped.
    """

    def __init__(self, reader: Reader, cache: TileCache) -> None:
        self._reader = reader
        self._cache = cache
        self._since: str | None = None
        self._unlogged: str | None = None
        self._seen: set[tuple[int, int]] = set()

    async def follow(self, moved: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        """Read twice a second, and at once when `moved` returns, until cancelled.

        While reading fails, no cached tile is answered.
        """
        while True:
            with suppress(RegistryError):
                await self.invalidate()
            await moved(EVERY_S)

    async def invalidate(self) -> None:
        """Drop the tiles that draw what changed since the last reading, and trust the others."""
        async with self._reader.snapshot() as snapshot:
            state = await snapshot.row(STATE, {})
            rows = await snapshot.rows(CHANGES, {"since": self._since}) if self._since else []
        assert state is not None
        if state["unlogged"] != self._unlogged or self._since is None or len(rows) >= 2 * MOST:
            self._cache.clear()
        else:
            fresh = [row for row in rows if (int(row["xid"]), row["seq"]) not in self._seen]
            self._cache.invalidate(version for row in fresh for version in invalidations_of(row))
        self._unlogged, self._since = state["unlogged"], state["horizon"]
        self._seen = {
            change for row in rows if (change := (int(row["xid"]), row["seq"]))[0] >= int(state["horizon"])
        }
        self._cache.trust()


def invalidations_of(row: Mapping[str, Any]) -> Iterator[Invalidation]:
    """Where one version of a record is drawn: as a point, and as the area that it watches."""
    realm, visibility = row["realm"], row["visibility"]
    exact, public = _point(row, "geom"), _point(row, "public_geom")
    if visibility == "public" and public != exact:
        public += exact  # a record that became internal was drawn where it is until then
    yield Invalidation(realm, POINTS[row["kind"]], visibility, exact, public)
    if row["watch_radius_m"] is not None:
        own = _polygon(row)
        shown = own if visibility == "public" else ()
        areas = (own or _reached(row, exact), shown or _reached(row, public))
        yield Invalidation(realm, FOOTPRINTS, visibility, *areas)


def _point(row: Mapping[str, Any], name: str) -> tuple[Box, ...]:
    lon, lat = row[f"{name}_x"], row[f"{name}_y"]
    return () if lon is None else ((lon, lat, lon, lat),)


def _reached(row: Mapping[str, Any], point: tuple[Box, ...]) -> tuple[Box, ...]:
    return tuple(outward(box, row["watch_radius_m"]) for box in point)


def _polygon(row: Mapping[str, Any]) -> tuple[Box, ...]:
    return () if row["xmin"] is None else ((row["xmin"], row["ymin"], row["xmax"], row["ymax"]),)
