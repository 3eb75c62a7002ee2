"""What the OGC test suite for Features 1.0 Core asks of a server; names follow its test classes."""

import json
from datetime import datetime

import httpx
import jsonschema_rs
import pytest

TIMES = {"date": "2025-01-01", "date-time": "2025-01-01T00:00:00Z"}
CLASSES = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
BOXES = ["-1.5,50,1.5,53", "-80,-5,-70,5", "177,65,-177,70", "-180,85,180,90", "-180,-90,180,-85"]
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


async def get(face, path: str, **headers: str) -> httpx.Response:
    answer = await face.get(path, headers=headers)
    assert answer.status_code == 200, f"{path}: {answer.text[:300]}"
    return answer


def one(links: list, rel: str, media: str | None = None) -> dict:
    return next(link for link in links if link["rel"] == rel and (media is None or link["type"] == media))


@pytest.fixture
async def collections(face) -> list[dict]:
    return (await get(face, "/ogc/collections")).json()["collections"]


@pytest.mark.parametrize("root", ["/ogc", "/ogc/"])
async def test_landing_page(face, root) -> None:
    links = (await get(face, root)).json()["links"]
    assert one(links, "service-desc")["type"] == OPENAPI
    assert one(links, "service-doc")["type"] == "text/html"
    assert one(links, "conformance")["type"] == "application/json"
    assert one(links, "data")["type"] == "application/json"
    assert one(links, "self")["type"] == "application/json"
    assert all(link["type"] and link["href"].startswith("http") and link["title"] for link in links)


async def test_every_link_of_the_landing_page_answers_with_its_type(face) -> None:
    for link in (await get(face, "/ogc")).json()["links"]:
        answer = await get(face, link["href"], Accept=link["type"])
        assert answer.headers["content-type"].replace("; charset=utf-8", "") == link["type"]


async def test_api_definition(face) -> None:
    answer = await get(face, "/ogc/api", Accept="*/*")
    assert answer.headers["content-type"] == OPENAPI
    document = answer.json()
    assert document["openapi"].startswith("3.0.")
    assert document["servers"][0]["url"] == "http://127.0.0.1/ogc"
    limit = document["components"]["parameters"]["limit"]
    assert (limit["style"], limit["explode"], limit["schema"]["type"]) == ("form", False, "integer")
    assert {"minimum", "maximum", "default"} <= set(limit["schema"])
    bbox = document["components"]["parameters"]["bbox"]["schema"]
    assert (bbox["type"], bbox["minItems"], bbox["maxItems"]) == ("array", 4, 6)
    assert bbox["items"]["type"] == "number"
    assert document["components"]["parameters"]["datetime"]["schema"] == {"type": "string"}


async def test_api_definition_has_a_literal_path_for_every_collection(face, collections) -> None:
    paths = (await get(face, "/ogc/api")).json()["paths"]
    assert {"/", "/conformance", "/collections"} <= set(paths)
    for collection in collections:
        base = f"/collections/{collection['id']}"
        assert {base, f"{base}/items", f"{base}/items/{{featureId}}"} <= set(paths)
        known = paths[f"{base}/items"]["get"]["parameters"]
        names = [item.get("name") or item["$ref"].rsplit("/", 1)[-1] for item in known]
        assert {"limit", "bbox", "datetime", "crs", "bbox-crs", "filter", "f"} <= set(names)
        assert len(names) == len(set(names))


async def test_every_declared_parameter_is_accepted(face, collections) -> None:
    document = (await get(face, "/ogc/api")).json()
    samples = {
        "bbox": "106,28,107,30",
        "near": "106.6,29",
        **dict.fromkeys(("extent_from", "partner_of", "candidate_places"), "500110"),
        "datetime": "2025-01-01T00:00:00Z",
        "filter": "TRUE",
        "under": "500110",
        "parent": "500000",
        "place": "500110",
        "specialties": "mine",
        "hazards": "forest_fire",
        "amenities": "air_conditioning",
    }
    samples |= {"q": "a", "sortby": "name", "properties": "name", "exercise": "demo"}
    for collection in collections:
        path = f"/collections/{collection['id']}/items"
        for item in document["paths"][path]["get"]["parameters"]:
            item = document["components"]["parameters"].get(item.get("$ref", "").rsplit("/", 1)[-1], item)
            schema = item["schema"]
            value = samples.get(item["name"]) or schema.get("default") or (schema.get("enum") or [None])[0]
            if item["name"] == "cursor":
                continue
            if value is None:
                value = {"integer": 1, "number": 1.5, "boolean": "true"}.get(schema["type"], "x")
                value = TIMES.get(schema.get("format"), value)
            answer = await face.get(f"/ogc{path}", params={item["name"]: value})
            assert answer.status_code == 200, f"{path} {item['name']}={value}: {answer.text}"


