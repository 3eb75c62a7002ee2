"""`./dev` where nothing is installed: what it refuses and what it tells before it makes anything."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from registry.runtime import settings
from registry.runtime.settings import SettingsError

ROOT = Path(__file__).parents[1]
NEEDED = [
    "dev",
    "scripts/settings.sh",
    "requirements/dev.txt",
    "registry/runtime/settings.py",
    "docs/reference/cli.md",
]
TOOLS = [
    *("awk", "basename", "bash", "cat", "cut", "dirname", "env", "flock", "grep", "head", "id"),
    *("mkdir", "readlink", "rm", "sed", "sha256sum", "tail", "tr"),
]
KEY = "reg_0123abcd_" + "x" * 43
BAD = [
    {"REGISTRY_ADMIN_KEY": "secret"},
    {"REGISTRY_ADMIN_KEY": KEY[:-1]},
    {"REGISTRY_ADMIN_KEY": KEY.upper()},
    {"REGISTRY_ADMIN_KEY": KEY + "!"},
    {"REGISTRY_PORT": "65536"},
    {"REGISTRY_PORT": "http"},
    {"REGISTRY_PORT": "-1"},
    {"REGISTRY_WORKERS": "0"},
    {"REGISTRY_WORKERS": "1.5"},
    {"REGISTRY_ACQUIRE_TIMEOUT_S": "0"},
    {"REGISTRY_ACQUIRE_TIMEOUT_S": "31"},
    {"REGISTRY_STATEMENT_TIMEOUT_S": "long"},
    {"REGISTRY_MASS_CHANGE_LIMIT": "100001"},
    {"REGISTRY_ANONYMOUS": "perhaps"},
    {"REGISTRY_PROT": "8000"},
    {"REGISTRY_HOST": "0.0.0.0"},
    {"REGISTRY_HOST": "registry.example"},
    {"REGISTRY_TLS_KEY": "/k.pem"},
    {"REGISTRY_HOST": "::", "REGISTRY_TLS_CERTIFICATE": "/c.pem"},
]
GOOD = [
    {},
    {"REGISTRY_ADMIN_KEY": KEY + "-_9"},
    {"REGISTRY_PORT": "0", "REGISTRY_HOST": "localhost", "REGISTRY_WORKERS": "64"},
    {"REGISTRY_PORT": "65535", "REGISTRY_HOST": "::1"},
    {"REGISTRY_ACQUIRE_TIMEOUT_S": "0.5", "REGISTRY_ANONYMOUS": "False", "REGISTRY_ACCESS_LOG": "1"},
    {"REGISTRY_HOST": "127.0.0.9", "REGISTRY_MASS_CHANGE_LIMIT": "100000", "REGISTRY_PORT": ""},
    {"REGISTRY_HOST": "0.0.0.0", "REGISTRY_TRUSTED_PROXIES": "10.0.0.0/8"},
    {"REGISTRY_HOST": "::", "REGISTRY_TLS_CERTIFICATE": "/c.pem", "REGISTRY_TLS_KEY": "/k.pem"},
]


class Bare:
    """A checkout on a machine with a few tools and no Python."""

    def __init__(self, folder: Path) -> None:
        self.root, self._tools = folder / "registry main", folder / "bin"
        for name in NEEDED:
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.root / name)
        self._tools.mkdir()
        for name in TOOLS:
            (self._tools / name).symlink_to(shutil.which(name) or name)

    def dev(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run `./dev` there."""
        return subprocess.run(
            ["bash", self.root / "dev", *arguments],
            env={"PATH": str(self._tools), "HOME": str(self.root.parent)} | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def made(self) -> set[str]:
        """What lies there now that did not at first."""
        files = {str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file()}
        return files - set(NEEDED)


@pytest.fixture
def bare(tmp_path: Path) -> Bare:
    return Bare(tmp_path)


def accepts(environment: dict[str, str]) -> bool:
    """Whether the registry itself would start with these settings."""
    try:
        settings.demand_safe(settings.read(environment))
    except SettingsError:
        return False
    return True


@pytest.mark.parametrize("environment", BAD, ids=str)
def test_a_setting_that_the_registry_refuses_is_refused_before_anything_is_made(
    bare: Bare, environment
) -> None:
    assert not accepts(environment)
    run = bare.dev("serve", **environment)
    assert run.returncode == 1
    assert run.stderr.count("\n") == 1
    assert any(name in run.stderr for name in [*environment, "in clear"])
    assert KEY[13:] not in run.stderr
    assert bare.made() == set()


@pytest.mark.parametrize("environment", GOOD, ids=str)
def test_a_setting_that_the_registry_takes_is_taken(bare: Bare, environment) -> None:
    assert accepts(environment)
    run = bare.dev("serve", **environment)
    assert "Python 3.11 or newer is needed" in run.stderr


@pytest.mark.parametrize(
    "options", [["--port", "70000"], ["--port=http"], ["--workers=0"], ["--host", "0.0.0.0"]], ids=str
)
def test_an_option_that_serve_refuses_is_refused_at_once(bare: Bare, options) -> None:
    run = bare.dev("serve", *options)
    assert run.returncode == 1
    assert "needed" not in run.stderr
    assert bare.made() == set()


def test_a_malformed_database_url_is_refused_at_once(bare: Bare) -> None:
    run = bare.dev("serve", DATABASE_URL="mysql://user:s3cret@host/registry")
    assert "DATABASE_URL is not of the form" in run.stderr
    assert "s3cret" not in run.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["help"], "./dev build"),
        (["serve", "--help"], "--port INTEGER RANGE"),
        (["serve", "-h"], "--workers"),
        (["registry", "--help"], "covering"),
        (["registry", "nearest", "--help"], "Usage: registry nearest"),
        (["registry", "plan", "check", "--help"], "Usage: registry plan check"),
        (["bench", "--help"], "the benchmark table"),
    ],
    ids=str,
)
def test_help_installs_nothing(bare: Bare, arguments, told) -> None:
    run = bare.dev(*arguments)
    assert (run.returncode, run.stderr) == (0, "")
    assert told in run.stdout
    assert bare.made() == set()


def test_each_step_tells_the_time(bare: Bare) -> None:
    assert "dev: [  0 s] making the environment .venv\n" in bare.dev("serve").stderr
    assert os.path.exists(bare.root / ".state")
