"""The audit: reads of restricted records, exports, changes and refusals, queued and written in batches."""

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
MOST_QUEUED = 20_000
BATCH = 1_000
LONGEST_TARGET = 2_000
RESTRICTED = b"restricted"
READING = ("GET", "HEAD", "OPTIONS")


class AuditRecorder:
    """Queues traces in memory until they are written; those that do not fit are counted and logged."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._queue: deque[Trace] = deque()
        self._lost = 0

    def watch(self, scope: HTTPScope, actor: Actor) -> "ResponseAudit | None":
        """The audit of one request; None for a reader who exports nothing and may see nothing restricted."""
        sight = sight_of(actor)
        reads = scope["method"] in READING and not scope["state"]["export"]
        if reads and sight.clearance != "restricted" and not sight.scope:
            return None
        return ResponseAudit(self, scope, actor)

    def add(self, trace: Trace) -> None:
        """Queue a trace for the next batch."""
        if len(self._queue) >= MOST_QUEUED:
            self._lost += 1
        else:
            self._queue.append(trace)

    async def write(self) -> None:
        """Write the queue to the database; without a database it stays queued."""
        while self._queue:
            batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
            try:
                async with self._reader.writer() as writer:
                    await audit.add(writer, batch)
            except RegistryError as error:
                self._queue.extendleft(reversed(batch))
                log.warning("the audit could not be written", reason=error.detail, waiting=len(self._queue))
                return
        if self._lost:
            log.error("traces of the audit were lost", count=self._lost)
            self._lost = 0


class ResponseAudit:
    """Inspects the messages of one response and records a trace if the response calls for one."""

    def __init__(self, recorder: AuditRecorder, scope: HTTPScope, actor: Actor) -> None:
        self._recorder = recorder
        self._scope = scope
        self._actor = actor
        self._status = 0
        self._is_restricted = False
        self._is_readable = True

    def inspect(self, message: Message) -> None:
        """Look at one message of the response; the last one records the trace."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = dict(message["headers"])
            packed = b"content-encoding" in headers
            self._is_readable = not packed and b"json" in headers.get(b"content-type", b"json")
        elif message["type"] == "http.response.body":
            found = self._is_readable and RESTRICTED in message["body"]
            self._is_restricted = self._is_restricted or found
            if not message.get("more_body") and (action := self._action()) is not None:
                self._recorder.add(self._trace(action))

    def _action(self) -> Action | None:
        handler: Any = self._scope.get("route_handler")
        if handler is not None and handler.opt.get("open"):
            return None
        if self._status in (401, 403):
            return "refused"
        if self._status >= 400:
            return None
        if self._scope["state"]["export"]:
            return "export"
        if self._scope["method"] not in READING and self._scope["state"].get("changes"):
            return "change"
        return "read" if self._is_restricted or not self._is_readable else None

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
