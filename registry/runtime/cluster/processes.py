"""The processes of a PostgreSQL data directory, and how to end them."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def owners(pgdata: Path) -> set[int]:
    """The ids of the PostgreSQL processes that work in `pgdata`.

    The working directory of a PostgreSQL process is its data directory. That excludes zombies, and other
    programs with the process id of a stale `postmaster.pid`. Without /proc the set holds the process that the
    pid file names, if it is alive.
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
    """The process id in `postmaster.pid`, which may be stale; None without one."""
    with suppress(OSError, ValueError, IndexError):
        return int((pgdata / "postmaster.pid").read_text().splitlines()[0])
    return None


def progress(pgdata: Path) -> object:
    """How often the postmaster has been given a processor, by the kernel; None where nothing tells."""
    with suppress(OSError):
        lines = (PROC / str(postmaster(pgdata)) / "status").read_text().splitlines()
        return [line for line in lines if "ctxt_switches" in line]
    return None


def end(pgdata: Path, *, timeout_s: float = 2) -> set[int]:
    """End the processes that work in `pgdata` without a postmaster; returns those that remain.

    Backends exit when they notice that the postmaster is gone. The others get SIGQUIT and then SIGKILL, which
    loses nothing that was acknowledged.
    """
    for signal_number in (0, signal.SIGQUIT, signal.SIGKILL):
        for pid in owners(pgdata):
            with suppress(ProcessLookupError):
                os.kill(pid, signal_number)
        if wait_gone(pgdata, timeout_s):
            break
    return owners(pgdata)


def wait_gone(pgdata: Path, timeout_s: float) -> bool:
    """Wait until no process works in `pgdata`; whether that happened in time."""
    deadline = time.monotonic() + timeout_s
    while owners(pgdata):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def last_error(file: Path) -> str:
    """The last error in a server's log, or its last line."""
    try:
        lines = file.read_text(errors="replace").splitlines()
    except OSError:
        return "no log was written"
    errors = [line for line in lines if "FATAL" in line or "PANIC" in line or "ERROR" in line]
    return (errors or lines or ["no reason given"])[-1].strip()
