"""Restarts a server that was killed while somebody uses it."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from registry.runtime.cluster import ClusterError

CHECK_EVERY_S = 0.25
RETRY_AFTER_S = 2.0

log = logging.getLogger("registry.runtime.cluster.embedded")


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
