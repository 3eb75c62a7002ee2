"""Audits responses: reads of restricted records, exports, changes and refusals."""

from datetime import UTC, datetime
from typing import Any

from litestar.types import HTTPScope, Message

from registry.domain.access.actor import ANYONE, Actor, sight_of
from registry.domain.access.audit import Action, AuditEntry
from registry.services.access.audit_recorder import AuditRecorder
from registry.store.database.read_trace import TRACE, ReadTrace

TILE = b"vector-tile"
LONGEST_TARGET = 2_000
READING = ("GET", "HEAD", "OPTIONS")


def audit_of(recorder: AuditRecorder, scope: HTTPScope, actor: Actor) -> "ResponseAudit | None":
    """The audit of one request, which traces what it reads; None for anybody who only reads no file."""
    reads = scope["method"] in READING and not scope["state"]["export"]
    if reads and actor is ANYONE:
        return None
    trace = ReadTrace()
    TRACE.set(trace)
    return ResponseAudit(recorder, scope, actor, trace)


class ResponseAudit:
    """Inspects the messages of one response and records an entry if the request calls for one.

    What was read decides, not what is said of it. A vector tile may have been read for somebody else before,
    so that each counts for those who may see restricted records.
    """

    def __init__(self, recorder: AuditRecorder, scope: HTTPScope, actor: Actor, trace: ReadTrace) -> None:
        self._recorder = recorder
        self._scope = scope
        self._actor = actor
        self._status = 0
        self._trace = trace
        self._is_recorded = False

    def inspect(self, message: Message) -> None:
        """Look at one message of the response; the last one records the entry."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            if TILE in dict(message["headers"]).get(b"content-type", b""):
                sight = sight_of(self._actor)
                self._trace.is_restricted |= sight.clearance == "restricted" or bool(sight.scope)
        elif message["type"] == "http.response.body" and not self._is_recorded:
            is_last = not message.get("more_body")
            if (is_last or self._trace.is_restricted) and (action := self._action()) is not None:
                self._is_recorded = True  # an open stream is recorded when it says the first such thing
                self._recorder.add(self._entry(action))

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
        return "read" if self._trace.is_restricted else None

    def _entry(self, action: Action) -> AuditEntry:
        state, query = self._scope["state"], self._scope["query_string"].decode("latin-1")
        target = f"{self._scope['method']} {self._scope['path']}{'?' if query else ''}{query}"
        return AuditEntry(
            at=datetime.now(UTC),
            actor=self._actor.id,
            role=self._actor.role,
            action=action,
            target=target[:LONGEST_TARGET],
            status=self._status,
            request_id=state["request_id"],
            address=state["address"],
        )
