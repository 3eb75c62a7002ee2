"""Zones as a collection: before and after they are drawn, in lists, windows, tiles and files."""

import json
import urllib.parse

import pyogrio
import pytest
import shapely

from tests.mvt import decode

BASE = "/ogc/collections/zones"
LINE = {"type": "LineString", "coordinates": [[106.65, 29.0], [106.66, 29.01], [106.67, 29.0]]}
LINES = {"type": "MultiLineString", "coordinates": [LINE["coordinates"], [[106.7, 29.0], [106.71, 29.01]]]}
AREA = {"type": "Polygon", "coordinates": [[[106.6, 29], [106.61, 29], [106.61, 29.01], [106.6, 29]]]}


INSERT = """
INSERT INTO zone (id, kind, body, drawing, geometry, updated_by)
VALUES ($1, 'river_shore', $2, $3, $4, 'test')
"""


@pytest.fixture
async def zones(client, stored) -> dict[str, dict | None]:
    drawn = {"river": LINE, "road": LINES, "ramp": AREA, "later": None}
    client.app.state.tiles.clear()
    for name, geometry in drawn.items():
        body = {"id": name, "kind": "river_shore", "name": {"zh": name, "en": None}}
        await stored._connection.execute(
            INSERT,
            name,
            body,
            {"represents": "shore"} if geometry else None,
            json.dumps(geometry) if geometry else None,
        )
    return drawn


async def ids(client, query: str) -> set[str]:
    answer = await client.get(f"{BASE}/items?limit=100&{query}")
    assert answer.status_code == 200, answer.text
    return {feature["id"] for feature in answer.json()["features"]}


async def test_zones_are_listed_drawn_or_not_and_found_by_windows(client, zones) -> None:
    assert await ids(client, "") == set(zones)
    assert await ids(client, "bbox=106.655,29,106.656,29.1") == {"river", "road", "later"}
    crossed = urllib.parse.quote("S_CROSSES(geometry, LINESTRING(106.6 28.99, 106.62 29.02))")
    assert await ids(client, f"filter={crossed}") == {"ramp"}
    one = (await client.get(f"{BASE}/items/river")).json()
    assert one["geometry"] == LINE
    assert one["properties"]["name_zh"] == "river"


async def test_zones_are_drawn_in_tiles(client, zones) -> None:
    tile = (await client.get("/ogc/tiles/WebMercatorQuad/10/425/815?collections=zones")).content
    assert {feature["id"] for feature in decode(tile)["zones"]} == {"river", "road", "ramp"}


@pytest.mark.parametrize("form", ["fgb", "gpkg"])
async def test_a_file_holds_lines_and_areas(client, zones, tmp_path, form) -> None:
    path = tmp_path / f"zones.{form}"
    path.write_bytes((await client.get(f"{BASE}/items?f={form}")).content)
    meta, _, geometry, fields = pyogrio.raw.read(path)
    names = fields[list(meta["fields"]).index("id")]
    for name, wkb in zip(names, geometry, strict=True):
        theirs = zones[name] and shapely.geometry.shape(zones[name])
        assert (wkb is None) if theirs is None else shapely.equals(shapely.from_wkb(wkb), theirs)
