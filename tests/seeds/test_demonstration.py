"""The demonstration is complete, invented in plain sight, and always the same."""

from collections import Counter
from typing import Any

import pytest
from shapely.geometry import Point, shape

from registry.domain.records.change import check
from registry.domain.records.resource import Resource
from registry.services.seeding import seed
from registry.services.seeding.demonstration import STAND_INS, YONGXIN, demonstration, holds


@pytest.fixture(scope="module")
def features() -> list[dict[str, Any]]:
    return seed.read_features("places.geojson")


@pytest.fixture(scope="module")
def records(features: list[dict[str, Any]]) -> list[Resource]:
    return demonstration(features)


def test_every_published_total_is_filled(records: list[Resource]) -> None:
    levels = Counter((r.kind, getattr(r.properties, "level", None)) for r in records)
    assert levels["rescue_team", "district"] == 23
    assert levels["rescue_team", "town"] == 21
    assert levels["rescue_team", "community"] == 79
    assert levels["shelter", "district"] + levels["shelter", "town"] == 54
    forms = Counter(getattr(r.properties, "form", None) for r in records)
    assert (forms["infrared_camera"], forms["checkpoint"]) == (9, 14)
    tiers = Counter(getattr(r.properties, "tier", None) for r in records)
    assert tiers["district"] == 1
    assert tiers["town"] > 10
    assert tiers["community"] > 5


def test_each_record_says_that_it_is_invented(records: list[Resource]) -> None:
    for record in records:
        said = record.properties
        check(record)
        assert said.exercise == "demo"
        assert "演示" in str(said.name.zh)
        assert "demo" in str(said.name.en)
        assert [source.confidence for source in said.sources] == ["assumed"]


def test_records_lie_inside_their_towns(records: list[Resource], features: list[dict[str, Any]]) -> None:
    extents = {item["id"]: item["properties"]["extent"] for item in features if item["properties"]["extent"]}
    shapes = {code: shape(extent) for code, extent in extents.items()}
    for record in records:
        assert record.geometry is not None
        town = record.properties.place or ""
        assert shapes[STAND_INS.get(town, town)].covers(Point(record.geometry.coordinates))


def test_the_watch_points_lie_in_the_four_towns_of_the_document(
    records: list[Resource], features: list[dict[str, Any]]
) -> None:
    members = next(item for item in features if item["id"] == "science-city")["properties"]["members"]
    forms = {r.id: getattr(r.properties, "form", None) for r in records}
    assert {r.properties.place for r in records if forms[r.id] == "infrared_camera"} == set(members)
    assert {r.properties.place for r in records if forms[r.id] == "checkpoint"} == {YONGXIN}


def test_the_same_places_give_the_same_records(
    records: list[Resource], features: list[dict[str, Any]]
) -> None:
    assert demonstration(features) == records
    assert len({record.id for record in records}) == len(records)


def test_stock_is_supplied_down_the_tiers(records: list[Resource]) -> None:
    depots = {r.id: r.properties for r in records if r.kind == "supply_depot"}
    parents = {d.tier: depots[d.parent_depot].tier for d in depots.values() if d.parent_depot}
    assert parents == {"town": "district", "community": "town"}
    assert all(d.stock for d in depots.values())


@pytest.mark.parametrize(("x", "y", "inside"), [(1, 1, True), (5, 5, False), (3, 3, False), (2, 1, True)])
def test_holds_follows_the_even_odd_rule(x: float, y: float, inside: bool) -> None:
    outer = [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]
    hole = [[2.5, 2.5], [3.5, 2.5], [3.5, 3.5], [2.5, 3.5], [2.5, 2.5]]
    polygon = {"type": "Polygon", "coordinates": [outer, hole]}
    assert holds(polygon, x, y) is inside
    assert shape(polygon).covers(Point(x, y)) is inside
