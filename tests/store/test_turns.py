"""Statements wait for their turn, but never long behind slow ones."""

import asyncio
import time

from registry.store.database import concurrency
from registry.store.database.concurrency import Turns


async def test_so_many_run_at_once_and_the_others_in_the_order_they_came(monkeypatch) -> None:
    monkeypatch.setattr(concurrency, "PATIENCE_S", 30)
    queue, running, most, done = Turns(3), 0, 0, []

    async def work(n: int) -> None:
        nonlocal running, most
        async with queue.turn():
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.001)
            running -= 1
            done.append(n)

    await asyncio.gather(*(work(n) for n in range(30)))
    assert most == 3
    assert done == list(range(30))


async def test_nobody_waits_long_behind_slow_ones() -> None:
    queue, end = Turns(2), asyncio.Event()

    async def slow() -> None:
        async with queue.turn():
            await end.wait()

    slow_ones = [asyncio.create_task(slow()) for _ in range(2)]
    await asyncio.sleep(0)
    begun = time.monotonic()
    async with queue.turn():
        assert 0.05 < time.monotonic() - begun < 2
    end.set()
    await asyncio.gather(*slow_ones)
    async with queue.turn(), queue.turn():
        assert queue.free.locked()


async def test_a_turn_that_is_cancelled_is_given_back() -> None:
    queue = Turns(1)
    async with queue.turn():
        waiting = asyncio.create_task(queue.turn().__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
    assert not queue.free.locked()
