"""The client connections of a worker, as the kernel knows them: closed when idle, too many, or at the end.

The server's own time limits begin with a request. A connection that never sends one, or never reads its
answer, is seen only here.
"""

import os
import resource
import socket
import struct
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from ipaddress import ip_address
from typing import NamedTuple

SILENT_S = 10.0
"""A new connection sends something within this time."""
IDLE_S = 75.0
"""Longer than any answer is waited for, and than the pause between two heartbeats of an event stream."""
SPARE_S = 1.0
"""A connection that has been idle for so long may be closed where there are too many."""
FULL = 0.75
"""The share of the permitted open files from which idle connections are closed early."""
FIRST_DESCRIPTOR = 3
TCP_INFO_BYTES = 136
TIMES = struct.Struct("=44xI4xI72xQ")
"""Of `struct tcp_info`: milliseconds since data was sent and received, and the bytes that were received."""


class Connection(NamedTuple):
    """A client connection: its descriptor, the client's address, and since when nothing moved."""

    descriptor: int
    address: str
    idle_s: float
    is_silent: bool


def raise_file_limit() -> tuple[int, int]:
    """Permit as many open files as this account may have; the limit before and now."""
    before, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if sys.platform == "linux" and before != most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return before, resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def _descriptors() -> Iterable[int]:
    try:
        return [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:  # there is none left to read the list with
        return range(FIRST_DESCRIPTOR, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _sockets(port: int) -> Iterator[socket.socket]:
    """The TCP sockets of this process with this port; each is the caller's only until the next one."""
    if sys.platform != "linux":
        return
    for descriptor in _descriptors():
        try:
            found = socket.socket(fileno=descriptor)
        except OSError:
            continue
        try:
            with suppress(OSError):
                if found.family in (socket.AF_INET, socket.AF_INET6) and found.getsockname()[1] == port:
                    yield found
        finally:
            found.detach()


def connections(port: int) -> list[Connection]:
    """The connections of clients to this port."""
    return [found for one in _sockets(port) if (found := _described(one)) is not None]


def _described(one: socket.socket) -> Connection | None:
    with suppress(OSError, struct.error):
        address = one.getpeername()[0]
        info = one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)
        sent_ms, received_ms, received_bytes = TIMES.unpack(info)
        return Connection(one.fileno(), address, min(sent_ms, received_ms) / 1000, received_bytes == 0)
    return None


def close(port: int, wanted: Callable[[Connection], bool]) -> int:
    """Shut down the connections of which `wanted` is true now; how many. Their tasks see the end of input."""
    count = 0
    for one in _sockets(port):
        found = _described(one)
        if found is not None and wanted(found):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
                count += 1
    return count


def stop_accepting(port: int) -> None:
    """Take no more connections in this process; they wait for whoever else has the listening socket.

    The server cannot be told this alone. So its descriptor is replaced by a socket that nobody connects to.
    """
    nobody = socket.socket(socket.AF_UNIX)
    nobody.bind("")
    nobody.listen()
    nobody.setblocking(False)
    with nobody:
        for one in _sockets(port):
            if one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                os.dup2(nobody.fileno(), one.fileno())


class ConnectionLimits:
    """Closes connections that are silent or idle, and the idlest of those that are too many."""

    def __init__(self, port: int, per_address: int, exempt: Callable[[str], bool]) -> None:
        self._port = port
        self._per_address = per_address
        self._exempt = exempt

    def sweep(self) -> int:
        """Close what may not stay; how many."""
        found = connections(self._port)
        doomed = {one.descriptor for one in found if one.idle_s > (SILENT_S if one.is_silent else IDLE_S)}
        doomed |= self._beyond(found)
        return (
            close(self._port, lambda one: one.descriptor in doomed and one.idle_s > SPARE_S) if doomed else 0
        )

    def _beyond(self, found: list[Connection]) -> set[int]:
        """The idlest connections of an address with too many, and the silent ones where files run out."""
        by_address: dict[str, list[Connection]] = defaultdict(list)
        for one in found:
            by_address[one.address].append(one)
        beyond = set()
        for address, those in by_address.items():
            if len(those) > self._per_address and not self._exempt(address):
                idlest = sorted(those, key=lambda one: (one.is_silent, one.idle_s), reverse=True)
                beyond |= {one.descriptor for one in idlest[: len(those) - self._per_address]}
        if (
            found
            and max(one.descriptor for one in found) > FULL * resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        ):
            beyond |= {one.descriptor for one in found if one.is_silent}
        return beyond


def is_local(address: str) -> bool:
    """Whether a client is on this host, perhaps a proxy for all the others."""
    return ip_address(address.partition("%")[0]).is_loopback
