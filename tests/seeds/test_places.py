"""The seeded places: complete, in one tree, and towns that partition their district."""

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import shapely
from pyproj import Geod
from shapely.geometry import shape

SEEDS = Path(__file__).parents[2] / "seeds"
GEOD = Geod(ellps="WGS84")


@pytest.fixture(scope="module")
def places() -> dict[str, dict[str, Any]]:
    features = json.loads((SEEDS / "places.geojson").read_text("utf-8"))["features"]
    return {feature["id"]: feature for feature in features}


def area_m2(geometry: shapely.Geometry) -> float:
    return abs(GEOD.geometry_area_perimeter(shapely.orient_polygons(geometry))[0])


def test_parents_and_members_come_first(places: dict[str, dict[str, Any]]) -> None:
    seen: set[str] = set()
    for code, place in places.items():
        properties = place["properties"]
        assert properties["parent"] is None or properties["parent"] in seen
        assert seen.issuperset(properties["members"] or [])
        seen.add(code)


def test_management_areas_hold_the_towns_the_documents_count(places: dict[str, dict[str, Any]]) -> None:
    members = {code: set(places[code]["properties"]["members"]) for code in ("qijiang", "wansheng")}
    assert [len(found) for found in members.values()] == [21, 10]
    assert not members["qijiang"] & members["wansheng"]
    assert all(code.startswith("500110") for found in members.values() for code in found)
    assert {
        places[c]["properties"]["name"]["zh"] for c in places["science-city"]["properties"]["members"]
    } == {
        "曾家镇",
        "含谷镇",
        "金凤镇",
        "虎溪街道",
    }


def test_the_towns_of_qijiang_partition_the_district(places: dict[str, dict[str, Any]]) -> None:
    district = shape(places["500110"]["geometry"])
    towns = [
        shape(p["properties"]["extent"])
        for p in places.values()
        if p["properties"]["parent"] == "500110" and p["properties"]["extent"]
    ]
    assert len(towns) == 27
    whole = area_m2(district)
    assert sum(area_m2(town) for town in towns) == pytest.approx(whole, rel=1e-6)
    assert area_m2(shapely.union_all(towns)) == pytest.approx(whole, rel=1e-6)
    assert all(a.intersection(b).area < 1e-9 for a, b in combinations(towns, 2))


def test_a_town_extent_holds_its_seat_and_what_is_nearest_to_it(places: dict[str, dict[str, Any]]) -> None:
    seats = {
        code: p["properties"]["point"]
        for code, p in places.items()
        if p["properties"]["parent"] == "500110" and p["properties"]["point"]
    }
    for code in seats:
        extent = shape(places[code]["properties"]["extent"])
        inner = extent.buffer(-0.002).representative_point()
        distances = {c: GEOD.inv(inner.x, inner.y, lon, lat)[2] for c, (lon, lat) in seats.items()}
        assert min(distances, key=distances.__getitem__) == code


def test_towns_without_a_seat_have_no_extent(places: dict[str, dict[str, Any]]) -> None:
    without = {p["properties"]["name"]["zh"] for p in places.values() if _is_town(p) and not _extent(p)}
    assert {"文龙街道", "通惠街道", "含谷镇", "香炉山街道", "东林街道", "万东镇"} <= without
    seated = [p["properties"]["point"] for p in places.values() if _is_town(p) and _extent(p)]
    alone = [p["properties"]["point"] for p in places.values() if _is_town(p) and not _extent(p)]
    assert all(point is None or point in seated for point in alone)


def test_boundaries_are_never_called_official(places: dict[str, dict[str, Any]]) -> None:
    bounded = [p for p in places.values() if p["properties"]["extent_basis"] == "boundary"]
    assert len(bounded) == 39
    assert all("not official" in p["properties"]["source"] for p in bounded)


def test_the_six_partners_are_marked(places: dict[str, dict[str, Any]]) -> None:
    partners = {code for code, p in places.items() if p["properties"]["partner"]}
    assert partners == {"500113", "500116", "500119", "520322", "520330", "wansheng"}


def _is_town(place: dict[str, Any]) -> bool:
    return place["properties"]["level"] == "town"


def _extent(place: dict[str, Any]) -> Any:
    return place["properties"]["extent"]
