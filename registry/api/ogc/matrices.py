"""The tile matrix sets."""

from litestar import Response
from litestar.params import FromPath

from registry.api.http.request import HttpRequest
from registry.api.ogc.links import Links, about
from registry.api.ogc.negotiation import JSON, PLAIN
from registry.api.ogc.response import negotiated_response
from registry.api.ogc.routes import plain
from registry.api.ogc.tilesets import LAST_ZOOM, MATRIX_SET, check_matrix_set
from registry.domain.ogc import tiling


@plain("/tileMatrixSets")
async def list_matrix_sets(request: HttpRequest) -> Response[bytes]:
    """The tile matrix sets."""
    links = Links(request)
    to = links.to("self", f"/tileMatrixSets/{MATRIX_SET}", JSON, MATRIX_SET)
    content = {
        "tileMatrixSets": [{"id": MATRIX_SET, "title": "Web Mercator", "uri": tiling.URI, "links": [to]}]
    }
    return negotiated_response(
        request, PLAIN, {**content, "links": about(links)}, "Tile matrix sets · 瓦片矩阵集"
    )


@plain("/tileMatrixSets/{matrix_set:str}")
async def read_matrix_set(request: HttpRequest, matrix_set: FromPath[str]) -> Response[bytes]:
    """WebMercatorQuad in full."""
    check_matrix_set(matrix_set)
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
        for z in range(LAST_ZOOM + 1)
    ]
    content = {"id": MATRIX_SET, "title": "Web Mercator", "uri": tiling.URI, "crs": tiling.CRS_URI}
    content |= {"wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible"}
    return negotiated_response(request, PLAIN, {**content, "tileMatrices": matrices}, MATRIX_SET)


HANDLERS = [list_matrix_sets, read_matrix_set]
