"""Creates on a durable cluster beside the same transaction in pgbench."""

import asyncio
import json
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import msgspec
from litestar.testing import AsyncTestClient

from benchmarks import load
from benchmarks.figures import Figure, at_least, at_most
from benchmarks.load import Load
from benchmarks.recorded import Statement
from benchmarks.stage import LOG, PEPPER, WITHOUT_LIMITS, WORKERS, Stage, free_port
from registry.app import create_app
from registry.runtime import server
from registry.runtime.cluster.embedded import running
from registry.runtime.database import as_role, writing
from registry.runtime.settings import Settings
from registry.services.access import keys
from registry.store.database import migrations, pool

AREA = "writes"
ROUNDS = 5
SCRIPT = Path(__file__).parents[1] / "create.lua"
FEATURE = {
    "type": "Feature",
    "geometry": {"type": "Point", "coordinates": [106.65, 29.03]},
    "properties": {
        "kind": "shelter",
        "name": {"zh": "测试避难所", "en": "Test shelter"},
        "location": {"quality": "surveyed", "uncertainty_m": 5},
        "capacity_persons": 300,
    },
}
OPTIONS: dict[str, Any] = WITHOUT_LIMITS | {
    "inflight_command": 200,
    "log_file": LOG,
}


def measure(stages: list[Stage], seconds: float) -> list[Figure]:
    """Creates over HTTP as a share of what the database does alone, with fsync; the slowest hundredth.

    The two are measured in turns, so that what else the machine does meets both, and medians are told.
    """
    alone: list[float] = []
    made: list[Load] = []
    turn_s = max(1, round(seconds / ROUNDS))
    with durable() as url:
        key = asyncio.run(a_key(url))
        statements = asyncio.run(recorded(url, key))
        port = free_port()
        chosen = Settings(database_url=as_role(url), port=port, workers=WORKERS, **OPTIONS)
        with server.running(chosen) as process:
            if not server.wait_ready(chosen, process):
                raise RuntimeError("the server did not become ready")
            creates(server.address(chosen), key, min(3, seconds))
            for _ in range(ROUNDS):
                alone.append(load.pgbench(url, statements, DRAWN, seconds=turn_s))
                made.append(creates(server.address(chosen), key, turn_s))
    share = median(run.per_second / bare for run, bare in zip(made, alone, strict=True))
    rate, p99_us = median(run.per_second for run in made), median(run.p99_us for run in made)
    return [
        Figure(AREA, "creates a second, fsync on, 16 connections", f"{rate:,.0f}"),
        Figure(AREA, "pgbench with the same transaction, 16 clients", f"{median(alone):,.0f}"),
        at_least(AREA, "share of pgbench's throughput", share * 100, 30, " %"),
        at_most(AREA, "p99 of a create", p99_us / 1000, 100, " ms"),
    ]


@contextmanager
def durable() -> Iterator[str]:
    """The URL of an empty registry in a cluster that syncs to the disk, removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="emergency-registry-durable-", dir="/var/tmp"))
    folder.chmod(0o755)
    try:
        with running(folder / "data") as url:
            migrations.upgrade(url)
            yield url
    finally:
        shutil.rmtree(folder)


async def a_key(url: str, holder: str = "benchmark") -> str:
    """A planner's key."""
    async with writing(url) as writer:
        return await keys.create_key(
            writer, PEPPER.encode(), holder=holder, role="planner", now=datetime.now(UTC)
        )


def creates(url: str, key: str, seconds: float) -> Load:
    """Create as fast as sixteen connections can; a request that fails makes the measurement worthless."""
    told = {"BODY": json.dumps(FEATURE), "KEY": key, "RUN": secrets.token_hex(4)}
    command = ["wrk", "-t2", "-c16", f"-d{seconds:g}s", "--timeout", "10s", "-s", str(SCRIPT), url]
    result = subprocess.run(command, env=os.environ | told, capture_output=True, text=True, check=True)
    run = msgspec.json.decode(result.stdout.strip().splitlines()[-1], type=Load)
    if run.failures or not run.requests:
        raise RuntimeError(f"{run.failures} of {run.requests} creates failed")
    return run


async def recorded(url: str, key: str) -> list[Statement]:
    """One create as a transaction of prepared statements, its identity and its key drawn anew each time."""
    seen: list[Statement] = []
    app = create_app(Settings(**OPTIONS), as_role(url))
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "recorded"}
    async with AsyncTestClient(app, base_url="http://127.0.0.1") as client:
        await client.post("/v1/resources", json=FEATURE, headers=headers | {"Idempotency-Key": "warm"})
        with recording(seen):
            answer = await client.post("/v1/resources", json=FEATURE, headers=headers)
    answer.raise_for_status()
    identity = UUID(answer.json()["id"])
    return [Statement("BEGIN", []), *(drawn(one, identity) for one in seen), Statement("COMMIT", [])]


@contextmanager
def recording(seen: list[Statement]) -> Iterator[None]:
    """Remember what every writer runs."""
    run, row = pool.Writer.run, pool.Writer.row

    async def watched_run(self: Any, query: Any, given: Mapping[str, Any]) -> str:
        seen.append(Statement(query.text, query.args(given)))
        return await run(self, query, given)

    async def watched_row(self: Any, query: Any, given: Mapping[str, Any]) -> Any:
        seen.append(Statement(query.text, query.args(given)))
        return await row(self, query, given)

    pool.Writer.run, pool.Writer.row = watched_run, watched_row  # type: ignore[method-assign]
    try:
        yield
    finally:
        pool.Writer.run, pool.Writer.row = run, row  # type: ignore[method-assign]


DRAWN = {"identity": "random(0, 281474976710655)"}
DRAWN_ID = "('00000000-0000-7000-8000-' || lpad(to_hex(:drawn_0::bigint), 12, '0'))::uuid"


def drawn(statement: Statement, identity: UUID) -> Statement:
    """The statement with its identity and its key made anew by pgbench for every transaction."""
    text, arguments = statement
    for place, value in reversed(list(enumerate(arguments, 1))):
        if value == identity:
            text = text.replace(f"${place}::UUID", DRAWN_ID)
        elif value == "recorded":
            text = text.replace(f"${place}::", f"({DRAWN_ID})::text::")
    return Statement(text, [_written(value) for value in arguments])


def _written(value: Any) -> Any:
    """An argument without colons, after which pgbench would look for a variable, and as long as before."""
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, datetime):
        return value.strftime("%Y%m%dT%H%M%SZ")
    if isinstance(value, dict):
        return "{}"
    return value.replace(":", "=") if isinstance(value, str) else value
