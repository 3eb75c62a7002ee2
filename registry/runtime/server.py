"""The HTTP server as a child process: granian with its workers, of which none outlives its parent."""

import ctypes
import importlib
import logging
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import msgspec
from granian import Granian
from granian.constants import Interfaces, Loops, SSLProtocols
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.net import SocketHolder  # type: ignore[attr-defined]

from registry.runtime.heartbeat import Sender, Watchdog
from registry.runtime.listening import BACKLOG, open_socket
from registry.runtime.settings import Settings, read

WORKERS_KILL_S = 20
STOP_S = 24
READY_S = 60
RESPAWN_S = 5.0
HEADER_TIMEOUT_MS = 5_000
STABLE_S = 60
LOOP_S = 6.0
"""A worker that dies within this time of its start would die again at once."""
LOOP_PAUSE_S = 1.0
REAPED_EVERY_S = 0.02
APPLICATION = "registry.app"
MAX_PAUSE_S = 10
MAX_IN_FLIGHT = 8192
"""Requests of one worker, streams included. Granian's default of 1024 lets listeners shut others out."""
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG

log = logging.getLogger("registry.runtime.server")


class ServerProcess(subprocess.Popen[bytes]):
    """The server, and who watches over it and its workers."""

    watchdog: Watchdog


@contextmanager
def running(settings: Settings, listening: socket.socket | None = None) -> Iterator[ServerProcess]:
    """Run the server as a child until the block ends, on this socket or on one of its own."""
    with listening or open_socket(settings.host, settings.port) as shared:
        process = start(settings, shared)
        try:
            yield process
        finally:
            stop(process)


def start(settings: Settings, listening: socket.socket) -> ServerProcess:
    """Start the server as a child on this socket.

    The child has a session of its own: Ctrl-C would reach granian's workers and supervisor at the same time,
    which can make it hang.
    """
    watchdog = Watchdog()
    descriptors = [watchdog.sender.fileno(), listening.fileno()]
    command = [sys.executable, "-m", "registry.runtime.server", str(os.getpid()), *map(str, descriptors)]
    process = ServerProcess(command, env=_environment(settings), start_new_session=True, pass_fds=descriptors)
    process.watchdog = watchdog
    watchdog.start()
    return process


def _environment(settings: Settings) -> dict[str, str]:
    """The environment of the child: these settings, without the owner's URL."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
    variables = {
        f"REGISTRY_{name.upper()}": str(value)
        for name, value in msgspec.structs.asdict(settings).items()
        if value is not None and name not in ("database_url", "owner_url")
    }
    return inherited | variables | {"DATABASE_URL": settings.database_url or ""}


def stop(process: ServerProcess) -> None:
    """End the server: it drains, and after a quarter of a minute it is killed."""
    if process.poll() is None:
        process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # workers whose supervisor died would keep the port
    process.wait()
    process.watchdog.close()


class RestartRequested(Exception):
    """SIGHUP: a new server process takes the place of the old one, on the same socket."""


class Restarts:
    """Restarts that somebody asks for with SIGHUP, at any time."""

    def __init__(self) -> None:
        self._is_waiting = self._is_requested = False
        signal.signal(signal.SIGHUP, self._request)

    def wait(self, process: ServerProcess) -> int | None:
        """The exit code of the server; None when a restart is asked for."""
        self._is_waiting = True
        try:
            if self._is_requested:
                raise RestartRequested
            return process.wait()
        except RestartRequested:
            self._is_requested = False
            return None
        finally:
            self._is_waiting = False

    def _request(self, *_: object) -> None:
        self._is_requested = True
        if self._is_waiting:
            raise RestartRequested


def keep_running(settings: Settings, listening: socket.socket, on_ready: Callable[[], None]) -> int:
    """Run the server until it exits with 0, and restart it whenever it dies; returns the exit code.

    A first start that does not become ready is not repeated: somebody must repair its cause.
    """
    deaths, is_told, restarts = 0, False, Restarts()
    process = start(settings, listening)
    try:
        while True:
            started_s = time.monotonic()
            if wait_ready(settings, process):
                if not is_told or deaths:
                    on_ready()
                is_told = True
            elif not is_told:
                log.error("the server did not become ready; see its messages above")
                return process.poll() or 1
            code = restarts.wait(process)
            if code == 0:
                return 0
            if code is None:
                process, deaths = _replaced(process, settings, listening), 0
                continue
            deaths = deaths + 1 if time.monotonic() - started_s < STABLE_S else 1
            log.warning("the server ended with %s and is restarted", code)
            stop(process)
            time.sleep(min(2 ** (deaths - 1), MAX_PAUSE_S))
            process = start(settings, listening)
    finally:
        stop(process)


def _replaced(old: ServerProcess, settings: Settings, listening: socket.socket) -> ServerProcess:
    """A new server once it is ready, after which the old one drains; the old one where it does not."""
    new = start(settings, listening)
    if not wait_ready(settings, new):
        log.error("the new server did not become ready; the old one goes on")
        stop(new)
        return old
    stop(old)
    return new


def address(settings: Settings) -> str:
    """The address of the server for a browser on this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 - compared only
    return f"{'https' if settings.tls_certificate else 'http'}://{host}:{settings.port}"


