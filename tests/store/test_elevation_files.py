"""Elevations are read exactly, in their place; what is none is refused with why, before it does harm."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pyproj import Transformer

from registry.domain.intake.files.refusal import RefusedFile
from registry.domain.terrain.tile import (
    CHUNK,
    ElevationTile,
    Window,
    assembled,
    bounds_deg,
    chunks,
    window_of,
)
from registry.store.files.child_process import read_elevation_in_child
from registry.store.files.elevation import MOST_SIDE, read_elevation
from tests.terrain_files import HOSTILE, geotiff, hgt

RANDOM = np.random.default_rng(9)
FLOATS = (RANDOM.random((70, 90)) * 900).astype(np.float32)
INTEGERS = RANDOM.integers(-60, 3000, (70, 90)).astype(np.int16)


@pytest.mark.parametrize("tile", [None, 16, 64])
@pytest.mark.parametrize(("heights", "predictor"), [(FLOATS, 1), (FLOATS, 3), (INTEGERS, 1), (INTEGERS, 2)])
def test_every_height_of_a_geotiff_is_read_exactly(
    heights: NDArray[np.generic], predictor: int, tile: int | None
) -> None:
    read = read_elevation(geotiff(heights, predictor=predictor, tile=tile), "a.tif")
    assert (read.array() == heights.astype(np.float32)).all()


@pytest.mark.parametrize(("point", "shift"), [(False, 0.5), (True, 0.0)])
def test_a_tie_point_is_a_corner_or_a_centre(point: bool, shift: float) -> None:
    read = read_elevation(geotiff(FLOATS, west=106.0, north=30.0, step=0.01, point=point), "a.tif")
    assert (read.first_x, read.first_y) == pytest.approx((106.0 + shift * 0.01, 30.0 - shift * 0.01))
    west, south, east, north = bounds_deg(read)
    assert (east - west, north - south) == pytest.approx((0.9, 0.7))


def test_voids_are_no_pits() -> None:
    """-32768, the number that the file states, infinity and what no ground has are voids."""
    heights = FLOATS.copy()
    heights[0, :5] = [-32768.0, -9999.0, np.inf, np.nan, 3.4e38]
    heights[1, 0] = 777.0
    read = read_elevation(geotiff(heights, no_data="777"), "a.tif").array()
    assert np.isnan(read).sum() == 6 + int((FLOATS == 777.0).sum())
    assert np.nanmin(read) >= 0.0


@pytest.mark.parametrize(
    ("name", "size", "corner"),
    [
        ("N29E106.hgt", (1201, 1201), (106.0, 30.0)),
        ("s01w078.hgt", (1201, 1201), (-78.0, 0.0)),
        ("dir/N60E010.hgt", (3601, 1801), (10.0, 61.0)),
    ],
)
def test_an_hgt_file_lies_where_its_name_says(
    name: str, size: tuple[int, int], corner: tuple[float, float]
) -> None:
    heights = np.arange(size[0] * size[1]).reshape(size) % 2_000
    heights[3, 4] = -32768
    read = read_elevation(hgt(heights), name)
    assert (read.first_x, read.first_y) == corner
    assert (read.step_x, read.step_y) == pytest.approx((1 / (size[1] - 1), 1 / (size[0] - 1)))
    assert np.isnan(read.array()[3, 4])
    assert read.array()[-1, -1] == heights[-1, -1]


def test_an_hgt_file_needs_its_name() -> None:
    with pytest.raises(RefusedFile, match="N29E106"):
        read_elevation(hgt(np.zeros((1201, 1201))), "heights.hgt")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_why(name: str) -> None:
    make, code = HOSTILE[name]
    with pytest.raises(RefusedFile) as refused:
        read_elevation(make(), "N29E106.tif")
    assert refused.value.code == code


async def test_the_reader_of_its_own_process_reads_and_refuses() -> None:
    read = await read_elevation_in_child(geotiff(FLOATS, tile=16, predictor=3), "a.tif")
    assert (read.array() == FLOATS).all()
    with pytest.raises(RefusedFile) as refused:
        await read_elevation_in_child(HOSTILE["cut short"][0](), "a.tif")
    assert refused.value.code == "damaged"


@given(st.binary(max_size=60), st.integers(0, 3000))
def test_no_damaged_byte_gets_through_as_an_error(noise: bytes, at: int) -> None:
    content = bytearray(geotiff(FLOATS[:20, :20]))
    at = min(at, len(content))
    content[at : at + len(noise)] = noise
    try:
        read = read_elevation(bytes(content), "a.tif")
    except RefusedFile:
        return
    assert read.columns <= MOST_SIDE
    assert len(read.heights) == 4 * read.rows * read.columns


def test_a_tile_comes_back_from_its_squares() -> None:
    """Any window of a stored tile is the same part of it, with its place."""
    heights = RANDOM.random((CHUNK + 40, 2 * CHUNK + 7)).astype(np.float32) * 100
    heights[:CHUNK, :CHUNK] = np.nan
    tile = read_elevation(geotiff(heights), "a.tif")
    kept = list(chunks(tile))
    assert [(column, row) for column, row, _ in kept] == [(1, 0), (2, 0), (0, 1), (1, 1), (2, 1)]
    for window in (Window(0, 0, 519, 296), Window(200, 250, 300, 290), Window(512, 255, 519, 257)):
        part = assembled(tile, window, iter(kept))
        same = heights[window.row : window.row_end, window.column : window.column_end]
        assert np.array_equal(part.heights, same, equal_nan=True)
        assert part.first_x == pytest.approx(tile.first_x + window.column * tile.step_x)
        assert part.first_y == pytest.approx(tile.first_y - window.row * tile.step_y)


def test_a_window_holds_a_box_in_any_system() -> None:
    """Each corner of the box lies within the window, and a box elsewhere has an empty one."""
    utm = Transformer.from_crs(4326, 32648, always_xy=True)
    x, y = utm.transform(106.6, 29.0)
    tile = read_elevation(
        geotiff(np.zeros((400, 400), np.int16), west=x, north=y, step=30.0, crs=32648), "a.tif"
    )
    assert isinstance(tile, ElevationTile)
    box = (106.63, 28.93, 106.68, 28.97)
    window = window_of(tile, box)
    for lon, lat in ((box[0], box[1]), (box[2], box[3]), (box[0], box[3]), (box[2], box[1])):
        east, north = utm.transform(lon, lat)
        column, row = (east - tile.first_x) / 30.0, (tile.first_y - north) / 30.0
        assert window.column <= column <= window.column_end - 1
        assert window.row <= row <= window.row_end - 1
    assert window_of(tile, (100.0, 20.0, 100.1, 20.1)).empty
