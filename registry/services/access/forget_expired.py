"""Forget what served for a while: counts, responses to retry, files of offices, unattached pictures."""

from datetime import datetime, timedelta

from registry.domain.attachments.attachment import KEPT_UNATTACHED_DAYS
from registry.store.access import idempotency, mass_changes
from registry.store.attachments import pictures
from registry.store.database.pool import Reader
from registry.store.intake import intakes


async def forget_expired(reader: Reader, now: datetime) -> None:
    """Delete old counts, responses that no client can still retry, ended files, unattached pictures."""
    before = now - timedelta(days=idempotency.KEPT_DAYS)
    async with reader.writer() as writer:
        await mass_changes.forget_old(writer)
        await writer.run(idempotency.PURGE, {"before": before})
        await intakes.forget_expired(writer)
        await pictures.forget(writer, now - timedelta(days=KEPT_UNATTACHED_DAYS))
