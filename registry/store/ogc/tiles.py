"""Vector tiles from the database: visible through the same sight as every list, encoded by PostGIS.

Below zoom `CLUSTER_BELOW`, records that share a cell of a tile are one feature of the layer `clusters`, with
a count for each kind. A record that is alone in its cell is drawn itself at every zoom.
"""

import functools
import hashlib
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

import sqlalchemy as sa
from isal import igzip

from registry.domain.access.sight import Sight
from registry.domain.ogc import catalogue
from registry.domain.ogc.catalogue import Collection, Property
from registry.domain.ogc.tiling import BUFFER, CELL_ZOOM, CLUSTER_BELOW, EXTENT, Tile
from registry.store.database.pool import Reader
from registry.store.database.query import Query, statement
from registry.store.ogc.collection_source import CollectionSource, alive, flat, source
from registry.store.ogc.cql import expression
from registry.store.ogc.tile_cache import CachedTile, TileCache, TileKey, key_of
from registry.store.visibility import Shape, binds, shape, view

CLUSTERS = "clusters"
_text: Any = sa.literal_column
SMALL = 300
"""A tile of fewer bytes is not worth compressing."""
NARROW_FROM = 5
"""Zoom from which on a tile's window is narrow enough for every index."""
HALF = _text("0.5::float8")
CELL_BITS, PART_BITS = 3, 3
"""A tile has 8 × 8 cells; where the records of one are on average is known to an eighth of its side."""
PARTS = sa.literal_column(f"{1 << (CELL_BITS + PART_BITS)}.0::float8", sa.Float)


def _number(name: str) -> Any:
    return sa.cast(sa.bindparam(name, type_=sa.Float), sa.Float)


FRAME = sa.func.ST_MakeEnvelope(*(_number(f"m{n}") for n in range(4)), 3857)
SIDE_M = _number("m2") - _number("m0")
UNIT_M = SIDE_M / EXTENT
EMPTY = _text("''::bytea")


def _window(rows: CollectionSource, narrow: bool) -> Any:
    """What may lie in the tile.

    A computed geometry is not computed again to be tested: ST_AsMVTGeom cuts away what lies outside.
    """
    known = rows.queryables.indexed
    if known is not None:
        box = sa.func.ST_MakeEnvelope(*(_number(f"c{n}") for n in range(4)), 4326)
        return known(box) if narrow else sa.true()
    sides = tuple(("value", "number", n) for n in range(4))
    return expression(("window" if narrow else "wide", *sides), rows.queryables)


def _mercator(geom: Any) -> Any:
    return sa.func.ST_Transform(geom, 3857)


def _drawn(described: Collection) -> list[Property]:
    return [item for item in described.properties if item.in_tiles]


def _framed(mercator: Any) -> Any:
    return sa.func.ST_AsMVTGeom(mercator, FRAME, EXTENT, BUFFER, sa.true()).label("geom")


def _mvt(rows: Any, layer: str) -> Any:
    """The bytes of a layer; empty when nothing is in it."""
    record = _text(f'"{rows.name}"')
    made = sa.func.ST_AsMVT(record, layer, EXTENT, "geom")
    drawn = sa.select(sa.func.coalesce(made, EMPTY)).select_from(rows).where(rows.c.geom.is_not(None))
    return drawn.scalar_subquery()


def _whole(form: Shape, described: Collection, narrow: bool, thinned: bool = False) -> Any:
    """A layer with each feature by itself."""
    rows = source(form, described.id)
    geom = _mercator(rows.geom if rows.drawn is None else rows.drawn(UNIT_M))
    if described.geometry != "point" and rows.drawn is None:
        geom = sa.func.ST_SimplifyPreserveTopology(geom, UNIT_M)
    inner = sa.select(*flat(rows, _drawn(described)), _framed(geom)).select_from(rows.table)
    inner = inner.where(rows.seen, _window(rows, narrow))
    if thinned and rows.drawn is not None:
        inner = inner.where(rows.key == sa.any_(sa.func.array(_told_apart(form, rows, narrow))))
    if thinned and described.geometry == "areas":
        inner = inner.where(_is_seen(rows.geom))
    return _mvt(inner.subquery(described.id.replace("-", "_")), described.id)


