"""Faults of borders against PostGIS, over the route and on the command line."""

import json
import random
import time
from typing import Any

import asyncpg
import pytest
import shapely
from click.testing import CliRunner

from registry.cli.intake.boundaries import command
from registry.domain.places.boundaries import DrawnPlace, boundary_faults
from registry.domain.values import Name
from registry.runtime.database import as_role
from registry.store.database.pool import Writer, prepare
from registry.store.places import places
from tests.builders import a_place

OVERLAP = """
SELECT ST_Area(ST_Intersection(ST_GeomFromWKB($1, 4326), ST_GeomFromWKB($2, 4326))::geography) AS m2
"""
OUTSIDE = """
SELECT 100 * ST_Area(ST_Difference(ST_GeomFromWKB($1, 4326), ST_GeomFromWKB($2, 4326)))
    / ST_Area(ST_GeomFromWKB($1, 4326)) AS percent
"""
REST = """
SELECT coalesce(sum(ST_Area(piece.geom::geography)), 0) AS m2 FROM ST_Dump(
    ST_Difference(ST_GeomFromWKB($1, 4326), ST_Union(ARRAY(
        SELECT ST_GeomFromWKB(one, 4326) FROM unnest($2::bytea[]) AS one
    )))
) AS piece WHERE ST_Area(piece.geom::geography) >= 100
"""


def drawn(code: str, shape: Any) -> DrawnPlace:
    return DrawnPlace(
        code=code, name=Name(None, code), border=None if shape is None else shapely.to_wkb(shape)
    )


def wobbly(rng: random.Random, west: float, south: float) -> Any:
    """A village of some hundred metres whose corners are off by up to a tenth."""
    corners = [(0, 0), (1, 0), (1, 1), (0, 1)]
    off = [
        (west + (x + rng.uniform(-0.1, 0.1)) / 100, south + (y + rng.uniform(-0.1, 0.1)) / 100)
        for x, y in corners
    ]
    return shapely.Polygon(off)


@pytest.mark.parametrize("seed", range(6))
async def test_faults_are_those_of_postgis(conn, seed) -> None:
    rng = random.Random(seed)
    whole = drawn("town", shapely.box(106.0, 29.0, 106.04, 29.04))
    shapes = {f"{x}{y}": wobbly(rng, 106 + x / 100, 29 + y / 100) for x in range(4) for y in range(4)}
    missing = rng.choice(sorted(shapes))
    del shapes[missing]
    faults = boundary_faults(whole, [drawn(code, shape) for code, shape in shapes.items()])
    told: dict[tuple[str, ...], float] = {}
    for fault in faults:
        if fault.finding.code == "borders_overlap":
            told[tuple(fault.places)] = told.get(tuple(fault.places), 0) + (fault.area_m2 or 0)
    codes = sorted(shapes)
    for n, one in enumerate(codes):
        for other in codes[n + 1 :]:
            m2 = await conn.fetchval(OVERLAP, shapely.to_wkb(shapes[one]), shapely.to_wkb(shapes[other]))
            assert told.get((one, other), 0) == pytest.approx(m2, rel=1e-5, abs=100), (one, other)
        percent = await conn.fetchval(OUTSIDE, shapely.to_wkb(shapes[one]), whole.border)
        said = [f for f in faults if f.finding.code == "outside_parent" and f.places == [one]]
        assert bool(said) == (percent > 1), one
        assert not said or f"{percent:.1f} %" in said[0].finding.message.en
    rest = [fault.area_m2 for fault in faults if fault.finding.code in ("border_gap", "ground_of_nobody")]
    every = [shapely.to_wkb(shape) for shape in shapes.values()]
    assert sum(rest) == pytest.approx(await conn.fetchval(REST, whole.border, every), rel=1e-5)
    largest = max(faults, key=lambda fault: (fault.finding.code == "ground_of_nobody", fault.area_m2 or 0))
    assert largest.area_m2 > 500_000, f"{missing} is missing"


def test_neighbours_that_share_a_border_have_no_faults() -> None:
    halves = [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]
    whole = drawn("w", shapely.box(0, 0, 2, 1))
    assert boundary_faults(whole, [drawn(str(n), half) for n, half in enumerate(halves)]) == []
    assert boundary_faults(whole, [drawn("undrawn", None)]) == []
    codes = [f.finding.code for f in boundary_faults(whole, [drawn("a", halves[0]), drawn("b", None)])]
    assert codes == ["ground_of_nobody", "border_missing"]


def test_a_gap_between_two_drawings_of_a_border_is_narrow() -> None:
    parts = [shapely.box(0, 0, 1, 1), shapely.box(1.0001, 0, 2, 1)]
    faults = boundary_faults(
        drawn("w", shapely.box(0, 0, 2, 1)), [drawn(str(n), p) for n, p in enumerate(parts)]
    )
    assert [fault.finding.code for fault in faults] == ["border_gap"]
    assert "11.1 m wide" in faults[0].finding.message.en


def test_ten_thousand_villages_take_seconds() -> None:
    rng = random.Random(1)
    villages = [
        drawn(f"{x}-{y}", wobbly(rng, 100 + x / 100, 29 + y / 100)) for x in range(100) for y in range(100)
    ]
    began = time.process_time()
    assert len(boundary_faults(drawn("w", shapely.box(100, 29, 101, 30)), villages)) > 10_000
    assert time.process_time() - began < 10


SQUARE = {"type": "Polygon", "coordinates": [[[106, 29], [107, 29], [107, 30], [106, 30], [106, 29]]]}
PART = {"type": "Polygon", "coordinates": [[[106, 29], [106.6, 29], [106.6, 30], [106, 30], [106, 29]]]}
OTHER = {"type": "Polygon", "coordinates": [[[106.5, 29], [107, 29], [107, 30], [106.5, 30], [106.5, 29]]]}


async def fill(writer: Writer) -> None:
    for code, parent, extent in (("d", None, SQUARE), ("a", "d", PART), ("b", "d", OTHER)):
        await a_place(writer, code, parent, extent=json.dumps(extent), extent_basis="boundary")
    await a_place(writer, "c", "d")
    await a_place(writer, "m", "d", level="management_area")
    await places.set_members(writer, "m", ["a"])
    await places.derive(writer)


def test_the_command_reports_faults_and_says_so_by_its_exit_code(new_database, tmp_path) -> None:
    import asyncio

    url = new_database()

    async def store() -> None:
        connection = await asyncpg.connect(url)
        await prepare(connection)
        await fill(Writer(connection))
        await connection.close()

    asyncio.run(store())
    environment = {"DATABASE_URL": as_role(url)}
    told = CliRunner().invoke(command, ["d", "--json"], env=environment)
    assert told.exit_code == 1, told.output
    assert json.loads(told.output)["counts"] == {"borders_overlap": 1, "border_missing": 1}
    shown = CliRunner().invoke(command, ["d"], env=environment).output
    assert "a, b: the borders of a and b overlap by" in shown.replace("Place ", "")
    assert CliRunner().invoke(command, ["a"], env=environment).exit_code == 0
