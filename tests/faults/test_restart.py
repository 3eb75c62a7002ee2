"""What is stuck is replaced, and a restart refuses nobody."""

import http.client
import itertools
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from registry.runtime.cluster import processes
from tests.faults.victim import children, command_of
from tests.scratch import scratch_folder
from tests.test_serve import ENVIRONMENT, free_port, hear_interrupts, status
from tests.waiting import BUSY, soon

REPLACED_S = 15.0
CLIENTS = 4
NUMBERS = itertools.count()
RESTARTS = int(os.environ.get("RESTARTS", "2"))


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """The data directory of one registry that every test here starts again."""
    with scratch_folder() as folder:
        yield folder / "data"


class Running:
    """A server and what it says."""

    def __init__(self, home: Path, port: int, *options: str, **environment: str) -> None:
        self.port = port
        self._log = home.parent / f"serve-{next(NUMBERS)}.log"
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "registry", "serve", "--port", str(port), *options],
                env=ENVIRONMENT | {"REGISTRY_DATA_DIR": str(home)} | environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=hear_interrupts,
            )

    @property
    def said(self) -> str:
        return self._log.read_text(errors="replace")

    def is_ready(self, patience_s: float = 300) -> bool:
        return soon(lambda: "ready on" in self.said, patience_s)

    def end(self) -> int:
        self.process.terminate()
        return self.process.wait(150)

    def workers(self) -> set[int]:
        return {
            worker
            for server in children(self.process.pid)
            if b"registry.runtime.server" in command_of(server)
            for worker in children(server)
            if b"resource_tracker" not in command_of(worker)
        }


@contextmanager
def running(home: Path, port: int, *options: str, **environment: str) -> Iterator[Running]:
    found = Running(home, port, *options, **environment)
    try:
        assert found.is_ready(), found.said
        yield found
    finally:
        found.end()


def test_a_stopped_worker_is_replaced_and_the_other_takes_its_connections(home: Path) -> None:
    with running(home, free_port(), "--workers", "2") as server:
        before = server.workers()
        victim = min(before)
        os.kill(victim, signal.SIGSTOP)
        begun, answers = time.monotonic(), []
        while victim in server.workers() or len(server.workers()) < 2:
            answers.append(status(server.port, "/v1/resources?limit=1"))
            assert time.monotonic() - begun < REPLACED_S * BUSY, server.workers()
            time.sleep(0.1)
        assert set(answers) == {200}
        assert "has not moved" in server.said
        assert soon(lambda: status(server.port) == 200)


def test_a_stopped_postmaster_is_replaced(home: Path) -> None:
    with running(home, free_port()) as server:
        postmaster = processes.postmaster(home / "pgdata")
        assert postmaster
        os.kill(postmaster, signal.SIGSTOP)
        assert soon(
            lambda: processes.postmaster(home / "pgdata") not in (None, postmaster), REPLACED_S * BUSY
        )
        assert soon(lambda: status(server.port) == 200, REPLACED_S * BUSY)


