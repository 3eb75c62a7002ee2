"""The MapLibre styles: layers that the tiles have, in the colours of the registry's own map."""

import re
from pathlib import Path

import pytest

from registry.domain.ogc.catalogue import COLLECTIONS
from registry.domain.ogc.style import COLOURS

STYLE = "application/vnd.mapbox.style+json"
WORDS = Path(__file__).parents[2] / "web/src/vocab.ts"
NAMES = ["registry", *(name for name, one in COLLECTIONS.items() if one.is_tiled)]


def test_the_colours_are_those_of_the_map() -> None:
    assert dict(re.findall(r"^  (\w+): \{ colour: '(#\w{6})'", WORDS.read_text(), re.MULTILINE)) == COLOURS


async def test_the_styles_are_listed_and_led_to(face) -> None:
    listed = (await face.get("/ogc/styles?exercise=demo")).json()
    assert [one["id"] for one in listed["styles"]] == NAMES
    assert listed["default"] == NAMES[0]
    for one in listed["styles"]:
        [link] = one["links"]
        assert link["href"].endswith(f"/ogc/styles/{one['id']}?exercise=demo")
    landing = (await face.get("/ogc")).json()
    assert "http://127.0.0.1/ogc/styles" in [link["href"] for link in landing["links"]]
    for described in (await face.get("/ogc/collections")).json()["collections"]:
        leads = [link["href"] for link in described["links"] if link["rel"] == "stylesheet"]
        assert leads == [f"http://127.0.0.1/ogc/styles/{name}" for name in NAMES if name == described["id"]]


@pytest.mark.parametrize("name", NAMES)
async def test_a_style_draws_every_layer_of_its_tiles(face, name: str) -> None:
    answer = await face.get(f"/ogc/styles/{name}?exercise=demo")
    assert answer.headers["content-type"] == STYLE
    style = answer.json()
    base = "/ogc/tiles" if name == "registry" else f"/ogc/collections/{name}/tiles"
    tiles = (await face.get(f"{base}/WebMercatorQuad?f=tilejson&exercise=demo")).json()
    [source] = style["sources"].values()
    assert source["tiles"] == tiles["tiles"]
    assert (source["minzoom"], source["maxzoom"]) == (tiles["minzoom"], tiles["maxzoom"])
    drawn = {layer["source-layer"] for layer in style["layers"]}
    assert drawn == {layer["id"] for layer in tiles["vector_layers"]}
    assert len({layer["id"] for layer in style["layers"]}) == len(style["layers"])
    order = [("fill", "line", "circle").index(layer["type"]) for layer in style["layers"]]
    assert order == sorted(order), "points are not hidden by areas"
    page = await face.get(f"/ogc/styles/{name}?f=html")
    assert page.headers["content-type"].startswith("text/html")


async def test_a_style_that_there_is_not(face) -> None:
    for name in ("nothing", "unlocated-resources"):
        assert (await face.get(f"/ogc/styles/{name}")).status_code == 404
    assert (await face.get("/ogc/styles/registry", headers={"Accept": "image/png"})).status_code == 406
