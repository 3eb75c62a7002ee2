"""`registry seed` and `./dev generate` from the terminal."""

import asyncio
import json

import asyncpg
import pytest
from click.testing import CliRunner

from benchmarks.loadgen.command import command as generate
from registry.cli.main import registry
from registry.services.seeding import seed

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
