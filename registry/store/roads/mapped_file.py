"""The packed arrays of a network as one file, which all workers of a host map into their memory."""

import mmap
import os
import tempfile
from pathlib import Path
from typing import Any

SUFFIX = ".roads"


def mapped(directory: Path, version: str) -> Any:
    """The file of a version as mapped memory; None where there is none."""
    try:
        with (directory / f"{version}{SUFFIX}").open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (FileNotFoundError, ValueError):
        return None


def put(directory: Path, version: str, content: bytes) -> None:
    """Write the file of a version, whole or not at all, and remove those of others."""
    directory.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=directory, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(directory / f"{version}{SUFFIX}")
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    for other in directory.glob(f"*{SUFFIX}"):
        if other.stem != version:
            other.unlink(missing_ok=True)
