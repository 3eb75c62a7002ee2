"""Rotation of logs while their writers go on: the file is copied and then emptied."""

import shutil
from pathlib import Path

LIMIT_BYTES = 20_000_000
KEPT = 5


def rotate(file: Path, limit_bytes: int = LIMIT_BYTES) -> bool:
    """Copy a log that grew too large to `.1`, the older ones one further, and empty it; whether it was.

    Its writers append, so that they go on at the start. What they write between copy and emptying is lost.
    """
    if not file.exists() or file.stat().st_size < limit_bytes:
        return False
    for number in range(KEPT - 1, 0, -1):
        older = file.with_name(f"{file.name}.{number}")
        if older.exists():
            older.replace(file.with_name(f"{file.name}.{number + 1}"))
    copy = file.with_name(f"{file.name}.1")
    shutil.copy2(file, copy)
    shutil.chown(copy, file.stat().st_uid, file.stat().st_gid)
    with file.open("r+b") as log:
        log.truncate(0)
    return True
