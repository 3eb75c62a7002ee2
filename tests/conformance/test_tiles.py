"""What the OGC test suite for Tiles 1.0 asks of a server."""

import pytest

from tests.conformance.test_features_core import get, one
from tests.mvt import decode

REL = "http://www.opengis.net/def/rel/ogc/1.0/"
INT_MAX = 2_147_483_647


async def lists(face) -> list[str]:
    made = (await get(face, "/ogc")).json()["links"]
    found = [one(made, REL + "tilesets-vector")["href"]]
    for collection in (await get(face, "/ogc/collections")).json()["collections"]:
        found += [link["href"] for link in collection["links"] if link["rel"] == REL + "tilesets-vector"]
    return found


async def test_every_tileset_names_its_matrix_limits_and_tiles(face) -> None:
    for href in await lists(face):
        assert href.endswith("/tiles")
        for tileset in (await get(face, href)).json()["tilesets"]:
            assert tileset["tileMatrixSetURI"].endswith("/WebMercatorQuad")
            assert tileset["tileMatrixSetLimits"][0]["tileMatrix"] == "0"
            alone = (await get(face, one(tileset["links"], "self")["href"])).json()
            assert alone["tileMatrixSetLimits"] == tileset["tileMatrixSetLimits"]
            scheme = (await get(face, one(tileset["links"], REL + "tiling-scheme")["href"])).json()
            assert scheme["uri"] == tileset["tileMatrixSetURI"]
            template = one(alone["links"], "item")
            assert template["templated"] is True
            assert template["type"] == "application/vnd.mapbox-vector-tile"


async def test_a_list_of_tilesets_has_the_template_of_each_and_links_that_answer(face) -> None:
    """The suite finds its URL templates in the list."""
    for href in await lists(face):
        for tileset in (await get(face, href)).json()["tilesets"]:
            templates = [link for link in tileset["links"] if link.get("templated")]
            assert [link["rel"] for link in templates] == ["item"]
            for name in ("{tileMatrix}", "{tileRow}", "{tileCol}"):
                assert name in templates[0]["href"]
            for link in tileset["links"]:
                if link not in templates:
                    answer = await face.get(link["href"], headers={"Accept": "application/json"})
                    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


@pytest.mark.parametrize("z", [0, 6, 9])
async def test_every_tile_inside_the_limits_is_200_and_outside_the_matrix_404(face, z) -> None:
    tileset = (await get(face, "/ogc/collections/rescue-teams/tiles/WebMercatorQuad?exercise=demo")).json()
    bounds = tileset["tileMatrixSetLimits"][z]
    template = one(tileset["links"], "item")["href"].replace("{tileMatrix}", str(z))

    async def status(row: int, col: int) -> int:
        return (await face.get(template.format(tileRow=row, tileCol=col))).status_code

    for row in range(bounds["minTileRow"], bounds["maxTileRow"] + 1):
        for col in range(bounds["minTileCol"], bounds["maxTileCol"] + 1):
            assert await status(row, col) == 200
    assert await status(INT_MAX, bounds["minTileCol"]) == 404
    assert await status(bounds["minTileRow"], INT_MAX) == 404
    assert await status(2**z, 0) == 404


async def test_the_matrix_set_is_webmercatorquad(face) -> None:
    made = (await get(face, "/ogc/tileMatrixSets/WebMercatorQuad")).json()
    first, second = made["tileMatrices"][:2]
    assert first["scaleDenominator"] == pytest.approx(559082264.0287178)
    assert first["pointOfOrigin"] == pytest.approx([-20037508.342789244, 20037508.342789244])
    assert (second["matrixWidth"], second["cellSize"]) == (2, pytest.approx(78271.51696402048))


async def test_the_dataset_draws_every_collection_that_has_features(face) -> None:
    drawn: set[str] = set()
    for link in (
        "/ogc/tiles/WebMercatorQuad/6/26/50?exercise=demo",
        "/ogc/tiles/WebMercatorQuad/9/211/407?exercise=demo",
    ):
        answer = await get(face, link)
        assert answer.headers["oatiles-hint"] == "full"
        drawn |= set(decode(answer.content))
    assert {"places", "clusters", "coverage-footprints"} <= drawn


async def test_the_definition_names_the_tile_operations(face) -> None:
    document = (await get(face, "/ogc/api")).json()
    ids = {op["operationId"] for item in document["paths"].values() for op in item.values()}
    for suffix in ("getTile", "getTileSet", "getTileSetsList"):
        assert f"dataset.vector.{suffix}" in {name.split("tiles.")[-1] for name in ids}
        assert f"shelters.collection.vector.{suffix}" in ids
