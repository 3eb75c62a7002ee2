"""The middleware that every request passes before routing, requests for unknown paths included."""

import asyncio
import re
import secrets
import time
from typing import Any

import structlog
from litestar import Litestar, Request
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from registry.api.http import problems
from registry.api.http.access import admission, limits
from registry.api.http.access.admission import Admission, AdmissionQueue
from registry.api.http.access.authentication import Authenticator, OpenCredential, demand_one_credential
from registry.api.http.access.client_address import TrustedProxies
from registry.api.http.access.host import KnownHosts
from registry.api.http.access.limits import RateLimit
from registry.api.http.access.request_watch import RequestWatch
from registry.api.http.access.response_audit import ResponseAudit, audit_of
from registry.api.http.body_timeout import timed
from registry.api.http.compression import CompressedSender
from registry.api.http.request import HttpRequest
from registry.api.http.response_headers import ResponseHeaders
from registry.domain.access.actor import ANYONE, Actor
from registry.domain.errors import RegistryError, Unauthenticated, Unavailable
from registry.runtime.settings import Settings
from registry.runtime.worker import Drain

log = structlog.get_logger("registry.access")
PLAIN_ID = re.compile(rb"[A-Za-z0-9_.\-]{8,64}")
SLOW_S = 1.0
HEALTH = "/health/"
RETRY_S = 5
CLIENT_GONE = 499
CLOSE = (b"connection", b"close")


