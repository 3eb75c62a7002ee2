"""Forget what only served for a while: counts of changes, and stored responses of retries."""

from datetime import datetime, timedelta

from registry.store.access import idempotency, mass_changes
from registry.store.database.pool import Reader


async def forget_expired(reader: Reader, now: datetime) -> None:
    """Delete counts older than a day, and responses under keys that no client can still retry."""
    before = now - timedelta(days=idempotency.KEPT_DAYS)
    async with reader.writer() as writer:
        await mass_changes.forget_old(writer)
        await writer.run(idempotency.PURGE, {"before": before})
