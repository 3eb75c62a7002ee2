"""Which processes belong to a PostgreSQL data directory, and how to end them."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def owners(pgdata: Path) -> set[int]:
    """The PostgreSQL processes that work in `pgdata`.

    A PostgreSQL process keeps its data directory as its working directory, so neither a zombie nor a stranger
    that inherited the number in a stale `postmaster.pid` is counted. Without /proc the set holds the process
    that the pid file names, when it is alive.
    """
    if not PROC.is_dir():
        pid = postmaster(pgdata)
        return {pid} if pid and _alive(pid) else set()
    return {int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit() and _works_in(entry, pgdata)}


def is_led(pgdata: Path) -> bool:
    """Whether the postmaster that the pid file names is alive and works in `pgdata`."""
    pid = postmaster(pgdata)
    if pid is None:
        return False
    return _works_in(PROC / str(pid), pgdata) if PROC.is_dir() else _alive(pid)


def _works_in(entry: Path, pgdata: Path) -> bool:
    try:
        program = Path(os.readlink(entry / "exe")).name
        return program.startswith("postgres") and os.path.samefile(entry / "cwd", pgdata)
    except OSError:
        return False


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def postmaster(pgdata: Path) -> int | None:
    """The process number in `postmaster.pid`, right or stale; None without one."""
    with suppress(OSError, ValueError, IndexError):
        return int((pgdata / "postmaster.pid").read_text().splitlines()[0])
    return None


def end(pgdata: Path, *, patience_s: float = 2) -> set[int]:
    """End what still works in `pgdata` without a postmaster; returns what refused to go.

    Backends leave by themselves once they notice that the postmaster is gone; those that do not are told to
    quit at once and then killed, which loses nothing that was acknowledged.
    """
    for number in (0, signal.SIGQUIT, signal.SIGKILL):
        for pid in owners(pgdata):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        if wait_gone(pgdata, patience_s):
            break
    return owners(pgdata)


def wait_gone(pgdata: Path, patience_s: float) -> bool:
    """Whether nothing works in `pgdata` any more within the given seconds."""
    deadline = time.monotonic() + patience_s
    while owners(pgdata):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def last_words(file: Path) -> str:
    """The last complaint in a server's log."""
    try:
        lines = file.read_text(errors="replace").splitlines()
    except OSError:
        return "no log was written"
    complaints = [line for line in lines if "FATAL" in line or "PANIC" in line or "ERROR" in line]
    return (complaints or lines or ["no reason given"])[-1].strip()
