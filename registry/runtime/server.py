"""The HTTP server as a child process: granian with its workers, and nothing left when we go."""

import ctypes
import logging
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import msgspec
from granian import Granian
from granian.constants import Interfaces, Loops, SSLProtocols
from granian.http import HTTP1Settings
from granian.log import LogLevels

from registry.runtime import settings
from registry.runtime.settings import Settings

WORKERS_KILL_S = 10
STOP_S = 15
READY_S = 60
RESPAWN_S = 5.0
SLOW_HEADER_MS = 5_000
CALM_S = 60
LONGEST_PAUSE_S = 10
MOST_OPEN = 8192
"""Requests of one worker in flight, streams included; at 1024, Granian's own, listeners shut others out."""
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG

log = logging.getLogger("registry.runtime.server")


@contextmanager
def running(chosen: Settings) -> Iterator["subprocess.Popen[bytes]"]:
    """The server as a child in a session of its own, stopped when the block ends.

    Ctrl-C would reach granian's workers and its supervisor at once, which can hang it; a session of its own
    leaves one signal, ours, in the right order.
    """
    command = [sys.executable, "-m", "registry.runtime.server", str(os.getpid())]
    process = subprocess.Popen(command, env=_environment(chosen), start_new_session=True)
    try:
        yield process
    finally:
        _stop(process)


def _environment(chosen: Settings) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
    told = {
        f"REGISTRY_{name.upper()}": str(value)
        for name, value in msgspec.structs.asdict(chosen).items()
        if value is not None and name not in ("database_url", "owner_url")
    }
    return kept | told | {"DATABASE_URL": chosen.database_url or ""}


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # workers whose supervisor died would keep the port
    process.wait()


def keep_running(chosen: Settings, on_ready: Callable[[], None]) -> int:
    """Run the server until it ends in peace, again whenever it dies; returns its exit code.

    A first start that does not become ready is not repeated: what keeps it down has to be mended.
    """
    deaths = 0
    while True:
        begun = time.monotonic()
        with running(chosen) as process:
            if wait_ready(chosen, process):
                on_ready()
            elif not deaths:
                log.error("the server did not become ready; what it said is above")
                return process.poll() or 1
            code = process.wait()
        if code == 0:
            return 0
        deaths = deaths + 1 if time.monotonic() - begun < CALM_S else 1
        log.warning("the server ended with %s and is started again", code)
        time.sleep(min(2 ** (deaths - 1), LONGEST_PAUSE_S))


def address(chosen: Settings) -> str:
    """Where a browser on this machine finds the server."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(chosen.host, chosen.host)  # noqa: S104 - compared only
    return f"{'https' if chosen.tls_certificate else 'http'}://{host}:{chosen.port}"


def wait_ready(chosen: Settings, process: "subprocess.Popen[bytes]") -> bool:
    """Whether the server says it is ready before it ends or a minute has passed."""
    unverified = ssl._create_unverified_context()  # noqa: S323 - the certificate names the outside
    for _ in range(READY_S * 10):
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
            return False
        with suppress(urllib.error.URLError, OSError):
            ready = f"{address(chosen)}/health/ready"
            urllib.request.urlopen(ready, timeout=1, context=unverified).close()  # noqa: S310 - our own
            return True
    return False


def _end_with(parent: int) -> None:
    """Have the kernel end this process when `parent` dies, however it dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(1)


def main(parent: int) -> None:
    """The child: granian until SIGTERM, with workers that are replaced when they die."""
    _end_with(parent)
    chosen = settings.read(os.environ)
    Granian(
        "registry.app:create",
        factory=True,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        address=chosen.host,
        port=chosen.port,
        workers=chosen.workers,
        websockets=False,
        backlog=MOST_OPEN,
        backpressure=MOST_OPEN,
        respawn_failed_workers=True,
        respawn_interval=RESPAWN_S,
        workers_kill_timeout=WORKERS_KILL_S,
        ssl_cert=chosen.tls_certificate,
        ssl_key=chosen.tls_key,
        ssl_protocol_min=SSLProtocols.tls12,
        http1_settings=HTTP1Settings(header_read_timeout=SLOW_HEADER_MS),
        log_level=LogLevels.warning,
    ).serve()


if __name__ == "__main__":
    main(int(sys.argv[1]))
