"""Vector tiles over HTTP, of the dataset and of each collection, and their matrix sets."""

from litestar import Response
from litestar.params import FromPath

from registry.api.http.access.admission import admission_of
from registry.api.http.dependencies import ReaderDep, SightDep
from registry.api.http.request import HttpRequest
from registry.api.ogc import tilesets
from registry.api.ogc.links import Links, about
from registry.api.ogc.negotiation import JSON, MVT, PLAIN
from registry.api.ogc.parameters import DATASET_TILES
from registry.api.ogc.response import VARY, matches, negotiated_response
from registry.api.ogc.routes import drawn, plain
from registry.domain.access.sight import Sight
from registry.domain.errors import InvalidQuery, NotFound
from registry.domain.ogc import tiling
from registry.domain.ogc.tiling import Tile
from registry.store.database.pool import Reader
from registry.store.ogc import tiles
from registry.store.ogc.tile_cache import TileCache


async def _tile(
    request: HttpRequest, reader: Reader, sight: Sight, names: tuple[str, ...], where: Tile
) -> Response[bytes]:
    if not where.exists or where.z > tilesets.LAST_ZOOM:
        raise NotFound("tile", f"{where.z}/{where.row}/{where.col}")
    if request.query_params.get("f", "mvt") != "mvt":
        raise InvalidQuery("tiles are mvt", field="f")
    cache: TileCache = request.app.state.tiles
    slot = admission_of(request.scope).running
    tile = await tiles.current(cache, reader, sight, names, where, slot)
    headers = {"ETag": tile.etag, "Vary": VARY, "Cache-Control": "no-cache"}
    headers["OATiles-hint"] = "full" if tile.raw else "empty"
    if matches(request.headers.get("if-none-match"), tile.etag):
        return Response(b"", status_code=304, headers=headers, media_type=MVT)
    if tile.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(tile.packed, headers=headers, media_type=MVT)
    return Response(tile.raw, headers=headers, media_type=MVT)


ALL = "Emergency resources · 应急资源"


@plain("/tiles", *DATASET_TILES)
async def list_tilesets(request: HttpRequest, reader: ReaderDep, sight: SightDep) -> Response[bytes]:
    """The tilesets of the whole dataset."""
    return await tilesets.list_of(request, reader, sight, "/tiles", ALL, tilesets.selected(request))


@plain("/tiles/{matrix_set:str}", *DATASET_TILES)
async def read_tileset(
    request: HttpRequest, matrix_set: FromPath[str], reader: ReaderDep, sight: SightDep
) -> Response[bytes]:
    """The dataset's tileset, or its TileJSON."""
    tilesets.check_matrix_set(matrix_set)
    return await tilesets.set_of(request, reader, sight, "/tiles", ALL, tilesets.selected(request))


@drawn("/tiles/{matrix_set:str}/{z:int}/{row:int}/{col:int}", *DATASET_TILES)
async def read_tile(
    request: HttpRequest,
    matrix_set: FromPath[str],
    z: FromPath[int],
    row: FromPath[int],
    col: FromPath[int],
    reader: ReaderDep,
    sight: SightDep,
) -> Response[bytes]:
    """A tile of the dataset, one layer a collection."""
    tilesets.check_matrix_set(matrix_set)
    return await _tile(request, reader, sight, tilesets.selected(request), Tile(z, row, col))


@plain("/collections/{collection_id:str}/tiles")
async def list_collection_tilesets(
    request: HttpRequest, collection_id: FromPath[str], reader: ReaderDep, sight: SightDep
) -> Response[bytes]:
    """The tilesets of one collection."""
    described = tilesets.drawn(collection_id)
    base = f"/collections/{described.id}/tiles"
    return await tilesets.list_of(request, reader, sight, base, described.title, (described.id,))


@plain("/collections/{collection_id:str}/tiles/{matrix_set:str}")
async def read_collection_tileset(
    request: HttpRequest,
    collection_id: FromPath[str],
    matrix_set: FromPath[str],
    reader: ReaderDep,
    sight: SightDep,
) -> Response[bytes]:
    """One collection's tileset, or its TileJSON."""
    tilesets.check_matrix_set(matrix_set)
    described = tilesets.drawn(collection_id)
    base = f"/collections/{described.id}/tiles"
    return await tilesets.set_of(request, reader, sight, base, described.title, (described.id,))


@drawn("/collections/{collection_id:str}/tiles/{matrix_set:str}/{z:int}/{row:int}/{col:int}")
async def read_collection_tile(
    request: HttpRequest,
    collection_id: FromPath[str],
    matrix_set: FromPath[str],
    z: FromPath[int],
    row: FromPath[int],
    col: FromPath[int],
    reader: ReaderDep,
    sight: SightDep,
) -> Response[bytes]:
    """A tile of one collection."""
    tilesets.check_matrix_set(matrix_set)
    return await _tile(request, reader, sight, (tilesets.drawn(collection_id).id,), Tile(z, row, col))


@plain("/tileMatrixSets")
async def list_matrix_sets(request: HttpRequest) -> Response[bytes]:
    """The tile matrix sets."""
    links = Links(request)
    to = links.to("self", f"/tileMatrixSets/{tilesets.MATRIX_SET}", JSON, tilesets.MATRIX_SET)
    content = {
        "tileMatrixSets": [
            {"id": tilesets.MATRIX_SET, "title": "Web Mercator", "uri": tiling.URI, "links": [to]}
        ]
    }
    return await negotiated_response(
        request, PLAIN, {**content, "links": about(links)}, "Tile matrix sets · 瓦片矩阵集"
    )


@plain("/tileMatrixSets/{matrix_set:str}")
async def read_matrix_set(request: HttpRequest, matrix_set: FromPath[str]) -> Response[bytes]:
    """WebMercatorQuad in full."""
    tilesets.check_matrix_set(matrix_set)
    matrices = [
        {
            "id": str(z),
            "scaleDenominator": tiling.SCALE_0 / (1 << z),
            "cellSize": tiling.CELL_0_M / (1 << z),
            "cornerOfOrigin": "topLeft",
            "pointOfOrigin": [-tiling.HALF_WORLD_M, tiling.HALF_WORLD_M],
            "tileWidth": 256,
            "tileHeight": 256,
            "matrixWidth": 1 << z,
            "matrixHeight": 1 << z,
        }
        for z in range(tilesets.LAST_ZOOM + 1)
    ]
    content = {"id": tilesets.MATRIX_SET, "title": "Web Mercator", "uri": tiling.URI, "crs": tiling.CRS_URI}
    content |= {"wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible"}
    return await negotiated_response(
        request, PLAIN, {**content, "tileMatrices": matrices}, tilesets.MATRIX_SET
    )


HANDLERS = [
    list_tilesets,
    read_tileset,
    read_tile,
    list_collection_tilesets,
    read_collection_tileset,
    read_collection_tile,
    list_matrix_sets,
    read_matrix_set,
]
