"""What an index orders by is never farther away than the shape that it stands for."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from registry.domain.proximity.outline import outline

SEEDS = Path(__file__).parent.parent.parent / "seeds" / "places.geojson"
CHANCE = np.random.default_rng(20261120)
FARTHER = """
SELECT max((spot <-> hull) - ST_Distance(spot, origin, false)) AS most
  FROM (SELECT ST_SetSRID(ST_GeomFromWKB($2), 4326)::geography AS hull,
               ST_Segmentize(ST_SetSRID(ST_GeomFromWKB($1), 4326), 0.01)::geography AS origin) AS given,
       LATERAL (SELECT ST_SetSRID(ST_MakePoint(lon, lat), 4326)::geography AS spot
                  FROM unnest($3::float[], $4::float[]) AS at (lon, lat)) AS spots
"""


def star(lon: float, lat: float, size: float, corners: int, wild: float) -> Any:
    """An area whose border runs in and out; stretched, so that its edges differ in direction and length."""
    turn = np.sort(CHANCE.uniform(0, 2 * np.pi, corners))
    reach = size * CHANCE.uniform(1 - wild, 1, corners)
    ring = np.column_stack((lon + 2 * reach * np.cos(turn), lat + reach * np.sin(turn)))
    return shapely.make_valid(shapely.Polygon(ring))


def drawn() -> Iterator[Any]:
    """Areas, islands, a ring with a hole, slivers and lines, small and large, at many latitudes."""
    for lat in (-62, 0.3, 29, 55, 78):
        for size in (0.0005, 0.02, 0.7, 5):
            for corners, wild in ((4, 0.2), (40, 0.7), (700, 0.9)):
                yield star(106.0, lat, size, corners, wild)
            yield shapely.MultiPolygon(
                [shapely.box(100 + n * 3 * size, lat, 100 + (n * 3 + 1) * size, lat + size) for n in range(3)]
            )
            yield shapely.buffer(shapely.Point(90, lat), size).difference(
                shapely.buffer(shapely.Point(90, lat), size / 2)
            )
            yield shapely.box(80, lat, 80 + 3 * size, lat + size / 1000)
            walk = np.cumsum(CHANCE.normal(0, size / 10, (200, 2)), axis=0)
            yield shapely.LineString(walk + np.array([106, lat]))
            yield shapely.MultiLineString([[(100, lat), (100 + size, lat + size)], [(103, lat), (104, lat)]])
    yield shapely.box(177, 50, 180, 51)
    yield shapely.box(-180, 40, -91, 60)


async def test_nothing_is_farther_from_the_outline_than_from_the_shape(conn) -> None:
    tried = 0
    for shape in drawn():
        if shape.geom_type not in ("Polygon", "MultiPolygon", "LineString", "MultiLineString"):
            continue
        text = shapely.to_wkb(shape)
        outer = outline(text)
        assert shapely.covers(shapely.from_wkb(outer), shape), shape.wkt[:200]
        west, south, east, north = shape.bounds
        around = np.ptp([west, east]) + np.ptp([south, north])
        lons = CHANCE.uniform(max(-180, west - around), min(180, east + around), 60)
        lats = CHANCE.uniform(max(-90, south - around), min(90, north + around), 60)
        most = await conn.fetchval(FARTHER, text, outer, list(lons), list(lats))
        assert most <= 1e-3, (most, shape.wkt[:200])
        tried += 1
    assert tried > 140


@pytest.mark.parametrize("box", [(-180, -10, 180, 10), (-64, -90, -12, 6), (30, 0, 119, 90), (0, 88, 40, 90)])
def test_what_is_hard_to_tell_on_a_sphere_stands_for_itself(box: tuple[float, ...]) -> None:
    """Grown, it might be taken for the other side of its border."""
    shape = shapely.box(*box)
    assert shapely.equals(shapely.from_wkb(outline(shapely.to_wkb(shape))), shape)


def test_what_runs_to_and_fro_is_not_grown_line_by_line() -> None:
    """Anybody may ask about it, and meanwhile nobody else would be answered."""
    zigzag = shapely.LineString([(106 + n / 10_000, 29 + n % 2) for n in range(10_000)])
    wild = shapely.LineString(CHANCE.uniform((100, 20), (110, 30), (10_000, 2)))
    for shape in (zigzag, wild):
        begun_s = time.process_time()
        outer = shapely.from_wkb(outline(shapely.to_wkb(shape)))
        assert time.process_time() - begun_s < 2
        assert shapely.covers(outer, shape)
        assert len(shapely.get_coordinates(outer)) < 500


@pytest.mark.parametrize("code", ["500000", "500110"])
def test_an_outline_has_few_corners_and_runs_close_by(code: str) -> None:
    """An index compares every record that it looks at with each of them."""
    places = json.loads(SEEDS.read_bytes())["features"]
    extent = next(one["geometry"] for one in places if one["id"] == code)
    shape = shapely.from_geojson(json.dumps(extent))
    outer = shapely.from_wkb(outline(shapely.to_wkb(shape)))
    assert shapely.covers(outer, shape)
    assert len(shapely.get_coordinates(outer)) < 200 < len(shapely.get_coordinates(shape))
    assert outer.area < 1.25 * shape.area
