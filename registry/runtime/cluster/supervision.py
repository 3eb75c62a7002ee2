"""Looks after a server while somebody uses it: one that was killed is brought back."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from registry.runtime.cluster import ClusterError

LOOK_EVERY_S = 0.25
AGAIN_AFTER_S = 2.0

log = logging.getLogger("registry.runtime.cluster.embedded")


@contextmanager
def watched(is_up: Callable[[], bool], revive: Callable[[], None]) -> Iterator[None]:
    """Call `revive` whenever the server is found gone, until the block ends; a failure is tried again."""
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(over, is_up, revive), name="cluster-watch", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _watch(over: threading.Event, is_up: Callable[[], bool], revive: Callable[[], None]) -> None:
    pause_s = LOOK_EVERY_S
    while not over.wait(pause_s):
        pause_s = LOOK_EVERY_S
        if is_up():
            continue
        log.warning("the cluster is gone and is started again")
        try:
            revive()
        except ClusterError as error:
            log.error("%s", error)
            pause_s = AGAIN_AFTER_S
