"""Deliver the outbox: signed, to addresses of the open Internet only, again and again until it is taken."""

import asyncio
import random
import socket
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import structlog

from registry.domain.access.pepper import Peppers
from registry.domain.errors import Unavailable
from registry.domain.subscriptions.webhook import (
    MOST_RESPONSE_BYTES,
    TIMEOUT_S,
    Networks,
    allowed_address,
    decrypt_secret,
    retry_after_s,
    signature,
)
from registry.services.clock import now
from registry.services.subscriptions.fan_out import fan_out
from registry.store.database.pool import Reader
from registry.store.subscriptions import outbox
from registry.store.subscriptions import subscriptions as store
from registry.store.subscriptions.outbox import DueMessage

log = structlog.get_logger("registry")
AT_ONCE = 50
AT_ONCE_EACH = 5
"""So many messages of one subscription are under way in a process: who does not answer holds up no other."""
LOOK_EVERY_S = 1.0
LOOK_AGAIN_S = 0.2
"""How soon it is looked for more while messages are under way."""
GONE = 410
Resolve = Callable[[str, int], Awaitable[list[str]]]


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


@contextmanager
def surviving() -> Iterator[None]:
    """Go on after a failure: an end would leave every subscriber without news."""
    try:
        yield
    except Unavailable:
        pass
    except Exception as error:
        log.error("webhooks could not be delivered", error=repr(error))


class WebhookDeliverer:
    """Fans out the log and delivers the outbox of a registry, beside its requests."""

    def __init__(
        self, reader: Reader, peppers: Peppers, allowed: Networks, resolve: Resolve = resolve
    ) -> None:
        self._reader = reader
        self._peppers = peppers
        self._allowed = allowed
        self._resolve = resolve
        self._tls = httpx.create_ssl_context(trust_env=False)
        self._under_way: dict[asyncio.Task[None], UUID] = {}

    async def follow(self, moved: Callable[[float], Awaitable[bool]]) -> None:
        """Tell subscriptions of changes until cancelled; a database that is away is asked again."""
        try:
            await asyncio.gather(self._fan_out(moved), self._deliver())
        finally:
            for task in self._under_way:
                task.cancel()

    async def _fan_out(self, moved: Callable[[float], Awaitable[bool]]) -> None:
        while True:
            with surviving():
                while await fan_out(self._reader):
                    pass
            await moved(LOOK_EVERY_S)

    async def _deliver(self) -> None:
        """Keep messages under way: as one ends, the next that is due begins."""
        while True:
            started = 0
            with surviving():
                started = await self._start_due()
            if self._under_way and not started:
                await asyncio.wait(self._under_way, timeout=LOOK_AGAIN_S, return_when=asyncio.FIRST_COMPLETED)
            elif not started:
                await asyncio.sleep(LOOK_AGAIN_S)

    async def _start_due(self) -> int:
        """Begin to send what is due, as far as there is room; how many messages."""
        free = AT_ONCE - len(self._under_way)
        if not free:
            return 0
        counts = Counter(self._under_way.values())
        busy = [identity for identity, count in counts.items() if count >= AT_ONCE_EACH]
        async with self._reader.writer() as writer:
            due = await outbox.lease(writer, now(), free, 1, busy)
        for message in due:
            task = asyncio.create_task(self._attempt_surviving(message))
            self._under_way[task] = message.subscription
            task.add_done_callback(self._under_way.pop)
        return len(due)

    async def _attempt_surviving(self, message: DueMessage) -> None:
        """One attempt; where its outcome cannot be stored the lease runs out, and it is sent again."""
        with surviving():
            await self._attempt(message)

    async def _attempt(self, message: DueMessage) -> None:
        try:
            status = await self._send(message)
            error = None if 200 <= status < 300 else f"answered {status}"
        except (httpx.HTTPError, OSError, ValueError, PermissionError) as failure:
            status, error = 0, f"{type(failure).__name__}: {failure}"[:500]
        async with self._reader.writer() as writer:
            if error is None:
                await outbox.deliver(writer, message.n)
            else:
                pause_s = retry_after_s(message.attempts, random.random())  # noqa: S311 - jitter
                due_at = None if pause_s is None else now() + timedelta(seconds=pause_s)
                await outbox.fail(writer, message.n, due_at, error)
            await store.note_outcome(writer, message.subscription, error)
            if status == GONE:
                await store.end(writer, message.subscription, "the receiver answered 410 Gone")

    async def _send(self, message: DueMessage) -> int:
        """The status of one attempt, over a connection to the address that was checked."""
        secret = decrypt_secret(message.secret, self._peppers)
        if secret is None:
            raise PermissionError("the secret was stored with a pepper that is not here any more")
        parts = urlsplit(message.url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        address = allowed_address(await self._resolve(host, port), self._allowed)
        if address is None:
            raise PermissionError(f"{host} is not an address of the open Internet")
        body, timestamp_s, name = message.body.encode(), int(time.time()), f"msg_{message.id.hex}"
        headers = {
            "host": host if parts.port is None else f"{host}:{port}",
            "content-type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": str(timestamp_s),
            "webhook-signature": signature(secret, name, timestamp_s, body),
        }
        pinned = f"[{address}]" if address.version == 6 else str(address)
        url = parts._replace(netloc=f"{pinned}:{port}").geturl()
        async with (
            asyncio.timeout(2 * TIMEOUT_S),
            httpx.AsyncClient(
                timeout=TIMEOUT_S, follow_redirects=False, trust_env=False, verify=self._tls
            ) as client,
            client.stream(
                "POST", url, content=body, headers=headers, extensions={"sni_hostname": host}
            ) as response,
        ):
            size = 0
            async for chunk in response.aiter_raw():
                size += len(chunk)
                if size > MOST_RESPONSE_BYTES:
                    break
            return response.status_code