async def test_conformance(face) -> None:
    declared = (await get(face, "/ogc/conformance")).json()["conformsTo"]
    assert {CLASSES + name for name in ("core", "geojson", "oas30", "html")} <= set(declared)
    assert len(declared) == len(set(declared))


async def test_collections_have_what_clients_need(face, collections) -> None:
    answer = (await get(face, "/ogc/collections")).json()
    assert one(answer["links"], "self")["type"] == "application/json"
    assert one(answer["links"], "alternate", "text/html")
    for collection in collections:
        assert collection["title"]
        assert CRS84 in collection["crs"]
        assert {link["type"] for link in collection["links"] if link["rel"] == "items"} >= {
            "application/geo+json",
            "text/html",
        }
        assert collection["storageCrs"] in collection["crs"]


async def test_a_collection_says_when_only_if_something_is_known(face, collections) -> None:
    for collection in collections:
        path = f"/ogc/collections/{collection['id']}/items?limit=1000"
        known = [feature["properties"] for feature in (await get(face, path)).json()["features"]]
        ends = {each.get(name) for each in known for name in ("valid_from", "valid_to")} - {None}
        if not ends:
            assert "temporal" not in collection["extent"]


async def test_the_first_three_collections_hold_features(face, collections) -> None:
    for collection in collections[:3]:
        assert (await get(face, f"/ogc/collections/{collection['id']}/items")).json()["features"]


async def test_a_collection_is_what_the_list_says(face, collections) -> None:
    for collection in collections:
        alone = (await get(face, f"/ogc/collections/{collection['id']}")).json()
        for name in ("id", "title", "description", "extent", "itemType", "crs", "storageCrs"):
            assert alone[name] == collection[name]


@pytest.mark.parametrize("exercise", ["", "&exercise=demo"])
async def test_features_lie_inside_the_extent(face, collections, exercise) -> None:
    for collection in (await get(face, f"/ogc/collections?{exercise[1:]}")).json()["collections"]:
        path = f"/ogc/collections/{collection['id']}/items?limit=1000{exercise}"
        features = (await get(face, path)).json()["features"]
        spots = [spot for feature in features for spot in positions(feature["geometry"])]
        if spots:
            west, south, east, north = collection["extent"]["spatial"]["bbox"][0]
            assert west <= min(x for x, _ in spots)
            assert max(x for x, _ in spots) <= east
            assert south <= min(y for _, y in spots)
            assert max(y for _, y in spots) <= north


def positions(geometry: dict | None) -> list[tuple[float, float]]:
    def walk(part: list) -> list:
        return (
            [tuple(part)] if isinstance(part[0], int | float) else [x for inner in part for x in walk(inner)]
        )

    return walk(geometry["coordinates"]) if geometry else []


async def test_features(face, collections) -> None:
    for collection in collections:
        answer = await get(face, f"/ogc/collections/{collection['id']}/items")
        made = answer.json()
        assert answer.headers["content-type"] == "application/geo+json"
        assert made["type"] == "FeatureCollection"
        assert one(made["links"], "self")["type"] == "application/geo+json"
        assert one(made["links"], "alternate", "text/html")
        assert datetime.fromisoformat(made["timeStamp"]).tzinfo is not None
        assert made["numberReturned"] == len(made["features"]) <= 10
        assert made["numberMatched"] == await walked(face, collection["id"])
        assert f'<{one(made["links"], "self")["href"]}>; rel="self"' in answer.headers["link"]


async def walked(face, collection: str) -> int:
    href, seen = f"/ogc/collections/{collection}/items?limit=400", set()
    while href:
        made = (await get(face, href)).json()
        assert not seen & {feature["id"] for feature in made["features"]}
        seen |= {feature["id"] for feature in made["features"]}
        href = next((link["href"] for link in made["links"] if link["rel"] == "next"), None)
    return len(seen)


