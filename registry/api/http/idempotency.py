"""Idempotency-Key on every POST that writes: a retry has one effect and gets the same answer."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from litestar import Response
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter

from registry.api.http.links import GEOJSON
from registry.api.http.request import HttpRequest
from registry.domain.access.actor import Actor
from registry.store.access import idempotency
from registry.store.access.idempotency import Answer
from registry.store.database.pool import Writer

IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key", min_length=1, max_length=200, description="A retry with it has one effect."
    ),
]
REPLAYED = {"Idempotent-Replay": "true"}


def also(status: int, media: str = GEOJSON) -> dict[int, ResponseSpec]:
    """Another status that a rendered answer may have, for the documentation."""
    return {status: ResponseSpec(bytes, generate_examples=False, media_type=media)}


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


def stating(status: int, kind: type) -> dict[int, ResponseSpec]:
    """What the documentation of a route says of an answer that is rendered before it is sent."""
    return {status: ResponseSpec(kind, generate_examples=False)}


class Once:
    """Does what a request asks one time, however often it is sent under its key.

    Callers without a credential cannot be told apart, and so their keys are not looked at.
    """

    def __init__(self, request: HttpRequest, writer: Writer, actor: Actor, key: str | None) -> None:
        self._request = request
        self._writer = writer
        self._actor = actor
        self._key = None if actor.role == "public" else key

    async def __call__(self, work: Callable[[], Awaitable[Answer]], media: str = GEOJSON) -> Response[bytes]:
        """What `work` answers, or what it answered when this key asked the same before."""
        return send(await self.answer(work), media)

    async def answer(self, work: Callable[[], Awaitable[Answer]]) -> Answer:
        """The same, to be sent by the caller; `is_replay` tells which of the two it is."""
        if self._key is None:
            return await work()
        asked = await self._fingerprint()
        stored = await idempotency.recall(self._writer, self._actor.id, self._key, asked, now())
        if stored is not None:
            return msgspec.structs.replace(stored, headers=stored.headers | REPLAYED)
        made = await work()
        await idempotency.keep(self._writer, self._actor.id, self._key, asked, made, now())
        return made

    async def _fingerprint(self) -> bytes:
        """What is asked, as one hash: the address, the body, and the system of its coordinates if named."""
        request = self._request
        parts = [f"{request.method} {request.url.path}?{request.url.query}".encode(), await request.body()]
        if (system := request.headers.get("content-crs")) is not None:
            parts.append(system.encode())
        return idempotency.fingerprint(*parts)


def is_replay(made: Answer) -> bool:
    """Whether an answer was kept from an earlier request."""
    return made.headers.items() >= REPLAYED.items()
