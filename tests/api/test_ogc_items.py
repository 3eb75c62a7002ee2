"""Features over the OGC face: the questions a map client asks, against answers worked out by hand."""

import random
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pyproj
import pytest

from registry.api.ogc.pages import page as html_page
from registry.domain.records.location import GRID_DEG
from registry.domain.values import Name
from registry.store.ogc import features
from tests.builders import a_resource

ROOT = "/ogc/collections"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


async def ids(client, path: str) -> list[str]:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return [feature["id"] for feature in answer.json()["features"]]


async def pages(client, path: str) -> list[str]:
    found: list[str] = []
    while path:
        answer = (await client.get(path)).json()
        found += [feature["id"] for feature in answer["features"]]
        path = next((link["href"] for link in answer["links"] if link["rel"] == "next"), "")
    return found


async def test_a_nested_feature_is_the_same_as_in_v1(client, stored) -> None:
    identity = await a_resource(stored, "shelter", 106.65, 29.03, capacity_persons=300)
    ours = (await client.get(f"{ROOT}/shelters/items/{identity}?profile=nested")).json()
    theirs = (await client.get(f"/v1/resources/{identity}")).json()
    assert {link["rel"] for link in ours.pop("links")} == {"self", "alternate", "collection"}
    assert ours == theirs


async def test_records_live_in_the_collection_of_their_kind_or_among_the_unlocated(client, stored) -> None:
    shelter = await a_resource(stored, "shelter")
    adrift = await a_resource(stored, "shelter", None)
    team = await a_resource(stored, "rescue_team")
    assert await ids(client, f"{ROOT}/shelters/items") == [str(shelter)]
    assert await ids(client, f"{ROOT}/rescue-teams/items") == [str(team)]
    assert await ids(client, f"{ROOT}/unlocated-resources/items?bbox=0,0,1,1") == [str(adrift)]
    assert (await client.get(f"{ROOT}/shelters/items/{adrift}")).status_code == 404


async def test_a_window_includes_its_edge_and_crosses_the_antimeridian(client, stored) -> None:
    inside = {str(await a_resource(stored, "shelter", lon, 10.0)) for lon in (179.5, -179.5, 178.0)}
    await a_resource(stored, "shelter", 177.9, 10.0)
    await a_resource(stored, "shelter", -178.9, 10.0)
    assert set(await ids(client, f"{ROOT}/shelters/items?bbox=178,10,-179,11")) == inside


async def test_windows_against_brute_force(client, stored) -> None:
    rng = random.Random(5)
    spots = {}
    for _ in range(60):
        lon, lat = round(rng.uniform(106, 107), 2), round(rng.uniform(29, 30), 2)
        spots[str(await a_resource(stored, "shelter", lon, lat))] = (lon, lat)
    for _ in range(40):
        west, east = sorted(round(rng.uniform(106, 107), 2) for _ in range(2))
        south, north = sorted(round(rng.uniform(29, 30), 2) for _ in range(2))
        wanted = {i for i, (x, y) in spots.items() if west <= x <= east and south <= y <= north}
        got = await ids(client, f"{ROOT}/shelters/items?bbox={west},{south},{east},{north}&limit=100")
        assert set(got) == wanted


async def test_a_window_may_be_a_line_or_a_point(client, stored) -> None:
    watch = str(await a_resource(stored, "fire_watch_point", 106.65, 29.03, watch_radius_m=5000))
    beside = str(await a_resource(stored, "shelter", 179.5, 10.0))
    footprints, shelters = f"{ROOT}/coverage-footprints/items?bbox=", f"{ROOT}/shelters/items?bbox="
    assert await ids(client, f"{footprints}106.66,29.03,106.66,29.03") == [watch]
    assert await ids(client, f"{footprints}106.0,29.03,107.0,29.03") == [watch]
    assert await ids(client, f"{footprints}106.75,29.03,106.75,29.03") == []
    assert await ids(client, f"{shelters}179.5,10,179.5,10") == [beside]
    assert await ids(client, f"{shelters}179,10,-179,10") == [beside]


@pytest.mark.parametrize(
    ("box", "met"),
    [
        ("106.66,29.03,106.66,29.03", ["watch"]),
        ("106.0,29.03,107.0,29.03", ["watch"]),
        ("106.75,29.03,106.75,29.03", []),
        ("179.98,10,179.98,10", ["shelter"]),
        ("179.97,10,-179.99,10", ["shelter"]),
        ("179.97,9,-179.99,11", ["shelter"]),
        ("179.99,9,-179.99,11", []),
    ],
)
async def test_a_box_in_a_filter_may_be_a_line_or_a_point(client, stored, box, met) -> None:
    known = {
        "watch": str(await a_resource(stored, "fire_watch_point", 106.65, 29.03, watch_radius_m=5000)),
        "shelter": str(await a_resource(stored, "shelter", 179.98, 10)),
    }
    wanted = quote(f"S_INTERSECTS(geometry, BBOX({box}))")
    found = [
        identity
        for collection in ("coverage-footprints", "shelters")
        for identity in await ids(client, f"{ROOT}/{collection}/items?filter={wanted}")
    ]
    assert found == [known[name] for name in met]


