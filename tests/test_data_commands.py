"""`registry seed` and `./dev generate` from the terminal."""

import asyncio
import json
from pathlib import Path

import asyncpg
import pytest
from click.testing import CliRunner

from benchmarks.loadgen.command import command as generate
from registry.cli.main import registry
from registry.runtime.database import as_role
from registry.services.seeding import seed
from tests.domain.terrain_oracle import hills
from tests.terrain_files import geotiff

PROVISIONS = len(json.loads((seed.SEEDS / "provisions.json").read_text("utf-8")))


@pytest.fixture(scope="module")
def url(new_database) -> str:
    made: str = new_database()
    assert run(made, "seed").exit_code == 0
    return made


def run(url: str, *arguments: str):
    command, rest = (generate, arguments[1:]) if arguments[0] == "generate" else (registry, arguments)
    return CliRunner().invoke(command, list(rest), env={"DATABASE_URL": url})


def counted(url: str) -> dict[str, int]:
    async def ask() -> dict[str, int]:
        connection = await asyncpg.connect(url)
        rows = await connection.fetch("SELECT realm, count(*) AS n FROM resource GROUP BY realm")
        await connection.close()
        return {row["realm"]: row["n"] for row in rows}

    with asyncio.Runner() as runner:
        return runner.run(ask())


def test_seeding_says_how_well_the_records_are_located(url: str) -> None:
    shown = run(url, "seed", "--demo")
    assert shown.exit_code == 0
    assert "46 resources of the plan documents (0 new)" in shown.output
    for words in ("somewhere in named towns", "place unknown", f"{PROVISIONS} provisions"):
        assert words in shown.output
    assert counted(url)["demo"] == 228


def test_generating_replaces_only_when_told(url: str) -> None:
    assert run(url, "generate", "300", "--exercise", "load-cli").exit_code == 0
    again = run(url, "generate", "200", "--exercise", "load-cli")
    assert again.exit_code == 1
    assert counted(url)["load-cli"] == 300
    assert run(url, "generate", "200", "--exercise", "load-cli", "--replace").exit_code == 0
    found = counted(url)
    assert (found["load-cli"], found["live"]) == (200, 46)


@pytest.mark.parametrize(
    "arguments",
    [
        ("10",),
        ("10", "--exercise", "live"),
        ("10", "--exercise", "Robert'); DROP TABLE place"),
        ("10", "--exercise", "x", "--live"),
        ("0", "--exercise", "x"),
        ("-5", "--exercise", "x"),
        ("many", "--exercise", "x"),
    ],
)
def test_a_load_that_makes_no_sense_is_refused(url: str, arguments: tuple[str, ...]) -> None:
    before = counted(url)
    assert run(url, "generate", *arguments).exit_code == 2
    assert counted(url) == before


def asked_of(url: str, *arguments: str):
    """A command as the application's role."""
    return CliRunner().invoke(
        registry, list(arguments), env={"DATABASE_URL": as_role(url), "REGISTRY_OWNER_URL": url}
    )


def test_elevations_are_loaded_drawn_and_asked_over(url: str, tmp_path: Path) -> None:
    """A model of two files, shown as what it is; a broken one is refused and leaves it in use."""
    whole = hills(160, 106.65, 29.03, seed=1)
    for name, part in (("west.tif", slice(0, 80)), ("east.tif", slice(80, 160))):
        west = whole.first_x + part.start * whole.step_x
        content = geotiff(whole.heights[:, part], west=west, north=whole.first_y, point=True)
        (tmp_path / name).write_bytes(content)
    assert "no elevations" in asked_of(url, "terrain", "show").output
    stated = ["--surface", "dsm", "--vertical-error", "4", "--source", "a survey"]
    files = [str(tmp_path / "west.tif"), str(tmp_path / "east.tif")]
    loaded = asked_of(url, "terrain", "load", *files, *stated, "--json")
    assert loaded.exit_code == 0, loaded.output
    assert json.loads(loaded.stdout)["model"]["cells"] == 25_600
    (tmp_path / "west.tif").write_bytes(b"II*\0")
    broken = asked_of(url, "terrain", "load", *files, *stated)
    assert broken.exit_code == 1
    assert "west.tif" in str(broken.exception)
    shown = asked_of(url, "terrain", "show")
    assert "25,600 heights" in shown.output
    assert "a survey" in shown.output
    assert asked_of(url, "terrain", "draw").exit_code == 0
    asked = asked_of(url, "covering", "106.65", "29.03", "--smoke-height", "20")
    assert asked.exit_code == 0
    assert "line of sight" in asked.output
    measured = asked_of(
        url, "coverage", "qijiang", "--kind", "fire_watch_point", "--smoke-height", "20", "--json"
    )
    assert json.loads(measured.stdout)["sight"]["smoke_height_m"] == 20.0
    wrong = asked_of(url, "covering", "106.65", "29.03", "--smoke-height", "33")
    assert (wrong.exit_code, "one of 10, 20, 50, 100" in str(wrong.exception)) == (1, True)
