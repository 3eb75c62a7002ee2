"""Chores of the history that a worker does besides answering."""

from datetime import UTC, datetime, timedelta

from registry.store.access import idempotency
from registry.store.database.pool import Reader
from registry.store.sync import hash_chain


async def seal_all(reader: Reader, key: bytes) -> int:
    """Seal everything that has settled, some thousands of changes a transaction."""
    sealed = 0
    while True:
        async with reader.writer() as writer:
            count = await hash_chain.seal(writer, key)
        sealed += count
        if count < hash_chain.AT_ONCE:
            return sealed


async def purge_keys(reader: Reader) -> None:
    """Forget answers under keys that nobody can retry any more."""
    before = datetime.now(UTC) - timedelta(days=idempotency.KEPT_DAYS)
    async with reader.writer() as writer:
        await writer.run(idempotency.PURGE, {"before": before})