def _is_seen(geom: Any) -> Any:
    """Whether an area is wider or higher than a part of the tile; a point always is drawn."""
    sides = [[getattr(sa.func, f"ST_{axis}{end}")(geom) for end in ("Max", "Min")] for axis in "XY"]
    least_deg = SIDE_M / PARTS / _text("111319.5")
    wide = [most - least >= least_deg for most, least in sides]
    return sa.or_(*wide, sa.func.ST_Dimension(geom) == _text("0"))


def _told_apart(form: Shape, rows: CollectionSource, narrow: bool) -> Any:
    """The identities of areas that can be told apart: of those smaller than a part of the tile, one in each.

    A tile has 64 × 64 parts of four pixels.
    """
    seen = view(form)
    radius_m = seen.c.watch_radius_m
    is_small = radius_m < SIDE_M / PARTS
    part = seen.cell.op(">>")(sa.bindparam("below", type_=sa.Integer))
    rank = sa.func.row_number().over(partition_by=[is_small, part], order_by=[radius_m.desc(), rows.key])
    ranked = sa.select(rows.key.label("id"), is_small.label("is_small"), rank.label("rank"))
    ranked_rows = ranked.where(rows.seen, _window(rows, narrow)).subquery("ranked")
    first = ranked_rows.c.rank == _text("1")
    shown = sa.select(ranked_rows.c.id).where(sa.or_(sa.not_(ranked_rows.c.is_small), first))
    return shown.scalar_subquery()


def _counts(form: Shape, chosen: tuple[Collection, ...]) -> Any:
    """The records of the tile, counted in parts of it that are small enough to stand for their position."""
    seen = view(form)
    kind = seen.table.c.kind
    part = seen.cell.op(">>")(sa.bindparam("below", type_=sa.Integer))
    counts = [
        sa.func.count().filter(kind == _text(f"'{item.kind}'")).label(str(item.kind)) for item in chosen
    ]
    first, last = (sa.bindparam(side, type_=sa.BigInteger) for side in ("first", "last"))
    kinds = sa.or_(*(kind == _text(f"'{item.kind}'") for item in chosen))
    counted = sa.select(part.label("part"), sa.func.count().label("point_count"), *counts)
    return (
        counted.where(seen.seen, alive(seen), kinds, seen.cell.between(first, last))
        .group_by(part)
        .subquery("counted")
    )


def _cells(form: Shape, chosen: tuple[Collection, ...]) -> Any:
    """The cells of the tile that hold records: how many of each kind, and their mean position."""
    parts = _counts(form, chosen)
    cell = parts.c.part.op(">>")(_text(str(2 * PART_BITS)))
    weight = sa.cast(sa.func.sum(parts.c.point_count), sa.Float)

    def average(first_bit: int) -> Any:
        bits = (
            parts.c.part.op(">>")(_text(str(2 * bit + first_bit)))
            .op("&")(_text("1"))
            .op("<<")(_text(str(bit)))
            for bit in range(PART_BITS + CELL_BITS)
        )
        place = functools.reduce(lambda one, other: one.op("|")(other), bits)
        return sa.cast(sa.func.sum(parts.c.point_count * (place + HALF)), sa.Float) / weight / PARTS

    names = ["point_count", *(str(item.kind) for item in chosen)]
    return (
        sa.select(
            cell.label("cell"),
            *(sa.cast(sa.func.sum(parts.c[name]), sa.BigInteger).label(name) for name in names),
            (_number("m0") + average(0) * SIDE_M).label("x"),
            (_number("m3") - average(1) * SIDE_M).label("y"),
        )
        .group_by(cell)
        .cte("cells")
    )


def _clustered(form: Shape, chosen: tuple[Collection, ...]) -> list[Any]:
    """The layers of a clustered tile."""
    cells = _cells(form, chosen)
    spot = sa.func.ST_SetSRID(sa.func.ST_MakePoint(cells.c.x, cells.c.y), 3857)
    counts = [cells.c.point_count, *(cells.c[str(item.kind)] for item in chosen)]
    many = sa.select(*counts, _framed(spot)).where(cells.c.point_count > 1).subquery("many")
    lonely = _lonely(form, cells)
    return [_mvt(many, CLUSTERS), *(_alone(form, item, lonely) for item in chosen)]


