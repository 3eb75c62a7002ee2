"""Forget what was delivered or given up long enough ago not to be replayed."""

from datetime import timedelta

from registry.services.clock import now
from registry.store.database.pool import Reader
from registry.store.subscriptions import outbox

KEPT_FOR = timedelta(days=30)


async def forget_delivered(reader: Reader) -> None:
    """Delete the messages of the outbox that ended more than 30 days ago."""
    async with reader.writer() as writer:
        await outbox.forget(writer, now() - KEPT_FOR)