async def test_every_link_of_a_page_answers(client, stored) -> None:
    for _ in range(3):
        await a_resource(stored, "shelter")
    path = f"{ROOT}/shelters/items?limit=1&sortby=name_zh&properties=kind&kind=shelter"
    first = (await client.get(f"{path}&crs=http://www.opengis.net/def/crs/EPSG/0/3857")).json()
    second = next(link["href"] for link in first["links"] if link["rel"] == "next")
    for page in (first, (await client.get(second)).json()):
        for link in page["links"]:
            answer = await client.get(link["href"])
            assert answer.status_code == 200, link
            assert answer.headers["content-type"].startswith(link["type"].partition(";")[0])
    files = [link["href"] for link in first["links"] if "f=csv" in link["href"]]
    assert ["kind=shelter" in href for href in files] == [True]


async def test_an_uncertainty_that_nobody_stated_is_unknown(client, stored) -> None:
    silent = str(await a_resource(stored, "shelter"))
    stated = str(await a_resource(stored, "shelter", uncertainty_m=5))
    name = "uncertainty_m"
    assert await ids(client, f"{ROOT}/shelters/items?sortby={name}") == [stated, silent]
    assert await ids(client, f"{ROOT}/shelters/items?filter={quote(f'{name} IS NULL')}") == [silent]


@pytest.mark.parametrize("sort", ["", "&sortby=-capacity_persons", "&sortby=level,capacity_persons,-name_zh"])
async def test_pages_hold_every_record_once_in_order(client, stored, sort) -> None:
    rng = random.Random(3)
    capacities = [None, 1, 1, 2, 5, None, 5, 9, 1, 3, 4]
    for capacity in capacities:
        level = rng.choice(["town", "community", None])
        await a_resource(stored, "shelter", capacity_persons=capacity, level=level)
    whole = await ids(client, f"{ROOT}/shelters/items?limit=100{sort}")
    assert len(whole) == len(set(whole)) == len(capacities)
    for limit in (1, 3, 4, 11):
        assert await pages(client, f"{ROOT}/shelters/items?limit={limit}{sort}") == whole


async def test_sorting_puts_the_unknown_last(client, stored) -> None:
    made = {c: str(await a_resource(stored, "shelter", capacity_persons=c)) for c in (None, 10, 2)}
    assert await ids(client, f"{ROOT}/shelters/items?sortby=%2Bcapacity_persons") == [
        made[2],
        made[10],
        made[None],
    ]
    assert await ids(client, f"{ROOT}/shelters/items?sortby=-capacity_persons") == [
        made[10],
        made[2],
        made[None],
    ]


async def test_limits_are_clamped_above_and_refused_below(client, stored) -> None:
    await a_resource(stored, "shelter")
    for large in ("99999999", "9" * 300, "010001"):
        assert (await client.get(f"{ROOT}/shelters/items?limit={large}")).status_code == 200
    for wrong in ("0", "-1", "x", "1.5", "١"):
        assert (await client.get(f"{ROOT}/shelters/items?limit={wrong}")).status_code == 400


WRONG = [
    "bbox=1,2,3",
    "bbox=a,b,c,d",
    "bbox=0,91,1,92",
    "bbox=0,2,1,1",
    "bbox=nan,0,1,1",
    "crs=http://www.opengis.net/def/crs/0/unsupported",
    "bbox-crs=http://www.opengis.net/def/crs/0/unsupported",
    "filter-crs=http://www.opengis.net/def/crs/EPSG/0/3857",
    "datetime=../..",
    "datetime=2020-13-01T00:00:00Z",
    "datetime=2021-01-01T00:00:00Z/2020-01-01T00:00:00Z",
    "sortby=nothing",
    "sortby=hazards",
    "properties=nothing",
    "cursor=zzzz",
    "count=some",
    "f=pdf",
    "level=imaginary",
    "capacity_persons=many",
    "undeclared=1",
    "version=0.5",
    "hxl=AAA",
    "bom=1",
    "q=",
    "exercise=",
    "as_of=",
    "as_of=null",
    "as_of=2025-01-01",
    "limit=1&limit=2",
    "filter=capacity_persons%20%3E%20'a'",
]


@pytest.mark.parametrize("query", WRONG)
async def test_what_is_wrong_in_a_query_is_named(client, query) -> None:
    answer = await client.get(f"{ROOT}/shelters/items?{query}")
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["parameter"] == query.split("=")[0]


