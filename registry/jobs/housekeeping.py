"""What runs beside the requests: loops that never end, and chores that are done again and again."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import structlog

from registry.domain.errors import RegistryError
from registry.store import completeness
from registry.store.access import guard, idempotency
from registry.store.database.pool import Reader
from registry.store.sync import hash_chain

log = structlog.get_logger("registry")
DELETE_EVERY_S = 3600.0
SEAL_EVERY_S = 10.0
IDLE_EVERY_S = 60.0


class Chore(NamedTuple):
    """Work that is repeated, and done once more at the end where it stores what only memory holds."""

    every_s: float
    work: Callable[[], Awaitable[None]]
    at_end: bool = False


def database_chores(reader: Reader, key: bytes) -> list[Chore]:
    """Seal the history, delete what is too old to be asked for, give up idle connections."""

    async def seal() -> None:
        await seal_all(reader, key)

    async def delete_old() -> None:
        async with reader.writer() as writer:
            await guard.forget_old(writer)
            await writer.run(completeness.FOLD, {})

    async def purge() -> None:
        await purge_keys(reader)

    return [
        Chore(SEAL_EVERY_S, seal),
        Chore(DELETE_EVERY_S, delete_old),
        Chore(DELETE_EVERY_S, purge),
        Chore(IDLE_EVERY_S, reader.release_idle),
    ]


async def seal_all(reader: Reader, key: bytes) -> None:
    """Seal all settled changes, some thousands in one transaction."""
    while True:
        async with reader.writer() as writer:
            count = await hash_chain.seal(writer, key)
        if count < hash_chain.AT_ONCE:
            return


async def purge_keys(reader: Reader) -> None:
    """Delete responses under idempotency keys that nobody can retry any more."""
    before = datetime.now(UTC) - timedelta(days=idempotency.KEPT_DAYS)
    async with reader.writer() as writer:
        await writer.run(idempotency.PURGE, {"before": before})


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
        await asyncio.gather(*tasks, return_exceptions=True)
        for chore in chores:
            if chore.at_end:
                await chore.work()


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