@pytest.mark.parametrize("box", BOXES)
async def test_features_bbox(face, collections, box) -> None:
    for collection in collections:
        made = (await get(face, f"/ogc/collections/{collection['id']}/items?bbox={box}")).json()
        assert all(feature["geometry"] is None for feature in made["features"])


@pytest.mark.parametrize("limit", [1, 2, 10000, 10001])
async def test_features_limit(face, collections, limit) -> None:
    for collection in collections:
        made = (await get(face, f"/ogc/collections/{collection['id']}/items?limit={limit}")).json()
        assert len(made["features"]) <= min(limit, 10000)


@pytest.mark.parametrize("query", ["limit=unlimited", "unknownQueryParameter=1", "limit=0"])
async def test_error_conditions(face, query) -> None:
    answer = await face.get(f"/ogc/collections/rescue-teams/items?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/ogc/collections/none", "/ogc/collections/places/items/none", "/ogc/none"])
async def test_what_is_not_there_is_404(face, path) -> None:
    assert (await face.get(path)).status_code == 404


async def test_feature(face, collections) -> None:
    for collection in collections:
        base = f"/ogc/collections/{collection['id']}/items"
        for feature in (await get(face, base)).json()["features"][:3]:
            answer = await get(face, f"{base}/{feature['id']}")
            alone = answer.json()
            assert answer.headers["content-type"] == "application/geo+json"
            assert one(alone["links"], "self")["type"] == "application/geo+json"
            assert one(alone["links"], "collection")["href"].endswith(collection["id"])
            assert {name: alone[name] for name in feature} == feature


async def test_every_resource_is_also_a_page_with_all_its_links(face, collections) -> None:
    first = [f"/collections/{item['id']}" for item in collections]
    paths = [
        "",
        "/api",
        "/conformance",
        "/collections",
        "/tiles",
        "/tiles/WebMercatorQuad",
        "/tileMatrixSets",
    ]
    paths += ["/tileMatrixSets/WebMercatorQuad", *first, *(f"{path}/items" for path in first)]
    paths += [f"{path}/{name}" for path in first for name in ("schema", "queryables", "sortables")]
    for path in paths:
        page = (await get(face, f"/ogc{path}", Accept="text/html")).text
        made = (await get(face, f"/ogc{path}", Accept="application/json,*/*;q=0.5")).json()
        for link in made.get("links", []):
            if link["rel"] not in ("self", "alternate", "next"):
                assert link["href"].replace("&", "&amp;") in page, f"{path} {link}"
        assert "<script" not in page
        assert 'src="http' not in page


async def test_head_and_other_hosts(face) -> None:
    head = await face.head("/ogc/collections/places/items")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"]
    answer = await get(face, "/ogc/collections", Origin="https://maps.example")
    assert answer.headers["access-control-allow-origin"] == "https://maps.example"
    stranger = await get(face, "/ogc/collections", Origin="https://stranger.example")
    assert "access-control-allow-origin" not in stranger.headers
    asked = {"Origin": "https://maps.example", "Access-Control-Request-Method": "GET"}
    assert (await face.options("/ogc/collections", headers=asked)).status_code in (200, 204)
    asked |= {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type, prefer",
    }
    preflight = await face.options("/ogc/processes/gaps/execution", headers=asked)
    assert preflight.is_success, "a page may ask for a job"


async def test_the_definition_is_valid_openapi_3_0(face) -> None:
    document = (await get(face, "/ogc/api")).json()
    ids = [op["operationId"] for item in document["paths"].values() for op in item.values()]
    assert len(ids) == len(set(ids))
    text = json.dumps(document)
    for reference in {part.split('"')[0] for part in text.split('"$ref": "#')[1:]}:
        target = document
        for step in reference.strip("/").split("/"):
            target = target[step]
    for schema in document["components"]["schemas"].values():
        jsonschema_rs.validator_for({**schema, "components": document["components"]})
    for path, item in document["paths"].items():
        declared = {p["name"] for op in item.values() for p in op["parameters"] if p.get("in") == "path"}
        assert declared == {part.split("}")[0] for part in path.split("{")[1:]}
