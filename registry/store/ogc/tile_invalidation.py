"""What has changed since one looked last: where each changed version is and was drawn."""

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
from registry.store.ogc.tile_cache import TileCache, Touch
from registry.store.schema.changes import change_log, resource_past
from registry.store.schema.records import resource

MOST = 2_000
"""More changes at once than this, and everything is forgotten instead."""
EVERY_S = 0.5
FOOTPRINTS = frozenset(name for name, item in COLLECTIONS.items() if item.holds == "footprints")
POINTS = {kind: frozenset({item.id}) for kind, item in OF_KIND.items()}
SIDES = ("XMin", "YMin", "XMax", "YMax")


def _version(table: Any) -> Any:
    """The row of one record's version, and of the version before it, in one of the two tables."""
    columns = table.c
    spots = [
        getattr(sa.func, f"ST_{axis}")(columns[name]).label(f"{name}_{axis.lower()}")
        for name in ("geom", "public_geom")
        for axis in "XY"
    ]
    sides = [getattr(sa.func, f"ST_{side}")(columns.footprint).label(side.lower()) for side in SIDES]
    return sa.select(columns.visibility, *spots, columns.watch_radius_m, *sides).where(
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
# Tables without a log of changes are known by the row versions they hold, drills by their partitions.
LOOK = Query(
    sa.text(
        "SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS horizon, md5(concat("
        "(SELECT string_agg(xmin::text || ctid::text, ',') FROM place),"
        "(SELECT string_agg(xmin::text || ctid::text, ',') FROM zone),"
        "(SELECT string_agg(inhrelid::text, ',' ORDER BY inhrelid) FROM pg_inherits"
        " WHERE inhparent = 'resource'::regclass))) AS ground"
    )
)


class Follower:
    """Looks at the changes and has a cache forget what they touch.

    A transaction may commit after others with higher numbers, so changes are looked at again from the oldest
    transaction that was under way at the last look; which of them were seen already is remembered.
    """

    def __init__(self, reader: Reader, cache: TileCache) -> None:
        self._reader = reader
        self._cache = cache
        self._since: str | None = None
        self._ground: str | None = None
        self._seen: set[tuple[int, int]] = set()

    async def follow(self, moved: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        """Look twice a second, and when `moved` says so, until cancelled; when looking fails, nothing
        that is kept is given."""
        while True:
            with suppress(RegistryError):
                await self.look()
            await moved(EVERY_S)

    async def look(self) -> None:
        """Drop what has changed; from then on what is kept is known to be current."""
        async with self._reader.snapshot() as snapshot:
            at = await snapshot.row(LOOK, {})
            rows = await snapshot.rows(CHANGES, {"since": self._since}) if self._since else []
        assert at is not None
        if at["ground"] != self._ground or self._since is None or len(rows) >= 2 * MOST:
            self._cache.clear()
        else:
            fresh = [row for row in rows if (int(row["xid"]), row["seq"]) not in self._seen]
            self._cache.drop(touch for row in fresh for touch in touches_of(row))
        self._ground, self._since = at["ground"], at["horizon"]
        self._seen = {
            spot for row in rows if (spot := (int(row["xid"]), row["seq"]))[0] >= int(at["horizon"])
        }
        self._cache.looked()


def touches_of(row: Mapping[str, Any]) -> Iterator[Touch]:
    """Where one version of a record is drawn: as a point, and as the area it watches."""
    seen = (row["realm"], row["visibility"])
    exact, public = _spot(row, "geom"), _spot(row, "public_geom")
    yield Touch(seen[0], POINTS[row["kind"]], seen[1], exact, public)
    if row["watch_radius_m"] is not None:
        own = _polygon(row)
        shown = own if row["visibility"] == "public" else ()
        areas = (own or _reached(row, exact), shown or _reached(row, public))
        yield Touch(seen[0], FOOTPRINTS, seen[1], *areas)


def _spot(row: Mapping[str, Any], name: str) -> tuple[Box, ...]:
    lon, lat = row[f"{name}_x"], row[f"{name}_y"]
    return () if lon is None else ((lon, lat, lon, lat),)


def _reached(row: Mapping[str, Any], spot: tuple[Box, ...]) -> tuple[Box, ...]:
    return tuple(outward(box, row["watch_radius_m"]) for box in spot)


def _polygon(row: Mapping[str, Any]) -> tuple[Box, ...]:
    return () if row["xmin"] is None else ((row["xmin"], row["ymin"], row["xmax"], row["ymax"]),)