async def test_time_is_validity_and_the_undated_always_match(client, stored) -> None:
    undated = str(await a_resource(stored, "shelter"))
    past = str(await a_resource(stored, "shelter", valid_to="2020-06-01T00:00:00Z"))
    future = str(await a_resource(stored, "shelter", valid_from="2030-01-01T00:00:00Z"))
    path = f"{ROOT}/shelters/items?datetime="
    assert set(await ids(client, path + "2025-01-01T00:00:00Z")) == {undated}
    assert set(await ids(client, path + "../2020-06-01T00:00:00Z")) == {undated, past}
    assert set(await ids(client, path + "2030-01-01T00:00:00Z/")) == {undated, future}
    assert set(await ids(client, path + "0000-01-01T00:00:00Z/9999-12-31T00:00:00Z")) == {
        undated,
        past,
        future,
    }


@pytest.mark.parametrize(
    ("code", "first"), [(4326, "lat"), (4490, "lat"), (3857, "x"), (32648, "x"), (4545, "y")]
)
async def test_answers_and_windows_in_other_systems(client, stored, code, first) -> None:
    identity = await a_resource(stored, "shelter", 106.65, 29.03)
    await a_resource(stored, "shelter", 106.80, 29.03)
    uri = f"http://www.opengis.net/def/crs/EPSG/0/{code}"
    answer = await client.get(f"{ROOT}/shelters/items/{identity}?crs={quote(uri)}")
    assert answer.headers["content-crs"] == f"<{uri}>"
    got = answer.json()["geometry"]["coordinates"]
    wanted = pyproj.Transformer.from_crs("EPSG:4326", f"EPSG:{code}").transform(29.03, 106.65)
    assert got == pytest.approx(wanted, abs=0.002 if abs(wanted[0]) > 1000 else 1e-6)
    assert (abs(got[0]) > abs(got[1])) == (first in ("x", "y") and code != 32648) or first != "x"
    reach = 100 if abs(wanted[0]) > 1000 else 0.001
    window = ",".join(str(side) for side in (got[0] - reach, got[1] - reach, got[0] + reach, got[1] + reach))
    found = await ids(client, f"{ROOT}/shelters/items?bbox={window}&bbox-crs={quote(uri)}")
    assert found == [str(identity)]


async def test_only_some_properties(client, stored) -> None:
    await a_resource(stored, "shelter", capacity_persons=7)
    feature = (await client.get(f"{ROOT}/shelters/items?properties=capacity_persons,name")).json()[
        "features"
    ][0]
    assert feature["properties"] == {"capacity_persons": 7, "name": "测试点"}
    assert feature["geometry"]["type"] == "Point"


async def test_counts_are_exact_bounded_or_left_out(client, stored) -> None:
    for _ in range(5):
        await a_resource(stored, "shelter")
    path = f"{ROOT}/shelters/items?limit=2"
    assert (await client.get(path)).json()["numberMatched"] == 5
    assert (await client.get(path + "&count=exact")).json()["numberMatched"] == 5
    assert "numberMatched" not in (await client.get(path + "&count=none")).json()
    hits = (await client.get(path + "&resultType=hits")).json()
    assert (hits["numberMatched"], hits["numberReturned"], hits["features"]) == (5, 0, [])


@pytest.mark.parametrize("most", [4, 10_000], ids=["more than are counted", "counted"])
@pytest.mark.parametrize("sort", ["", "&sortby=-capacity_persons", "&sortby=name_zh,-capacity_persons"])
async def test_pages_of_a_window_are_those_of_a_sorted_list(client, stored, monkeypatch, most, sort) -> None:
    monkeypatch.setattr(features, "EXACT_TO", most)
    features._page.cache_clear()
    rooms = [50, None, 20, 50, 70, None, 20]
    made = {}
    for n, room in enumerate(rooms):
        name = Name(f"点{n % 2}", None)
        identity = await a_resource(
            stored, "shelter", 106.6 + n / 1000, 29.0, capacity_persons=room, name=name
        )
        made[str(identity)] = (name.zh, room)
    await a_resource(stored, "shelter", 107.5, 29.0, capacity_persons=60)

    def place(one: str) -> tuple:
        name, room = made[one]
        by_room = (room is None, -(room or 0))
        return {"": (one,), "&sortby=-capacity_persons": (*by_room, one)}.get(sort, (name, *by_room, one))

    found, path = [], f"{ROOT}/shelters/items?limit=3&bbox=106.5,28.9,106.7,29.1{sort}"
    while path:
        answer = (await client.get(path)).json()
        assert answer.get("numberMatched") == (len(rooms) if most > len(rooms) else None)
        found += [feature["id"] for feature in answer["features"]]
        path = next((link["href"] for link in answer["links"] if link["rel"] == "next"), None)
    assert found == sorted(made, key=place)
    features._page.cache_clear()


