"""Starts a registry of its own on the seeds and the demonstration, and drives its map with Chromium."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pyogrio.raw
import shapely

from tests.domain.terrain_oracle import hills
from tests.scratch import scratch_folder
from tests.terrain_files import geotiff

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
READY_S = 120
LARGE = 100_000
NEEDED = {"node": "Node.js 20.19", "chromium": "Chromium"}


def missing() -> list[str]:
    """What this machine lacks to run the tests."""
    absent = [title for name, title in NEEDED.items() if shutil.which(name) is None]
    return absent + ([] if (ROOT / "web/dist/index.html").is_file() else ["the built map (web/dist)"])


def ground(path: Path) -> Path:
    """A base map of one river, which nobody has seen, in the schema of OpenMapTiles."""
    river = shapely.LineString([(106.6, 28.9), (106.7, 29.0), (106.8, 28.95)])
    names = np.array(["试河"], dtype=object)
    pyogrio.raw.write(
        path, shapely.to_wkb([river]), [names], ["name"], layer="waterway", geometry_type="LineString",
        crs="EPSG:4326", driver="PMTiles", dataset_options={"MAXZOOM": "12"},
    )  # fmt: skip
    return path


def elevated(path: Path) -> Path:
    """Elevations around one spot in the south of the district."""
    grid = hills(200, 106.9, 28.7, seed=6)
    path.write_bytes(geotiff(grid.heights, west=grid.first_x, north=grid.first_y, point=True))
    return path


@contextmanager
def registry() -> Iterator[dict[str, str]]:
    """A registry as a user starts it, with a large exercise beside the demonstration; then it is gone."""
    with scratch_folder() as folder, socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
        probe.close()
        key = f"reg_{secrets.token_hex(4)}_{secrets.token_hex(32)}"
        environment = os.environ | {
            "REGISTRY_DATA_DIR": str(folder / "data"),
            "REGISTRY_ADMIN_KEY": key,
            "REGISTRY_BASEMAP": str(ground(folder / "ground.pmtiles")),
            "REGISTRY_BASEMAP_ATTRIBUTION": "© a test",
        }
        command = [sys.executable, "-P", "-m", "registry"]
        told = {"REGISTRY_ADDRESS": f"http://127.0.0.1:{port}", "REGISTRY_KEY": key}
        with served([*command, "serve", "--port", str(port)], environment, told["REGISTRY_ADDRESS"]):
            load = [sys.executable, "-P", "-m", "benchmarks.loadgen", str(LARGE), "--exercise", "scale"]
            subprocess.run(load, env=environment, check=True, stdout=subprocess.DEVNULL)
            for role in ("viewer", "field", "planner"):
                create = [*command, "key", "create", "--holder", f"the-{role}", "--role", role, "--everywhere"]
                made = subprocess.run(create, env=environment, check=True, capture_output=True, text=True)
                told[f"REGISTRY_{role.upper()}_KEY"] = made.stdout.split()[0]
            stated = ["--surface", "dsm", "--vertical-error", "2", "--source", "hills that nobody has seen"]
            elevations = [*command, "terrain", "load", str(elevated(folder / "hills.tif")), *stated]
            subprocess.run(elevations, env=environment, check=True, stdout=subprocess.DEVNULL)
            yield told


@contextmanager
def served(command: list[str], environment: dict[str, str], address: str) -> Iterator[None]:
    """The server, from ready to stopped."""
    environment["PYTHONPATH"] = str(ROOT)
    with subprocess.Popen(command, env=environment) as process:
        try:
            _await(f"{address}/health/ready", process)
            yield
        finally:
            process.send_signal(signal.SIGTERM)


def _await(url: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(READY_S * 10):
        if process.poll() is not None:
            break
        with suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(url, timeout=1).close()
            return
        time.sleep(0.1)
    raise SystemExit("the registry did not start")


def main(files: list[str]) -> int:
    """Run the browser tests; those named, or all."""
    if absent := missing():
        print(f"map tests need {', '.join(absent)}", file=sys.stderr)
        return 1
    (ROOT / "artefacts/map").mkdir(parents=True, exist_ok=True)
    chosen = files or [str(path) for path in sorted(HERE.glob("*.test.mjs"))]
    with registry() as told:
        command = ["node", "--test", "--test-concurrency=1", "--test-reporter=spec", *chosen]
        return subprocess.run(command, env=os.environ | told, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
