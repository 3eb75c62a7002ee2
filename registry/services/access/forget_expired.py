"""Forget what only served for a while: counts of changes, stored responses of retries, files of offices."""

from datetime import datetime, timedelta

from registry.store.access import idempotency, mass_changes
from registry.store.database.pool import Reader
from registry.store.intake import intakes


async def forget_expired(reader: Reader, now: datetime) -> None:
    """Delete counts older than a day, responses that no client can still retry, and files that are over."""
    before = now - timedelta(days=idempotency.KEPT_DAYS)
    async with reader.writer() as writer:
        await mass_changes.forget_old(writer)
        await writer.run(idempotency.PURGE, {"before": before})
        await intakes.forget_expired(writer)
