"""pg_featureserv, the feature server in Go, built from the Go modules of its lock."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers import shape
from benchmarks.peers.views import VIEWS
from benchmarks.stage import Stage, free_port

MODULE = "github.com/CrunchyData/pg_featureserv"
LOCK = shape.LOCKS / "pg_featureserv"


def items(view: str, box: str, limit: int) -> str:
    """The path of the features of a view in a box."""
    return f"/collections/public.{view}/items.json?bbox={box}&limit={limit}"


@contextmanager
def serving(stage: Stage) -> Iterator[str]:
    """pg_featureserv; its one process uses every core."""
    port, program, there = free_port(), built(), shape.connection(stage.database_url)
    told = {
        "DATABASE_URL": " ".join(f"{name}={value}" for name, value in there.items()),
        "PGFS_SERVER_HTTPHOST": "127.0.0.1",
        "PGFS_SERVER_HTTPPORT": str(port),
        "PGFS_SERVER_READTIMEOUTSEC": "60",
        "PGFS_DATABASE_TABLEINCLUDES": ",".join(f"public.{view}" for view in VIEWS),
        "PGFS_PAGING_LIMITMAX": "1000",
    }
    with shape.answering([str(program)], told, port, "/conformance.json") as url:
        yield url


def built() -> Path:
    """The program, compiled on first use with the modules that the lock's sums name."""
    home = shape.HOME / "pg_featureserv"
    program = home / "pg_featureserv"
    if program.exists() and program.stat().st_mtime > (LOCK / "go.sum").stat().st_mtime:
        return program
    if shutil.which("go") is None:
        raise shape.Absent("no Go here to build it with")
    home.mkdir(parents=True, exist_ok=True)
    kept = {"GOPATH": str(home / "go"), "GOCACHE": str(home / "cache"), "GOTOOLCHAIN": "local"}
    told = os.environ | kept | {"GOFLAGS": "-mod=readonly -modcacherw", "CGO_ENABLED": "0"}
    command = ["go", "build", "-o", str(program), MODULE]
    if subprocess.run(command, cwd=LOCK, env=told, check=False, capture_output=True).returncode:
        raise shape.Absent("Go could not build it here")
    return program