class Clients:
    """Four clients that ask one question after the other on one connection each, and one that listens."""

    def __init__(self, port: int) -> None:
        self.port, self.over = port, False
        self.faults: list[str] = []
        self.answers = self.goodbyes = 0

    def __enter__(self) -> "Clients":
        self.threads = [threading.Thread(target=self._ask) for _ in range(CLIENTS)]
        self.threads.append(threading.Thread(target=self._hear))
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over = True
        for thread in self.threads:
            thread.join()

    def _ask(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=100)
        with closing(connection):
            self._ask_on(connection)

    def _ask_on(self, connection: http.client.HTTPConnection) -> None:
        while not self.over:
            try:
                connection.request("GET", "/v1/resources?limit=1")
                answer = connection.getresponse()
                answer.read()
                self.answers += 1
                if answer.status != 200:
                    self.faults.append(f"{answer.status}")
            except (OSError, http.client.HTTPException) as error:
                self.faults.append(repr(error))
                connection.close()

    def _hear(self) -> None:
        """Listen to the stream, and come back whenever it ends."""
        while not self.over:
            with suppress(TimeoutError), socket.create_connection(("127.0.0.1", self.port), 20) as stream:
                stream.settimeout(0.2)
                stream.sendall(b"GET /v1/changes/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                heard = b""
                while not self.over:
                    with suppress(TimeoutError):
                        if not (piece := stream.recv(4096)):
                            break
                        heard += piece
                if not self.over:
                    self.goodbyes += heard.rstrip().endswith(b"0") and b"retry: " in heard


def noise(server: Running) -> list[str]:
    """What a server said of processes that ended in any but their own time."""
    lines = server.said.splitlines()
    return [line for line in lines if re.search("Killing|killed|Traceback|Unexpected", line)]


@contextmanager
def ended(servers: list[Running]) -> Iterator[None]:
    """End them all, whatever happens in the block."""
    try:
        yield
    finally:
        for one in servers:
            one.end()


def test_a_server_that_takes_over_refuses_nobody(home: Path) -> None:
    port = free_port()
    servers = [Running(home, port)]
    assert servers[0].is_ready()
    with ended(servers), Clients(port) as clients:
        for _ in range(RESTARTS):
            servers.append(Running(home, port, "--take-over"))
            assert servers[-1].is_ready(), servers[-1].said
            assert servers[-2].process.wait(200) == 0
            before = clients.answers
            assert soon(lambda before=before: clients.answers > before + CLIENTS)
    assert clients.faults == []
    assert clients.goodbyes >= RESTARTS
    assert [noise(one) for one in servers] == [[] for _ in servers]


def test_a_hangup_puts_new_workers_on_the_socket_and_refuses_nobody(home: Path) -> None:
    with running(home, free_port()) as server, Clients(server.port) as clients:
        for _ in range(RESTARTS):
            before = server.workers()
            server.process.send_signal(signal.SIGHUP)
            assert soon(lambda before=before: not server.workers() & before and server.workers(), 40)
        clients.over = True
        assert clients.faults == []
        assert noise(server) == []


def test_a_server_that_ends_hands_its_port_to_the_next_one(home: Path) -> None:
    port = free_port()
    first = Running(home, port, REGISTRY_DRAIN_S="4")
    assert first.is_ready()
    first.process.terminate()
    assert soon(lambda: status(port) == 503), "readiness ends first"
    assert status(port, "/v1/resources?limit=1") == 200
    with running(home, port):
        assert first.process.wait(200) == 0
        assert status(port) == 200


def test_a_stop_with_listeners_is_quick_and_kills_nobody(home: Path) -> None:
    with running(home, free_port()) as server:
        listeners = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
        for one in listeners:
            one.sendall(b"GET /v1/changes/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert b"200" in one.recv(200)
        silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
        begun = time.monotonic()
        assert server.end() == 0
        assert time.monotonic() - begun < 8 * BUSY
        assert noise(server) == []
        for one in [*listeners, *silent]:
            one.close()


@pytest.mark.parametrize("whole", [True, False], ids=["all its processes", "serve alone"])
def test_a_start_right_after_a_kill_succeeds(home: Path, whole: bool) -> None:
    port = free_port()
    first = Running(home, port)
    assert first.is_ready()
    streams = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
    for one in streams:
        one.sendall(b"GET /v1/changes/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    victims = [first.process.pid, *(children(first.process.pid) if whole else [])]
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    first.process.wait()
    with running(home, port):
        assert status(port) == 200
    for one in streams:
        one.close()


def test_two_servers_never_share_a_port(home: Path) -> None:
    with running(home, free_port()) as server, scratch_folder() as folder:
        other = Running(folder / "data", server.port)
        assert other.process.wait(300) == 1
        assert "--take-over" in other.said
        with socket.socket() as foreign:
            foreign.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            foreign.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            with pytest.raises(OSError, match="in use"):
                foreign.bind(("127.0.0.1", server.port))
