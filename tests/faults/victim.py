"""A registry to be hurt: `registry serve` on a durable cluster of its own, and its processes."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from benchmarks.stage import free_port
from registry.domain.access.credential import new_token
from registry.runtime.cluster import processes
from tests.receiver import LOOPBACK

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
SETTLED_S = 6.0
"""A worker that dies sooner after its start is replaced a second later, as one that would die again."""
PATIENCE_S = 300.0


class Victim(NamedTuple):
    """A running registry."""

    url: str
    token: str
    home: Path
    root: int

    @property
    def database_url(self) -> str:
        """Where its database listens."""
        return f"postgresql://registry@/registry?host={quote(str(self.home / 'run'))}"

    def workers(self) -> list[int]:
        """The processes that answer requests."""
        return [
            worker
            for supervisor in children(self.root)
            for worker in children(supervisor)
            if b"resource_tracker" not in command_of(worker)
        ]

    def settled(self) -> list[int]:
        """The workers that answer for a while already; none when only one of them answers."""
        port = int(self.url.rpartition(":")[2])
        serving = [pid for pid in self.workers() if accepts(pid, port)]
        return [pid for pid in serving if age_s(pid) > SETTLED_S] if len(serving) > 1 else []

    def postmaster(self) -> int | None:
        """The database's first process, once it is there for a second."""
        pid = processes.postmaster(self.home / "pgdata")
        return None if pid is None or age_s(pid) < 1 else pid


def children(parent: int) -> list[int]:
    """The live child processes of a process."""
    found = []
    for entry in PROC.iterdir():
        with suppress(OSError, ValueError):
            state, above = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            if int(above) == parent and state != "Z":
                found.append(int(entry.name))
    return found


def command_of(pid: int) -> bytes:
    """The command line of a process; empty for one that is gone."""
    with suppress(OSError):
        return (PROC / str(pid) / "cmdline").read_bytes()
    return b""


def accepts(pid: int, port: int) -> bool:
    """Whether a process waits for connections to this port; the socket it has from its fork on."""
    with suppress(OSError):
        rows = [row.split() for row in (PROC / str(pid) / "net" / "tcp").read_text().splitlines()[1:]]
        listening = {row[9] for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}")}
        return bool(listening & _awaited(pid))
    return False


def _awaited(pid: int) -> set[str]:
    """The inodes of the files that the event loops of a process wait for."""
    polled = [held.read_text().splitlines() for held in (PROC / str(pid) / "fdinfo").iterdir()]
    lines = [line.split() for lines in polled for line in lines if line.startswith("tfd:")]
    return {str(int(word[4:], 16)) for line in lines for word in line if word.startswith("ino:")}


def cpu_s(pid: int) -> float:
    """The processor time of a process."""
    words = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICKS


def age_s(pid: int) -> float:
    """Seconds since a process began; zero for one that is gone."""
    with suppress(OSError, IndexError):
        began = int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - began / TICKS
    return 0.0


@contextmanager
def served(home: Path, log: Path, workers: int = 3) -> Iterator[Victim]:
    """A registry in `home` that answers; its words go to `log`."""
    port, token = free_port(), new_token()
    told = {"REGISTRY_DATA_DIR": str(home), "REGISTRY_ADMIN_KEY": token, "REGISTRY_MASS_CHANGE_LIMIT": "0"}
    told["REGISTRY_WEBHOOK_NETWORKS"] = LOOPBACK
    command = [sys.executable, "-m", "registry", "serve", "--port", str(port), "--workers", str(workers)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
    with log.open("ab") as words:
        process = subprocess.Popen(command, env=kept | told, stdin=subprocess.DEVNULL, stderr=words)
        try:
            wait(log, process)
            yield Victim(f"http://127.0.0.1:{port}", token, home.resolve(), process.pid)
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def wait(log: Path, process: "subprocess.Popen[bytes]", patience_s: float = PATIENCE_S) -> None:
    """Wait until the registry says that it is ready."""
    deadline = time.monotonic() + patience_s
    while b"ready on" not in log.read_bytes():
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"the registry did not start: {log.read_text()[-2000:]}")
        time.sleep(0.1)
