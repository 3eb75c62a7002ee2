"""What every request passes before it is routed, unknown paths included."""

import re
import secrets
import time

import structlog
from litestar import Litestar, Request
from litestar.enums import ScopeType
from litestar.types import HTTPScope, Message, Receive, Scope, Send

from registry.api.http import problems
from registry.api.http.access import limits
from registry.api.http.access.audit_recorder import Witness, Witnesses
from registry.api.http.access.authentication import Doorkeeper
from registry.api.http.access.client_address import Proxies
from registry.api.http.access.limits import Buckets, Lanes, Place
from registry.api.http.body_timeout import timed
from registry.api.http.request import HttpRequest
from registry.api.http.response_headers import Headers
from registry.domain.access.actor import Actor
from registry.domain.errors import RegistryError, Unauthenticated, Unavailable
from registry.runtime.settings import Settings

log = structlog.get_logger("registry.access")
PLAIN_ID = re.compile(rb"[A-Za-z0-9_.\-]{8,64}")
SLOW_S = 1.0


class Gate:
    """Names the request, finds out who asks, refuses what is too much, and sees how it ends."""

    def __init__(self, app: Litestar, settings: Settings) -> None:
        self._app = app
        self._inner = app.asgi_handler
        self._proxies = Proxies(settings.trusted_proxies)
        self._lanes = Lanes(limits.caps(settings))
        self._costs = limits.costs(app)
        quota = limits.units_per_minute(settings)
        self._buckets = Buckets(quota) if quota else None
        self._body_s = settings.body_timeout_s
        self._tls = settings.tls_certificate is not None or bool(settings.trusted_proxies)
        self._log_all = settings.access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; there are no web sockets here."""
        if scope["type"] == ScopeType.HTTP:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        told = dict(scope["headers"])
        state = scope["state"]
        state["request_id"] = _request_id(told.get(b"x-request-id"))
        state["address"] = address = self._proxies.client(scope, told)
        state["export"] = limits.is_export(scope["query_string"], told.get(b"accept", b""))
        headers = Headers(state["request_id"], told, tls=self._tls)
        sender = _Sender(send, headers)
        begun_s = time.perf_counter()
        try:
            state["actor"] = actor = await self._who(told, address)
            sender.place = self._let_in(scope, actor, address, headers)
            sender.watch(self._app.state.witnesses, scope, actor)
            await self._inner(scope, timed(receive, scope, self._body_s), sender)
        except Unavailable as error:
            sender.shed = True  # a storm would otherwise fill the log and cost more than it asks
            await self._refuse(error, scope, receive, sender)
        except RegistryError as error:
            await self._refuse(error, scope, receive, sender)
        finally:
            sender.leave()
            self._write(scope, sender, time.perf_counter() - begun_s)

    async def _who(self, told: dict[bytes, bytes], address: str) -> Actor:
        """Who asks; a credential that is refused costs its address a lot, so that guessing is slow."""
        doorkeeper: Doorkeeper = self._app.state.doorkeeper
        try:
            return await doorkeeper.actor_of(told.get(b"authorization"))
        except Unauthenticated:
            if self._buckets is not None:
                self._buckets.charge(f"refused {address}", limits.REFUSAL_UNITS)
            raise

    def _let_in(self, scope: HTTPScope, actor: Actor, address: str, headers: Headers) -> Place:
        cost = limits.EXPORT if scope["state"]["export"] else limits.cost_of(self._costs, scope["path"])
        if self._buckets is not None:
            caller = address if actor.role == "public" else actor.id
            headers.tell_limit(self._buckets.quota, self._buckets.left(caller))
            headers.tell_limit(self._buckets.quota, self._buckets.charge(caller, cost))
        lane = limits.lane_of(actor, cost)
        return self._lanes.enter(lane)

    async def _refuse(self, error: RegistryError, scope: HTTPScope, receive: Receive, send: Send) -> None:
        request: HttpRequest = Request(scope, receive, send)
        response = problems.registry_error(request, error).to_asgi_response(None, request)
        await response(scope, receive, send)

    def _write(self, scope: HTTPScope, sender: "_Sender", took_s: float) -> None:
        """One line for what changed, failed or was slow, or for everything; never of a query or the shed."""
        status = sender.status
        changed = scope["method"] not in ("GET", "HEAD", "OPTIONS")
        if sender.shed or not (self._log_all or changed or status >= 500 or took_s > SLOW_S):
            return
        state = scope["state"]
        actor = state.get("actor")
        log.info(
            "request",
            method=scope["method"],
            path=scope["path"],
            status=status,
            ms=round(took_s * 1000, 1),
            actor=actor and actor.id,
            request_id=state["request_id"],
        )


class _Sender:
    """Sends an answer with its headers, and lets the witness look at it."""

    def __init__(self, send: Send, headers: Headers) -> None:
        self._send = send
        self._headers = headers
        self._witness: Witness | None = None
        self.place: Place | None = None
        self.shed = False
        self.status = 0

    def leave(self) -> None:
        """Give the place in the lane back."""
        if self.place is not None:
            self.place.leave()
            self.place = None

    def watch(self, witnesses: Witnesses, scope: HTTPScope, actor: Actor) -> None:
        """Have the witness follow the answer where it may have to be written down."""
        self._witness = witnesses.follow(scope, actor)

    async def __call__(self, message: Message) -> None:
        """Pass one message on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = self._headers.complete(message["headers"])
            if self._headers.kind.startswith(b"text/event-stream"):
                self.leave()  # a stream stays open for hours and asks little
        if self._witness is not None:
            self._witness.see(message)
        await self._send(message)


def _request_id(given: bytes | None) -> str:
    """The id a proxy gave, if it is a plain word, or a new one."""
    if given is not None and PLAIN_ID.fullmatch(given):
        return given.decode()
    return secrets.token_hex(8)
