"""Other people's software against a live server: GDAL 3.12, Debian's ogr2ogr where installed, OWSLib."""

import json
import shutil
import subprocess
import time
import urllib.request

import pyogrio
import pytest
import shapely
from owslib.ogcapi.features import Features
from owslib.ogcapi.processes import Processes

GAPS = {"kind": "fire_watch_point", "place": "500110", "exercise": "demo"}
OGRINFO = shutil.which("ogrinfo")


@pytest.fixture(autouse=True)
def _directly(monkeypatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def read(live: str, layer: str, query: str = "", **options):
    path = f"OAPIF:{live}{query}"
    return pyogrio.raw.read(path, layer=layer, PAGE_SIZE=7, **options)


def test_gdal_lists_the_collections(live) -> None:
    names = [name for name, _ in pyogrio.list_layers(f"OAPIF:{live}")]
    assert names[:3] == ["places", "unlocated-resources", "zones"]


def test_gdal_reads_every_page(live) -> None:
    meta, _, geometry, fields = read(live, "shelters", "?exercise=demo")
    assert len(geometry) == 54
    assert "capacity_persons" in meta["fields"]
    assert len({str(value) for value in fields[list(meta["fields"]).index("id")]}) == 54


def test_gdal_asks_for_a_window(live) -> None:
    _, _, whole, _ = read(live, "rescue-teams", "?exercise=demo")
    _, _, part, _ = read(live, "rescue-teams", "?exercise=demo", bbox=(106.6, 28.9, 106.7, 29.1))
    assert 0 < len(part) < len(whole) == 123


def test_gdal_pushes_a_filter_down(live) -> None:
    _, _, geometry, _ = read(live, "rescue-teams", "?exercise=demo", where="level = 'town'")
    assert len(geometry) == 21


def test_gdal_reads_polygons_in_another_system(live) -> None:
    info = pyogrio.read_info(f"OAPIF:{live}?exercise=demo", layer="coverage-footprints")
    assert (info["features"], info["geometry_type"]) == (9, "Polygon")
    info = pyogrio.read_info(
        f"OAPIF:{live}?exercise=demo", layer="shelters", CRS="http://www.opengis.net/def/crs/EPSG/0/4545"
    )
    assert info["crs"] == "EPSG:4545"
    west, south, east, north = info["total_bounds"]
    assert 340_000 < west < east < 400_000
    assert 3_150_000 < south < north < 3_230_000


def test_gdal_reads_tiles(live, tmp_path) -> None:
    tile = tmp_path / "407.mvt"
    urllib.request.urlretrieve(f"{live}/collections/places/tiles/WebMercatorQuad/9/211/407", tile)
    info = pyogrio.read_info(f"MVT:{tile}", layer="places")
    assert info["features"] > 0


def test_debian_gdal_converts_a_collection(live, tmp_path) -> None:
    if OGRINFO is None:
        return
    made = tmp_path / "shelters.geojson"
    command = [
        "ogr2ogr",
        "-f",
        "GeoJSON",
        str(made),
        f"OAPIF:{live}?exercise=demo",
        "shelters",
        "-oo",
        "PAGE_SIZE=5",
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    assert len(json.loads(made.read_text())["features"]) == 54


def test_owslib_walks_the_api(live) -> None:
    api = Features(live + "/")
    assert "rescue-teams" in api.feature_collections()
    assert api.conformance()["conformsTo"]
    assert api.api()["openapi"].startswith("3.0")
    assert "level" in api.collection_queryables("rescue-teams")["properties"]
    found = api.collection_items("places", limit=5, filter="level = 'district'")
    assert found["numberReturned"] == 5
    assert found["numberMatched"] == 40
    identity = found["features"][0]["id"]
    assert api.collection_item("places", identity)["id"] == identity


@pytest.mark.parametrize("form", ["fgb", "gpkg"])
def test_gdal_reads_files_of_areas(live, tmp_path, form) -> None:
    path = tmp_path / f"places.{form}"
    urllib.request.urlretrieve(f"{live}/collections/places/items?f={form}", path)
    meta, _, geometry, fields = pyogrio.raw.read(path)
    areas = shapely.from_wkb(geometry)
    assert (meta["geometry_type"], len(areas)) == ("MultiPolygon", 920)
    listed = json.load(urllib.request.urlopen(f"{live}/collections/places/items/500110"))
    row = list(fields[list(meta["fields"]).index("id")]).index("500110")
    theirs = shapely.geometry.shape(listed["geometry"])
    assert shapely.hausdorff_distance(areas[row], theirs) < 1e-6


def test_owslib_describes_and_executes_processes(live, monkeypatch) -> None:
    """By what the descriptions say: at once, as a document, and as a job that is followed to its result."""
    monkeypatch.setattr("owslib.ogcapi.REQUEST_HEADERS", {"User-Agent": "OWSLib"})  # it keeps Prefer there
    api = Processes(live + "/")
    listed = {one["id"]: one for one in api.processes()}
    assert {"nearest", "gaps", "siting", "rules-check"} <= listed.keys()
    described = api.process("nearest")
    assert [name for name, one in described["inputs"].items() if one["minOccurs"]] == ["origin"]
    assert {"lon", "lat"} <= described["inputs"]["origin"]["schema"]["properties"].keys()
    inputs = {"origin": {"value": {"lon": 106.65, "lat": 29.03}}, "k": 3, "exercise": "demo"}
    document = api.execute("nearest", inputs)
    assert len(document["answer"]["features"]) == 3
    assert document["answer"]["completeness"]
    assert api.execute("nearest", inputs, response="raw")["type"] == "FeatureCollection"
    job = api.execute("gaps", GAPS, response="document", async_=True)
    assert api.response_headers["location"] == f"{live}/jobs/{job['jobID']}"
    path = f"jobs/{job['jobID']}"
    for _ in range(1_200):
        job = api._request(path=path)
        if job["status"] not in ("accepted", "running"):
            break
        time.sleep(0.1)
    assert job["status"] == "successful", job
    assert api._request(path=f"{path}/results")["answer"]["certain_gaps"]
