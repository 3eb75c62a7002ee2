"""Idempotency-Key on every POST that writes: a retry has one effect and gets the same response."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter

from registry.api.http.links import GEOJSON
from registry.api.http.request import HttpRequest
from registry.domain.access.actor import Actor, sight_of
from registry.domain.errors import Forbidden
from registry.services.access.still_readable import is_still_readable
from registry.services.clock import now
from registry.store.access import idempotency
from registry.store.access.idempotency import StoredResponse
from registry.store.database.pool import Writer

IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key", min_length=1, max_length=200, description="A retry with it has one effect."
    ),
]
REPLAYED = {"Idempotent-Replay": "true"}


def also(status: int, media: str = GEOJSON, kind: Any = bytes) -> dict[int, ResponseSpec]:
    """Document another status of a route whose body is rendered before it is sent, and the body's type."""
    return {status: ResponseSpec(kind, generate_examples=False, media_type=media)}


def stating(status: int, kind: type) -> dict[int, ResponseSpec]:
    """Document the type of a body that is rendered before it is sent."""
    return {status: ResponseSpec(kind, generate_examples=False)}


def rendered(body: object, status: int = 200, **headers: str) -> StoredResponse:
    """A response that can be sent and stored. Bytes are taken as they are; `Content_Type` names a header."""
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return StoredResponse(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)


def send(response: StoredResponse, media: str = GEOJSON) -> Response[bytes]:
    """The response for Litestar; `media` is its type unless it states one."""
    kind = response.headers.get("Content-Type", media)
    headers = {name: value for name, value in response.headers.items() if name != "Content-Type"}
    return Response(response.body, status_code=response.status, headers=headers, media_type=kind)


class Idempotency:
    """Does the work of a request once, however often it is sent under its key.

    Callers without a credential cannot be told apart, so their keys are ignored.
    """

    def __init__(self, request: HttpRequest, writer: Writer, actor: Actor, key: str | None) -> None:
        self._request = request
        self._writer = writer
        self._actor = actor
        self._key = None if actor.role == "public" else key

    async def __call__(
        self, work: Callable[[], Awaitable[StoredResponse]], media: str = GEOJSON
    ) -> Response[bytes]:
        """Send the response of `work`, or the one that is stored under the key."""
        return send(await self.respond(work), media)

    async def respond(self, work: Callable[[], Awaitable[StoredResponse]]) -> StoredResponse:
        """The same for a caller that sends it; `is_replay` tells the two apart."""
        if self._key is None:
            return await work()
        request = await self._fingerprint()
        stored = await idempotency.recall(self._writer, self._actor.id, self._key, request, now())
        if stored is not None:
            self._writer.examined = True
            return await self._replayed(stored)
        response = await work()
        await idempotency.keep(self._writer, self._actor.id, self._key, request, response, now())
        return response

    async def _replayed(self, stored: StoredResponse) -> StoredResponse:
        """The stored response; Forbidden where the caller may not read all of it any more."""
        sight = sight_of(self._actor, self._request.query_params.get("exercise"))
        text = stored.body.decode(errors="ignore")
        if await is_still_readable(self._writer, sight, text):
            return msgspec.structs.replace(stored, headers=stored.headers | REPLAYED)
        raise Forbidden(
            "this was done before under the same Idempotency-Key; you may not read its whole answer now",
            zh="该请求此前已以同一 Idempotency-Key 执行；您现在无权查看其全部结果",
        )

    async def _fingerprint(self) -> bytes:
        """The address, the body and, if named, the coordinate system of the request as one hash."""
        request = self._request
        parts = [f"{request.method} {request.url.path}?{request.url.query}".encode(), await request.body()]
        if (system := request.headers.get("content-crs")) is not None:
            parts.append(system.encode())
        return idempotency.fingerprint(*parts)


def is_replay(response: StoredResponse) -> bool:
    """Whether a response was stored by an earlier request."""
    return response.headers.items() >= REPLAYED.items()
