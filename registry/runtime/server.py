"""The HTTP server as a child process: granian with its workers, of which none outlives its parent."""

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

from registry.runtime.settings import Settings, read

WORKERS_KILL_S = 10
STOP_S = 15
READY_S = 60
RESPAWN_S = 5.0
HEADER_TIMEOUT_MS = 5_000
STABLE_S = 60
MAX_PAUSE_S = 10
MAX_IN_FLIGHT = 8192
"""Requests of one worker, streams included. Granian's default of 1024 lets listeners shut others out."""
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG

log = logging.getLogger("registry.runtime.server")


@contextmanager
def running(settings: Settings) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the server as a child until the block ends.

    The child has a session of its own: Ctrl-C would reach granian's workers and supervisor at the same time,
    which can make it hang.
    """
    command = [sys.executable, "-m", "registry.runtime.server", str(os.getpid())]
    process = subprocess.Popen(command, env=_environment(settings), start_new_session=True)
    try:
        yield process
    finally:
        _stop(process)


def _environment(settings: Settings) -> dict[str, str]:
    """The environment of the child: these settings, without the owner's URL."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
    variables = {
        f"REGISTRY_{name.upper()}": str(value)
        for name, value in msgspec.structs.asdict(settings).items()
        if value is not None and name not in ("database_url", "owner_url")
    }
    return inherited | variables | {"DATABASE_URL": settings.database_url or ""}


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # workers whose supervisor died would keep the port
    process.wait()


def keep_running(settings: Settings, on_ready: Callable[[], None]) -> int:
    """Run the server until it exits with 0, and restart it whenever it dies; returns the exit code.

    A first start that does not become ready is not repeated: somebody must repair its cause.
    """
    deaths = 0
    while True:
        started_s = time.monotonic()
        with running(settings) as process:
            if wait_ready(settings, process):
                on_ready()
            elif not deaths:
                log.error("the server did not become ready; see its messages above")
                return process.poll() or 1
            code = process.wait()
        if code == 0:
            return 0
        deaths = deaths + 1 if time.monotonic() - started_s < STABLE_S else 1
        log.warning("the server ended with %s and is restarted", code)
        time.sleep(min(2 ** (deaths - 1), MAX_PAUSE_S))


def address(settings: Settings) -> str:
    """The address of the server for a browser on this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 - compared only
    return f"{'https' if settings.tls_certificate else 'http'}://{host}:{settings.port}"


def wait_ready(settings: Settings, process: "subprocess.Popen[bytes]") -> bool:
    """Whether the server becomes ready before it ends or a minute has passed."""
    unverified = ssl._create_unverified_context()  # noqa: S323 - the certificate names the outside
    for _ in range(READY_S * 10):
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
            return False
        with suppress(urllib.error.URLError, OSError):
            ready = f"{address(settings)}/health/ready"
            urllib.request.urlopen(ready, timeout=1, context=unverified).close()  # noqa: S310 - our own
            return True
    return False


def _end_with(parent: int) -> None:
    """Have the kernel end this process when `parent` dies, even by SIGKILL."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(1)


def main(parent: int) -> None:
    """Run granian until SIGTERM; it replaces workers that die."""
    _end_with(parent)
    settings = read(os.environ)
    Granian(
        "registry.app:create",
        factory=True,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        address=settings.host,
        port=settings.port,
        workers=settings.workers,
        websockets=False,
        backlog=MAX_IN_FLIGHT,
        backpressure=MAX_IN_FLIGHT,
        respawn_failed_workers=True,
        respawn_interval=RESPAWN_S,
        workers_kill_timeout=WORKERS_KILL_S,
        ssl_cert=settings.tls_certificate,
        ssl_key=settings.tls_key,
        ssl_protocol_min=SSLProtocols.tls12,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT_MS),
        log_level=LogLevels.warning,
    ).serve()


if __name__ == "__main__":
    main(int(sys.argv[1]))
