"""pygeoapi, the reference implementation in Python: SQLAlchemy's ORM and psycopg2 under Flask."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.peers import shape
from benchmarks.peers.views import VIEWS
from benchmarks.stage import WORKERS, Stage, free_port

LONGEST = 1000
THREADS = 4
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


def items(view: str, box: str, limit: int) -> str:
    """The path of the features of a view in a box."""
    return f"/collections/{view}/items?f=json&bbox={box}&limit={limit}"


@contextmanager
def serving(stage: Stage) -> Iterator[str]:
    """pygeoapi under gunicorn, each worker with a few threads, since its driver blocks."""
    port, python = free_port(), shape.environment("pygeoapi")
    with tempfile.TemporaryDirectory() as folder:
        told = _described(python, Path(folder), configuration(stage, port))
        shaped = ["-w", str(WORKERS), "-k", "gthread", "--threads", str(THREADS), "-b", f"127.0.0.1:{port}"]
        quiet = ["--log-level", "error", "--timeout", "120"]
        command = [str(python), "-m", "gunicorn", *shaped, *quiet, "pygeoapi.flask_app:APP"]
        with shape.answering(command, told, port, "/conformance?f=json") as url:
            yield url


def _described(python: Path, folder: Path, chosen: dict[str, Any]) -> dict[str, str]:
    """The environment naming the files it wants: its configuration, and the API document made of that."""
    configured, described = folder / "configuration.yml", folder / "openapi.json"
    configured.write_bytes(msgspec.json.encode(chosen))
    told = {"PYGEOAPI_CONFIG": str(configured), "PYGEOAPI_OPENAPI": str(described)}
    program = str(python.with_name("pygeoapi"))
    command = [program, "openapi", "generate", str(configured), "--output-file", str(described)]
    subprocess.run(command, env=told, check=True, capture_output=True)
    return told


def configuration(stage: Stage, port: int) -> dict[str, Any]:
    """The views as collections; the rest is what its configuration must have."""
    named = {"name": "Benchmark", "url": "http://127.0.0.1"}
    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": port},
            "url": f"http://127.0.0.1:{port}",
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "language": "en-US",
            "limits": {"default_items": 10, "max_items": LONGEST},
            "map": {"url": "http://127.0.0.1/{z}/{x}/{y}.png", "attribution": "none"},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {
                "title": "Benchmark",
                "description": "Benchmark",
                "keywords": ["benchmark"],
                "terms_of_service": "none",
                "url": "http://127.0.0.1",
            },
            "license": named,
            "provider": named,
            "contact": named,
        },
        "resources": {view: _collection(stage, view) for view in VIEWS},
    }


def _collection(stage: Stage, view: str) -> dict[str, Any]:
    provider = {
        "type": "feature",
        "name": "PostgreSQL",
        "data": shape.connection(stage.database_url) | {"search_path": ["public"]},
        "id_field": "id",
        "table": view,
        "geom_field": "geom",
    }
    return {
        "type": "collection",
        "title": view,
        "description": view,
        "keywords": ["benchmark"],
        "extents": {"spatial": {"bbox": [-180, -90, 180, 90], "crs": CRS84}},
        "providers": [provider],
    }
