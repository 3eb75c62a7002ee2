"""Tilesets of vector tiles, described by OGC API Tiles and by TileJSON."""

from typing import Any

from litestar import Response

from registry.api.http.request import HttpRequest
from registry.api.ogc.collections import extent_of, property_schema
from registry.api.ogc.links import REL, Link, Links, about
from registry.api.ogc.negotiation import JSON, MVT, PLAIN, negotiate
from registry.api.ogc.response import negotiated_response
from registry.domain.access.sight import Sight
from registry.domain.crs import CRS84
from registry.domain.errors import InvalidQuery, NotFound
from registry.domain.ogc import tiling
from registry.domain.ogc.catalogue import COLLECTIONS, Collection, Property, collection
from registry.domain.ogc.tiling import Box
from registry.domain.records.resource import KINDS
from registry.store.database.pool import Reader
from registry.store.ogc import tiles

MATRIX_SET = "WebMercatorQuad"
LAST_ZOOM = 18
DRAWN = tuple(name for name, item in COLLECTIONS.items() if item.is_tiled)
ANYWHERE: Box = (-180.0, -tiling.MAX_LAT, 180.0, tiling.MAX_LAT)
TILEJSON = {**PLAIN, "tilejson": JSON}
SMALL = 300
"""A tile of fewer bytes is not worth compressing."""
IDENTITY = "Identity of the feature"


def check_matrix_set(matrix_set: str) -> None:
    """NotFound for any matrix set but WebMercatorQuad."""
    if matrix_set != MATRIX_SET:
        raise NotFound("tile matrix set", matrix_set)


def drawn(collection_id: str) -> Collection:
    """The collection; NotFound for one that has no tiles."""
    described = collection(collection_id)
    if not described.is_tiled:
        raise NotFound("tiles of", collection_id)
    return described


def selected(request: HttpRequest) -> tuple[str, ...]:
    """The collections of a dataset tile."""
    text = request.query_params.get("collections")
    if text is None:
        return DRAWN
    names = {part.strip() for part in text.split(",")}
    if unknown := names - set(DRAWN):
        raise InvalidQuery(f"{', '.join(sorted(unknown))} has no tiles here", field="collections")
    return tuple(name for name in DRAWN if name in names)


async def _box(reader: Reader, sight: Sight, names: tuple[str, ...]) -> Box:
    boxes = [extent.box for name in names if (extent := await extent_of(reader, sight, name)).box is not None]
    if not boxes:
        return ANYWHERE
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)


def _limits(box: Box) -> list[dict[str, Any]]:
    matrices = []
    for z in range(LAST_ZOOM + 1):
        first_row, last_row, first_col, last_col = tiling.limits(box, z)
        matrices.append(
            {
                "tileMatrix": str(z),
                "minTileRow": first_row,
                "maxTileRow": last_row,
                "minTileCol": first_col,
                "maxTileCol": last_col,
            }
        )
    return matrices


def _template(links: Links, base: str) -> Link:
    href = links.href(f"{base}/{MATRIX_SET}")
    path, _, query = href.partition("?")
    href = f"{path}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}" + (f"?{query}" if query else "")
    return {"rel": "item", "type": MVT, "title": "Tiles · 瓦片", "href": href, "templated": True}


def _tileset(links: Links, base: str, title: str, box: Box) -> dict[str, Any]:
    """A tileset with the templated link to its tiles, in lists too (OGC 20-057, 8.4)."""
    listed = [
        links.to("self", f"{base}/{MATRIX_SET}", JSON, "This tileset"),
        links.to(REL + "tiling-scheme", f"/tileMatrixSets/{MATRIX_SET}", JSON, MATRIX_SET),
        _template(links, base),
    ]
    return {
        "title": title,
        "dataType": "vector",
        "crs": tiling.CRS_URI,
        "tileMatrixSetURI": tiling.URI,
        "tileMatrixSetId": MATRIX_SET,
        "tileMatrixSetLimits": _limits(box),
        "links": listed,
    }


def _layers(names: tuple[str, ...]) -> list[dict[str, Any]]:
    layers = []
    for name in names:
        described = COLLECTIONS[name]
        fields: dict[str, Any] = {"id": {"type": "string", "title": IDENTITY}}
        fields |= {item.name: _flat(property_schema(item)) for item in _in_tiles(described)}
        layers.append(
            {
                "id": name,
                "title": described.title,
                "description": described.about,
                "dataType": "vector",
                "geometryDimension": 0 if described.geometry == "point" else 2,
                "minTileMatrix": "0",
                "maxTileMatrix": str(LAST_ZOOM),
                "propertiesSchema": {"type": "object", "properties": fields},
            }
        )
    return layers


def _in_tiles(described: Collection) -> list[Property]:
    return [item for item in described.properties if item.in_tiles]


def _flat(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "string", "title": schema["title"]} if schema["type"] == "array" else schema


async def list_of(
    request: HttpRequest,
    reader: Reader,
    sight: Sight,
    base: str,
    title: str,
    names: tuple[str, ...],
) -> Response[bytes]:
    links = Links(request)
    tileset = _tileset(links, base, title, await _box(reader, sight, names))
    return await negotiated_response(
        request, PLAIN, {"tilesets": [tileset], "links": about(links)}, f"Tiles · {title}"
    )


async def set_of(
    request: HttpRequest,
    reader: Reader,
    sight: Sight,
    base: str,
    title: str,
    names: tuple[str, ...],
) -> Response[bytes]:
    links, box = Links(request), await _box(reader, sight, names)
    if negotiate(request, TILEJSON) == "tilejson":
        return await negotiated_response(
            request, {"tilejson": JSON}, _tilejson(links, base, title, box, names), title
        )
    content = _tileset(links, base, title, box)
    west, south, east, north = box
    content["boundingBox"] = {"lowerLeft": [west, south], "upperRight": [east, north], "crs": CRS84}
    content["centerPoint"] = {"coordinates": [(west + east) / 2, (south + north) / 2], "crs": CRS84}
    content["layers"] = _layers(names)
    content["links"] = [*content["links"][1:], *about(links)]
    return await negotiated_response(request, TILEJSON, content, f"Tiles · {title}")


def xyz(links: Links, base: str) -> str:
    """The address of tiles with the names that TileJSON and styles have: z, y and x."""
    template: str = _template(links, base)["href"]
    return template.replace("{tileMatrix}", "{z}").replace("{tileRow}", "{y}").replace("{tileCol}", "{x}")


def _tilejson(links: Links, base: str, title: str, box: Box, names: tuple[str, ...]) -> dict[str, Any]:
    layers: list[dict[str, Any]] = [
        {"id": name, "fields": {"id": IDENTITY} | {p.name: p.en for p in _in_tiles(COLLECTIONS[name])}}
        for name in names
    ]
    kinds = {item.kind for name in names if (item := COLLECTIONS[name]).kind}
    if kinds:
        counts = ["point_count", *(kind for kind in KINDS if kind in kinds)]
        layers.append({"id": tiles.CLUSTERS, "fields": dict.fromkeys(counts, "Number")})
    return {
        "tilejson": "3.0.0",
        "name": title,
        "tiles": [xyz(links, base)],
        "vector_layers": layers,
        "bounds": list(box),
        "minzoom": 0,
        "maxzoom": LAST_ZOOM,
    }
