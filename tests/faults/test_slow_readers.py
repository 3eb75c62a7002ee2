"""Streams at the client's pace hold nothing, and work ends when its client is gone or its time is over."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack

import asyncpg
import pytest

from registry.domain.errors import Unavailable
from registry.store.database import streams
from registry.store.database.streams import Spool, spooled
from tests.faults.conftest import RECORDS, Server, serving
from tests.faults.test_bad_input import draft
from tests.faults.test_database_gone import locked
from tests.faults.test_waiting import SLOWEST_MS, asked, client, p99, signed
from tests.waiting import BUSY, soon, until

READERS = 40
BUDGET_S = 2.0
THOUSAND_MOST_BYTES = 60_000
SNAPSHOT_MOST_BYTES = 2_000_000


@pytest.fixture(scope="module")
def full(filled_url: str) -> Iterator[Server]:
    with serving(filled_url) as running:
        yield running


def deaf(server: Server, path: str) -> socket.socket:
    """A client that asks, and never reads."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", server.port))
    connection.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {server.token}\r\n\r\n".encode()
    )
    return connection


async def open_transactions(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        where = "datname = current_database() AND usename = 'registry_app' AND xact_start IS NOT NULL"
        return int(await connection.fetchval(f"SELECT count(*) FROM pg_stat_activity WHERE {where}"))
    finally:
        await connection.close()


@pytest.mark.parametrize("path", ["/v1/sync/snapshot", "/ogc/collections/shelters/items?f=geojsonseq"])
async def test_forty_readers_that_never_read_hold_no_connection(
    full: Server, filled_url: str, path: str
) -> None:
    async with client(full, **signed(full)) as own:
        with ExitStack() as stack:
            for _ in range(READERS):
                stack.enter_context(deaf(full, path))
            await asyncio.sleep(2)
            assert p99(await asked(own, "/v1/resources?limit=10", 120, 0.02)) < 2 * SLOWEST_MS * BUSY
            await until(lambda: has_none(filled_url), within_s=60)
            assert p99(await asked(own, "/v1/resources?limit=10", 120, 0.02)) < SLOWEST_MS * BUSY
            for _ in range(5):
                made = await asyncio.to_thread(full.create, draft())
                assert made.status == 201, made
                assert made.took_s * 1000 < 2 * SLOWEST_MS * BUSY
            assert (await own.get("/health/ready")).status_code == 200


async def has_none(url: str) -> bool:
    return await open_transactions(url) == 0


async def test_a_snapshot_is_whole_after_its_spool(full: Server) -> None:
    async with client(full, **signed(full)) as own:
        lines = (await own.get("/v1/sync/snapshot")).text.splitlines()
    assert json.loads(lines[-1])["end"] == len(lines) - 2 >= RECORDS
    assert len({json.loads(line)["id"] for line in lines[1:-1]}) == len(lines) - 2


async def allowed() -> None:
    """The client may have everything."""


@pytest.mark.parametrize("encoding", ["zstd", "br", "gzip"])
async def test_what_a_thin_network_carries_is_small(full: Server, encoding: str) -> None:
    async with client(full, **signed(full), **{"accept-encoding": encoding}) as own:
        page = await own.get("/ogc/collections/shelters/items?limit=1000")
        assert page.json()["numberReturned"] == 1000
        assert page.num_bytes_downloaded <= THOUSAND_MOST_BYTES
        snapshot = await own.get("/v1/sync/snapshot")
        per_record = snapshot.num_bytes_downloaded / (snapshot.text.count("\n") - 2)
        assert per_record * 30_000 <= SNAPSHOT_MOST_BYTES


async def pieces(*sizes: int) -> AsyncIterator[bytes]:
    for size in sizes:
        yield b"x" * size
        await asyncio.sleep(0)


async def test_a_spool_gives_back_what_it_held_and_passes_failures_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def failing() -> AsyncIterator[bytes]:
        yield b"first"
        raise Unavailable("the database is not reachable")

    whole = [len(piece) async for piece in spooled(pieces(10, 3_000_000, 5), contextlib.nullcontext, allowed)]
    assert sum(whole) == 3_000_015
    broken = spooled(failing(), contextlib.nullcontext, allowed)
    assert await anext(broken) == b"first"
    with pytest.raises(Unavailable, match="not reachable"):
        await anext(broken)
    monkeypatch.setattr(streams, "MOST_SPOOLED_BYTES", 100)
    with pytest.raises(Unavailable, match="long answers"):
        [piece async for piece in spooled(pieces(90, 20), contextlib.nullcontext, allowed)]
    assert Spool.held_bytes == 0


def test_work_whose_client_is_gone_ends_in_the_database_too(new_database: Callable[[], str]) -> None:
    url = new_database()
    with serving(url, statement_timeout_s=60) as server, locked(url):
        clients = [deaf(server, "/v1/resources") for _ in range(3)]
        assert soon(lambda: waiting_for_locks(url) == len(clients))
        for one in clients:
            one.close()
        assert soon(lambda: waiting_for_locks(url) == 0, within_s=5)


def waiting_for_locks(url: str) -> int:
    async def ask() -> int:
        connection = await asyncpg.connect(url)
        try:
            where = "datname = current_database() AND wait_event_type = 'Lock'"
            return int(await connection.fetchval(f"SELECT count(*) FROM pg_stat_activity WHERE {where}"))
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_work_that_takes_longer_than_its_budget_is_503(new_database: Callable[[], str]) -> None:
    url = new_database()
    with serving(url, statement_timeout_s=60, request_timeout_s=BUDGET_S) as server:
        with locked(url):
            answer = server.ask("/v1/resources")
        assert answer.status == 503
        assert "longer than 2 s" in answer.problem()["detail"]
        assert BUDGET_S <= answer.took_s < (BUDGET_S + 2) * BUSY
        waited = server.ask("/v1/changes?cursor=now&wait_s=4")
        assert waited.status == 200, "what waits for news does not work"
        assert waited.took_s > BUDGET_S
