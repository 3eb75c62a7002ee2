"""tipg, the feature server in Python closest to ours: asyncpg under Starlette."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from benchmarks.peers import shape
from benchmarks.stage import WORKERS, Stage, free_port


def items(view: str, box: str, limit: int) -> str:
    """The path of the features of a view in a box."""
    return f"/collections/public.{view}/items?f=geojson&bbox={box}&limit={limit}"


@contextmanager
def serving(stage: Stage) -> Iterator[str]:
    """tipg under uvicorn."""
    port = free_port()
    told = {
        "DATABASE_URL": _with_host(stage.database_url),
        "TIPG_DB_SCHEMAS": '["public"]',
        "TIPG_DB_SPATIAL_EXTENT": "false",
    }
    options = ["--port", str(port), "--workers", str(WORKERS), "--log-level", "error", "--no-access-log"]
    command = [str(shape.environment("tipg")), "-m", "uvicorn", "tipg.main:app", *options]
    with shape.answering(command, told, port, "/healthz") as url:
        yield url


def _with_host(url: str) -> str:
    """The same database with its socket's directory in the place of a host: its settings check for one."""
    there = shape.connection(url)
    return f"postgresql://{there['user']}@{quote(there['host'], safe='')}/{there['dbname']}"
