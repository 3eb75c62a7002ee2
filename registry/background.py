"""Chores of the history that a worker does besides answering."""

from datetime import UTC, datetime, timedelta

from registry.store import idempotency, seals
from registry.store.pool import Reader


async def seal_all(reader: Reader, key: bytes) -> int:
    """Seal everything that has settled, some thousands of changes a transaction."""
    sealed = 0
    while True:
        async with reader.writer() as writer:
            count = await seals.seal(writer, key)
        sealed += count
        if count < seals.AT_ONCE:
            return sealed


async def purge_keys(reader: Reader) -> None:
    """Forget answers under keys that nobody can retry any more."""
    before = datetime.now(UTC) - timedelta(days=idempotency.KEPT_DAYS)
    async with reader.writer() as writer:
        await writer.run(idempotency.PURGE, {"before": before})
