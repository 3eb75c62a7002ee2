"""Fan out: read the change log once for all subscriptions, and store what each is told."""

from datetime import datetime
from typing import Any

from registry.domain.subscriptions.deadline import Reached
from registry.domain.subscriptions.subscription import (
    SubscriptionIndex,
    ToldChange,
    WebhookSubscription,
)
from registry.domain.sync.feed import position_of
from registry.services.clock import now
from registry.store.database.pool import Reader, Row, Writer
from registry.store.subscriptions import deadlines, outbox
from registry.store.subscriptions import subscriptions as store
from registry.store.sync import feed, log_readers
from registry.store.sync.log_readers import WEBHOOKS

PAGE = 200
QUESTION = ("subscriptions",)


async def fan_out(reader: Reader) -> bool:
    """Read one page of the log; whether there may be more. One process does it at a time.

    Messages and position are stored in one transaction: a change is told exactly once to the outbox, and at
    least once from there.
    """
    async with reader.writer() as writer:
        position = await log_readers.claim(writer, WEBHOOKS)
        if position is None:
            return False
        index = await subscription_index(writer)
        if not index.count:
            return False
        page = await feed.page(writer, None, None, position, PAGE)
        if not page.changes:
            return False
        reached = deadlines.reached_of(await deadlines.told(writer))
        await outbox.put(writer, _messages(page.changes, index, reached, now()))
        await log_readers.move(writer, WEBHOOKS, position_of(page.changes[-1]))
        return page.full


def _messages(
    changes: list[Row], index: SubscriptionIndex, reached: Reached, at: datetime
) -> list[dict[str, Any]]:
    messages = [
        (subscription, row, message)
        for row in changes
        for change in (ToldChange(row, reached),)
        for subscription in index.may_match(row)
        if (message := change.message(subscription)) is not None
    ]
    return outbox_rows(messages, at)


async def subscription_index(writer: Writer) -> SubscriptionIndex:
    """The subscriptions that are told now, read again only when they are others than the last time."""
    those = await store.which(writer)
    kept: SubscriptionIndex | None = writer.kept.get(QUESTION, those)
    if kept is not None:
        return kept
    index = SubscriptionIndex(await store.active(writer))
    writer.kept.put(QUESTION, those, index, of_records=False)
    return index


def outbox_rows(
    messages: list[tuple[WebhookSubscription, Row, tuple[str, str]]], at: datetime
) -> list[dict[str, Any]]:
    """The messages, by type and body, as the outbox stores them."""
    return [
        {
            "subscription": subscription.id,
            "subject": row["resource_id"],
            "type": message[0],
            "body": message[1],
            "created_at": at,
        }
        for subscription, row, message in messages
    ]
