"""GET /v1/coverage: whole requests over a small world."""

import json
from urllib.parse import quote

import numpy as np
import pytest
import shapely
from pyproj import Geod

from registry.store import places
from tests.builders import a_resource

GEOD = Geod(ellps="WGS84")
PLACE = {
    "list_version": "test",
    "parent": None,
    "name_en": None,
    "extent_radius_m": None,
    "point": None,
    "point_uncertainty_m": None,
    "partner": None,
    "flags": {},
    "valid_from": None,
    "valid_to": None,
    "source": None,
}
DISTRICT = shapely.box(106.0, 29.0, 106.4, 29.2)
TOWNS = {"T1": shapely.box(106.0, 29.0, 106.2, 29.2), "T2": shapely.box(106.2, 29.0, 106.3, 29.2)}


def a_place(code, level, extent=None, basis="boundary", **given):
    shape = None if extent is None else shapely.to_geojson(extent)
    basis = basis if extent is not None else "none"
    return (
        PLACE
        | {"code": code, "level": level, "name_zh": code, "extent": shape, "extent_basis": basis}
        | given
    )


@pytest.fixture
async def world(stored):
    """A district, two towns that leave a part of it, a town without extent, an area of one town."""
    rows = [a_place("D", "district", DISTRICT)]
    rows += [a_place(code, "town", box, "voronoi", parent="D") for code, box in TOWNS.items()]
    rows += [a_place("T3", "town", parent="D"), a_place("M", "management_area", parent="D")]
    rows += [a_place("E", "district")]
    await places.upsert(stored, rows)
    await places.set_members(stored, "M", ["T1"])
    await places.derive(stored)
    return stored


async def watch(writer, lon=106.1, lat=29.1, **given):
    given = {"kind": "fire_watch_point", "form": "infrared_camera", "watch_radius_m": 4_000.0} | given
    return await a_resource(writer, lon=lon, lat=lat, **given)


async def ask(client, **given):
    response = await client.get("/v1/coverage", params={"kind": "fire_watch_point"} | given)
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_district_is_measured_and_parted_by_its_towns(client, world):
    await watch(world)
    await watch(world, lon=106.35, uncertainty_m=500.0)
    answer = await ask(client, place="D")
    ring, widened = np.pi * 4_000.0**2, np.pi * 4_500.0**2
    assert answer["covered_m2"]["nominal"] == pytest.approx(2 * ring, rel=1e-4)
    assert answer["covered_m2"]["upper"] == pytest.approx(ring + widened, rel=1e-4)
    assert answer["area_m2"] == pytest.approx(
        GEOD.geometry_area_perimeter(shapely.segmentize(DISTRICT, 0.001))[0]
    )
    assert [p["place"] for p in answer["by_place"]] == ["T1", "T2", "D"]
    assert sum(p["area_m2"] for p in answer["by_place"]) == pytest.approx(answer["area_m2"], rel=1e-9)
    assert answer["assumed_extent"] == ["T1", "T2"]
    assert answer["counts"] == {"resources": 2, "located": 2, "uncertain": 1, "untestable": 0}


async def test_a_point_known_only_by_its_town_gives_an_interval(client, world):
    await watch(world, lon=None, quality="candidate_places", candidate_places=["T3"], watch_radius_m=30_000.0)
    answer = await ask(client, place="D")
    assert answer["ratio"]["lower"] == answer["ratio"]["nominal"] < 0.9
    assert answer["ratio"]["upper"] == 1.0
    near = await ask(client, place="M")
    assert near["ratio"]["upper"] == 1.0


async def test_what_cannot_be_tested_is_named(client, world):
    await watch(world, form="checkpoint", watch_radius_m=None, name={"zh": "检查站"})
    await watch(world, lon=120.0, form="checkpoint", watch_radius_m=None)
    answer = await ask(client, place="D")
    assert [(u["name"]["zh"], u["reason"]) for u in answer["untestable"]] == [("检查站", "no radius")]
    assert answer["ratio"] == {"lower": 0.0, "nominal": 0.0, "upper": 0.0}


async def test_sight_decides_what_is_counted_and_from_where(client, world):
    await watch(world, visibility="restricted")
    await watch(world, exercise="drill")
    assert (await ask(client, place="D"))["counts"]["resources"] == 0
    assert (await ask(client, place="D", exercise="drill"))["counts"]["resources"] == 1
    await watch(world, lon=106.11, lat=29.11, visibility="internal")
    shown = await ask(client, place="D")
    assert shown["counts"] == {"resources": 1, "located": 1, "uncertain": 1, "untestable": 0}
    assert shown["ratio"]["lower"] < shown["ratio"]["nominal"] < shown["ratio"]["upper"]


async def test_only_what_works_in_service_counts(client, world):
    await watch(world, lifecycle="planned")
    await watch(world, operational="no")
    await watch(world, valid_to="2020-01-01T00:00:00Z")
    assert (await ask(client, place="D"))["counts"]["resources"] == 0
    assert (await ask(client, place="D", lifecycle="planned"))["counts"]["resources"] == 1


async def test_an_area_drawn_by_hand_is_parted_by_the_towns_it_touches(client, world):
    await watch(world)
    area = shapely.to_geojson(shapely.box(106.1, 29.05, 106.35, 29.15))
    answer = await ask(client, area=area)
    assert [p["place"] for p in answer["by_place"]] == ["T1", "T2", None]


async def test_a_watcher_outside_the_area_covers_what_it_reaches(client, world):
    await watch(world, lon=105.98, lat=29.1)
    answer = await ask(client, place="D")
    assert 0 < answer["covered_m2"]["nominal"] < np.pi * 4_000.0**2 / 2


async def test_kinds_without_a_radius_need_one_with_a_reason(client, world):
    await a_resource(world, kind="rescue_team", lon=106.1, lat=29.1)
    for given in ({}, {"radius_m": 3000}, {"radius_m": -1, "reason": "rule"}):
        response = await client.get("/v1/coverage", params={"kind": "rescue_team", "place": "D", **given})
        assert response.status_code == 400
        assert response.headers["content-type"] == "application/problem+json"
    answer = await ask(client, place="D", kind="rescue_team", radius_m=3_000, reason="15 minutes on foot")
    assert answer["covered_m2"]["nominal"] == pytest.approx(np.pi * 3_000.0**2, rel=1e-4)


BOWTIE = json.dumps(
    {"type": "Polygon", "coordinates": [[[106, 29], [107, 30], [107, 29], [106, 30], [106, 29]]]}
)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("place=nowhere", 404),
        ("place=E", 400),
        ("", 400),
        ("place=D&area=" + quote(BOWTIE), 400),
        ("area=" + quote(BOWTIE), 422),
        ("area=" + quote(json.dumps({"type": "Point", "coordinates": [106, 29]})), 400),
        ("area=" + quote(BOWTIE.replace("107", "NaN")), 400),
        ("place=D&colour=red", 400),
    ],
)
async def test_questions_that_cannot_be_asked_are_refused(client, world, query, status):
    response = await client.get(f"/v1/coverage?kind=fire_watch_point&{query}")
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
