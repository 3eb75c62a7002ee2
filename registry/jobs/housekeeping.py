"""What runs beside the requests: loops that never end, and chores that are done again and again."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import structlog

from registry.domain.errors import RegistryError
from registry.services.access.forget_expired import forget_expired
from registry.services.incidents.warnings.receive import watch_warnings
from registry.services.monitoring.work_questions import work_questions
from registry.services.subscriptions.forget_delivered import forget_delivered
from registry.services.subscriptions.tell_deadlines import tell_deadlines
from registry.services.sync.seal_history import seal_history
from registry.services.terrain.draw_seen import draw_some
from registry.store import completeness
from registry.store.database.pool import Reader

log = structlog.get_logger("registry")
FORGET_EVERY_S = 3600.0
SEAL_EVERY_S = 10.0
IDLE_EVERY_S = 60.0
END_S = 3.0
DEADLINES_EVERY_S = 10.0
QUESTIONS_EVERY_S = 5.0
TERRAIN_EVERY_S = 5.0


class Chore(NamedTuple):
    """Work that is repeated; `at_end` does it once more at the end, to store what only memory holds."""

    every_s: float
    work: Callable[[], Awaitable[None]]
    at_end: bool = False


def database_chores(reader: Reader, pepper: bytes, stale_after: timedelta) -> list[Chore]:
    """Seal the history, tell what time brings, delete what nobody can ask for, give up idle connections."""

    async def seal() -> None:
        await seal_history(reader, pepper)

    async def forget() -> None:
        await forget_expired(reader, datetime.now(UTC))
        await forget_delivered(reader)

    async def watch() -> None:
        await watch_warnings(reader)
        await tell_deadlines(reader, stale_after)

    async def answer() -> None:
        await work_questions(reader)

    async def draw() -> None:
        while await draw_some(reader.writer):
            pass

    async def fold() -> None:
        async with reader.writer() as writer:
            await writer.run(completeness.FOLD, {})

    return [
        Chore(SEAL_EVERY_S, seal),
        Chore(DEADLINES_EVERY_S, watch),
        Chore(QUESTIONS_EVERY_S, answer),
        Chore(TERRAIN_EVERY_S, draw),
        Chore(FORGET_EVERY_S, forget),
        Chore(FORGET_EVERY_S, fold),
        Chore(IDLE_EVERY_S, reader.release_idle),
    ]


@asynccontextmanager
async def housekeeping(
    chores: Sequence[Chore], loops: Sequence[Coroutine[Any, Any, None]]
) -> AsyncGenerator[None, None]:
    """Run the loops and do the chores for as long as the block runs."""
    tasks = [asyncio.create_task(loop) for loop in loops]
    tasks += [asyncio.create_task(_repeat(chore)) for chore in chores]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=END_S)
        await _at_end(chores)


async def _at_end(chores: Sequence[Chore]) -> None:
    """Store what only memory holds; a slow database does not hold up the end of the process."""
    for chore in chores:
        if chore.at_end:
            try:
                async with asyncio.timeout(END_S):
                    await chore.work()
            except (RegistryError, TimeoutError) as error:
                log.error("not stored at the end", reason=str(error) or "the database did not answer in time")


async def _repeat(chore: Chore) -> None:
    """Do a chore again and again. A failure is logged and does not end it."""
    while True:
        await asyncio.sleep(chore.every_s)
        try:
            await chore.work()
        except RegistryError as error:
            log.warning("housekeeping put off", reason=error.detail)
        except Exception:
            log.exception("housekeeping failed")