class RequestMiddleware:
    """Identifies, authenticates, limits, audits and logs each request."""

    def __init__(self, app: Litestar, settings: Settings, drain: Drain) -> None:
        self._drain = drain
        self._app = app
        self._inner = app.asgi_handler
        self._proxies = TrustedProxies(settings.trusted_proxies)
        self._hosts = KnownHosts(settings, self._proxies)
        self._slots = AdmissionQueue(admission.caps(settings))
        app.state.slots = self._slots
        app.state.stream_slots = AdmissionQueue(admission.STREAMS, reserved=1)
        self._costs = limits.costs(app)
        quota = limits.units_per_minute(settings)
        self._rate = RateLimit(quota) if quota else None
        self._body_timeout_s, self._budget_s = settings.body_timeout_s, settings.request_timeout_s
        self._tls = settings.tls_certificate is not None or bool(settings.trusted_proxies)
        self._log_all = settings.access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; there are no web sockets here."""
        if scope["type"] == ScopeType.HTTP:
            with self._drain.request():
                await self._handle(scope, receive, send)

    async def _handle(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        request_headers = dict(scope["headers"])
        state = scope["state"]
        state["request_id"] = _request_id(request_headers.get(b"x-request-id"))
        state["address"] = address = self._proxies.client(scope, request_headers)
        state["export"] = limits.is_export(scope["query_string"], request_headers.get(b"accept", b""))
        headers = ResponseHeaders(state["request_id"], request_headers, tls=self._tls)
        state["response_headers"] = headers
        accepted = request_headers.get(b"accept-encoding", b"").decode("latin-1")
        sender = _ResponseSender(CompressedSender(send, accepted), headers, self._drain)
        started_s = time.perf_counter()
        try:
            self._hosts.settle(scope)
            demand_one_credential(scope)
            state["actor"] = actor = await self._actor(scope, request_headers, address)
            state["credential"] = self._credential(request_headers, actor)
            sender.admission = state["admission"] = self._charged(scope, actor, address, headers)
            sender.audit = audit_of(self._app.state.audit_recorder, scope, actor)
            await self._watched(scope, timed(receive, scope, self._body_timeout_s), sender)
        except RegistryError as error:
            sender.shed = isinstance(error, Unavailable)
            await self._refuse(error, scope, receive, sender)
        finally:
            sender.leave()
            self._log(scope, sender, time.perf_counter() - started_s)

    async def _watched(self, scope: HTTPScope, receive: Receive, sender: "_ResponseSender") -> None:
        """Answer the request, unless its client leaves or its time is over."""
        watch = RequestWatch(scope, receive, admission.admission_of(scope), self._budget_s)
        sender.watch = watch
        try:
            await self._inner(scope, watch.receive, sender)
        except asyncio.CancelledError:
            if watch.end is None and not self._drain.begun:
                raise
            if (task := asyncio.current_task()) is not None:
                task.uncancel()
            if watch.end == "budget":
                detail = f"the answer takes longer than {self._budget_s:g} s; ask for less"
                raise Unavailable(detail, retry_after_s=RETRY_S) from None
            sender.status = CLIENT_GONE
        finally:
            watch.stop()

    async def _actor(self, scope: HTTPScope, headers: dict[bytes, bytes], address: str) -> Actor:
        """The actor; a refused credential costs its address many units, so that guessing is slow.

        Health is anybody's and outside every limit: a registry that cannot look a key up still says so.
        """
        if scope["path"].startswith(HEALTH):
            return ANYONE
        authenticator: Authenticator = self._app.state.authenticator
        try:
            return await authenticator.actor_of(headers.get(b"authorization"))
        except Unauthenticated:
            if self._rate is not None:
                self._rate.charge(f"refused {address}", limits.REFUSAL_UNITS)
            raise

    def _credential(self, headers: dict[bytes, bytes], actor: Actor) -> OpenCredential:
        """The credential of the request, to be looked at again for as long as the answer is open."""
        return OpenCredential(self._app.state.authenticator, headers.get(b"authorization"), actor)

    def _charged(self, scope: HTTPScope, actor: Actor, address: str, headers: ResponseHeaders) -> Admission:
        """Charge the cost of the request; it takes a slot of its lane when it begins to work."""
        state = scope["state"]
        cost = limits.EXPORT if state["export"] else limits.cost_of(self._costs, scope["path"])
        caller = address if actor.role == "public" else actor.id
        admitted = Admission(self._slots, admission.lane_of(actor, cost))

        def charge(units: int) -> None:
            if self._rate is not None and not scope["path"].startswith(HEALTH):
                headers.set_rate_limit(self._rate.quota, self._rate.left(caller))
                headers.set_rate_limit(self._rate.quota, self._rate.charge(caller, units))

        def weigh(body: bytes, bytes_a_unit: int | None) -> None:
            if units := limits.size_cost(body, bytes_a_unit):
                charge(units)
                admitted.lane = admission.lane_of(actor, cost + units)

        charge(cost)
        state["weigh"] = weigh
        return admitted

    async def _refuse(self, error: RegistryError, scope: HTTPScope, receive: Receive, send: Send) -> None:
        request: HttpRequest = Request(scope, receive, send)
        response = problems.registry_error(request, error).to_asgi_response(None, request)
        await response(scope, receive, send)

    def _log(self, scope: HTTPScope, sender: "_ResponseSender", took_s: float) -> None:
        """Log changes, server errors and slow requests, or all; never the query, never what was shed."""
        changes = scope["method"] not in ("GET", "HEAD", "OPTIONS")
        if sender.is_shed or not (self._log_all or changes or sender.status >= 500 or took_s > SLOW_S):
            return
        state = scope["state"]
        actor = state.get("actor")
        log.info(
            "request",
            method=scope["method"],
            path=scope["path"],
            status=sender.status,
            ms=round(took_s * 1000, 1),
            actor=actor and actor.id,
            request_id=state["request_id"],
        )


class _ResponseSender:
    """Sends a response with its headers, and shows each message to the audit."""

    def __init__(self, send: Send, headers: ResponseHeaders, drain: Drain) -> None:
        self._send = send
        self._drain = drain
        self._headers = headers
        self.audit: ResponseAudit | None = None
        self.admission: Admission | None = None
        self.watch: RequestWatch | None = None
        self.shed = False
        self.status = 0

    @property
    def is_shed(self) -> bool:
        """Whether the request was not worked on; to log each one would cost more than what is shed."""
        return self.shed or (self.admission is not None and self.admission.refused)

    def leave(self) -> None:
        """Give the slot of the request back."""
        if self.admission is not None:
            self.admission.leave()

    async def __call__(self, message: Message) -> None:
        """Pass one message on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            completed = self._headers.complete(message["headers"])
            message["headers"] = [*completed, CLOSE] if self._drain.is_closing else completed
            self.leave()  # what is left is at the client's pace
            if self.watch is not None:
                self.watch.is_answered = True
        if self.audit is not None:
            self.audit.inspect(message)
        await self._send(message)


class HeadMiddleware:
    """Answers HEAD with the status and headers of GET."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        get_scope: dict[str, Any] = dict(scope)
        if get_scope.get("method") != "HEAD":
            await self._inner(scope, receive, send)
            return
        get_scope["method"] = "GET"

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        typed: Any = get_scope
        await self._inner(typed, receive, without_body)


def _request_id(proposed: bytes | None) -> str:
    """The id from a proxy, if it is a plain word, or a new one."""
    if proposed is not None and PLAIN_ID.fullmatch(proposed):
        return proposed.decode()
    return secrets.token_hex(8)
