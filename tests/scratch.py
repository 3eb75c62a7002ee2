"""Clusters that are made for one run and thrown away, for tests, drills and benchmarks."""

import fcntl
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from registry.runtime.cluster import processes
from registry.runtime.cluster.embedded import running

MEMORY = Path("/dev/shm")
ROOM_BYTES = 2 * 2**30
PREFIX = "emergency-registry-scratch-"
YOUNG_S = 3600


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder that the server's account can enter, in memory when that has room, removed at the end."""
    in_memory = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM_BYTES
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=MEMORY if in_memory else None))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def scratch_cluster() -> Iterator[str]:
    """The URL of an empty cluster of its own, fast and without durability, removed at the end."""
    sweep()
    with scratch_folder() as folder, running(folder / "data", durable=False) as url:
        yield url


def sweep() -> None:
    """Remove the scratch folders whose users were killed before they could."""
    for parent in {MEMORY, Path(tempfile.gettempdir())}:
        for folder in parent.glob(f"{PREFIX}*"):
            with suppress(OSError):
                if time.time() - folder.stat().st_mtime > YOUNG_S:
                    _remove_unused(folder)


def _remove_unused(folder: Path) -> None:
    """Remove `folder` unless one of the clusters in it has a user."""
    for home in [path.parent for path in folder.glob("*/use.lock")]:
        with (home / "use.lock").open("a") as use:
            fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            processes.end(home / "pgdata")
    shutil.rmtree(folder)
