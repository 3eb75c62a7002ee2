"""Part 2, coordinate reference systems, against pyproj; and Part 3, queryables and filters over the seeds."""

from urllib.parse import quote

import pyproj
import pytest

from tests.conformance.test_features_core import get, one

SCHEMA = "application/schema+json"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


async def test_unsupported_systems_are_400(face) -> None:
    base = "/ogc/collections/places/items"
    bad = quote("http://www.opengis.net/def/crs/0/unsupported")
    item = (await get(face, base)).json()["features"][0]["id"]
    for path in (f"{base}?crs={bad}", f"{base}/{item}?crs={bad}", f"{base}?bbox=1,1,2,2&bbox-crs={bad}"):
        assert (await face.get(path)).status_code == 400


async def test_every_listed_system_gives_the_same_places(face) -> None:
    base = "/ogc/collections/rescue-teams/items?limit=100&exercise=demo"
    plain = (await get(face, base)).json()["features"]
    assert plain
    for uri in (await get(face, "/ogc/collections/rescue-teams")).json()["crs"]:
        answer = await get(face, f"{base}&crs={quote(uri)}")
        assert answer.headers["content-crs"] == f"<{uri}>"
        system = "OGC:CRS84" if uri == CRS84 else f"EPSG:{uri.rsplit('/', 1)[-1]}"
        back = pyproj.Transformer.from_crs(system, "OGC:CRS84")
        for ours, theirs in zip(answer.json()["features"], plain, strict=True):
            lon, lat = back.transform(*ours["geometry"]["coordinates"])
            assert (lon, lat) == pytest.approx(theirs["geometry"]["coordinates"], abs=5e-8)
            assert ours["properties"] == theirs["properties"]


async def test_the_default_answer_names_crs84(face) -> None:
    assert (await get(face, "/ogc/collections/places/items")).headers["content-crs"] == f"<{CRS84}>"


@pytest.mark.parametrize("box", ["29.0,106.5,29.1,106.7", "106.5,29.0,106.7,29.1"])
@pytest.mark.parametrize("code", [4490, 4544, 4545, 3857, 32648])
async def test_swapped_axes_are_an_empty_answer_and_no_error(face, code, box) -> None:
    """Except where a latitude lies beyond 90: then the error says which comes first."""
    if (code, box[:5]) == (4490, "106.5"):
        await _says_the_order(face, box)
    else:
        await get(face, f"/ogc/collections/rescue-teams/items?bbox={box}&bbox-crs={quote(EPSG + str(code))}")


async def _says_the_order(face, box: str) -> None:
    query = f"bbox={box}&bbox-crs={quote(EPSG + '4490')}"
    answer = await face.get(f"/ogc/collections/rescue-teams/items?{query}")
    assert answer.status_code == 400
    assert "lat" in answer.json()["detail"]


@pytest.mark.parametrize("what", ["queryables", "sortables", "schema"])
async def test_schemas(face, what) -> None:
    for collection in (await get(face, "/ogc/collections")).json()["collections"]:
        link = one(collection["links"], f"http://www.opengis.net/def/rel/ogc/1.0/{what}")
        answer = await get(face, link["href"])
        assert answer.headers["content-type"] == SCHEMA
        made = answer.json()
        assert made["$schema"].endswith("2020-12/schema")
        assert made["$id"] == link["href"]
        assert made["type"] == "object"
        assert made["properties"]


async def test_features_have_the_members_that_the_schema_names(face) -> None:
    for collection in (await get(face, "/ogc/collections?exercise=demo")).json()["collections"]:
        base = f"/ogc/collections/{collection['id']}"
        schema = (await get(face, f"{base}/schema")).json()["properties"]
        features = (await get(face, f"{base}/items?exercise=demo")).json()["features"]
        for feature in features:
            assert set(schema) - {"id", "geometry"} <= set(feature["properties"])


CASES = [
    ("zones", "road = 'yuqian' AND kind = 'road_land'", 1),
    ("zones", "geometry IS NULL", 11),
    ("rescue-teams&exercise=demo", "level = 'town'", 21),
    ("rescue-teams&exercise=demo", "NOT (level = 'town')", 102),
    ("unlocated-resources", "kind = 'fire_watch_point'", 23),
    ("unlocated-resources", "kind IN ('rescue_team','supply_depot')", 22),
    ("unlocated-resources", "location_quality = 'candidate_places' AND kind <> 'shelter'", 44),
    ("places", "level LIKE 'dist%'", 40),
    ("places", "parent = '500110' AND level = 'town'", 31),
    ("places", "S_INTERSECTS(geometry, POINT(106.6512 29.0283)) AND level = 'district'", 1),
    ("places", "CASEI(code) = CASEI('QIJIANG')", 1),
]


@pytest.mark.parametrize(("collection", "text", "count"), CASES)
async def test_filters_over_the_seeds(face, collection, text, count) -> None:
    name, _, more = collection.partition("&")
    path = f"/ogc/collections/{name}/items?resultType=hits&{more}&filter={quote(text)}"
    made = (await get(face, path)).json()
    assert made["numberMatched"] == count
