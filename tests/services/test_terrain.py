"""A terrain model is loaded whole or not at all, and watch points are drawn anew when anything changes."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import shapely

from registry.domain.access.actor import SYSTEM, Actor
from registry.domain.errors import Forbidden, Invalid
from registry.domain.terrain.model import TerrainModel, TerrainStatement
from registry.domain.terrain.seen import SMOKE_HEIGHTS_M, basis_of, draw_seen
from registry.domain.terrain.sight_lines import ElevationDoubt
from registry.services.records.amend import amend
from registry.services.records.work import ANY_VERSION, Edition, Work
from registry.services.terrain.describe import terrain_in_use
from registry.services.terrain.draw_seen import draw_all
from registry.services.terrain.load_model import load_model
from registry.store.database.pool import Row, Writer
from registry.store.terrain import models, seen
from tests.builders import a_resource
from tests.domain.terrain_oracle import hills
from tests.services.test_records import working
from tests.terrain_files import geotiff

LON, LAT, RADIUS_M = 106.65, 29.03, 900.0
DSM = TerrainStatement(surface="dsm", vertical_error_m=2.0, source="a survey of 2025")
GRID = hills(300, LON, LAT, seed=3, relief_m=200.0)
Opened = Callable[[], AbstractAsyncContextManager[Writer]]


@pytest.fixture
def opened(writer: Writer) -> Opened:
    """Opens a savepoint of the test's transaction as a transaction."""

    @asynccontextmanager
    async def begin() -> AsyncIterator[Writer]:
        async with writer.savepoint():
            yield writer

    return begin


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """The hills in two files, west and east."""
    found = []
    for name, columns in (("west.tif", slice(0, 140)), ("east.tif", slice(140, 300))):
        west = GRID.first_x + columns.start * GRID.step_x
        content = geotiff(GRID.heights[:, columns], west=west, north=GRID.first_y, tile=64, point=True)
        found.append(tmp_path / name)
        found[-1].write_bytes(content)
    return found


@pytest.fixture
def whole(tmp_path: Path) -> list[Path]:
    """The hills in one file."""
    file = tmp_path / "whole.tif"
    file.write_bytes(geotiff(GRID.heights, west=GRID.first_x, north=GRID.first_y, point=True))
    return [file]


async def a_tower(writer: Writer, **members: Any) -> UUID:
    usual = {"watch_radius_m": RADIUS_M, "eye_height_m": 20.0, "name": {"zh": "塔"}}
    return await a_resource(writer, "fire_watch_point", LON, LAT, **usual | members)


async def drawn(writer: Writer, identity: UUID, height: float = 20.0) -> Row | None:
    return (await seen.read(writer, "live", [identity], height)).get(identity)


async def change(writer: Writer, identity: UUID, **members: Any) -> None:
    work: Work = working(writer)
    await amend(work, identity, {"properties": members}, Edition(ANY_VERSION))


async def loaded(opened: Opened, files: list[Path], **changes: Any) -> TerrainModel:
    stated = TerrainStatement(**{name: getattr(DSM, name) for name in DSM.__struct_fields__} | changes)
    return await load_model(opened, SYSTEM, stated, files)


async def test_a_watch_point_is_drawn_as_its_elevations_say(
    writer: Writer, opened: Opened, files: list[Path]
) -> None:
    """What is stored is what the whole grid gives, though it came in two files and many squares."""
    tower = await a_tower(writer)
    model = await loaded(opened, files)
    assert (model.cells, model.voids) == (90_000, 0)
    assert await draw_all(opened) == 1
    for height in SMOKE_HEIGHTS_M:
        row = await drawn(writer, tower, height)
        assert row is not None
        assert (row["reason"], row["unknown_m2"], row["model_version"]) == (None, 0.0, model.version)
    (due_before,) = [await seen.due(writer, model.version, 10)]
    assert due_before == []
    row = await drawn(writer, tower)
    assert row is not None
    whole = draw_seen(_lookout(), [GRID], ElevationDoubt(2.0))
    assert isinstance(whole, list)
    expected = shapely.from_wkb(whole[1].nominal)
    apart = shapely.from_wkb(row["nominal"]).symmetric_difference(expected)
    assert apart.area < 0.02 * expected.area
    assert (await terrain_in_use(writer)).watch_points == {"drawn": 1}


def _lookout() -> Any:
    row = {"lon": LON, "lat": LAT, "uncertainty_m": None, "eye_height_m": 20.0, "watch_radius_m": RADIUS_M}
    return seen.lookout_of(row | {"sector_from_deg": None, "sector_to_deg": None})


