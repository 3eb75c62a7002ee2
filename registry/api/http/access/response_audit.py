"""Audits responses: reads of restricted records, exports, changes and refusals."""

from datetime import UTC, datetime
from typing import Any

from litestar.types import HTTPScope, Message

from registry.domain.access.actor import Actor, sight_of
from registry.domain.access.audit import Action, AuditEntry
from registry.services.access.audit_recorder import AuditRecorder

LONGEST_TARGET = 2_000
RESTRICTED = b"restricted"
READING = ("GET", "HEAD", "OPTIONS")


def audit_of(recorder: AuditRecorder, scope: HTTPScope, actor: Actor) -> "ResponseAudit | None":
    """The audit of one request; None for a reader who exports nothing and may see nothing restricted."""
    sight = sight_of(actor)
    reads = scope["method"] in READING and not scope["state"]["export"]
    if reads and sight.clearance != "restricted" and not sight.scope:
        return None
    return ResponseAudit(recorder, scope, actor)


class ResponseAudit:
    """Inspects the messages of one response and records an entry if the response calls for one."""

    def __init__(self, recorder: AuditRecorder, scope: HTTPScope, actor: Actor) -> None:
        self._recorder = recorder
        self._scope = scope
        self._actor = actor
        self._status = 0
        self._is_restricted = False
        self._is_readable = True

    def inspect(self, message: Message) -> None:
        """Look at one message of the response; the last one records the entry."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = dict(message["headers"])
            packed = b"content-encoding" in headers
            self._is_readable = not packed and b"json" in headers.get(b"content-type", b"json")
        elif message["type"] == "http.response.body":
            found = self._is_readable and RESTRICTED in message["body"]
            self._is_restricted = self._is_restricted or found
            if not message.get("more_body") and (action := self._action()) is not None:
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
        return "read" if self._is_restricted or not self._is_readable else None

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
