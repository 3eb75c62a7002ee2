"""Forget what need not be kept: entries of the audit that are older than the operator decided."""

from datetime import datetime, timedelta

from registry.services.progress import Advance, unwatched
from registry.store.access import audit
from registry.store.database.pool import OpenWriter

STEP = "audit"


async def retain(
    open_writer: OpenWriter, audit_days: int, now: datetime, advance: Advance = unwatched
) -> int:
    """Delete the entries of the audit older than so many days, as its owner; how many there were.

    The history (changes, past versions, observations, seals) is kept for ever: `as_of`, `check` and the seals
    need all of it. Stored responses, counts and finished analyses expire by themselves.
    """
    before, forgotten = now - timedelta(days=audit_days), 0
    while True:
        async with open_writer() as writer:
            count = await audit.forget(writer, before)
        forgotten += count
        advance(STEP, forgotten, forgotten)
        if count < audit.AT_ONCE:
            return forgotten
