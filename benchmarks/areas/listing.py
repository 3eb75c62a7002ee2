"""A bounding-box list of a hundred, beside tipg on the same table."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

from benchmarks import load
from benchmarks.figures import Figure, at_least
from benchmarks.stage import WORKERS, Stage, free_port, served

AREA = "list"
ROOT = Path(__file__).parents[2]
HOME = ROOT / ".state" / "tipg"
LOCK = ROOT / "requirements" / "bench.txt"
HALF_DEG = 0.1
COLUMNS = "kind,version,name_zh,name_en,place,manager,lifecycle,quality,uncertainty_m,datum,visibility"
ITEMS = f"/collections/public.resource_live/items?limit=100&geom-column=geom&properties={COLUMNS}"
"""What tipg is asked: without the rendered features, so that it has less to carry than the registry."""
READY_S = 60


def boxes(stage: Stage) -> list[str]:
    """Boxes of a fifth of a degree all over the stage, west, south, east, north."""
    return [
        f"{lon - HALF_DEG:.6f},{lat - HALF_DEG:.6f},{lon + HALF_DEG:.6f},{lat + HALF_DEG:.6f}"
        for lon, lat in stage.spots()
    ]


def measure(stages: list[Stage], seconds: float) -> list[Figure]:
    """Both servers with as many workers and the same boxes, one after the other."""
    stage = stages[-1]
    with served(stage) as server:
        asked = [f"/v1/resources?bbox={box}&limit=100" for box in boxes(stage)]
        load.wrk(server.url, asked, seconds=min(3, seconds))
        ours = load.wrk(server.url, asked, seconds=seconds)
    with tipg(stage) as url:
        asked = [f"{ITEMS}&bbox={box}" for box in boxes(stage)]
        load.wrk(url, asked, seconds=min(3, seconds))
        theirs = load.wrk(url, asked, seconds=seconds)
    return [
        Figure(AREA, "lists of 100 a second, 16 connections", f"{ours.per_second:,.0f}"),
        Figure(AREA, "tipg, the same boxes", f"{theirs.per_second:,.0f}"),
        at_least(AREA, "times tipg", ours.per_second / theirs.per_second, 10, " ×"),
    ]


@contextmanager
def tipg(stage: Stage) -> Iterator[str]:
    """tipg in an environment of its own, serving the same database."""
    port = free_port()
    told = {
        "DATABASE_URL": _with_host(stage.database_url),
        "TIPG_DB_SCHEMAS": '["public"]',
        "TIPG_DB_SPATIAL_EXTENT": "false",
        "PYTHONPATH": "",
    }
    options = ["--port", str(port), "--workers", str(WORKERS), "--log-level", "error", "--no-access-log"]
    process = subprocess.Popen(
        [str(_environment()), "-m", "uvicorn", "tipg.main:app", *options], env=os.environ | told
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _await(f"{url}/healthz", process)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _with_host(url: str) -> str:
    """The same database with its socket's directory in the place of a host, as tipg wants it."""
    parts = urlsplit(url)
    socket_dir = parse_qs(parts.query)["host"][0]
    return urlunsplit(parts._replace(netloc=f"registry@{quote(socket_dir, safe='')}", query=""))


def _environment() -> Path:
    """The Python of tipg's environment, installed on first use."""
    python = HOME / "bin" / "python"
    if not (HOME / "ready").exists():
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "-q", "--clear", "-p", sys.executable, str(HOME)], check=True)
        install = [*uv, "pip", "install", "-q", "--python", str(python), "--require-hashes", "-r", str(LOCK)]
        subprocess.run(install, check=True)
        (HOME / "ready").touch()
    return python


def _await(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"{url} does not answer")
