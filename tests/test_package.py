"""The wheel: built here, installed in an environment of its own, and asked outside the checkout."""

import ast
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import registry_client
from registry import __version__
from registry.domain.records.change import merge_patch
from registry.runtime import data_files
from registry_client.overlay import merged
from tests.scratch import scratch_folder
from tests.test_serve import free_port

ROOT = Path(__file__).parents[1]
UV = Path(sys.executable).with_name("uv")
NAMES = st.sampled_from("abc")
VALUES = st.recursive(
    st.none() | st.integers(0, 2), lambda inner: st.dictionaries(NAMES, inner), max_leaves=9
)
MEMBERS = st.dictionaries(NAMES, VALUES)
KEPT = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def uv(*arguments: str | Path) -> None:
    """Run uv; what it says is shown when it fails."""
    subprocess.run([UV, "-q", *arguments], check=True, cwd=ROOT)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of a new environment that holds the wheel and what it depends on."""
    folder = tmp_path_factory.mktemp("wheel")
    uv("build", "--wheel", "--no-build-isolation", "--python", sys.executable, "-o", folder, ".")
    (wheel,) = folder.glob("*.whl")
    assert wheel.name.startswith(f"emergency_registry-{__version__}-")
    uv("venv", "--python", sys.executable, folder / "env")
    python = folder / "env" / "bin" / "python"
    uv("pip", "install", "--python", python, "--require-hashes", "-r", ROOT / "requirements" / "serve.txt")
    uv("pip", "install", "--python", python, "--no-deps", wheel)
    uv("pip", "check", "--python", python)
    return python.parent


@pytest.fixture(scope="module")
def address(installed: Path) -> Iterator[str]:
    """Where the installed `registry serve` answers."""
    port = free_port()
    with scratch_folder() as folder:
        process = subprocess.Popen(
            [installed / "registry", "serve", "--port", str(port)],
            env=KEPT | {"REGISTRY_DATA_DIR": str(folder / "data")},
            cwd=folder,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr
        lines = []
        try:
            for line in process.stderr:
                lines.append(line)
                if "ready on" in line:
                    break
            else:
                raise AssertionError("".join(lines))
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.communicate(timeout=150)


def test_an_installed_registry_is_seeded_and_answers(address: str) -> None:
    with urllib.request.urlopen(f"{address}/v1/proximity/covering?lon=106.30&lat=29.55", timeout=50) as found:
        answer = json.load(found)
    assert answer["features"] == []
    assert answer["undecided"]["count"] == 9


def test_an_installed_registry_serves_the_map_that_was_built(address: str) -> None:
    with urllib.request.urlopen(f"{address}/", timeout=50) as found:
        page = found.read()
    built = data_files.folder("web") / "index.html"
    assert page == built.read_bytes() if built.is_file() else b"not built" in page


def test_an_installed_registry_is_not_the_checkout(installed: Path) -> None:
    said = subprocess.run(
        [installed / "python", "-c", "import registry; print(registry.__file__)"],
        env=KEPT,
        cwd=installed,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(said.stdout.strip()).is_relative_to(installed.parent)


@pytest.mark.parametrize("name", ["migrations", "seeds", "web"])
def test_data_inside_the_package_comes_before_data_beside_it(tmp_path: Path, name) -> None:
    package = tmp_path / "registry"
    assert data_files.folder(name, package).is_relative_to(tmp_path)
    assert not data_files.folder(name, package).is_relative_to(package)
    (package / "_data" / name).mkdir(parents=True)
    assert data_files.folder(name, package) == package / "_data" / name


def test_the_client_has_the_version_of_the_registry_and_nothing_of_the_server() -> None:
    assert registry_client.__version__ == __version__
    program = "import sys, registry_client; print({name.partition('.')[0] for name in sys.modules})"
    said = subprocess.run(
        [sys.executable, "-c", program],
        env=KEPT | {"PYTHONPATH": str(ROOT / "client")},
        cwd=ROOT / "client",
        capture_output=True,
        text=True,
        check=True,
    )
    modules = ast.literal_eval(said.stdout)
    assert {"httpx", "msgspec"} <= modules
    assert not modules & {"registry", "asyncpg", "sqlalchemy", "litestar", "shapely", "numpy"}


@given(MEMBERS, MEMBERS)
def test_the_client_merges_as_the_registry_does(target, patch) -> None:
    assert merged(target, patch) == merge_patch(target, patch)
