"""Waiting for a condition, never for a time."""

import asyncio
import inspect
import time
from collections.abc import Callable
from typing import Any

BUSY = 5.0
"""How many times longer than on an idle machine a thing may take before a test says that it hangs."""


async def until(condition: Callable[[], Any], within_s: float = 20.0 * BUSY, every_s: float = 0.01) -> Any:
    """The first true value of `condition`, which may be awaitable; AssertionError when the time is up."""
    deadline = time.monotonic() + within_s
    while True:
        value = condition()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(
                f"{inspect.getsource(condition).strip()} did not come true in {within_s:g} s"
            )
        await asyncio.sleep(every_s)


def soon(condition: Callable[[], Any], within_s: float = 25.0 * BUSY, every_s: float = 0.02) -> bool:
    """Whether `condition` becomes true in time, be it for a moment; for tests without an event loop."""
    deadline = time.monotonic() + within_s
    while not (value := condition()) and time.monotonic() < deadline:
        time.sleep(every_s)
    return bool(value)
