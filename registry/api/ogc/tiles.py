"""Vector tiles over HTTP, of the dataset and of each collection."""

import gzip
from typing import Any

from litestar import Request, Response
from litestar.params import FromPath

from registry.api.ogc import tilesets
from registry.api.ogc.answer import respond
from registry.api.ogc.negotiate import MVT
from registry.api.ogc.parameters import DATASET_TILES
from registry.api.ogc.routes import plain
from registry.api.provide import Asks, Sees
from registry.domain.errors import NotFound
from registry.domain.sight import Sight
from registry.domain.tiling import Tile
from registry.store import tiles
from registry.store.pool import Reader

SMALL = 300
"""A tile of fewer bytes is not worth compressing."""


async def _tile(
    request: Request[Any, Any, Any], reader: Reader, sight: Sight, names: tuple[str, ...], where: Tile
) -> Response[bytes]:
    if not where.exists or where.z > tilesets.LAST_ZOOM:
        raise NotFound("tile", f"{where.z}/{where.row}/{where.col}")
    body = await tiles.tile(reader, sight, names, where)
    hint = {"OATiles-hint": "full" if body else "empty"}
    if len(body) > SMALL and "gzip" in request.headers.get("accept-encoding", ""):
        return respond(
            request, gzip.compress(body, 4), MVT, {**hint, "Content-Encoding": "gzip"}, validated=body
        )
    return respond(request, body, MVT, hint)


ALL = "Emergency resources · 应急资源"


@plain("/tiles", *DATASET_TILES)
async def list_tilesets(request: Request[Any, Any, Any], reader: Asks, sight: Sees) -> Response[bytes]:
    """The tilesets of the whole dataset."""
    return await tilesets.list_of(request, reader, sight, "/tiles", ALL, tilesets.selected(request))


@plain("/tiles/{matrix_set:str}", *DATASET_TILES)
async def read_tileset(
    request: Request[Any, Any, Any], matrix_set: FromPath[str], reader: Asks, sight: Sees
) -> Response[bytes]:
    """The dataset's tileset, or its TileJSON."""
    tilesets.known(matrix_set)
    return await tilesets.set_of(request, reader, sight, "/tiles", ALL, tilesets.selected(request))


@plain("/tiles/{matrix_set:str}/{z:int}/{row:int}/{col:int}", *DATASET_TILES)
async def read_tile(
    request: Request[Any, Any, Any],
    matrix_set: FromPath[str],
    z: FromPath[int],
    row: FromPath[int],
    col: FromPath[int],
    reader: Asks,
    sight: Sees,
) -> Response[bytes]:
    """A tile of the dataset, one layer a collection."""
    tilesets.known(matrix_set)
    return await _tile(request, reader, sight, tilesets.selected(request), Tile(z, row, col))


@plain("/collections/{collection_id:str}/tiles")
async def list_collection_tilesets(
    request: Request[Any, Any, Any], collection_id: FromPath[str], reader: Asks, sight: Sees
) -> Response[bytes]:
    """The tilesets of one collection."""
    described = tilesets.drawn(collection_id)
    base = f"/collections/{described.id}/tiles"
    return await tilesets.list_of(request, reader, sight, base, described.title, (described.id,))


@plain("/collections/{collection_id:str}/tiles/{matrix_set:str}")
async def read_collection_tileset(
    request: Request[Any, Any, Any],
    collection_id: FromPath[str],
    matrix_set: FromPath[str],
    reader: Asks,
    sight: Sees,
) -> Response[bytes]:
    """One collection's tileset, or its TileJSON."""
    tilesets.known(matrix_set)
    described = tilesets.drawn(collection_id)
    base = f"/collections/{described.id}/tiles"
    return await tilesets.set_of(request, reader, sight, base, described.title, (described.id,))


@plain("/collections/{collection_id:str}/tiles/{matrix_set:str}/{z:int}/{row:int}/{col:int}")
async def read_collection_tile(
    request: Request[Any, Any, Any],
    collection_id: FromPath[str],
    matrix_set: FromPath[str],
    z: FromPath[int],
    row: FromPath[int],
    col: FromPath[int],
    reader: Asks,
    sight: Sees,
) -> Response[bytes]:
    """A tile of one collection."""
    tilesets.known(matrix_set)
    return await _tile(request, reader, sight, (tilesets.drawn(collection_id).id,), Tile(z, row, col))


HANDLERS = [
    list_tilesets,
    read_tileset,
    read_tile,
    list_collection_tilesets,
    read_collection_tileset,
    read_collection_tile,
]
