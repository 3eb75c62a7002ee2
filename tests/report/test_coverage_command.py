"""`registry coverage` from the terminal: tables, JSON and files."""

import asyncio
import json

import pytest
import shapely
from click.testing import CliRunner

from registry.cli.main import registry
from registry.runtime import database
from registry.runtime.database import as_role
from registry.services.seeding import seed
from registry.services.seeding.demonstration import demonstration


@pytest.fixture(scope="module")
def url(new_database):
    """A database with the seeds and the demonstration."""
    made = new_database()

    async def fill():
        async with database.writing(made) as writer:
            await seed.seed(writer)
            await seed.add(writer, demonstration(seed.read_features("places.geojson")))

    with asyncio.Runner() as runner:
        runner.run(fill())
    return made


def run(url, *arguments):
    return CliRunner().invoke(registry, ["coverage", *arguments], env={"DATABASE_URL": as_role(url)})


def test_the_table_says_what_is_known_of_the_nine_points(url):
    shown = run(url, "science-city", "--kind", "fire_watch_point")
    assert shown.exit_code == 0, shown.output
    assert "all 合计" in shown.stdout
    assert "9 resources: 0 located, 9 of uncertain place, 0 could not be tested" in shown.stdout
    answer = json.loads(run(url, "science-city", "--kind", "fire_watch_point", "--json").stdout)
    assert answer["ratio"]["lower"] == 0.0 < answer["ratio"]["upper"]


def test_files_are_written_and_agree_with_the_answer(url, tmp_path):
    gaps, report, picture = (tmp_path / name for name in ("gaps.geojson", "report.html", "map.png"))
    shown = run(
        url,
        *("qijiang", "--kind", "rescue_team", "--exercise", "demo", "--json"),
        *("--radius-m", "5000", "--reason", "a drill"),
        *("--gaps", str(gaps), "--report", str(report), "--png", str(picture)),
    )
    assert shown.exit_code == 0, shown.output
    answer = json.loads(shown.stdout)
    features = json.loads(gaps.read_text())["features"]
    listed = sum(f["properties"]["area_m2"] for f in features)
    assert listed == pytest.approx(answer["area_m2"] - answer["covered_m2"]["nominal"], abs=1e4)
    assert all(shapely.from_geojson(json.dumps(f["geometry"])).is_valid for f in features)
    assert "radius 5000 m: a drill" in report.read_text("utf-8")
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nowhere", "--kind", "shelter", "--radius-m", "500", "--reason", "rule"), "no place nowhere"),
        (("qijiang", "--kind", "shelter"), "has no radius of its own"),
        (("qijiang", "--kind", "shelter", "--radius-m", "500"), "needs a reason"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(url, arguments, sentence):
    shown = run(url, *arguments)
    assert shown.exit_code != 0
    assert sentence in f"{shown.output}{shown.exception}"
