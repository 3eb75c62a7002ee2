"""Subscribe to changes, see the health of subscriptions, end them, send again."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from registry.domain.access.actor import Actor, require
from registry.domain.access.pepper import Peppers
from registry.domain.errors import Forbidden, NotFound
from registry.domain.identity import new_id
from registry.domain.subscriptions.subscription import SubscriptionDraft, WebhookSubscription
from registry.domain.subscriptions.webhook import Networks, check_url, encrypt_secret, new_secret
from registry.services.clock import now
from registry.services.intake.admit import admit_value
from registry.services.records.work import Work
from registry.store.database.pool import Reader
from registry.store.subscriptions import outbox
from registry.store.subscriptions import subscriptions as store
from registry.store.sync import feed


class MadeSubscription(Struct, frozen=True, kw_only=True):
    """A new subscription with the secret that its deliveries are signed with."""

    subscription: WebhookSubscription
    secret: str


class SubscriptionHealth(Struct, frozen=True, kw_only=True):
    """A subscription, and what it was not told yet."""

    subscription: WebhookSubscription
    waiting: int
    oldest_at: datetime | None


class Delivery(Struct, frozen=True, kw_only=True):
    """A message of a subscription, and what became of it."""

    n: int
    """Number of the message."""
    id: UUID
    subject: UUID
    """Identity of the record that it tells of."""
    type: str
    """What happened."""
    created_at: datetime
    due_at: datetime
    attempts: int
    delivered_at: datetime | None
    given_up_at: datetime | None
    last_error: str | None


class Replay(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Since when the messages are sent again."""

    since: datetime


async def subscribe(
    work: Work, draft: SubscriptionDraft, peppers: Peppers, allowed: Networks
) -> MadeSubscription:
    """Tell changes from now on to an address, as the owner may read them; for machine keys of planners.

    A key can be revoked: that ends what its holder is told. Forbidden for any other credential.
    """
    require(work.actor, "planner")
    if not work.actor.id.startswith("key:"):
        raise Forbidden("subscribe with a machine key, whose revocation ends the subscription")
    draft = await admit_value(work.writer, draft)
    check_url(draft.url, allowed)
    at, head = now(), await feed.head(work.writer)
    secret = draft.secret or new_secret()
    made = WebhookSubscription(
        id=new_id(int(at.timestamp() * 1000)),
        name=draft.name,
        url=draft.url,
        place=draft.place,
        kinds=sorted(set(draft.kinds)),
        events=sorted(set(draft.events)),
        owner=work.actor.id,
        role=work.actor.role,
        places=list(work.actor.places or ()),
        exercise=work.sight.exercise,
        since=head.settled,
        created_at=at,
    )
    await outbox.skip_to(work.writer, head.settled)
    await store.insert(work.writer, made, encrypt_secret(secret, peppers.current))
    return MadeSubscription(subscription=made, secret=secret)


async def list_subscriptions(reader: Reader, actor: Actor) -> list[WebhookSubscription]:
    """The subscriptions of the caller; an administrator reads all of them."""
    require(actor, "planner")
    return await store.find(reader, None if actor.role == "admin" else actor.id)


async def own_subscription(reader: Reader, actor: Actor, identity: UUID) -> WebhookSubscription:
    """A subscription of the caller; NotFound for those of others, except to an administrator."""
    require(actor, "planner")
    found = await store.get(reader, identity)
    if found is None or (actor.role != "admin" and found.owner != actor.id):
        raise NotFound("subscription", identity)
    return found


async def read_health(reader: Reader, actor: Actor, identity: UUID) -> SubscriptionHealth:
    """A subscription with what waits for it."""
    found = await own_subscription(reader, actor, identity)
    row = await outbox.waiting(reader, identity)
    return SubscriptionHealth(subscription=found, waiting=row["waiting"], oldest_at=row["oldest_at"])


async def list_deliveries(reader: Reader, actor: Actor, identity: UUID, limit: int) -> list[Delivery]:
    """The newest messages of a subscription, each with what became of it."""
    await own_subscription(reader, actor, identity)
    return [Delivery(**row) for row in await outbox.find(reader, identity, limit)]


async def end_subscription(work: Work, identity: UUID) -> None:
    """End a subscription: nothing is sent any more."""
    await own_subscription(work.writer, work.actor, identity)
    await store.end(work.writer, identity, f"ended by {work.actor.id}")


async def replay(work: Work, identity: UUID, wish: Replay) -> int:
    """Send what was stored since an instant again, under the same identities; how many messages."""
    await own_subscription(work.writer, work.actor, identity)
    wish = await admit_value(work.writer, wish)
    return await outbox.replay(work.writer, identity, wish.since)
