"""The socket that the server listens on: opened once, kept while workers come and go, and handed over.

It belongs to `registry serve` and is shared by its workers. So a connection waits for the next worker instead
of being refused, and is taken by another one where a worker is stuck. An abstract Unix socket, named for the
address, is where the next server asks for it. systemd may open it instead (`LISTEN_FDS`).
"""

import errno
import logging
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

BACKLOG = 8192
PATIENCE_S = 15.0
"""How long the workers of a killed server may keep the port."""
ANSWER_S = 5.0
FIRST_PASSED = 3
"""The first descriptor that systemd passes."""
RUNNING, ENDING, READY, RELEASED = b"running", b"ending", b"ready", b"released"
CREDENTIALS = struct.Struct("3i")

log = logging.getLogger("registry.runtime.listening")


class AddressTaken(Exception):
    """Why the address cannot be listened on, in a phrase."""


def passed_socket() -> socket.socket | None:
    """The socket that systemd opened for this process."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return None
    return socket.socket(fileno=FIRST_PASSED)


def open_socket(host: str, port: int, patience_s: float = PATIENCE_S) -> socket.socket:
    """A socket that listens on the address, which nobody else then can.

    AddressTaken when somebody else keeps it for longer than the workers of a killed server would.
    """
    deadline_s, is_told = time.monotonic() + patience_s, False
    while True:
        try:
            return _opened(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline_s:
                raise AddressTaken((error.strerror or str(error)).lower()) from error
        if not is_told:
            log.warning("port %s is in use; waiting up to %.0f s for it", port, patience_s)
            is_told = True
        time.sleep(0.2)


def _opened(host: str, port: int) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        found.bind(address)
        found.listen(BACKLOG)
    except OSError:
        found.close()
        raise
    return found


def _name(host: str, port: int) -> str:
    return f"\0emergency-registry/{host}/{port}"


class HandOver:
    """The right to an address, and the place where the next server asks for its socket."""

    def __init__(self, server: socket.socket) -> None:
        self._server = server
        self.is_ending = False
        """Whether the next server may take the socket without being told to."""

    @classmethod
    def claim(cls, host: str, port: int) -> "HandOver | None":
        """The right to an address; None when a server of the registry has it."""
        server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if sys.platform == "linux":
            try:
                server.bind(_name(host, port))
            except OSError as error:
                server.close()
                if error.errno == errno.EADDRINUSE:
                    return None
                raise
            server.listen()
        return cls(server)

    def offer(self, listening: socket.socket, stop: Callable[[], None]) -> None:
        """Give a copy of the socket to the next server of this account.

        `stop` once that is ready, unless this server is ending already: a second signal would cut that short.
        """
        if sys.platform == "linux":
            arguments = [listening.fileno(), stop]
            threading.Thread(target=self._serve, args=arguments, name="hand-over", daemon=True).start()

    def close(self) -> None:
        """Give the right up."""
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _serve(self, descriptor: int, stop: Callable[[], None]) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            with client, suppress(OSError):
                client.settimeout(None)
                if _account_of(client) not in (0, os.geteuid()):
                    continue
                state = ENDING if self.is_ending else RUNNING
                socket.send_fds(client, [state], [descriptor])
                if client.recv(16) == READY:
                    self.close()
                    client.send(RELEASED)
                    if not self.is_ending:
                        stop()
                    return


class Predecessor:
    """A running server of this address whose socket this one takes over."""

    def __init__(self, host: str, port: int) -> None:
        self._channel = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._channel.settimeout(ANSWER_S)
        self._address = host, port

    def take(self, *, even_if_it_goes_on: bool) -> socket.socket:
        """A copy of its socket; AddressTaken when it gives none, or is not ending and not to be replaced."""
        try:
            self._channel.connect(_name(*self._address))
            state, descriptors, _, _ = socket.recv_fds(self._channel, 16, 1)
        except OSError as error:
            raise AddressTaken(f"its server does not hand it over: {error.strerror or error}") from error
        if not descriptors:
            raise AddressTaken("it belongs to a server of another account")
        found = socket.socket(fileno=descriptors[0])
        if state == ENDING or even_if_it_goes_on:
            return found
        found.close()
        raise AddressTaken("a server of this registry answers there; --take-over replaces it")

    def stop(self) -> HandOver | None:
        """Have it drain and end, now that this server is ready; the right to the address."""
        with self._channel, suppress(OSError):
            self._channel.send(READY)
            self._channel.recv(16)
        return HandOver.claim(*self._address)


def _account_of(client: socket.socket) -> int:
    """The account of the process at the other end."""
    packed = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    return int(CREDENTIALS.unpack(packed)[1])
