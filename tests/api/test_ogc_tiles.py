"""Vector tiles: what is drawn where, against tile arithmetic done here."""

import itertools
import math
import random

import pytest
import shapely
from pyproj import Geod

from registry.store.ogc.extents import outward
from tests.builders import a_resource
from tests.mvt import decode

DATASET = "/ogc/tiles/WebMercatorQuad"


@pytest.fixture(autouse=True)
def _nothing_kept(client) -> None:
    """Tables are emptied between tests without a word in the log of changes."""
    client.app.state.tiles.clear()


def place_of(lon: float, lat: float, z: int) -> tuple[int, int, float, float]:
    """Column and row of the tile, and the position in tile units."""
    x = (lon + 180) / 360 * 2**z
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**z
    return int(x), int(y), (x % 1) * 4096, (y % 1) * 4096


async def tile(client, lon: float, lat: float, z: int, base: str = DATASET, query: str = "") -> dict:
    col, row, _, _ = place_of(lon, lat, z)
    answer = await client.get(f"{base}/{z}/{row}/{col}{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    return decode(answer.content)


@pytest.mark.parametrize("z", [0, 5, 9, 11, 14, 18])
async def test_a_lonely_record_is_itself_at_every_zoom(client, stored, z) -> None:
    identity = await a_resource(stored, "shelter", 106.65, 29.03, capacity_persons=42, level="town")
    shown = (await tile(client, 106.65, 29.03, z))["shelters"]
    assert [(f["id"], f["capacity_persons"], f["level"]) for f in shown] == [(str(identity), 42, "town")]
    _, _, x, y = place_of(106.65, 29.03, z)
    assert shown[0]["points"][0] == pytest.approx((x, y), abs=1)


@pytest.mark.parametrize("z", [3, 7, 10])
async def test_cells_count_every_record_of_each_kind_once(client, stored, z) -> None:
    rng = random.Random(z)
    cells: dict[tuple[int, ...], dict[str, int]] = {}
    for _ in range(80):
        kind = rng.choice(["shelter", "rescue_team"])
        lon, lat = rng.uniform(106.4, 106.9), rng.uniform(28.8, 29.2)
        await a_resource(stored, kind, lon, lat)
        col, row, x, y = place_of(lon, lat, z)
        counts = cells.setdefault((col, row, int(x // 512), int(y // 512)), {"shelter": 0, "rescue_team": 0})
        counts[kind] += 1
    got = []
    for col, row in {cell[:2] for cell in cells}:
        layers = decode((await client.get(f"{DATASET}/{z}/{row}/{col}")).content)
        got += [(c["rescue_team"], c["shelter"]) for c in layers.get("clusters", [])]
        assert all(c["point_count"] == c["rescue_team"] + c["shelter"] for c in layers.get("clusters", []))
        got += [(1, 0) for _ in layers.get("rescue-teams", [])]
        got += [(0, 1) for _ in layers.get("shelters", [])]
    assert sorted(got) == sorted((c["rescue_team"], c["shelter"]) for c in cells.values())


@pytest.mark.parametrize("z", [2, 6, 10])
async def test_a_cell_stands_where_its_records_are_on_average(client, stored, z) -> None:
    rng = random.Random(z)
    spots = [(106.65 + rng.uniform(0, 1e-3), 29.03 + rng.uniform(0, 1e-3)) for _ in range(9)]
    for lon, lat in spots:
        await a_resource(stored, "shelter", lon, lat)
    layers = await tile(client, 106.65, 29.03, z)
    found = {(c["point_count"], *c["points"][0]) for c in layers["clusters"]}
    assert sum(count for count, _, _ in found) + len(layers.get("shelters", [])) == len(spots)
    places = [place_of(lon, lat, z)[2:] for lon, lat in spots]
    middle = [sum(axis) / len(spots) for axis in zip(*places, strict=True)]
    total = sum(count for count, _, _ in found)
    for axis in (0, 1):
        assert sum(c * xy[axis] for c, *xy in found) / total == pytest.approx(middle[axis], abs=4096 / 64)


@pytest.mark.parametrize("corner", [(180.0, 89.9), (-180.0, -89.9), (180.0, 0.0), (0.0, 85.2)])
async def test_the_edges_of_the_map_are_in_its_edge_tiles(client, stored, corner) -> None:
    for _ in range(2):
        await a_resource(stored, "shelter", *corner)
    side = 2**3
    x, y = ((corner[0] + 180) / 360 * side, 0.0 if corner[1] > 85 else side / 2 if corner[1] == 0 else side)
    col, row = min(int(x), side - 1), min(int(y), side - 1)
    answer = await client.get(f"{DATASET}/3/{row}/{col}")
    assert [c["point_count"] for c in decode(answer.content)["clusters"]] == [2]


async def test_a_tile_of_the_past_counts_what_was_there(client, stored) -> None:
    for _ in range(3):
        await a_resource(stored, "shelter", 106.65, 29.03)
    before = await tile(client, 106.65, 29.03, 8, query="?as_of=2025-12-31T00:00:00Z")
    after = await tile(client, 106.65, 29.03, 8, query="?as_of=2026-01-02T00:00:00Z")
    assert before == {}
    assert [c["point_count"] for c in after["clusters"]] == [3]


async def test_from_the_cluster_limit_on_nothing_is_gathered(client, stored) -> None:
    for _ in range(5):
        await a_resource(stored, "shelter", 106.65, 29.03)
    assert set(await tile(client, 106.65, 29.03, 15)) == {"clusters"}
    assert len((await tile(client, 106.65, 29.03, 16))["shelters"]) == 5


async def test_a_collection_has_tiles_of_its_own_and_the_dataset_can_be_narrowed(client, stored) -> None:
    await a_resource(stored, "shelter", 106.65, 29.03)
    await a_resource(stored, "rescue_team", 106.66, 29.03)
    base = "/ogc/collections/shelters/tiles/WebMercatorQuad"
    assert set(await tile(client, 106.65, 29.03, 12, base)) == {"shelters"}
    assert set(await tile(client, 106.65, 29.03, 12)) == {"shelters", "rescue-teams"}
    assert set(await tile(client, 106.65, 29.03, 12, query="?collections=rescue-teams")) == {"rescue-teams"}


async def test_tiles_honour_visibility_and_drills(client, stored) -> None:
    await a_resource(stored, "shelter", 106.6512, 29.0312, visibility="restricted")
    await a_resource(stored, "shelter", 106.6512, 29.0312, visibility="internal")
    await a_resource(stored, "shelter", 106.6512, 29.0312, exercise="drill")
    shown = (await tile(client, 106.675, 29.025, 12))["shelters"]
    assert [feature["visibility"] for feature in shown] == ["internal"]
    _, _, x, y = place_of(106.675, 29.025, 12)
    assert shown[0]["points"][0] == pytest.approx((x, y), abs=1)
    assert len((await tile(client, 106.6512, 29.0312, 14, query="?exercise=drill"))["shelters"]) == 1


async def test_a_watch_circle_lies_on_the_geodesic_circle(client, stored) -> None:
    await a_resource(stored, "fire_watch_point", 106.4, 29.6, watch_radius_m=5000)
    feature = (await client.get("/ogc/collections/coverage-footprints/items")).json()["features"][0]
    ring = feature["geometry"]["coordinates"][0]
    assert ring[0] == ring[-1]
    geod = Geod(ellps="WGS84")
    distances = [geod.inv(106.4, 29.6, lon, lat)[2] for lon, lat in ring]
    assert distances == pytest.approx([5000] * len(ring), abs=0.05)
    middles = [
        geod.inv(106.4, 29.6, (a[0] + b[0]) / 2, (a[1] + b[1]) / 2)[2] for a, b in itertools.pairwise(ring)
    ]
    assert 5000 - min(middles) <= feature["properties"]["drawing_error_m"] + 0.05
    assert feature["properties"]["drawing"] == "circle"
    assert "coverage-footprints" in await tile(client, 106.4, 29.6, 12)


@pytest.mark.parametrize("share", [0.3, 0.005], ids=["large", "small"])
@pytest.mark.parametrize("z", [6, 8, 11, 14])
async def test_a_circle_on_a_tile_is_as_fine_as_the_tile_can_show(client, stored, z, share) -> None:
    col, row, _, _ = place_of(106.4, 29.6, z)
    lon, lat = lon_lat(col, row, 2048, 2048, z)
    unit_m = 40_075_016.7 / 2**z / 4096 * math.cos(math.radians(lat))
    radius_m = share * 4096 * unit_m
    await a_resource(stored, "fire_watch_point", lon, lat, watch_radius_m=radius_m)
    (shown,) = (await tile(client, lon, lat, z))["coverage-footprints"]
    ring = [lon_lat(col, row, x, y, z) for x, y in shown["points"]]
    middles = [((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for a, b in itertools.pairwise(ring)]
    geod = Geod(ellps="WGS84")
    away_units = [(geod.inv(lon, lat, *spot)[2] - radius_m) / unit_m for spot in [*ring, *middles]]
    # An edge lies a unit inside at most, and each corner on the grid beside its place.
    assert -1.8 < min(away_units) <= max(away_units) < 0.8
    needed = math.pi / math.acos(1 - unit_m / radius_m)
    assert min(8, needed) - 1 <= len(ring) <= min(128, max(8, 1.1 * needed)) + 2


@pytest.mark.parametrize("z", [0, 3, 4])
async def test_a_watch_point_at_a_pole_does_not_spoil_the_tiles_of_others(client, stored, z) -> None:
    for lat, radius_m in ((90, 5000), (-90, 500_000), (29.6, 400_000)):
        await a_resource(stored, "fire_watch_point", 106.4, lat, watch_radius_m=radius_m)
    shown = (await tile(client, 106.4, 29.6, z))["coverage-footprints"]
    assert 400_000 in [feature["watch_radius_m"] for feature in shown]


def lon_lat(col: int, row: int, x: float, y: float, z: int) -> tuple[float, float]:
    """The position in degrees of one in tile units."""
    lon = (col + x / 4096) / 2**z * 360 - 180
    return lon, math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * (row + y / 4096) / 2**z))))


async def test_a_sector_runs_clockwise_from_its_apex(client, stored) -> None:
    sector = {"from_deg": 350, "to_deg": 20}
    await a_resource(stored, "fire_watch_point", 106.4, 29.6, watch_radius_m=3000, sector=sector)
    feature = (await client.get("/ogc/collections/coverage-footprints/items")).json()["features"][0]
    ring = feature["geometry"]["coordinates"][0]
    assert ring[0] == ring[-1] == [106.4, 29.6]
    geod = Geod(ellps="WGS84")
    bearings = sorted((geod.inv(106.4, 29.6, *corner)[0] + 180) % 360 for corner in ring[1:-1])
    assert (bearings[0], bearings[-1]) == pytest.approx((170, 200), abs=0.01)


async def test_an_own_polygon_wins_over_the_circle_but_not_for_the_public_of_an_internal_post(
    client, stored
) -> None:
    square = [[[106.0, 29.0], [106.1, 29.0], [106.1, 29.1], [106.0, 29.1], [106.0, 29.0]]]
    own = {"footprint": {"type": "Polygon", "coordinates": square}, "watch_radius_m": 1000}
    shown = await a_resource(stored, "fire_watch_point", 106.05, 29.05, **own)
    hidden = await a_resource(stored, "fire_watch_point", 106.05, 29.05, visibility="internal", **own)
    answer = (await client.get("/ogc/collections/coverage-footprints/items")).json()["features"]
    drawn = {feature["id"]: feature["properties"]["drawing"] for feature in answer}
    assert drawn == {str(shown): "own_polygon", str(hidden): "circle"}


async def test_footprints_are_found_by_windows_that_hold_none_of_their_points(client, stored) -> None:
    identity = await a_resource(stored, "fire_watch_point", 106.4, 29.6, watch_radius_m=5000)
    path = "/ogc/collections/coverage-footprints/items?bbox="
    found = (await client.get(path + "106.44,29.60,106.441,29.601")).json()["features"]
    assert [feature["id"] for feature in found] == [str(identity)]
    assert (await client.get(path + "106.46,29.60,106.461,29.601")).json()["features"] == []


@pytest.mark.parametrize("spot", [(179.95, -17.0), (-179.95, 60.0), (30.0, 89.95), (30.0, -89.95)])
async def test_an_area_across_180_or_a_pole_spans_all_longitudes(client, stored, spot) -> None:
    await a_resource(stored, "fire_watch_point", *spot, watch_radius_m=12_000)
    (feature,) = (await client.get("/ogc/collections/coverage-footprints/items")).json()["features"]
    _, low, _, high = shapely.geometry.shape(feature["geometry"]).bounds
    west, south, east, north = outward((*spot, *spot), 12_000)
    assert (west, east) == (-180, 180)
    assert south <= low
    assert high <= north
    assert outward((*spot, *spot))[0] == pytest.approx(spot[0], abs=0.0001)


async def test_an_unchanged_tile_is_not_sent_again(client, stored) -> None:
    await a_resource(stored, "shelter", 106.65, 29.03)
    col, row, _, _ = place_of(106.65, 29.03, 12)
    first = await client.get(f"{DATASET}/12/{row}/{col}")
    again = await client.get(f"{DATASET}/12/{row}/{col}", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("spot", ["2147483647/0", "0/2147483647", "4/0"])
async def test_tiles_outside_the_matrix_are_404(client, spot) -> None:
    assert (await client.get(f"{DATASET}/2/{spot}")).status_code == 404


async def test_tilejson_and_tileset_speak_of_the_same_tiles(client, stored) -> None:
    await a_resource(stored, "shelter", 106.65, 29.03)
    made = (await client.get(f"{DATASET}?f=tilejson&exercise=drill")).json()
    assert made["tilejson"] == "3.0.0"
    assert made["tiles"] == ["http://localhost/ogc/tiles/WebMercatorQuad/{z}/{y}/{x}?exercise=drill"]
    assert {"clusters", "shelters"} <= {layer["id"] for layer in made["vector_layers"]}
    tileset = (await client.get(f"{DATASET}?exercise=drill")).json()
    template = next(link for link in tileset["links"] if link["rel"] == "item")
    names = {"{tileMatrix}": "{z}", "{tileRow}": "{y}", "{tileCol}": "{x}"}
    href = template["href"]
    for ours, theirs in names.items():
        href = href.replace(ours, theirs)
    assert [href] == made["tiles"]
    assert tileset["tileMatrixSetLimits"][0]["tileMatrix"] == "0"


async def test_a_tile_has_no_member_that_its_description_lacks(client, stored) -> None:
    for lon in (106.65, 106.65, 106.2):
        await a_resource(stored, "shelter", lon, 29.03, level="town", capacity_persons=10)
    told = (await client.get(f"{DATASET}?f=tilejson")).json()
    fields = {layer["id"]: set(layer["fields"]) for layer in told["vector_layers"]}
    tileset = (await client.get(DATASET)).json()
    described = {layer["id"]: set(layer["propertiesSchema"]["properties"]) for layer in tileset["layers"]}
    shown = await tile(client, 106.65, 29.03, 8)
    assert set(shown) == {"clusters", "shelters"}
    for name, features in shown.items():
        for found in features:
            members = set(found) - {"points", "type"}
            assert members <= fields[name], name
            assert name == "clusters" or members <= described[name]