def wait_ready(settings: Settings, process: ServerProcess) -> bool:
    """Whether the server becomes ready before it ends or a minute has passed.

    Another server may answer on the same socket, so that the heartbeats of its own workers count too.
    """
    unverified = ssl._create_unverified_context()  # noqa: S323 - the certificate names the outside
    for _ in range(READY_S * 10):
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
            return False
        if len(process.watchdog.workers_of(process.pid)) < settings.workers:
            continue
        with suppress(urllib.error.URLError, OSError):
            ready = f"{address(settings)}/health/ready?for=reading"
            urllib.request.urlopen(ready, timeout=1, context=unverified).close()  # noqa: S310 - our own
            return True
    return False


def _end_with(parent: int) -> None:
    """Have the kernel end this process when `parent` dies, even by SIGKILL."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(1)


class OneSocket(Granian):  # type: ignore[misc, valid-type]
    """Granian on a socket that its parent keeps and its workers share."""

    def __init__(self, descriptor: int, **options: Any) -> None:
        super().__init__(**options)
        self._holder = SocketHolder(descriptor, False, BACKLOG)  # type: ignore[call-arg]

        self._replaced_s: dict[int, float] = {}

    def _init_shared_socket(self) -> None:
        self._ssp = self._sso = None
        self._shd = self._holder

    def _stop_workers(self) -> None:
        """Wait until the workers are reaped: threads do it, of which granian may know a moment late."""
        for worker in self.wrks:
            worker.terminate()
        deadline_s = time.monotonic() + WORKERS_KILL_S
        while any(worker.is_alive() for worker in self.wrks) and time.monotonic() < deadline_s:
            time.sleep(REAPED_EVERY_S)
        self.workers_kill_timeout = 1
        super()._stop_workers()

    def _respawn_workers(self, workers: list[int], *arguments: Any, **options: Any) -> None:
        """Replace workers; one that dies again and again ends the server only where no other one serves."""
        begun_s = time.monotonic()
        if any(begun_s - self._replaced_s.get(number, -LOOP_S) < LOOP_S for number in workers):
            time.sleep(LOOP_PAUSE_S)
        super()._respawn_workers(workers, *arguments, **options)
        self._replaced_s |= dict.fromkeys(workers, time.monotonic())
        others = [worker for worker in self.wrks if worker.idx not in workers]
        if any(worker.is_alive() and begun_s - worker.birth > LOOP_S for worker in others):
            self.respawned_wrks.clear()  # by which granian finds a loop


def _end_at_once_on_sigterm() -> None:
    """A worker that is told to stop before it serves has nothing to finish.

    It begins with the handler of its parent, which would only set a flag that nobody reads.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def main(parent: int, heartbeat: int, listening: int) -> None:
    """Run granian until SIGTERM; it replaces workers that die."""
    _end_with(parent)
    Sender.inherit(heartbeat)
    Sender.beat_in_thread()
    os.register_at_fork(after_in_child=_end_at_once_on_sigterm)
    settings = read(os.environ)
    importlib.import_module(APPLICATION).preload()
    OneSocket(
        listening,
        target=f"{APPLICATION}:create",
        factory=True,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        address=settings.host,
        port=settings.port,
        workers=settings.workers,
        websockets=False,
        backlog=BACKLOG,
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
    main(*map(int, sys.argv[1:]))
