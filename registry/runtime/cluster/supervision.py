"""Restarts a server that was killed, or is stuck, while somebody uses it."""

import logging
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from registry.runtime.cluster import ClusterError

CHECK_EVERY_S = 0.25
RETRY_AFTER_S = 2.0

PROBE_EVERY_S = 2.0
PROBE_S = 2.0
STUCK_AFTER_S = 7.0
LONGEST_SILENT_S = 60.0
"""A postmaster that runs and takes no connection for so long turns in circles; on a busy host it is slow."""
TLS_REQUEST = struct.pack("!ii", 8, 80877103)
"""The one question that a postmaster answers before it knows who asks; it logs nothing of it."""

log = logging.getLogger("registry.runtime.cluster.embedded")


class Liveness:
    """Whether a postmaster lives and takes connections; one that takes none and does not run is killed.

    `progress` is a value that changes whenever its process has run.
    """

    def __init__(
        self,
        is_led: Callable[[], bool],
        path: Path,
        kill: Callable[[], None],
        progress: Callable[[], object] = lambda: None,
    ) -> None:
        self._is_led, self._path, self._kill, self._progress = is_led, path, kill, progress
        self._seen: object = None
        self._probed_s = self._answered_s = time.monotonic()

    def is_up(self) -> bool:
        """Look; the postmaster is asked for an answer every two seconds."""
        now_s = time.monotonic()
        if not self._is_led():
            self._answered_s = now_s
            return False
        if now_s - self._probed_s < PROBE_EVERY_S:
            return True
        self._probed_s = now_s
        if self._answers():
            self._answered_s = time.monotonic()
        elif self._is_stuck(silent_s := time.monotonic() - self._answered_s):
            log.error("the postmaster takes no connection for %.0f s and is killed", silent_s)
            self._kill()
            return False
        return True

    def _is_stuck(self, silent_s: float) -> bool:
        before, self._seen = self._seen, self._progress()
        has_run = before != self._seen
        return silent_s > (LONGEST_SILENT_S if has_run else STUCK_AFTER_S)

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(PROBE_S)
                probe.connect(str(self._path))
                probe.sendall(TLS_REQUEST)
                return bool(probe.recv(1))
        except OSError:
            return False


@contextmanager
def watched(is_up: Callable[[], bool], revive: Callable[[], None]) -> Iterator[None]:
    """Call `revive` whenever the server is down, until the block ends; a failure is retried."""
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(ended, is_up, revive), name="cluster-watch", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _watch(ended: threading.Event, is_up: Callable[[], bool], revive: Callable[[], None]) -> None:
    pause_s = CHECK_EVERY_S
    while not ended.wait(pause_s):
        pause_s = CHECK_EVERY_S
        if is_up():
            continue
        log.warning("the cluster is down and is restarted")
        try:
            revive()
        except ClusterError as error:
            log.error("%s", error)
            pause_s = RETRY_AFTER_S
