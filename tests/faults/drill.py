"""Kill processes of a registry at random moments while clients write, then count what was lost."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import asyncpg
import httpx

from tests.faults.inspection import inspect
from tests.faults.ledger import Ledger
from tests.faults.load import Client, Stuck
from tests.faults.victim import Victim, served
from tests.faults.webhooks import Listener
from tests.scratch import scratch_folder
from tests.waiting import until

CLIENTS = 8
TRIES = 3000
PATIENCE_S = 300.0


class Outcome(NamedTuple):
    """What a drill found."""

    seed: int
    worker_kills: int
    postmaster_kills: int
    seconds: float
    acknowledged: int
    doubts: dict[str, int]
    longest_absence_s: float
    found: dict[str, int]
    faults: list[str]

    @property
    def is_clean(self) -> bool:
        """Nothing lost, nothing doubled, nothing half, no answer that should not be."""
        return not self.faults and not any(self.found.values())


def run(worker_kills: int, postmaster_kills: int, seed: int) -> Outcome:
    """One drill on a registry of its own."""
    with scratch_folder() as folder:
        log = folder / "serve.log"
        with served(folder / "data", log) as victim:
            return asyncio.run(_drill(victim, folder, worker_kills, postmaster_kills, seed))


async def _drill(
    victim: Victim, folder: Path, worker_kills: int, postmaster_kills: int, seed: int
) -> Outcome:
    with closing(Ledger(folder / "ledger")) as ledger, closing(Listener()) as listener:
        return await _struck(victim, folder, worker_kills, postmaster_kills, seed, ledger, listener)


async def _struck(
    victim: Victim, folder: Path, worker_kills: int, postmaster_kills: int, seed: int, ledger: Ledger,
    listener: Listener,
) -> Outcome:  # fmt: skip
    chance, over = random.Random(seed), asyncio.Event()
    await listener.subscribe(victim)
    watch = Watch(victim, ledger)
    clients = [Client(n, seed, victim.url, victim.token, ledger) for n in range(CLIENTS)]
    begun = time.monotonic()
    tasks = [asyncio.create_task(client.work(over)) for client in clients]
    watching = asyncio.create_task(watch.look(over))
    await asyncio.gather(
        _strike(worker_kills, victim.settled, chance, 1.5),
        _strike(postmaster_kills, lambda: [pid] if (pid := victim.postmaster()) else [], chance, 6.0),
    )
    acknowledged = len(ledger.acknowledged)
    await until(lambda: len(ledger.acknowledged) > acknowledged + 5 * CLIENTS, within_s=PATIENCE_S)
    await until(lambda: watch.is_ready, within_s=PATIENCE_S)
    over.set()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    await watching
    ledger.faults += [repr(end) for end in ended if end is not None and not isinstance(end, Stuck)]
    ledger.faults += _bugs(folder / "serve.log")
    found = await _inspected(victim, ledger, listener)
    return Outcome(
        seed,
        worker_kills,
        postmaster_kills,
        time.monotonic() - begun,
        len(ledger.acknowledged),
        dict(ledger.doubts),
        watch.longest_absence_s,
        found,
        ledger.faults,
    )


async def _strike(times: int, victims: Callable[[], list[int]], chance: random.Random, most_s: float) -> None:
    for _ in range(times):
        await asyncio.sleep(chance.uniform(0.2, most_s))
        for _ in range(TRIES):
            if found := victims():
                os.kill(chance.choice(found), signal.SIGKILL)
                break
            await asyncio.sleep(0.1)
        else:
            raise AssertionError("there was nothing left to kill for minutes")


def _bugs(log: Path) -> list[str]:
    return [line for line in log.read_text(errors="replace").splitlines() if "unhandled" in line][:5]


async def _inspected(victim: Victim, ledger: Ledger, listener: Listener) -> dict[str, int]:
    connection = await asyncpg.connect(victim.database_url, timeout=30)
    try:
        return await inspect(connection, ledger) | await listener.inspect(connection)
    finally:
        await connection.close()


class Watch:
    """Looks ten times a second whether the registry is ready, and how long it lags behind its database."""

    def __init__(self, victim: Victim, ledger: Ledger) -> None:
        self._victim = victim
        self._ledger = ledger
        self.longest_absence_s = 0.0
        self.is_ready = False

    async def look(self, over: asyncio.Event) -> None:
        """Look until it is over."""
        database_back_at: float | None = None
        async with httpx.AsyncClient(base_url=self._victim.url, timeout=5) as http:
            while not over.is_set():
                self.is_ready = await self._answers(http)
                if self.is_ready:
                    if database_back_at is not None:
                        lag_s = time.monotonic() - database_back_at
                        self.longest_absence_s = max(self.longest_absence_s, lag_s)
                    database_back_at = None
                elif not await self._database_answers():
                    database_back_at = None
                else:
                    database_back_at = database_back_at or time.monotonic()
                await asyncio.sleep(0.1)

    async def _answers(self, http: httpx.AsyncClient) -> bool:
        try:
            answer = await http.get("/health/ready")
        except httpx.TransportError:
            return False
        if answer.status_code not in (200, 503):
            self._ledger.fault(f"ready: {answer.status_code} {answer.text[:300]}")
        return answer.status_code == 200

    async def _database_answers(self) -> bool:
        try:
            connection = await asyncpg.connect(self._victim.database_url, timeout=2)
            await connection.close(timeout=2)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        return True
