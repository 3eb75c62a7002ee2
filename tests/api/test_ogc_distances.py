"""Arithmetic, geometries and distances in filters, against Python, shapely and the geodesics of PROJ."""

import math
import random

import pyproj
import pytest
import shapely

from tests.builders import a_resource

ROOT = "/ogc/collections/shelters/items"
GEOD = pyproj.Geod(ellps="WGS84")
FROM = (106.65, 29.03)
CAPACITIES = [None, 0, 1, 7, 10, 21, 100]


@pytest.fixture
async def spots(client, stored) -> dict[str, tuple[float, float, int | None]]:
    rng = random.Random(11)
    made = {}
    for n in range(40):
        lon, lat = round(rng.uniform(106.5, 106.8), 5), round(rng.uniform(28.9, 29.2), 5)
        capacity = CAPACITIES[n % len(CAPACITIES)]
        made[str(await a_resource(stored, "shelter", lon, lat, capacity_persons=capacity))] = (
            lon,
            lat,
            capacity,
        )
    return made


async def found(client, text: str, **params) -> list[str]:
    answer = await client.get(ROOT, params={"filter": text, "limit": 100, **params})
    assert answer.status_code == 200, answer.text
    return [feature["id"] for feature in answer.json()["features"]]


SUMS = {
    "capacity_persons % 2 = 1": lambda c: c % 2 == 1,
    "capacity_persons div 10 = 2": lambda c: c // 10 == 2,
    "capacity_persons > 10 - 21 div 10": lambda c: c > 8,
    "capacity_persons ^ 2 = 49": lambda c: c**2 == 49,
    "2 ^ capacity_persons >= 1024": lambda c: c == 100 or 2**c >= 1024,
    "(0 - 7) % 2 = 0 - capacity_persons": lambda c: -math.fmod(7, 2) == -c,
    "10 % capacity_persons = 3": lambda c: c != 0 and 10 % c == 3,
    "capacity_persons ^ (0 - 1) < 1": lambda c: c > 1,
    "(0 - capacity_persons) ^ 0.5 > 0": lambda c: False,
}


@pytest.mark.parametrize("text", SUMS)
async def test_sums_against_python(client, spots, text) -> None:
    wanted = {i for i, (_, _, c) in spots.items() if c is not None and SUMS[text](c)}
    assert set(await found(client, text)) == wanted


async def test_distances_against_the_geodesics_of_proj(client, spots) -> None:
    away = {i: GEOD.inv(*FROM, lon, lat)[2] for i, (lon, lat, _) in spots.items()}
    at = f"POINT({FROM[0]} {FROM[1]})"
    for metres in (1_000, 5_000, 12_000.5):
        wanted = {i for i, m in away.items() if m <= metres}
        assert set(await found(client, f"within_m(geometry, {at}, {metres})")) == wanted
        assert set(await found(client, f"distance_m(geometry, {at}) <= {metres}")) == wanted
        assert set(await found(client, f"NOT within_m({at}, geometry, {metres})")) == set(away) - wanted
    nearest = min(away, key=lambda i: away[i])
    exact = away[nearest]
    assert await found(client, f"within_m(geometry, {at}, {exact + 0.01})") == [nearest]
    assert await found(client, f"within_m(geometry, {at}, {exact - 0.01})") == []
    spot = '{"type":"Point","coordinates":[106.65,29.03]}'
    in_json = f'{{"op":"within_m","args":[{{"property":"geometry"}},{spot},5000]}}'
    assert await found(client, in_json, **{"filter-lang": "cql2-json"}) == await found(
        client, f"within_m(geometry, {at}, 5000)"
    )


@pytest.mark.parametrize("limit", [7, 100])
async def test_sorting_by_distance_pages_from_the_nearest(client, spots, limit) -> None:
    away = {i: GEOD.inv(*FROM, lon, lat)[2] for i, (lon, lat, _) in spots.items()}
    walked, path = [], f"{ROOT}?sortby=distance_m&near={FROM[0]},{FROM[1]}&limit={limit}"
    while path:
        page = (await client.get(path)).json()
        walked += [feature["id"] for feature in page["features"]]
        path = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
    assert walked == sorted(away, key=lambda i: away[i])
    assert (await client.get(f"{ROOT}?sortby=distance_m")).status_code == 400
    assert (await client.get(f"{ROOT}?sortby=distance_m&near=200,1")).status_code == 400


async def test_literals_of_many_points_and_of_collections(client, spots) -> None:
    chosen = list(spots.items())[:3]
    points = ", ".join(f"{lon} {lat}" for _, (lon, lat, _) in chosen)
    assert set(await found(client, f"S_WITHIN(geometry, MULTIPOINT({points}))")) == {i for i, _ in chosen}
    lon, lat, _ = chosen[0][1]
    assert await found(client, f"S_EQUALS(geometry, POINT Z({lon} {lat} 300))") == [chosen[0][0]]
    area = shapely.box(106.6, 29.0, 106.7, 29.1)
    mixed = f"GEOMETRYCOLLECTION(POINT({lon} {lat}), {shapely.to_wkt(area)})"
    whole = shapely.union(area, shapely.Point(lon, lat))
    wanted = {i for i, (x, y, _) in spots.items() if whole.intersects(shapely.Point(x, y))}
    assert set(await found(client, f"S_INTERSECTS(geometry, {mixed})")) == wanted
    assert set(await found(client, f"S_DISJOINT(geometry, {mixed})")) == set(spots) - wanted
    alike = (
        f"GEOMETRYCOLLECTION({shapely.to_wkt(area)}, {shapely.to_wkt(shapely.box(106.75, 29, 106.8, 29.1))})"
    )
    inside = {i for i, (x, y, _) in spots.items() if 106.6 < x < 106.7 and 29 < y < 29.1}
    inside |= {i for i, (x, y, _) in spots.items() if 106.75 < x < 106.8 and 29 < y < 29.1}
    assert set(await found(client, f"S_WITHIN(geometry, {alike})")) == inside
    refused = await client.get(ROOT, params={"filter": f"S_WITHIN(geometry, {mixed})"})
    assert (refused.status_code, "one dimension" in refused.text) == (400, True)


async def test_functions_are_described_as_they_are_called(client) -> None:
    described = (await client.get("/ogc/functions")).json()["functions"]
    assert {one["name"] for one in described} == {"distance_m", "within_m"}
    for call in (
        "within_m(geometry, POINT(1 2))",
        "distance_m(POINT(1 2), POINT(1 2)) < 1",
        "far(geometry) < 1",
    ):
        assert (await client.get(ROOT, params={"filter": call})).status_code == 400, call


@pytest.mark.parametrize("code", [4326, 4490])
async def test_a_box_with_longitude_first_is_refused_where_latitude_comes_first(client, code) -> None:
    uri = f"http://www.opengis.net/def/crs/EPSG/0/{code}"
    right = await client.get(ROOT, params={"bbox": "29,106,30,107", "bbox-crs": uri})
    wrong = await client.get(ROOT, params={"bbox": "106,29,107,30", "bbox-crs": uri})
    assert (right.status_code, wrong.status_code) == (200, 400)
    assert "latitude first" in wrong.text
