"""What every peer has, and how its process is kept."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from benchmarks.stage import Stage

ROOT = Path(__file__).parents[2]
HOME = ROOT / ".state" / "peers"
LOG = HOME / "log"
LOCKS = ROOT / "requirements"
READY_S = 300


class Absent(Exception):
    """A peer that cannot be had on this machine; the text says why."""


class Peer(NamedTuple):
    """A server, how many times its throughput ours promises, and the path that lists features of a box."""

    name: str
    promised: float
    serving: Callable[[Stage], AbstractContextManager[str]]
    items: Callable[[str, str, int], str]


def connection(url: str) -> dict[str, str]:
    """Where a stage's database is: the directory of its socket, its name, and who asks."""
    parts = urlsplit(url)
    host = parse_qs(parts.query)["host"][0]
    return {"host": host, "dbname": parts.path.removeprefix("/"), "user": "registry"}


def environment(name: str) -> Path:
    """The Python of a peer's own environment, installed from its hashed lock on first use."""
    home, lock = HOME / name, LOCKS / f"{name}.txt"
    python, mark = home / "bin" / "python", home / "installed"
    if not mark.exists() or mark.read_bytes() != lock.read_bytes():
        uv = [sys.executable, "-m", "uv"]
        install = [*uv, "pip", "install", "-q", "--python", str(python), "--require-hashes", "-r", str(lock)]
        made = [*uv, "venv", "-q", "--clear", "-p", sys.executable, str(home)]
        for command in (made, install):
            if subprocess.run(command, check=False).returncode:
                raise Absent(f"the packages of requirements/{lock.name} could not be installed")
        mark.write_bytes(lock.read_bytes())
    return python


@contextmanager
def answering(command: Sequence[str], told: Mapping[str, str], port: int, path: str) -> Iterator[str]:
    """A peer's address once it answers `path`; what it says goes to a log, and it is gone afterwards."""
    HOME.mkdir(parents=True, exist_ok=True)
    with LOG.open("ab") as log:
        environ = os.environ | {"PYTHONPATH": ""} | dict(told)
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        _await(url + path, process)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _await(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=10).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"{url} does not answer; see {LOG}")
