"""A registry for any district: initialised from nothing, served without the sample, with its own levels."""

import asyncio
import json
import math
import os
import re
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from click.testing import CliRunner

from registry.app import create_app
from registry.cli.init import command
from registry.domain.errors import Conflict, Invalid
from registry.runtime.database import as_role
from registry.store.database.probe import is_new
from tests.api.conftest import UNHURRIED, serving

SQUARE = [[104.0, 30.6], [104.1, 30.6], [104.1, 30.7], [104.0, 30.7], [104.0, 30.6]]


def place(code: str, level: str, name: str, **more: Any) -> dict[str, Any]:
    geometry = {"type": "Polygon", "coordinates": [SQUARE]}
    return {
        "type": "Feature",
        "id": code,
        "geometry": geometry,
        "properties": {"name": {"en": name}, "level": level, **more},
    }


def initialise(url: str, tmp_path: Path, features: list[Any], *options: str, monkeypatch: Any) -> Any:
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.delenv("REGISTRY_OWNER_URL", raising=False)
    file = tmp_path / "places.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return CliRunner().invoke(command, [*options, "--places", str(file)])


@pytest.mark.parametrize(
    ("options", "features", "codes"),
    [
        (
            ("--name", "锦江区", "--root", "510104", "--tz", "Asia/Shanghai", "--area-code", "028"),
            [
                place("510104020", "town", "Chunxilu", parent="510104"),
                place("510104", "district", "Jinjiang"),
            ],
            {"510104", "510104020"},
        ),
        (
            ("--name", "Nanao", "--root", "17202", "--levels", "city,school_district", "--vocab", "plain"),
            [place("17202", "city", "Nanao"), place("17202-1", "school_district", "One", parent="17202")],
            {"17202", "17202-1"},
        ),
        (
            ("--name", "Harris County", "--root", "48201", "--levels", "county", "--vocab", "plain"),
            [],
            {"48201"},
        ),
    ],
)
def test_a_registry_starts_for_any_district(
    new_database: Callable[[], str],
    tmp_path: Path,
    monkeypatch: Any,
    options: tuple[str, ...],
    features: list[Any],
    codes: set[str],
) -> None:
    url = new_database()
    result = initialise(url, tmp_path, features, *options, monkeypatch=monkeypatch)
    assert result.exit_code == 0, (result.output, result.exception)

    async def look() -> None:
        connection = await asyncpg.connect(url)
        assert {row["code"] for row in await connection.fetch("SELECT code FROM place")} == codes
        assert await connection.fetchval("SELECT root FROM jurisdiction") == options[3]
        assert not await connection.fetchval("SELECT count(*) FROM resource")
        for table in ("document", "provision", "zone", "rule", "entry"):
            assert not await connection.fetchval(f"SELECT count(*) FROM {table}")
        schemes = {row["scheme"] for row in await connection.fetch("SELECT scheme FROM vocabulary")}
        assert ("gbt38565" in schemes) == ("plain" not in options)
        await connection.close()
        assert not await is_new(url), "serve seeds only what is nobody's"

    asyncio.run(look())
    again = initialise(url, tmp_path, features, *options, monkeypatch=monkeypatch)
    assert isinstance(again.exception, Conflict)


@pytest.mark.parametrize(
    ("features", "reason"),
    [
        ([place("1", "town", "A"), place("1", "town", "B")], "twice"),
        ([place("1", "town", "A", parent="nowhere")], "nowhere"),
        ([place("1", "town", "A", parent="2"), place("2", "town", "B", parent="1")], "under itself"),
        ([place("1", "planet", "A")], "planet is no level"),
    ],
)
def test_a_file_that_cannot_be_used_leaves_nothing(
    new_database: Callable[[], str], tmp_path: Path, monkeypatch: Any, features: list[Any], reason: str
) -> None:
    url = new_database()
    result = initialise(url, tmp_path, features, "--name", "X", "--root", "9", monkeypatch=monkeypatch)
    assert isinstance(result.exception, Invalid)
    assert reason in str(result.exception)
    assert asyncio.run(is_new(url))


@pytest.fixture
def fresh_url(new_database: Callable[[], str]) -> str:
    """A database that nobody initialised."""
    return new_database()


PAGE = Path(__file__).parents[1] / "docs" / "howto" / "your-district.md"
SECTIONS = re.findall(r"```bash\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize(
    ("lines", "spot", "chain"),
    list(
        zip(
            SECTIONS,
            [(104.1, 30.65), (136.95, 37.02), (-95.5, 30.0)],
            [["510104020", "510104"], ["17202-yata", "17202"], ["48201-1", "48201"]],
            strict=True,
        )
    ),
    ids=["510104", "17202", "48201"],
)
async def test_the_lines_of_the_page_start_a_registry(
    fresh_url: str, tmp_path: Path, lines: str, spot: tuple[float, float], chain: list[str]
) -> None:
    url = fresh_url
    (tmp_path / "dev").write_text(f'#!/bin/sh\nshift\nexec {sys.executable} -m registry "$@"\n')
    (tmp_path / "dev").chmod(0o755)
    home = Path(__file__).parents[1]
    environment = os.environ | {"DATABASE_URL": as_role(url), "REGISTRY_OWNER_URL": url}
    environment["PYTHONPATH"] = str(home)
    process = await asyncio.create_subprocess_exec(
        "bash", "-euc", lines, cwd=tmp_path, env=environment, stdout=PIPE, stderr=PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert b"places" in out
    assert "stored 已提交: new 新增 2" in out.decode()
    assert "not read" not in out.decode()
    async with serving(create_app(UNHURRIED, as_role(url))) as client:
        told = (await client.get("/v1/jurisdiction")).json()
        assert told["jurisdiction"]["root"] == chain[-1]
        west, south, east, north = told["home"]
        assert west < spot[0] < east
        assert south < spot[1] < north
        asked = await client.get("/v1/places/containing", params={"lon": spot[0], "lat": spot[1]})
        assert [place["id"] for place in asked.json()["features"]] == chain
        page = await client.get("/v1/places")
        assert not re.search("qijiang|chongqing|綦江|重庆|500000", page.text, re.IGNORECASE)


def test_a_city_by_the_sea_has_a_border_of_many_islands(
    new_database: Callable[[], str], tmp_path: Path, monkeypatch: Any
) -> None:
    url = new_database()
    coast = [[104 + math.cos(turn / 3000) / 10, 30 + math.sin(turn / 3000) / 10] for turn in range(18_000)]
    islands = [
        [
            [
                [104.2 + n / 1e4, 30],
                [104.20005 + n / 1e4, 30],
                [104.2 + n / 1e4, 30.0001],
                [104.2 + n / 1e4, 30],
            ]
        ]
        for n in range(1_000)
    ]
    city = place("17202", "city", "Nanao")
    city["geometry"] = {"type": "MultiPolygon", "coordinates": [[[*coast, coast[0]]], *islands]}
    options = ("--name", "Nanao", "--root", "17202", "--levels", "city", "--vocab", "plain")
    result = initialise(url, tmp_path, [city], *options, monkeypatch=monkeypatch)
    assert result.exit_code == 0, (result.output, result.exception)
    assert "1 places" in result.output