def _lonely(form: Shape, cells: Any) -> Any:
    """The records that are alone in their cell.

    OFFSET 0 keeps the planner from joining a cell's one record with all records of a kind.
    """
    seen = view(form)
    size = sa.bindparam("below", type_=sa.Integer) + _text(str(2 * PART_BITS))
    first = sa.select(cells.c.cell.op("<<")(size).label("first")).where(cells.c.point_count == 1)
    one = first.subquery("one")
    within = seen.cell.between(one.c.first, one.c.first + _text("1::bigint").op("<<")(size) - 1)
    found = sa.select(seen.table.c.id).where(seen.seen, alive(seen), within).offset(_text("0"))
    near = found.correlate(one).lateral("near")
    return sa.select(near.c.id).select_from(one.join(near, sa.true())).cte("lonely")


def _alone(form: Shape, described: Collection, lonely: Any) -> Any:
    rows = source(form, described.id)
    ids = sa.func.array(sa.select(lonely.c.id).scalar_subquery())
    inner = sa.select(*flat(rows, _drawn(described)), _framed(_mercator(rows.geom))).select_from(rows.table)
    inner = inner.where(rows.seen, rows.key == sa.any_(ids))
    return _mvt(inner.subquery(described.id.replace("-", "_")), described.id)


@statement
def _tile(form: Shape, names: tuple[str, ...], clustered: bool, narrow: bool) -> Query:
    chosen = [catalogue.collection(name) for name in names]
    points = tuple(item for item in chosen if item.kind)
    if clustered and points:
        layers = _clustered(form, points)
        layers += [_whole(form, item, narrow, clustered) for item in chosen if not item.kind]
    else:
        layers = [_whole(form, item, narrow, clustered) for item in chosen]
    layered = functools.reduce(lambda one, other: one.op("||")(other), layers)
    return Query(sa.select(layered.label("tile")))


def frame(where: Tile) -> dict[str, Any]:
    """The bound values for the place of a tile."""
    first, last = where.cells
    given = {"first": first, "last": last, "below": 2 * (CELL_ZOOM - where.z - CELL_BITS - PART_BITS)}
    degrees = {f"c{n}": side for n, side in enumerate(where.degrees(BUFFER / EXTENT))}
    return given | degrees | {f"m{n}": side for n, side in enumerate(where.metres())}


async def tile(reader: Reader, sight: Sight, names: Iterable[str], where: Tile) -> bytes:
    """The collections' tile as Mapbox Vector Tile bytes; empty when nothing is there."""
    query = _tile(shape(sight), tuple(names), where.z < CLUSTER_BELOW, where.z >= NARROW_FROM)
    async with reader.snapshot(one_plan=True) as snapshot:  # planning costs more than reading most tiles
        row = await snapshot.row(query, binds(sight) | frame(where))
    raw: bytes = row["tile"] if row is not None else b""
    return raw


async def current(
    cache: TileCache,
    reader: Reader,
    sight: Sight,
    names: tuple[str, ...],
    where: Tile,
    slot: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
) -> CachedTile:
    """The current tile: from the cache, from a build that is under way, or built now inside a `slot`."""
    if sight.as_of is not None:
        async with slot():
            return packed(await tile(reader, sight, names, where))
    key = key_of(sight, names, where)
    while (cached := cache.get(key)) is None:
        other = cache.under_way(key)
        if other is None:
            return await _built(cache, key, reader, sight, slot)
        await other.done.wait()
        if other.tile is not None:
            return other.tile
    return cached


async def _built(
    cache: TileCache,
    key: TileKey,
    reader: Reader,
    sight: Sight,
    slot: Callable[[], AbstractAsyncContextManager[None]],
) -> CachedTile:
    build, built = cache.begin(key), None
    try:
        async with slot():
            built = packed(await tile(reader, sight, key.names, key.where))
        return built
    finally:
        cache.end(build, built)


def packed(raw: bytes) -> CachedTile:
    """A tile with an ETag of its content, and compressed where that is worth it."""
    smaller = igzip.compress(raw, 1, mtime=0) if len(raw) > SMALL else None
    return CachedTile(raw, smaller, f'W/"{hashlib.blake2b(raw, digest_size=12).hexdigest()}"')
