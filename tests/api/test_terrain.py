"""Coverage by line of sight: what is asked, what is counted, and what is not decided."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import shapely
from pyproj import Geod

from registry.domain.access.actor import SYSTEM
from registry.domain.terrain.model import TerrainStatement
from registry.services.terrain.draw_seen import draw_some
from registry.services.terrain.load_model import load_model
from registry.store.database.pool import Writer
from registry.store.places import places
from registry.store.terrain import models, seen
from tests.api.test_coverage import a_place
from tests.builders import a_resource, an_inventory
from tests.domain.terrain_oracle import grid_around
from tests.terrain_files import geotiff
from tests.waiting import until

GEOD = Geod(ellps="WGS84")
LON, LAT, RADIUS_M = 106.1, 29.1, 2_000.0
DISTRICT = shapely.box(106.0, 29.0, 106.2, 29.2)
ASKED = {"kind": "fire_watch_point", "place": "D", "sight": "terrain", "smoke_height_m": 20}


async def load(writer: Writer, tmp_path: Path, wall_m: float = 200.0, **stated: Any) -> None:
    """A plain with a wall from west to east, 600 m north of the tower."""
    heights = np.full((301, 301), 100.0)
    heights[150 - 20 : 150 - 18, :] = 100.0 + wall_m
    grid = grid_around(heights, LON, LAT)
    file = tmp_path / "wall.tif"
    file.write_bytes(geotiff(grid.heights, west=grid.first_x, north=grid.first_y, point=True))
    values = {"surface": "dsm", "vertical_error_m": 2.0, "source": "a wall"} | stated
    await load_model(opening(writer), SYSTEM, TerrainStatement(**values), [file])


def opening(writer: Writer) -> Any:
    @asynccontextmanager
    async def begin() -> AsyncIterator[Writer]:
        async with writer.savepoint():
            yield writer

    return begin


async def draw(writer: Writer) -> None:
    """Wait until nothing is due: the application draws too."""

    async def nothing_due() -> bool:
        await draw_some(opening(writer))
        model = await models.current(writer)
        return model is None or not await seen.due(writer, model["version"], 1)

    await until(nothing_due)


@pytest.fixture
async def world(stored: Writer) -> Writer:
    """A district whose list of watch points is complete."""
    await places.upsert(stored, [a_place("D", "district", DISTRICT)])
    await places.derive(stored)
    await an_inventory(stored, "fire_watch_point")
    return stored


async def a_tower(writer: Writer, lon: float = LON, lat: float = LAT, **members: Any) -> str:
    usual = {"form": "watchtower", "watch_radius_m": RADIUS_M, "eye_height_m": 15.0}
    return str(await a_resource(writer, "fire_watch_point", lon, lat, **usual | members))


def stated(asked: dict[str, Any]) -> dict[str, Any]:
    """The parameters that have a value."""
    return {name: value for name, value in asked.items() if value is not None}


async def ask(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    response = await client.get("/v1/coverage", params=stated(ASKED | changes))
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def spot(azimuth: float, away_m: float) -> dict[str, float]:
    lon, lat, _ = GEOD.fwd(LON, LAT, azimuth, away_m)
    return {"lon": float(lon), "lat": float(lat)}


async def covering(client: httpx.AsyncClient, at: dict[str, float], **changes: Any) -> dict[str, Any]:
    asked = at | {"sight": "terrain", "smoke_height_m": 20} | changes
    response = await client.get("/v1/proximity/covering", params=stated(asked))
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


async def test_a_wall_takes_the_ground_behind_it(client, world, tmp_path) -> None:
    """What is covered is the disc before the wall; smoke that rises over it is seen again."""
    await a_tower(world)
    await load(world, tmp_path)
    await draw(world)
    disc = np.pi * RADIUS_M**2
    half = float(np.arccos(0.3))
    before = disc - RADIUS_M**2 * (half - np.sin(2 * half) / 2)
    found = await ask(client)
    covered = found["covered_m2"]
    assert covered["lower"] < covered["nominal"] < covered["upper"]
    assert covered["nominal"] == pytest.approx(before, rel=0.05)
    assert found["sight"] | {"unknown_m2": 0} == {
        "smoke_height_m": 20.0,
        "model": {"version": found["sight"]["model"]["version"], "surface": "dsm", "vertical_error_m": 2.0,
                  "canopy_m": None, "source": "a wall"},
        "by_terrain": 1,
        "by_radius": 0,
        "by_footprint": 0,
        "unknown_m2": 0,
    }  # fmt: skip
    by_radius = await ask(client, sight="radius", smoke_height_m=None)
    assert "sight" not in by_radius
    assert by_radius["covered_m2"]["nominal"] == pytest.approx(disc, rel=1e-3)
    higher = await ask(client, smoke_height_m=100)
    assert higher["covered_m2"]["nominal"] >= covered["nominal"]


async def test_every_analysis_takes_the_ground_that_is_seen(client, world, tmp_path) -> None:
    tower = await a_tower(world)
    await load(world, tmp_path)
    await draw(world)
    nominal = (await ask(client))["covered_m2"]["nominal"]

    async def post(path: str, **more: Any) -> dict[str, Any]:
        response = await client.post(f"/v1/coverage{path}", json=ASKED | more)
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    gaps = await post("/gaps")
    assert gaps["covered_m2"]["nominal"] == pytest.approx(nominal)
    assert gaps["sight"]["by_terrain"] == 1
    depth = await post("/depth")
    assert depth["levels"][0]["area_m2"]["nominal"] == pytest.approx(nominal, rel=1e-6)
    assert depth["sight"]["by_terrain"] == 1
    critical = await post("/criticality")
    assert critical["resources"][0]["sole_m2"]["nominal"] == pytest.approx(nominal, rel=1e-6)
    assert critical["sight"]["by_terrain"] == 1
    moved = await post(
        "/scenario",
        scenario={"move": [{"id": tower, "geometry": {"type": "Point", "coordinates": [106.12, 29.08]}}]},
    )
    assert moved["before"]["sight"]["by_terrain"] == 1
    assert moved["after"]["sight"] | {"model": None} == {
        "smoke_height_m": 20.0, "model": None, "by_terrain": 0, "by_radius": 1, "by_footprint": 0,
        "unknown_m2": 0,
    }  # fmt: skip
    assert moved["after"]["covered_m2"]["lower"] == 0.0
    points = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "geometry": {"type": "Point", "coordinates": [106.05 + 0.05 * i, 29.05]}}
            for i in range(3)
        ],
    }
    how = {"radius_m": 3000, "sites": 1}
    sites = await post("/siting", siting=how, candidates=points, demand=points)
    assert sites["before"]["sight"]["by_terrain"] == 1
    assert sites["after"]["sight"] | {"model": None} == moved["after"]["sight"] | {
        "model": None,
        "by_terrain": 1,
    }


@pytest.mark.parametrize(
    ("members", "lacks"),
    [({"eye_height_m": None}, "eye_height_m"), ({}, "terrain"), ({"eye_height_m": 16.0}, "drawing")],
)
async def test_what_cannot_be_evaluated_is_named_and_proves_nothing(
    client, world, tmp_path, members: dict[str, Any], lacks: str
) -> None:
    """Without the height of the eye, without a model, or with a drawing of another height."""
    tower = await a_tower(world)
    if lacks != "terrain":
        await load(world, tmp_path)
        await draw(world)
        await world.script(
            f"UPDATE resource SET eye_height_m = {members['eye_height_m'] or 'NULL'} WHERE id = '{tower}'"
        )
    found = await ask(client)
    disc = np.pi * RADIUS_M**2
    assert found["covered_m2"]["lower"] == 0.0
    assert found["covered_m2"]["nominal"] == pytest.approx(disc, rel=1e-3)
    assert (found["sight"]["by_terrain"], found["sight"]["by_radius"]) == (0, 1)
    named = [(one["id"], one["reason"], one["unknown"]) for one in found["undecided"]["resources"]]
    reason = "unknown_value" if lacks == "eye_height_m" else "no_line_of_sight"
    assert named == [(tower, reason, [lacks])]
    there = await covering(client, spot(180, 500))
    assert there["features"] == []
    assert [(one["id"], one["unknown"]) for one in there["undecided"]["resources"]] == [(tower, [lacks])]


async def test_a_spot_is_covered_by_who_sees_it(client, world, tmp_path) -> None:
    """Before the wall for certain; behind it the ground hides it, and the answer says so."""
    tower = await a_tower(world)
    await load(world, tmp_path)
    await draw(world)
    south = await covering(client, spot(180, 1_500))
    assert [(f["id"], f["properties"]["certain"]) for f in south["features"]] == [(tower, True)]
    assert south["sight"]["by_terrain"] == 1
    behind = await covering(client, spot(0, 1_200))
    assert behind["features"] == []
    assert behind["excluded"]["line_of_sight"]["otherwise"] == 1
    assert behind["excluded"]["line_of_sight"]["nearest"]["id"] == tower
    assert behind["undecided"]["count"] == 0
    by_radius = await covering(client, spot(0, 1_200), sight="radius", smoke_height_m=None)
    assert [f["id"] for f in by_radius["features"]] == [tower]
    body = {"origin": spot(0, 1_200), "sight": "terrain", "smoke_height_m": 20}
    posted = await client.post("/v1/proximity/covering", json=body)
    assert posted.status_code == 200
    assert posted.json()["excluded"] == behind["excluded"]


async def test_the_public_gets_no_sight_of_an_internal_watch_point(client, signed, world, tmp_path) -> None:
    """What it sees would tell where it stands: its cell counts, for nothing at least."""
    tower = await a_tower(world, visibility="internal")
    await load(world, tmp_path)
    await draw(world)
    public = await ask(client)
    assert (public["sight"]["by_terrain"], public["sight"]["by_radius"]) == (0, 1)
    assert public["covered_m2"]["lower"] == 0.0
    there = await covering(client, spot(180, 500))
    assert [one["id"] for one in there["undecided"]["resources"]] == [tower]
    staff = await client.get("/v1/coverage", params=ASKED, headers=await signed("viewer"))
    assert staff.json()["sight"]["by_terrain"] == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"smoke_height_m": None}, "smoke_height_m"),
        ({"smoke_height_m": 33}, "smoke_height_m"),
        ({"sight": "radius"}, "smoke_height_m"),
        ({"radius_m": 3000, "reason": "as agreed"}, "radius_m"),
        ({"kind": "shelter"}, "sight"),
    ],
)
async def test_a_wrong_question_says_which_field(client, world, changes: dict[str, Any], field: str) -> None:
    response = await client.get("/v1/coverage", params=stated(ASKED | changes))
    assert response.status_code == 400, response.text
    assert [one["parameter"] for one in response.json()["errors"]] == [field]


async def test_the_shadow_of_a_watch_point_is_drawn_within_its_circle(client, world, tmp_path) -> None:
    """The parts are disjoint and make the circle; the ground behind the wall is hidden."""
    tower = await a_tower(world)
    await load(world, tmp_path)
    await draw(world)
    response = await client.get(f"/v1/resources/{tower}/seen", params={"smoke_height_m": 20})
    assert response.status_code == 200, response.text
    found = response.json()
    parts = {f["properties"]["part"]: shapely.geometry.shape(f["geometry"]) for f in found["features"]}
    areas = {f["properties"]["part"]: f["properties"]["area_m2"] for f in found["features"]}
    assert set(parts) == {"seen", "perhaps", "hidden"}
    assert sum(areas.values()) == pytest.approx(np.pi * RADIUS_M**2, rel=0.02)
    behind, before = (shapely.Point(*spot(turn, 1_200).values()) for turn in (0, 180))
    assert parts["hidden"].covers(behind)
    assert parts["seen"].covers(before)
    assert (found["missing"], found["sight"]["by_terrain"]) == (None, 1)
    low = await a_tower(world, eye_height_m=None)
    unknown = (await client.get(f"/v1/resources/{low}/seen", params={"smoke_height_m": 20})).json()
    assert (unknown["features"], unknown["missing"]) == ([], "eye_height_m")
    assert (await client.get(f"/v1/resources/{tower}/seen")).status_code == 400
    nobody = await a_resource(world, "shelter", LON, LAT)
    other = await client.get(f"/v1/resources/{nobody}/seen", params={"smoke_height_m": 20})
    assert other.status_code == 404
