"""Kill a primary under writes and listeners, promote its standby, and count what was lost."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import asyncpg
import httpx
import msgspec

from benchmarks.stage import free_port
from registry.domain.access.credential import new_token
from registry.runtime.cluster import processes
from registry.runtime.cluster.embedded import Cluster
from registry.runtime.database import as_role, writing
from registry.services.access import keys
from registry.store.database import migrations
from tests.faults.inspection import inspect
from tests.faults.ledger import Ledger
from tests.faults.load import Client, Stuck
from tests.faults.victim import PATIENCE_S, wait
from tests.scratch import scratch_folder
from tests.standby import either, follow
from tests.waiting import until

CLIENTS = 4
PEPPER = "a pepper of the failover drill, long enough"
CHANGES = "SELECT resource_id::text, version FROM change_log ORDER BY xid, seq"
Told = list[tuple[str, int]]


class Failovers(NamedTuple):
    """What a drill found; `found` holds counts that should all be 0."""

    rounds: int
    seed: int
    seconds: float
    acknowledged: int
    longest_gap_s: float
    doubts: dict[str, int]
    found: dict[str, int]
    faults: list[str]

    @property
    def is_clean(self) -> bool:
        """Nothing lost, doubled, untold or out of order, and nobody was told to begin anew."""
        return not self.faults and not any(self.found.values())


class Pair:
    """A primary and a synchronous standby, which change roles."""

    def __init__(self, folder: Path) -> None:
        self.homes = [folder / "one", folder / "two"]
        self.primary = Cluster.at(self.homes[0])
        self.primary.up(durable=True)
        migrations.upgrade(self.primary.url)
        self.urls = self.primary.url, Cluster.at(self.homes[1]).url
        self.standby = follow(self.primary.url, self.homes[1])

    async def synchronise(self) -> None:
        """Have every commit wait for the standby from now on."""
        await ask(self.primary, "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")

        async def is_synchronous() -> bool:
            return await ask(self.primary, "SELECT sync_state FROM pg_stat_replication") in ("sync", "quorum")

        await until(is_synchronous, PATIENCE_S)

    async def fail_over(self) -> None:
        """Kill the primary, promote the standby, and make a new standby of what was killed."""
        os.kill(processes.postmaster(self.primary.pgdata) or 0, signal.SIGKILL)
        assert not await asyncio.to_thread(processes.end, self.primary.pgdata)
        await ask(self.standby, "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
        assert await ask(self.standby, f"SELECT pg_promote(true, {PATIENCE_S:.0f})")
        self.homes.reverse()
        self.primary = self.standby

    async def repair(self) -> None:
        """Make a new standby of what was killed."""
        self.standby = await asyncio.to_thread(follow, self.primary.url, self.homes[1])
        await self.synchronise()

    def stop(self) -> None:
        """Stop both."""
        for home in self.homes:
            Cluster.at(home).down()


async def ask(cluster: Cluster, *statements: str) -> object:
    """The answer to the last of some statements of the superuser."""
    connection = await asyncpg.connect(cluster.url.replace("registry@", "postgres@"), timeout=PATIENCE_S)
    try:
        answers = [await connection.fetchval(statement) for statement in statements]
    finally:
        await connection.close()
    return answers[-1]


@contextmanager
def served(pair: Pair, folder: Path) -> Iterator[tuple[str, str]]:
    """A server that writes to the primary and reads from the standby: its address and its admin key."""
    port, token = free_port(), new_token()

    async def admit() -> None:
        async with writing(pair.primary.url) as writer:
            await keys.put_admin_key(writer, PEPPER.encode(), token)

    asyncio.run(admit())
    told = {
        "DATABASE_URL": as_role(either(*pair.urls)),
        "REGISTRY_READ_URL": as_role(either(*pair.urls, "prefer-standby")),
        "REGISTRY_KEY_PEPPER": PEPPER,
        "REGISTRY_MASS_CHANGE_LIMIT": "0",
        "REGISTRY_DATA_DIR": str(folder / "server"),
    }
    log, kept = folder / "serve.log", {k: v for k, v in os.environ.items() if not k.startswith("REGISTRY_")}
    command = [sys.executable, "-m", "registry", "serve", "--port", str(port)]
    with log.open("ab") as words:
        process = subprocess.Popen(command, env=kept | told, stdin=subprocess.DEVNULL, stderr=words)
        try:
            wait(log, process)
            yield f"http://127.0.0.1:{port}", token
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


class Device:
    """What a field device is told: by its cursor, and by a stream that it opens again where it broke."""

    def __init__(self, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.AsyncClient(base_url=f"{url}/v1", headers=headers, timeout=15)
        self.polled: Told = []
        self.streamed: Told = []
        self.reloads = 0

    async def poll(self, over: asyncio.Event) -> None:
        """Follow the feed by its cursor."""
        asked: dict[str, str] = {"wait_s": "1"}
        while not over.is_set():
            with suppress(httpx.TransportError):
                answer = await self._http.get("/changes", params=asked)
                self.reloads += answer.status_code == 410
                if answer.status_code == 200:
                    page = answer.json()
                    asked["cursor"] = page["cursor"]
                    self.polled += [(change["id"], change["version"]) for change in page["changes"]]
            await asyncio.sleep(0.05)

    async def listen(self, over: asyncio.Event) -> None:
        """Follow the stream from the beginning on."""
        last = (await self._beginning()) or ""
        while not over.is_set():
            with suppress(httpx.TransportError):
                headers = {"Last-Event-ID": last}
                async with self._http.stream("GET", "/changes/stream", headers=headers) as answer:
                    event: dict[str, str] = {}
                    async for line in answer.aiter_lines():
                        if over.is_set():
                            return
                        name, _, value = line.partition(": ")
                        event[name] = value
                        if not line:
                            last, event = self._hear(event, last), {}
            await asyncio.sleep(0.05)

    async def _beginning(self) -> str | None:
        answer = await self._http.get("/changes", params={"cursor": "now"})
        return answer.json().get("cursor") if answer.status_code == 200 else None

    def _hear(self, event: dict[str, str], last: str) -> str:
        self.reloads += event.get("event") == "reset"
        if event.get("event") in ("put", "delete", "scope_out"):
            change = msgspec.json.decode(event["data"])
            self.streamed.append((change["id"], change["version"]))
        return event.get("id", last)

    def knows(self, changes: int) -> bool:
        """Whether it was told so many changes in both ways."""
        return min(len(self.polled), len(self.streamed)) >= changes

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()


def run(rounds: int, seed: int) -> Failovers:
    """One drill on two clusters of its own."""
    with scratch_folder() as folder:
        pair = Pair(folder)
        try:
            asyncio.run(pair.synchronise())
            with served(pair, folder) as (url, token):
                return asyncio.run(_drill(pair, folder, url, token, rounds, seed))
        finally:
            pair.stop()


async def _drill(pair: Pair, folder: Path, url: str, token: str, rounds: int, seed: int) -> Failovers:
    device, begun_s = Device(url, token), time.monotonic()
    with closing(Ledger(folder / "ledger")) as ledger:
        clients = [Client(number, seed, url, token, ledger) for number in range(CLIENTS)]
        over, told = asyncio.Event(), asyncio.Event()
        async with asyncio.TaskGroup() as following:
            following.create_task(device.poll(told))
            listening = following.create_task(device.listen(told))
            async with asyncio.TaskGroup() as working:
                for client in clients:
                    working.create_task(_work(client, over))
                gaps_s = [await _round(pair, ledger) for _ in range(rounds)]
                over.set()
            logged = await changes(pair.primary)
            with suppress(AssertionError):  # what is missing is counted
                await until(
                    lambda: min(map(len, (device.polled, device.streamed))) >= len(logged), PATIENCE_S
                )
            told.set()
            listening.cancel()
        await device.close()
        found = await _inspected(pair, ledger) | compared(device, logged)
        seconds, doubts = time.monotonic() - begun_s, dict(ledger.doubts)
        acknowledged = len(ledger.acknowledged)
        return Failovers(rounds, seed, seconds, acknowledged, max(gaps_s), doubts, found, ledger.faults)


async def _work(client: Client, over: asyncio.Event) -> None:
    with suppress(Stuck):  # which is a fault in the ledger
        await client.work(over)


async def _round(pair: Pair, ledger: Ledger) -> float:
    """Fail over once; how long until every client had answers again."""
    await more(ledger)
    struck_s = time.monotonic()
    await pair.fail_over()
    async with asyncio.TaskGroup() as both:
        both.create_task(pair.repair())
        await more(ledger)
        gap_s = time.monotonic() - struck_s
    await more(ledger)
    return gap_s


async def more(ledger: Ledger) -> None:
    """Wait until each client has had answers again."""
    had = len(ledger.acknowledged)
    await until(lambda: len(ledger.acknowledged) >= had + 5 * CLIENTS, PATIENCE_S)


async def changes(cluster: Cluster) -> Told:
    """The changes in the order of history."""
    connection = await asyncpg.connect(cluster.url)
    try:
        return [(row["resource_id"], row["version"]) for row in await connection.fetch(CHANGES)]
    finally:
        await connection.close()


def compared(device: Device, logged: Told) -> dict[str, int]:
    """What a device was told, against the order of history."""
    return {
        "changes that a cursor was not told, or twice": len(set(logged) ^ set(device.polled))
        + len(device.polled)
        - len(set(device.polled)),
        "changes that a listener was not told, or twice": len(set(logged) ^ set(device.streamed))
        + len(device.streamed)
        - len(set(device.streamed)),
        "changes told in another order": sum(
            one != other
            for told in (device.polled, device.streamed)
            for one, other in zip(told, logged, strict=False)
        ),
        "devices told to begin anew": device.reloads,
    }


async def _inspected(pair: Pair, ledger: Ledger) -> dict[str, int]:
    connection = await asyncpg.connect(pair.primary.url, timeout=PATIENCE_S)
    try:
        return await inspect(connection, ledger)
    finally:
        await connection.close()