async def test_a_drill_stays_in_its_own_world(client, stored) -> None:
    drill = await a_resource(stored, "shelter", exercise="drill")
    assert await ids(client, f"{ROOT}/shelters/items") == []
    answer = (await client.get(f"{ROOT}/shelters/items?exercise=drill")).json()
    assert [feature["id"] for feature in answer["features"]] == [str(drill)]
    described = (await client.get(f"{ROOT}/shelters?exercise=drill")).json()
    items = [link["href"] for link in described["links"] if link["rel"] == "items"]
    assert all("exercise=drill" in href for href in items)


async def test_the_public_neither_sees_nor_finds_out_what_is_internal(client, stored) -> None:
    await a_resource(stored, "shelter", 106.6512, 29.0312, visibility="restricted")
    hidden = await a_resource(stored, "shelter", 106.6512, 29.0312, visibility="internal")
    feature = (await client.get(f"{ROOT}/shelters/items")).json()["features"][0]
    assert feature["id"] == str(hidden)
    assert feature["geometry"]["coordinates"] == [106.675, 29.025]
    assert await ids(client, f"{ROOT}/shelters/items?bbox=106.651,29.031,106.652,29.032") == []
    assert await ids(client, f"{ROOT}/shelters/items?location_quality=surveyed") == []
    assert (await client.get(f"{ROOT}/shelters/items?count=exact")).json()["numberMatched"] == 1


async def test_an_unchanged_list_is_not_sent_again(client, stored) -> None:
    await a_resource(stored, "shelter")
    first = await client.get(f"{ROOT}/shelters/items")
    again = await client.get(f"{ROOT}/shelters/items", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    await a_resource(stored, "shelter")
    changed = await client.get(f"{ROOT}/shelters/items", headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("*/*", "application/geo+json"),
        ("application/json", "application/geo+json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("application/geo+json;q=0.5, text/html;q=0.4", "application/geo+json"),
    ],
)
async def test_the_form_follows_accept(client, stored, accept, media) -> None:
    answer = await client.get(f"{ROOT}/shelters/items", headers={"Accept": accept})
    assert answer.headers["content-type"].startswith(media)


async def test_a_form_nobody_offers_is_406(client) -> None:
    answer = await client.get(f"{ROOT}/shelters/items", headers={"Accept": "image/png"})
    assert answer.status_code == 406


async def test_pages_escape_what_records_say(client, stored) -> None:
    await a_resource(stored, "shelter", name={"zh": "<script>alert(1)</script>"})
    shown = (await client.get(f"{ROOT}/shelters/items?f=html")).text
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown


async def test_a_page_links_to_nothing_but_web_addresses_and_escapes_names_of_members() -> None:
    links = [{"rel": "next", "href": "javascript:alert(1)"}, {"rel": "data", "href": '/a"><script>'}]
    content = {"<script>": {"<script>": "http://x/'><script>"}, "links": links}
    shown = (await html_page(content, "<script>")).decode()
    assert "<script" not in shown
    assert 'href="javascript' not in shown
    assert shown.count("&lt;script&gt;") == 8


async def test_the_past_is_asked_like_the_present(client, stored) -> None:
    await a_resource(stored, "shelter")
    soon = quote((datetime.now(UTC) + timedelta(minutes=1)).isoformat())
    for path in ("items?", "items?f=csv&", "items?f=geojsonseq&"):
        before = await client.get(f"{ROOT}/shelters/{path}as_of=2020-01-01T00:00:00Z")
        after = await client.get(f"{ROOT}/shelters/{path}as_of={soon}")
        assert (before.status_code, after.status_code) == (200, 200)
        assert before.text.count("Test point") == 0
        assert after.text.count("Test point") == 1
    described = (await client.get(f"{ROOT}/shelters?as_of={soon}")).json()
    assert all(f"as_of={soon}" in link["href"] for link in described["links"][2:])


@pytest.mark.parametrize("spot", [(180.0, 90.0), (180.0, -90.0), (-180.0, 0.0), (106.4, 90.0)])
async def test_an_internal_record_on_the_last_edge_of_the_grid_has_a_cell_too(client, stored, spot) -> None:
    identity = await a_resource(stored, "shelter", *spot, visibility="internal")
    shown = (await client.get(f"/v1/resources/{identity}")).json()
    lon, lat = shown["geometry"]["coordinates"]
    assert max(abs(spot[0] - lon), abs(spot[1] - lat)) <= GRID_DEG
    assert abs(lon) < 180
    assert abs(lat) < 90
