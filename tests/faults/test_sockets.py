"""Connections that send nothing or read nothing, and too many of them."""

import asyncio
import resource
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress

import pytest

from registry.runtime import connections
from registry.runtime.connections import SILENT_S, ConnectionLimits
from tests.faults.conftest import Server, serving
from tests.waiting import BUSY, soon, until

MANY = 1_500
FEW_FILES = 256


@pytest.fixture(scope="module")
def watched(new_database: Callable[[], str]) -> Iterator[Server]:
    with serving(new_database()) as running:
        yield running


def silent(server: Server, count: int) -> list[socket.socket]:
    found = []
    for _ in range(count):
        one = socket.socket()
        one.settimeout(5)
        with suppress(OSError):
            one.connect(("127.0.0.1", server.port))
        one.setblocking(False)
        found.append(one)
    return found


def is_closed(one: socket.socket) -> bool:
    try:
        return one.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def test_silent_connections_disturb_nobody_and_end(watched: Server) -> None:
    held = silent(watched, MANY)
    try:
        for _ in range(20):
            assert watched.ask("/v1/resources").took_s < 1 * BUSY
        assert soon(lambda: all(map(is_closed, held)), (SILENT_S + 15) * BUSY)
    finally:
        for one in held:
            one.close()
    assert watched.ask("/health/ready").status == 200


def test_more_connections_than_files_end_early(new_database: Callable[[], str]) -> None:
    with serving(new_database()) as server:
        [worker] = server.workers()
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (FEW_FILES, FEW_FILES))
        held = silent(server, 2 * FEW_FILES)
        try:
            assert soon(lambda: answers(server), 8 * BUSY), "the silent ones make room"
            assert server.ask("/health/ready").took_s < 2 * BUSY
        finally:
            for one in held:
                one.close()
        assert soon(lambda: answers(server))


def answers(server: Server) -> bool:
    with suppress(OSError):
        return server.ask("/v1/resources").status == 200
    return False


class Port:
    """A server in this process that sends what it is sent, and its number."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(100):
            writer.write(piece)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


@pytest.fixture
async def port() -> AsyncIterator[int]:
    server = await asyncio.start_server(Port().serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def opened(port: int, count: int, *, speaking: bool) -> list[Client]:
    found = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    for reader, writer in found if speaking else []:
        writer.write(b"hello")
        assert await reader.read(10) == b"hello"
    return found


async def left(clients: list[Client]) -> int:
    """How many are still open."""
    await asyncio.sleep(0.05)
    return sum(not reader.at_eof() for reader, _ in clients)


async def closed(*groups: list[Client]) -> None:
    for _, writer in (one for group in groups for one in group):
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def test_the_kernel_says_who_is_silent_and_how_long_nothing_moved(port: int) -> None:
    speaking, mute = await opened(port, 2, speaking=True), await opened(port, 3, speaking=False)
    found = await until(lambda: len(all_of := connections.connections(port)) == 5 and all_of)
    assert sorted(one.is_silent for one in found) == [False] * 2 + [True] * 3
    assert all(one.idle_s < 5 and one.address == "127.0.0.1" for one in found)
    await asyncio.sleep(0.3)
    assert all(one.idle_s >= 0.25 for one in connections.connections(port))
    await closed(speaking, mute)


async def test_silent_and_idle_connections_end_each_after_its_time(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = ConnectionLimits(port, 100, connections.is_local)
    monkeypatch.setattr(connections, "SPARE_S", 0.0)
    monkeypatch.setattr(connections, "SILENT_S", 0.2)
    monkeypatch.setattr(connections, "IDLE_S", 0.8)
    speaking, mute = await opened(port, 2, speaking=True), await opened(port, 3, speaking=False)
    assert limits.sweep() == 0
    await asyncio.sleep(0.3)
    assert limits.sweep() == 3
    assert (await left(speaking), await left(mute)) == (2, 0)
    await asyncio.sleep(0.6)
    assert limits.sweep() == 2
    assert await left(speaking) == 0
    await closed(speaking, mute)


@pytest.mark.parametrize("exempt", [False, True])
async def test_an_address_with_too_many_loses_its_idlest(
    port: int, exempt: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "SPARE_S", 0.1)
    limits = ConnectionLimits(port, 3, lambda _: exempt)
    old = await opened(port, 3, speaking=True)
    await asyncio.sleep(0.3)
    young = await opened(port, 3, speaking=True)
    assert limits.sweep() == (0 if exempt else 3)
    assert (await left(old), await left(young)) == (3 if exempt else 0, 3)
    await closed(old, young)


async def test_a_worker_that_stops_accepting_leaves_connections_to_the_others(port: int) -> None:
    before = await opened(port, 1, speaking=True)
    connections.stop_accepting(port)
    before[0][1].write(b"still")
    assert await before[0][0].read(10) == b"still"
    with pytest.raises(OSError, match="111"):
        await asyncio.open_connection("127.0.0.1", port)
    await closed(before)


def test_the_limit_of_files_is_raised_as_far_as_it_may_be() -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 1000));"
        "from registry.runtime.connections import raise_file_limit; print(raise_file_limit())"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "(256, 1000)"


def test_a_body_that_stops_arriving_ends_with_408(new_database: Callable[[], str]) -> None:
    begun = b"POST /v1/resources HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5000\r\n\r\nabc"
    with (
        serving(new_database(), body_timeout_s=1) as server,
        socket.create_connection(("127.0.0.1", server.port), 10) as slow,
    ):
        slow.sendall(begun)
        assert slow.recv(20).startswith(b"HTTP/1.1 408")
