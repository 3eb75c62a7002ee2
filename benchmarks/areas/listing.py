"""A bounding-box list of a hundred, beside tipg on the same table."""

import asyncio
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

import asyncpg

from benchmarks import load
from benchmarks.figures import Figure, at_least
from benchmarks.stage import WORKERS, Stage, free_port, served
from registry.store.schema import resource

AREA = "list"
ROOT = Path(__file__).parents[2]
HOME = ROOT / ".state" / "tipg"
LOCK = ROOT / "requirements" / "bench.txt"
HELD = 200
BOXES = """
SELECT ST_X(here.geom) AS lon, ST_Y(here.geom) AS lat, far.half_deg
  FROM (SELECT geom FROM resource WHERE realm = 'live' AND geom IS NOT NULL ORDER BY id LIMIT 500) AS here,
       LATERAL (SELECT greatest(abs(ST_X(near.geom) - ST_X(here.geom)),
                                abs(ST_Y(near.geom) - ST_Y(here.geom))) AS half_deg
                  FROM resource AS near WHERE near.realm = 'live'
                 ORDER BY near.geom <-> here.geom OFFSET $1 LIMIT 1) AS far
"""
RENDERED = {"feature", "public_feature", "realm", "geom", "public_geom", "footprint"}
COLUMNS = ",".join(column.name for column in resource.columns if column.name not in RENDERED)
ITEMS = f"/collections/public.resource_live/items?limit=100&geom-column=geom&properties={COLUMNS}"
"""What tipg is asked: every plain column, so that both answers say the same of a resource."""
READY_S = 300


def around_records(stage: Stage, held: int = HELD) -> list[str]:
    """Boxes around records that hold about so many others, west, south, east, north."""
    return asyncio.run(_boxes(stage.database_url, held))


async def _boxes(url: str, held: int) -> list[str]:
    connection = await asyncpg.connect(url, command_timeout=600)
    rows = await connection.fetch(BOXES, held)
    await connection.close()
    return [_around(row["lon"], row["lat"], row["half_deg"]) for row in rows]


def _around(lon: float, lat: float, half: float) -> str:
    return f"{lon - half:.6f},{lat - half:.6f},{lon + half:.6f},{lat + half:.6f}"


def measure(stages: list[Stage], seconds: float) -> list[Figure]:
    """Both servers with as many workers and the same boxes, one after the other."""
    stage = stages[-1]
    around = around_records(stage)
    with served(stage) as server:
        asked = [f"/v1/resources?bbox={box}&limit=100" for box in around]
        load.wrk(server.url, asked, seconds=min(3, seconds))
        ours = load.wrk(server.url, asked, seconds=seconds)
    with tipg(stage) as url:
        asked = [f"{ITEMS}&bbox={box}" for box in around]
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
