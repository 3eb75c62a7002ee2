"""Statements wait for a slot, but never long behind slow ones."""

import asyncio
import time

from registry.store.database import concurrency
from registry.store.database.concurrency import StatementLimit
from tests.waiting import BUSY


async def test_so_many_run_at_once_and_the_others_in_the_order_they_came(monkeypatch) -> None:
    monkeypatch.setattr(concurrency, "PATIENCE_S", 30)
    limit, running, most, done = StatementLimit(3), 0, 0, []

    async def work(n: int) -> None:
        nonlocal running, most
        async with limit.slot():
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.001)
            running -= 1
            done.append(n)

    await asyncio.gather(*(work(n) for n in range(30)))
    assert most == 3
    assert done == list(range(30))


async def test_nobody_waits_long_behind_slow_ones() -> None:
    limit, end = StatementLimit(2), asyncio.Event()

    async def slow() -> None:
        async with limit.slot():
            await end.wait()

    slow_ones = [asyncio.create_task(slow()) for _ in range(2)]
    await asyncio.sleep(0)
    begun = time.monotonic()
    async with limit.slot():
        assert 0.05 < time.monotonic() - begun < 2 * BUSY
    end.set()
    await asyncio.gather(*slow_ones)
    async with limit.slot(), limit.slot():
        assert limit.free.locked()


async def test_a_slot_whose_wait_is_cancelled_stays_free() -> None:
    limit = StatementLimit(1)
    async with limit.slot():
        waiting = asyncio.create_task(limit.slot().__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
    assert not limit.free.locked()
