"""Who read restricted records, exported, changed or was refused: noted in memory, written down in batches."""

from collections import deque
from datetime import UTC, datetime
from typing import Any

import structlog
from litestar.types import HTTPScope, Message

from registry.domain.access.actor import Actor, sight_of
from registry.domain.access.audit import Action, Trace
from registry.domain.errors import RegistryError
from registry.store.access import audit
from registry.store.database.pool import Reader

log = structlog.get_logger("registry")
MOST_WAITING = 20_000
BATCH = 1_000
LONGEST_TARGET = 2_000
MARK = b"restricted"
READING = ("GET", "HEAD", "OPTIONS")


class Witnesses:
    """Keeps the traces until they are written down; those that do not fit are counted and reported."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._waiting: deque[Trace] = deque()
        self._lost = 0

    def follow(self, scope: HTTPScope, actor: Actor) -> "Witness | None":
        """A witness for this request; none for a reader who takes no file and may see nothing restricted."""
        sight = sight_of(actor)
        if scope["state"]["export"]:
            return Witness(self, scope, actor)
        if scope["method"] in READING and sight.clearance != "restricted" and not sight.scope:
            return None
        return Witness(self, scope, actor)

    def keep(self, trace: Trace) -> None:
        """Hold a trace until the next writing."""
        if len(self._waiting) >= MOST_WAITING:
            self._lost += 1
        else:
            self._waiting.append(trace)

    async def write(self) -> None:
        """Write down what waits; it waits on when the database is away."""
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            try:
                async with self._reader.writer() as writer:
                    await audit.add(writer, batch)
            except RegistryError as error:
                self._waiting.extendleft(reversed(batch))
                log.warning("the audit could not be written", reason=error.detail, waiting=len(self._waiting))
                return
        if self._lost:
            log.error("traces of the audit were lost", count=self._lost)
            self._lost = 0


class Witness:
    """Looks at one answer and keeps a trace of it where that is called for."""

    def __init__(self, keeper: Witnesses, scope: HTTPScope, actor: Actor) -> None:
        self._keeper = keeper
        self._scope = scope
        self._actor = actor
        self._status = 0
        self._seen = False
        self._readable = True

    def see(self, message: Message) -> None:
        """Take note of a part of the answer."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = dict(message["headers"])
            packed = b"content-encoding" in headers
            self._readable = not packed and b"json" in headers.get(b"content-type", b"json")
            self._seen = self._scope["state"]["export"]  # noted whatever is in it
        elif message["type"] == "http.response.body":
            self._seen = self._seen or (self._readable and MARK in message["body"])
            if not message.get("more_body"):
                self._end()

    def _end(self) -> None:
        action = self._action()
        if action is not None:
            self._keeper.keep(self._trace(action))

    def _action(self) -> Action | None:
        opt = _opt(self._scope)
        if opt.get("open"):
            return None
        if self._status in (401, 403):
            return "refused"
        if self._status >= 400:
            return None
        if self._scope["state"]["export"]:
            return "export"
        if self._scope["method"] not in READING and self._scope["state"].get("changes"):
            return "change"
        return "read" if self._seen or not self._readable else None

    def _trace(self, action: Action) -> Trace:
        state, query = self._scope["state"], self._scope["query_string"].decode("latin-1")
        target = f"{self._scope['method']} {self._scope['path']}{'?' if query else ''}{query}"
        return Trace(
            at=datetime.now(UTC),
            actor=self._actor.id,
            role=self._actor.role,
            action=action,
            target=target[:LONGEST_TARGET],
            status=self._status,
            request_id=state["request_id"],
            address=state["address"],
        )


def _opt(scope: HTTPScope) -> dict[str, Any]:
    handler: Any = scope.get("route_handler")
    return {} if handler is None else handler.opt
