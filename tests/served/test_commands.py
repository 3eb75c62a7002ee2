"""The planner's command line against a server that runs: work of a day, names for codes, no traceback."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from registry.cli.main import registry

REMOTE = ("list", "show", "add", "edit", "retire", "status", "verify", "stock", "history", "search", "places")
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def shell(running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs a command against the server: `shell("list", "--kind", "shelter")`."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    def run(*words: str, code: int = 0, url: str | None = running.url, **env: str) -> Result:
        told = {} if url is None else {"REGISTRY_URL": url, "REGISTRY_KEY": running.key}
        result = CliRunner().invoke(registry, words, env=told | env)
        assert result.exit_code == code, result.output
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


def made(shell, *more: str) -> dict[str, Any]:
    position = ("--at", "106.66", "28.77", "--uncertainty-m", "5")
    added = shell("add", "--name", "命令行所", "--place", "赶水镇", *position, *more, "--json")
    return json.loads(added.stdout)


def test_a_shelter_is_entered_changed_reported_verified_and_retired(shell) -> None:
    record = made(shell, "--kind", "避难场所", "--set", "level=镇级", "--set", "hazards=flood,地震")
    identity, properties = record["id"], record["properties"]
    assert (properties["kind"], properties["level"], properties["place"]) == ("shelter", "town", "500110110")
    assert [one["code"] for one in properties["hazards"]] == ["flood", "earthquake"]

    edited = json.loads(shell("edit", identity, "--set", "capacity_persons=800", "--json").stdout)
    assert edited["properties"]["capacity_persons"] == 800
    reported = shell("status", identity, "--set", "opening=开放", "--set", "occupancy_persons=12", "--json")
    assert json.loads(reported.stdout)["properties"]["opening"] == "open"
    verified = json.loads(shell("verify", identity, "--how", "telephoned", "--json").stdout)
    assert verified["properties"]["verified_at"]
    assert "命令行所" in shell("show", "命令行所").stdout
    assert identity in shell("search", "命令行", "--lang", "en").stdout

    shell("retire", identity, "--reason", "only a test")
    told = list(csv.DictReader(io.StringIO(shell("history", identity, "--csv", "--lang", "en").stdout)))
    assert told[0]["what"] == "retire"
    assert told[0]["why"] == "only a test"
    assert any("capacity_persons" in one["members"] for one in told)


def test_stock_is_counted_and_moved(shell) -> None:
    line = '[{"item_code":"1","unit":"件","name":{"zh":"帐篷"},"quantity":100}]'
    depot = made(shell, "--kind", "储备库", "--set", f"stock={line}")["id"]
    shell("stock", depot, "--item", "1", "--unit", "件", "--count", "90")
    moved = json.loads(
        shell("stock", depot, "--item", "1", "--unit", "件", "--change", "-10", "--json").stdout
    )
    assert moved["properties"]["stock"][0]["quantity"] == 80
    shell("stock", depot, "--item", "1", code=2)


def test_a_long_list_is_whole_in_each_form(shell) -> None:
    words = ("list", "--kind", "shelter", "--exercise", "demo", "--limit", "1000")
    whole = json.loads(shell(*words, "--json").stdout)["features"]
    rows = list(csv.DictReader(io.StringIO(shell(*words, "--csv").stdout)))
    table = shell(*words).stdout
    assert len(whole) == len(rows) == 54
    assert all(one["properties"]["name"]["zh"] in table for one in whole)
    assert "已列 54" in table


def test_places_are_found_by_name(shell) -> None:
    rows = list(
        csv.DictReader(io.StringIO(shell("places", "--under", "綦江区", "--level", "town", "--csv").stdout))
    )
    assert {"代码": "500110110", "名称": "赶水镇"}.items() <= next(
        r for r in rows if r["代码"] == "500110110"
    ).items()
    assert "which place is" in shell("list", "--place", "火星", code=1).stderr


def test_a_refusal_is_told_with_what_would_be_right(shell) -> None:
    words = (
        "add",
        "--kind",
        "shelter",
        "--name",
        "甲",
        "--set",
        "capacity_persons=很多",
        "--set",
        "opening=opne",
    )
    told = shell(*words, code=1).stderr
    assert "/properties/capacity_persons: 该值不可用：应为整数" in told
    assert "/properties/opening" in told
    assert "→ open" in told
    assert "should be a whole number" in shell(*words, "--lang", "en", code=1).stderr


def test_a_profile_is_used_and_forgotten(shell, running, tmp_path) -> None:
    shell("profile", "save", "office", "--url", running.url, "--key", running.key)
    listed = shell("profile", "list").stdout
    assert running.key not in listed
    kept = tmp_path / "emergency-registry" / "profiles.json"
    assert kept.stat().st_mode & 0o077 == 0
    assert "500110110" in shell("places", "--name", "赶水", "--profile", "office", url=None).stdout
    shell("profile", "remove", "office")
    assert "no profile office" in shell("places", "--profile", "office", url=None, code=1).stderr


@pytest.mark.parametrize("name", REMOTE)
def test_no_command_answers_with_a_traceback(shell, name) -> None:
    command = registry.get_command(click.Context(registry), name)
    assert command is not None
    needed = [parameter for parameter in command.params if parameter.required]
    words = []
    for parameter in needed:
        words += ["甲 乙"] if isinstance(parameter, click.Argument) else [parameter.opts[0], "甲"]
    extra = {
        "add": ("--kind", "shelter", "--name", "甲"),
        "edit": ("--set", "a=1"),
        "stock": ("--count", "1"),
    }
    for more in (
        ("--url", NOWHERE),
        ("--url", "no address"),
        ("--url", NOWHERE, "--key", "错"),
        ("--profile", "none", "--url", ""),
    ):
        result = CliRunner().invoke(registry, [name, *words, *extra.get(name, ()), *more])
        assert result.exit_code in (1, 2), result.output
        assert isinstance(result.exception, SystemExit), result.exception
        assert not re.search("Traceback|Error\\(", result.output)
