"""Tell subscriptions of what time brings: verifications that fall due, stock that expires soon or has."""

from datetime import timedelta

from registry.domain.subscriptions.deadline import EVENTS, DeadlineKind, reached_at
from registry.domain.subscriptions.subscription import deadline_message
from registry.services.clock import now
from registry.services.places.time_zone import time_zone
from registry.services.subscriptions.fan_out import outbox_rows, subscription_index
from registry.store.database.pool import Reader, Row
from registry.store.subscriptions import deadlines, outbox
from registry.store.subscriptions.deadlines import Told, all_until
from registry.store.sync import log_readers
from registry.store.sync.log_readers import WEBHOOKS


async def tell_deadlines(reader: Reader, stale_after: timedelta) -> int:
    """Store the messages of every deadline that has come since the last time; how many."""
    return sum([await _tell(reader, kind, stale_after) for kind in EVENTS])


async def _tell(reader: Reader, kind: DeadlineKind, stale_after: timedelta) -> int:
    count, more = 0, True
    while more:
        told, more = await _tell_page(reader, kind, stale_after)
        count += told
    return count


async def _tell_page(reader: Reader, kind: DeadlineKind, stale_after: timedelta) -> tuple[int, bool]:
    """Tell one page: how many messages, and whether there may be more. One process does it at a time.

    Messages and position are stored in one transaction, under the lock of those who read the log: of a
    deadline either the change is told that brought it, or the moment that it came.
    """
    zone = await time_zone(reader)
    async with reader.writer() as writer:
        read = await log_readers.claim(writer, WEBHOOKS)
        if read is None:
            return 0, False
        at = now()
        upto = getattr(reached_at(at, stale_after, zone), kind)
        last = (await deadlines.told(writer))[kind]
        if last.at is not None and last.at >= upto:
            return 0, False
        index = await subscription_index(writer)
        if last.at is None or not index.count:
            await deadlines.move(writer, kind, all_until(upto))
            return 0, False
        rows = await deadlines.next_due(writer, kind, last, upto, read)
        messages = [
            (subscription, row, message)
            for row in rows
            if not row["is_passed_over"]
            for subscription in index.may_match(row)
            if (message := deadline_message(row, subscription, EVENTS[kind], at)) is not None
        ]
        await outbox.put(writer, outbox_rows(messages, at))
        full = len(rows) == deadlines.PAGE
        await deadlines.move(writer, kind, _told(rows[-1]) if full else all_until(upto))
        return len(messages), full


def _told(row: Row) -> Told:
    return Told(row["deadline"], row["resource_id"], row["realm"])
