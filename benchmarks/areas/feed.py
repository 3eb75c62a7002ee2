"""The feed: a poll that finds nothing, the first sync of everything, and thousands who listen."""

import asyncio
import json
import resource
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from benchmarks import load
from benchmarks.areas.writes import FEATURE, OPTIONS, a_key
from benchmarks.figures import Figure, at_least, at_most
from benchmarks.stage import WORKERS, Served, Stage, free_port
from registry.runtime import server
from registry.runtime.database import as_role
from registry.runtime.settings import Settings

AREA = "feed"
SYNCED = 200_000
LISTENERS = 2000
SLOW_BUFFER = 4096
FLOOD = 1600
"""Changes that a reader who does not read is given: more than its bounded queue and its socket hold."""


def measure(stages: list[Stage], seconds: float) -> list[Figure]:
    """The three, each on a server of its own."""
    stage = stages[-1]
    with served(stage, WORKERS) as found:
        figures = polls(found, seconds)
    with served(stage, 1) as found:
        figures += first_sync(found, stage)
    with served(stage, 1) as found:
        figures += asyncio.run(listening(found, asyncio.run(a_key(stage.database_url, "listening"))))
    return figures


@contextmanager
def served(stage: Stage, workers: int) -> Iterator[Served]:
    """The registry on this stage, with keys."""
    chosen = Settings(database_url=as_role(stage.database_url), port=free_port(), workers=workers, **OPTIONS)
    with server.running(chosen) as process:
        if not server.wait_ready(chosen, process):
            raise RuntimeError("the server did not become ready")
        yield Served(server.address(chosen), process.pid)


def polls(found: Served, seconds: float) -> list[Figure]:
    """How many polls that find nothing are answered, beside the cheapest question there is."""
    with urllib.request.urlopen(f"{found.url}/v1/changes?cursor=now") as answer:
        cursor = json.load(answer)["cursor"]
    asked = [f"/v1/changes?cursor={quote(cursor)}"]
    load.wrk(found.url, asked, seconds=min(3, seconds))
    live = load.wrk(found.url, ["/health/live"], seconds=seconds)
    nothing = load.wrk(found.url, asked, seconds=seconds)
    return [
        Figure(AREA, "polls without news a second, 16 connections", f"{nothing.per_second:,.0f}"),
        at_least(AREA, "share of /health/live", nothing.per_second / live.per_second * 100, 60, " %"),
    ]


def first_sync(found: Served, stage: Stage) -> list[Figure]:
    """Everything in one stream, and what it leaves in the worker's memory at its height."""
    with urllib.request.urlopen(f"{found.url}/v1/sync/snapshot?bucket=0") as answer:
        answer.read()
    before_mib, begun = found.worker_memory_mib(), time.monotonic()
    with highest(found.worker_memory_mib) as peak:
        count, size = 0, 0
        with urllib.request.urlopen(f"{found.url}/v1/sync/snapshot", timeout=600) as answer:
            for line in answer:
                count, size = count + 1, size + len(line)
    seconds = time.monotonic() - begun
    return [
        Figure(AREA, f"first sync of {count - 2:,} resources", f"{seconds:.1f} s, {size / 2**20:,.0f} MiB"),
        at_most(AREA, "growth of the worker meanwhile", max(peak) - before_mib, 64, " MiB"),
    ]


@contextmanager
def highest(measured: Callable[[], float]) -> Iterator[list[float]]:
    """Values measured ten times a second while the block runs."""
    values, over = [measured()], threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            values.append(measured())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield values
    finally:
        over.set()
        thread.join()
        values.append(measured())


async def listening(found: Served, key: str) -> list[Figure]:
    """How long the last of thousands waits for news, and what becomes of one who does not read."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (20_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    parts = urlsplit(found.url)
    before_mib = found.worker_memory_mib()
    streams = [await _listen(parts) for _ in range(LISTENERS)]
    for reader, _ in streams:
        await _until(reader, b"event: ready")
    each_kib = (found.worker_memory_mib() - before_mib) * 1024 / LISTENERS
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=found.url, headers=headers, timeout=60) as http:
        waiting = [asyncio.create_task(_until(reader, b"event: put")) for reader, _ in streams]
        (await http.post("/v1/resources", json=FEATURE)).raise_for_status()
        committed = time.monotonic()
        await asyncio.gather(*waiting)
        last_s = time.monotonic() - committed
        for _, writer in streams:
            writer.close()
        dropped_s, growth_mib = await _ignore(found, http, parts)
    return [
        Figure(AREA, "memory of a listener", f"{each_kib:.0f} KiB"),
        at_most(AREA, f"commit to the last of {LISTENERS:,} listeners", last_s, 2, " s"),
        Figure(AREA, "a reader who does not read is let go after", f"{dropped_s:.1f} s"),
        at_most(AREA, "growth of the worker until then", growth_mib, 64, " MiB"),
    ]


async def _listen(parts: Any, limit: int = 65_536) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=limit)
    writer.write(f"GET /v1/changes/stream HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
    await writer.drain()
    return reader, writer


async def _until(reader: asyncio.StreamReader, wanted: bytes) -> None:
    while wanted not in (line := await reader.readline()):
        if not line:
            raise RuntimeError("a listener was let go")


async def _ignore(found: Served, http: httpx.AsyncClient, parts: Any) -> tuple[float, float]:
    """Give a reader who does not read more than it can hold; seconds until it is let go, and memory."""
    reader, _ = await _listen(parts, SLOW_BUFFER)
    await asyncio.sleep(0.5)
    before_mib, begun = found.worker_memory_mib(), time.monotonic()
    source = {"kind": "person", "reference": "benchmark", "note": "x" * 2000}
    large = FEATURE["properties"] | {"sources": [source] * 5}  # type: ignore[operator]

    async def flood() -> None:
        for _ in range(FLOOD // 16):
            (await http.post("/v1/resources", json=FEATURE | {"properties": large})).raise_for_status()

    await asyncio.gather(*(flood() for _ in range(16)))
    growth_mib = found.worker_memory_mib() - before_mib
    async with asyncio.timeout(120):
        while await reader.read(65_536):
            pass
    return time.monotonic() - begun, growth_mib
