"""The statements of the coverage questions use their indexes, and find what may reach an area."""

import random

import pytest
import shapely

from registry.domain.access.sight import EVERYTHING, PUBLIC
from registry.domain.conditions import Filter
from registry.store.coverage import watchers
from registry.store.records import changes
from registry.store.visibility import Shape
from tests.builders import A_CHANGE, a_place, a_resource, make

AREA = shapely.to_wkb(shapely.box(106.4, 28.9, 106.6, 29.1))


@pytest.mark.parametrize("clearance", ["public", "internal"])
@pytest.mark.parametrize("stated", [True, False])
async def test_an_area_is_asked_by_index_among_many(conn, writer, clearance, stated) -> None:
    rng = random.Random(7)
    made = [
        make("fire_watch_point", rng.uniform(105, 110), rng.uniform(28, 32), watch_radius_m=5000)
        for _ in range(4000)
    ]
    await changes.load(writer, made, A_CHANGE)
    await conn.execute("ANALYZE resource")
    query = watchers._watchers(Shape(clearance=clearance), frozenset({"kind", "lifecycle"}), stated)
    given = {"kind": "fire_watch_point", "lifecycle": "in_service", "limit": 100}
    given |= {"area": AREA, "search_m": 25_000.0, "unplaced_m": 5_000.0}
    explained = await conn.fetch(f"EXPLAIN {query.text}", *query.args(given))
    plan = "\n".join(row[0] for row in explained)
    assert "Seq Scan on resource" not in plan, plan
    assert "resource_exercise" not in plan, plan


async def test_unlocated_resources_are_found_by_the_places_named_for_them(writer) -> None:
    boxes = {"near": shapely.box(106.5, 29.0, 106.7, 29.2), "far": shapely.box(110, 31, 110.2, 31.2)}
    for code, box in boxes.items():
        await a_place(writer, code, extent=shapely.to_geojson(box), extent_basis="boundary")
    await a_place(writer, "nowhere")
    wanted = {}
    for name, given in {
        "candidate": {"quality": "candidate_places", "candidate_places": ["far", "near"]},
        "own place": {"place": "near"},
        "place without extent": {"place": "nowhere"},
        "no place": {},
        "far away": {"place": "far"},
        "far candidate": {"quality": "candidate_places", "candidate_places": ["far"]},
        "far reach": {"place": "far", "watch_radius_m": 400_000},
    }.items():
        given = {"watch_radius_m": 5_000} | given
        wanted[str(await a_resource(writer, "fire_watch_point", lon=None, **given))] = name
    found = await watchers.find(
        writer,
        PUBLIC,
        Filter(kind="fire_watch_point"),
        area_wkb=AREA,
        radius_m=None,
        limit=100,
    )
    assert {wanted[w.id] for w in found} == {
        "candidate",
        "own place",
        "place without extent",
        "no place",
        "far reach",
    }


async def test_a_hidden_footprint_leaves_an_unlocated_record_in_the_count(writer) -> None:
    footprint = {"type": "Polygon", "coordinates": [[[106.4, 29], [106.5, 29], [106.5, 29.1], [106.4, 29]]]}
    await a_resource(writer, "fire_watch_point", lon=None, visibility="internal", footprint=footprint)
    asked = {"area_wkb": AREA, "radius_m": None, "limit": 9}
    (shown,) = await watchers.find(writer, PUBLIC, Filter(), **asked)
    (seen,) = await watchers.find(writer, EVERYTHING, Filter(), **asked)
    assert (shown.footprint, shown.testable) == (None, False)
    assert seen.footprint is not None
    assert seen.testable
