"""Heartbeats: what is stuck is found and killed, and what lost its parent ends.

Workers and their supervisor send a datagram a second through a socket pair. Its other end is with
`registry serve`, which kills whoever was silent for too long; granian or `serve` itself then replaces it.
"""

import asyncio
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

EVERY_S = 1.0
STUCK_AFTER_S = 7.0
"""A worker that does not turn its loop for so long is of no use to its clients."""
STARVED_AFTER_S = 60.0
"""For so long a process may want to run and be given no processor: to kill it would only cost more of it."""
STARVED_CPU_S = 1.0
"""A process that has used more since its last beat was given time, and did something else with it."""
SIZE = 64
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")

log = logging.getLogger("registry.runtime.heartbeat")


class Sender:
    """The end of the socket pair that supervisor and workers inherit; none outside `registry serve`."""

    _socket: socket.socket | None = None

    @classmethod
    def inherit(cls, descriptor: int) -> None:
        """Send through this descriptor from now on, in this process and all that it forks."""
        cls._socket = socket.socket(fileno=descriptor)
        cls._socket.setblocking(False)

    @classmethod
    def beat(cls) -> bool:
        """Send one beat; whether somebody is there to receive it."""
        if cls._socket is None:
            return True
        try:
            cls._socket.send(f"{os.getpid()} {os.getppid()}".encode())
        except BlockingIOError:
            pass  # nobody has read the last ones yet
        except OSError:
            return False
        return True

    @classmethod
    def beat_in_thread(cls) -> None:
        """Beat for as long as the process runs, for a supervisor without an event loop."""

        def repeat() -> None:
            while cls.beat():
                time.sleep(EVERY_S)

        threading.Thread(target=repeat, name="heartbeat", daemon=True).start()

    @classmethod
    async def beat_for_ever(cls) -> None:
        """Beat with the event loop; a worker without a parent ends as if it had been told to."""
        while cls.beat():  # noqa: ASYNC110 - time is what is waited for
            await asyncio.sleep(EVERY_S)
        os.kill(os.getpid(), signal.SIGTERM)


class Watchdog:
    """Receives the beats of one server process and its workers, and kills who falls silent."""

    def __init__(self, kill: Callable[[int, int], None] = os.kill) -> None:
        self._kill = kill
        self._receiver, self.sender = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._receiver.settimeout(EVERY_S / 2)
        self._last_s: dict[int, float] = {}
        self._spent_s: dict[int, float] = {}
        self._parents: dict[int, int] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Watch until `close`; the sending end belongs to the children from here on."""
        self.sender.close()
        self._thread.start()

    def close(self) -> None:
        """Watch no longer."""
        self._over.set()
        self._thread.join()
        self._receiver.close()

    def workers_of(self, supervisor: int) -> set[int]:
        """The workers of this supervisor that have begun to beat."""
        return {pid for pid, parent in list(self._parents.items()) if parent == supervisor}

    def _watch(self) -> None:
        while not self._over.is_set():
            self._receive()
            for pid in self._silent():
                log.error("process %s has not moved for %.0f s and is killed", pid, STUCK_AFTER_S)
                with suppress(ProcessLookupError):
                    self._kill(pid, signal.SIGKILL)
                self._forget(pid)

    def _receive(self) -> None:
        """Take every beat that waits, so that a watchdog that was itself stopped accuses nobody."""
        try:
            message = self._receiver.recv(SIZE)
            self._receiver.setblocking(False)
            while message:
                pid, parent = map(int, message.split())
                self._last_s[pid], self._parents[pid] = time.monotonic(), parent
                self._spent_s[pid] = activity(pid).spent_s
                message = self._receiver.recv(SIZE)
        except (TimeoutError, BlockingIOError):
            pass
        finally:
            self._receiver.settimeout(EVERY_S / 2)

    def _silent(self) -> list[int]:
        now_s = time.monotonic()
        for pid in [pid for pid in self._last_s if not is_alive(pid)]:
            self._forget(pid)
        return [pid for pid, at_s in self._last_s.items() if self._is_stuck(pid, now_s - at_s)]

    def _is_stuck(self, pid: int, silent_s: float) -> bool:
        """Whether it would have beaten if it could: one that waits for a processor is given more time."""
        if silent_s <= STUCK_AFTER_S or silent_s > STARVED_AFTER_S:
            return silent_s > STUCK_AFTER_S
        now = activity(pid)
        return not now.wants_to_run or now.spent_s - self._spent_s[pid] > STARVED_CPU_S

    def _forget(self, pid: int) -> None:
        del self._last_s[pid], self._parents[pid], self._spent_s[pid]


class Activity(NamedTuple):
    """Whether a thread of a process waits for a processor or a disk, and the time that all were given."""

    wants_to_run: bool
    spent_s: float


def activity(pid: int) -> Activity:
    """What the kernel knows of a process; nothing where there is no /proc."""
    states, ticks = set(), 0
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        with suppress(OSError, IndexError):
            fields = stat.read_text().rpartition(")")[2].split()
            states.add(fields[0])
            ticks += int(fields[11]) + int(fields[12])
    return Activity(not states.isdisjoint("RD"), ticks / TICKS_A_SECOND)


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        if Path("/proc/self").exists():
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