async def test_it_is_drawn_anew_when_what_it_depends_on_changes(
    writer: Writer, opened: Opened, whole: list[Path]
) -> None:
    tower = await a_tower(writer)
    await loaded(opened, whole)
    await draw_all(opened)
    first = await drawn(writer, tower)
    assert first is not None
    await change(writer, tower, note="painted")
    assert await draw_all(opened) == 1
    same = await drawn(writer, tower)
    assert same is not None
    assert (same["drawn_at"], same["resource_version"]) == (first["drawn_at"], first["resource_version"] + 1)
    bases = {first["basis"]}
    for members in (
        {"eye_height_m": 25.0},
        {"watch_radius_m": 800.0},
        {"sector": {"from_deg": 10, "to_deg": 90}},
    ):
        await change(writer, tower, **members)
        assert await draw_all(opened) == 1
        row = await drawn(writer, tower)
        assert row is not None
        assert row["basis"] not in bases
        bases.add(row["basis"])
    assert await draw_all(opened) == 0


async def test_another_model_takes_the_place_of_the_one_in_use(
    writer: Writer, opened: Opened, whole: list[Path]
) -> None:
    tower = await a_tower(writer)
    first = await loaded(opened, whole)
    await draw_all(opened)
    before = await drawn(writer, tower)
    second = await loaded(opened, whole, vertical_error_m=6.0)
    assert second.version > first.version
    assert second.digest != first.digest
    assert await models.grids_near(writer, first.version, second.bounds, 10**9) == []
    assert await draw_all(opened) == 1
    after = await drawn(writer, tower)
    assert before is not None
    assert after is not None
    lower, sure = (shapely.from_wkb(row["lower"]) for row in (after, before))
    assert lower.area < sure.area
    assert after["basis"] == basis_of(_lookout(), second.digest)


async def test_a_model_is_loaded_whole_or_not_at_all(
    writer: Writer, opened: Opened, whole: list[Path], tmp_path: Path
) -> None:
    model = await loaded(opened, whole)
    broken = tmp_path / "broken.tif"
    broken.write_bytes(whole[0].read_bytes()[:900])
    with pytest.raises(Invalid, match=r"broken\.tif") as refused:
        await loaded(opened, [*whole, broken])
    assert refused.value.field == "files"
    row = await models.current(writer)
    assert row is not None
    assert row["version"] == model.version
    assert await models.grids_near(writer, model.version, model.bounds, 10**9) != []


async def test_only_an_administrator_loads_a_model_and_says_what_is_sound(
    opened: Opened, whole: list[Path]
) -> None:
    with pytest.raises(Forbidden):
        await load_model(opened, Actor(id="p", role="planner"), DSM, whole)
    with pytest.raises(Invalid, match="canopy") as refused:
        await loaded(opened, whole, canopy_m=20.0)
    assert refused.value.field == "canopy_m"
    with pytest.raises(Invalid):
        await loaded(opened, [])


async def test_bare_ground_without_a_canopy_proves_nothing(
    writer: Writer, opened: Opened, whole: list[Path]
) -> None:
    """A dtm whose trees nobody states has no lower end; a stated canopy hides more than none."""
    tower = await a_tower(writer)
    areas = []
    for canopy in (None, 15.0, 0.0):
        await loaded(opened, whole, surface="dtm", canopy_m=canopy)
        await draw_all(opened)
        row = await drawn(writer, tower)
        assert row is not None
        areas.append(shapely.from_wkb(row["lower"]).area)
    assert areas[0] == 0.0
    assert areas[1] < areas[2]


async def test_a_watch_point_outside_the_model_cannot_be_evaluated(
    writer: Writer, opened: Opened, whole: list[Path]
) -> None:
    far = await a_resource(writer, "fire_watch_point", 107.9, 29.5, watch_radius_m=900, eye_height_m=9)
    low = await a_tower(writer, eye_height_m=None)
    await loaded(opened, whole)
    assert await draw_all(opened) == 1
    row = await drawn(writer, far)
    assert row is not None
    assert (row["reason"], row["nominal"]) == ("no_elevations", None)
    assert await drawn(writer, low) is None
    assert (await terrain_in_use(writer)).watch_points == {"no_elevations": 1}


async def test_squares_of_heights_are_stored_exactly() -> None:
    heights = np.where(np.random.default_rng(1).random((37, 251)) < 0.1, np.nan, 812.25).astype(np.float32)
    assert np.array_equal(models.unpack(models.pack(heights), heights.shape), heights, equal_nan=True)
