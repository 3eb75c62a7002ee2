"""Subscriptions over HTTP: make, list, read with health, end, deliveries, replay."""

from uuid import UUID

from litestar import Response, Router, delete, get, post
from litestar.datastructures import State
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from registry.api.http import params
from registry.api.http.dependencies import OF_PRIMARY, ActorDep, IdempotencyDep, ReaderDep, WorkDep
from registry.api.http.idempotency import rendered, stating
from registry.api.http.links import JSON, page_of
from registry.api.http.request import HttpRequest
from registry.api.v1.records.writes import EXAMINED
from registry.domain.subscriptions.subscription import SubscriptionDraft, WebhookSubscription
from registry.services.subscriptions import subscribe as subscriptions
from registry.services.subscriptions.subscribe import (
    Delivery,
    MadeSubscription,
    Replay,
    SubscriptionHealth,
)
from registry.store.access.idempotency import StoredResponse


class Subscriptions(Struct, frozen=True):
    """Subscriptions."""

    subscriptions: list[WebhookSubscription]
    links: list[dict[str, str]]


class Deliveries(Struct, frozen=True):
    """The newest messages of a subscription."""

    deliveries: list[Delivery]


class Replayed(Struct, frozen=True):
    """What is sent again."""

    messages: int


@post("/", responses=stating(201, MadeSubscription), opt=EXAMINED)
async def subscribe(
    state: State, data: JSONBody[SubscriptionDraft], work: WorkDep, once: IdempotencyDep
) -> Response[bytes]:
    """Be told of changes by signed webhooks from now on; the secret is shown here and never again."""

    async def perform() -> StoredResponse:
        made = await subscriptions.subscribe(work, data, state.peppers, state.webhook_networks)
        return rendered(made, 201, Location=f"/v1/subscriptions/{made.subscription.id}")

    return await once(perform, JSON)


@get("/")
async def list_subscriptions(
    request: HttpRequest,
    reader: ReaderDep,
    actor: ActorDep,
    cursor: params.Cursor = None,
    limit: params.Limit = 1000,
) -> Subscriptions:
    """Your subscriptions, in pages; an administrator reads all of them."""
    listed = await subscriptions.list_subscriptions(reader, actor)
    return Subscriptions(*page_of(request, listed, lambda one: str(one.id), cursor, limit))


@get("/{identity:uuid}")
async def read_subscription(
    identity: FromPath[UUID], reader: ReaderDep, actor: ActorDep
) -> SubscriptionHealth:
    """One subscription with its health: failures, the last error, and what waits."""
    return await subscriptions.read_health(reader, actor, identity)


@delete("/{identity:uuid}", status_code=204)
async def end_subscription(identity: FromPath[UUID], work: WorkDep) -> None:
    """End a subscription; nothing is sent any more."""
    await subscriptions.end_subscription(work, identity)


@get("/{identity:uuid}/deliveries")
async def list_deliveries(
    identity: FromPath[UUID], reader: ReaderDep, actor: ActorDep, limit: params.Limit = 100
) -> Deliveries:
    """The newest messages of a subscription, each with its attempts and what became of it."""
    return Deliveries(await subscriptions.list_deliveries(reader, actor, identity, limit))


@post("/{identity:uuid}/replay", status_code=200, responses=stating(200, Replayed), opt=EXAMINED)
async def replay(
    identity: FromPath[UUID], data: JSONBody[Replay], work: WorkDep, once: IdempotencyDep
) -> Response[bytes]:
    """Send the messages since an instant again, under the same identities."""

    async def perform() -> StoredResponse:
        return rendered(Replayed(await subscriptions.replay(work, identity, data)))

    return await once(perform, JSON)


router = Router(
    "/v1/subscriptions",
    route_handlers=[
        subscribe,
        list_subscriptions,
        read_subscription,
        end_subscription,
        list_deliveries,
        replay,
    ],
    tags=["subscriptions"],
    opt=OF_PRIMARY,
)
