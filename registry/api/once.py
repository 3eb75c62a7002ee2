"""Idempotency-Key on every POST: a retry has one effect and gets the same answer."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Protocol

import msgspec
from litestar import Request, Response
from litestar.params import HeaderParameter

from registry.api.links import GEOJSON
from registry.domain.actor import Actor
from registry.store import idempotency
from registry.store.idempotency import Answer
from registry.store.pool import Writer

IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key", min_length=1, max_length=200, description="A retry with it has one effect."
    ),
]


class DeskLike(Protocol):
    """The transaction and who asks: what a kept answer belongs to."""

    @property
    def writer(self) -> Writer:
        """The transaction."""

    @property
    def actor(self) -> Actor:
        """Who asks."""


def now() -> datetime:
    """The clock, asked once a request and passed on."""
    return datetime.now(UTC)


def answer(body: object, status: int = 200, **headers: str) -> Answer:
    """An answer to send and, under a key, to keep; bytes are taken as rendered."""
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)


def send(made: Answer, media: str = GEOJSON) -> Response[bytes]:
    """The answer as a response."""
    kind = made.headers.get("Content-Type", media)
    headers = {name: value for name, value in made.headers.items() if name != "Content-Type"}
    return Response(made.body, status_code=made.status, headers=headers, media_type=kind)


async def once(
    request: Request[Any, Any, Any],
    desk: DeskLike,
    key: str | None,
    work: Callable[[], Awaitable[Answer]],
    media: str = GEOJSON,
) -> Response[bytes]:
    """Do `work`, or replay what it answered when this key did the same before."""
    if key is None:
        return send(await work(), media)
    url = f"{request.method} {request.url.path}?{request.url.query}"
    asked = idempotency.fingerprint(url.encode(), await request.body())
    stored = await idempotency.recall(desk.writer, desk.actor.id, key, asked, now())
    if stored is None:
        stored = await work()
        await idempotency.keep(desk.writer, desk.actor.id, key, asked, stored, now())
        return send(stored, media)
    replayed = Answer(stored.status, stored.headers | {"Idempotent-Replay": "true"}, stored.body)
    return send(replayed, media)
