"""Admission: slots for the requests that run, and a short queue by priority for those that find none.

Only running work holds a slot. A request has none while its body arrives, while it waits for news and while
its client reads.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Literal

from litestar.types import Scope

from registry.api.http.request import HttpRequest
from registry.domain.access.actor import Actor
from registry.domain.errors import Unavailable
from registry.runtime.settings import Settings

Lane = Literal["command", "planner", "field", "public"]
PRIORITY: tuple[Lane, ...] = ("command", "planner", "field", "public")
PATIENCE_S = 0.5
RESUME_S = 2.0
"""How long a request waits for its slot again after it waited for news or for its reader."""
MOST_WAITING = 256
"""Requests of one lane that wait; more could not be served within half a second."""
STREAM_PATIENCE_S = 30.0
STREAMS: dict[Lane, int] = {"command": 3, "planner": 2, "field": 2, "public": 1}
"""Snapshots and files that one worker reads from the database at once; one is for the command lane alone."""
RESERVED = 2
"""Slots that only the command lane takes, so that a crowd never holds them all."""
HEAVY = 20
"""A request of this cost or more goes to the planner lane, whatever the role of its caller."""
OWN = {"admission": "own"}
"""The opt of a handler that needs no slot, or takes one only for the part that works."""


class AdmissionQueue:
    """Slots of one worker by lane; a slot that comes free goes to the first in the highest lane."""

    def __init__(self, caps: Mapping[Lane, int], reserved: int = RESERVED) -> None:
        self._caps = caps
        self._shared = max(1, caps["command"] - reserved)
        self.running: dict[Lane, int] = dict.fromkeys(PRIORITY, 0)
        self._waiting: dict[Lane, deque[asyncio.Future[None]]] = {lane: deque() for lane in PRIORITY}

    def try_enter(self, lane: Lane) -> bool:
        """Take a slot if one is free."""
        if not self._is_free(lane):
            return False
        self.running[lane] += 1
        return True

    async def enter(self, lane: Lane, patience_s: float) -> None:
        """Take a slot; Unavailable when none comes free in time, with a random wait that spreads retries."""
        if self.try_enter(lane):
            return
        queue = self._waiting[lane]
        if len(queue) >= MOST_WAITING:
            raise _too_many()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            async with asyncio.timeout(patience_s):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self.leave(lane)  # the slot came in the same moment
            elif turn in queue:  # a slot that came free after the time was up has taken it out
                queue.remove(turn)
            if isinstance(error, TimeoutError):
                raise _too_many() from None
            raise

    def leave(self, lane: Lane) -> None:
        """Give a slot back."""
        self.running[lane] -= 1
        for one in PRIORITY:
            queue = self._waiting[one]
            while queue and self._is_free(one):
                turn = queue.popleft()
                if not turn.done():
                    self.running[one] += 1
                    turn.set_result(None)

    def _is_free(self, lane: Lane) -> bool:
        everyone = self._caps["command"] if lane == "command" else self._shared
        return self.running[lane] < self._caps[lane] and sum(self.running.values()) < everyone


def _too_many() -> Unavailable:
    wait_s = max(1, round(2 * random.uniform(0.5, 1.5)))  # noqa: S311 - spreads load, guards nothing
    return Unavailable("too many requests are under way", retry_after_s=wait_s)


class Admission:
    """The slot of one request in its lane; `refused` once it did not get one in time."""

    __slots__ = ("_holds", "_queue", "_since_s", "_worked_s", "lane", "refused")

    def __init__(self, queue: AdmissionQueue, lane: Lane) -> None:
        self._queue = queue
        self.lane = lane
        self._holds = self.refused = False
        self._since_s = self._worked_s = 0.0

    @property
    def worked_s(self) -> float:
        """How long the request has worked, seconds."""
        return self._worked_s + (time.monotonic() - self._since_s if self._holds else 0.0)

    async def enter(self, patience_s: float = PATIENCE_S) -> None:
        """Take the slot, unless it is held already; Unavailable when none comes free in time."""
        if self._holds:
            return
        try:
            await self._queue.enter(self.lane, patience_s)
        except Unavailable:
            self.refused = True
            raise
        self._holds = True
        self._since_s = time.monotonic()

    def leave(self) -> None:
        """Give the slot back, if it is held."""
        if self._holds:
            self._worked_s = self.worked_s
            self._holds = False
            self._queue.leave(self.lane)

    @asynccontextmanager
    async def running(self, patience_s: float = PATIENCE_S) -> AsyncIterator[None]:
        """Hold the slot for a block of work."""
        await self.enter(patience_s)
        try:
            yield
        finally:
            self.leave()

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Give the slot up for a block that only waits, and take it again."""
        self.leave()
        yield
        await self.enter(RESUME_S)


def caps(settings: Settings) -> dict[Lane, int]:
    """The configured number of slots of each lane."""
    return {
        "command": settings.inflight_command,
        "planner": settings.inflight_planner,
        "field": settings.inflight_field,
        "public": settings.inflight_public,
    }


def stream_slot(request: HttpRequest) -> Callable[[], AbstractAsyncContextManager[None]]:
    """Slots for the part of a request that reads a stream from the database; its own slot is given back."""
    admission_of(request.scope).leave()
    queue: AdmissionQueue = request.app.state.stream_slots
    lane = lane_of(request.scope["state"]["actor"])
    return lambda: Admission(queue, lane).running(STREAM_PATIENCE_S)


def lane_of(actor: Actor, cost: int = 1) -> Lane:
    """The lane of a request."""
    if actor.role == "public":
        return "public"
    if cost >= HEAVY:
        return "planner"
    return "command" if actor.is_at_least("planner") else "field"


def admission_of(scope: Scope) -> Admission:
    """The slot of a request that passed the middleware."""
    found: Admission = scope["state"]["admission"]
    return found
