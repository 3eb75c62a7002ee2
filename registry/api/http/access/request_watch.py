"""Ends the work of a request whose client is gone, or that worked longer than it may.

A cancelled statement is cancelled in PostgreSQL too. A change whose client is gone is finished: the client
finds out with its Idempotency-Key.
"""

import asyncio
from typing import Any, Literal

from litestar.types import HTTPScope, Receive

from registry.api.http.access.admission import Admission

LOOK_AFTER_S = 0.25
"""Most requests are answered by then, and cost no task that waits for their client to leave."""
BODILESS = ("GET", "HEAD", "OPTIONS")
End = Literal["gone", "budget"]


class RequestWatch:
    """Watches one request until `stop`; `end` says why its task was cancelled."""

    def __init__(self, scope: HTTPScope, receive: Receive, admission: Admission, budget_s: float) -> None:
        self._scope, self._receive, self._admission, self._budget_s = scope, receive, admission, budget_s
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._is_read = self._is_told = scope["method"] in BODILESS
        self._gone: asyncio.Task[None] | None = None
        self.end: End | None = None
        self.is_answered = False
        self._timer = self._loop.call_later(LOOK_AFTER_S, self._look)

    async def receive(self) -> Any:
        """The next message for the application: its body, and then that the client is gone."""
        if not self._is_read:
            message: Any = await self._receive()
            self._is_read = message["type"] != "http.request" or not message["more_body"]
            return message
        if self._is_told:
            self._is_told = False
            return {"type": "http.request", "body": b"", "more_body": False}
        await asyncio.shield(self._departure())
        return {"type": "http.disconnect"}

    def stop(self) -> None:
        """Watch no longer."""
        self._timer.cancel()
        if self._gone is not None:
            self._gone.cancel()

    def _look(self) -> None:
        """Watch the client once the body is read, and look again when the budget may be used up."""
        if self._is_read:
            self._departure()
        left_s = self._budget_s - self._admission.worked_s
        if left_s <= 0:
            self._cancel("budget")
        else:
            self._timer = self._loop.call_later(left_s if self._is_read else LOOK_AFTER_S, self._look)

    def _departure(self) -> "asyncio.Task[None]":
        """The one task that waits until the client is gone: two at once would steal each other's message."""
        if self._gone is None:
            self._gone = self._loop.create_task(self._until_gone())
            self._gone.add_done_callback(self._on_gone)
        return self._gone

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] == "http.request":
            pass

    def _on_gone(self, departure: "asyncio.Task[None]") -> None:
        if not departure.cancelled() and not self._scope["state"].get("changes"):
            self._cancel("gone")

    def _cancel(self, why: End) -> None:
        if self.end is None and not self.is_answered and self._task is not None:
            self.end = why
            self._task.cancel()
