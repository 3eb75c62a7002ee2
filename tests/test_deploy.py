"""What `deploy/` and docs/howto/deploy.md hand to an administrator."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from registry.runtime import metrics

ROOT = Path(__file__).parents[1]
UNIT = ROOT / "deploy" / "emergency-registry.service"
HIGHEST_EXPOSURE = 1.5
NEEDS_SYSTEMD = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")


def analyze(*arguments: str | Path) -> str:
    """What systemd-analyze says of both streams; fails when it does."""
    run = subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    return run.stdout


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that this machine has."""
    copy = tmp_path / UNIT.name
    copy.write_text(re.sub(r"ExecStart=\S+ ", "ExecStart=/bin/true ", UNIT.read_text()))
    return copy


@NEEDS_SYSTEMD
def test_systemd_finds_nothing_wrong_with_the_unit(unit: Path) -> None:
    assert analyze("verify", unit) == ""


@NEEDS_SYSTEMD
def test_the_unit_is_hardened_as_the_page_says(unit: Path) -> None:
    exposure = re.search(
        r"Overall exposure level for \S+: ([0-9.]+)", analyze("security", "--offline=true", unit)
    )
    assert exposure
    assert float(exposure[1]) <= HIGHEST_EXPOSURE


def pins(name: str) -> set[str]:
    """The pinned packages of one lock."""
    return set(re.findall(r"^([a-z0-9._-]+==\S+)", (ROOT / "requirements" / name).read_text(), re.MULTILINE))


def test_a_server_runs_on_the_versions_that_are_tested() -> None:
    assert pins("serve.txt") <= pins("dev.txt")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {pin.partition("==")[0] for pin in pins("serve.txt")}
    assert {re.split(r"[\[>=]", entry)[0] for entry in project["dependencies"]} <= names


def test_what_the_container_copies_is_there_or_built() -> None:
    text = (ROOT / "deploy" / "Containerfile").read_text()
    sources = [word for line in re.findall(r"^COPY (.*) \S+$", text, re.MULTILINE) for word in line.split()]
    assert sources
    assert [name for name in sources if not name.startswith("dist/") and not (ROOT / name).exists()] == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_completion(shell: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "registry"],
        env=os.environ | {"_REGISTRY_COMPLETE": f"{shell}_source"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "registry" in run.stdout
    assert "_REGISTRY_COMPLETE" in run.stdout


def test_dashboard_and_alerts_ask_only_for_metrics_that_there_are() -> None:
    dashboard = (ROOT / "deploy" / "grafana-dashboard.json").read_text()
    rules = (ROOT / "deploy" / "prometheus-alerts.yml").read_text()
    exposed = {f"registry_{name}" for name in {*metrics.OF_WORKERS, *metrics.OF_DATABASE}}
    exposed |= {"registry_requests_total", "registry_request_duration_seconds_bucket"}
    asked = set(re.findall(r"registry_[a-z_]+", dashboard + rules))
    assert asked - exposed == set()
    assert len({name for name in exposed if name in dashboard}) > 20
    for group in yaml.safe_load(rules)["groups"]:
        for rule in group["rules"]:
            assert {"alert", "expr", "labels", "annotations"} <= set(rule), rule
            assert set(rule["annotations"]) == {"summary", "cure"}
    assert json.loads(dashboard)["panels"]
