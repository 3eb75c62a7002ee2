"""Liveness and readiness, outside every limit."""

from typing import Annotated, Literal

from litestar import MediaType, Router, get
from litestar.datastructures import State
from litestar.params import QueryParameter
from msgspec import Struct

from registry.api.http.access.admission import OWN
from registry.api.http.access.authentication import OPEN
from registry.domain.errors import Unavailable
from registry.services.health import FINE, Health, HealthCheck

Purpose = Annotated[
    Literal["writing", "reading"],
    QueryParameter(name="for", description="What the server must be ready for; `reading` is less."),
]


class LiveState(Struct, frozen=True):
    """The process answers."""

    status: Literal["live"] = "live"
    """Always `live`."""


class ReadyState(Struct, frozen=True, kw_only=True):
    """The registry is ready for what was asked; `checks` says what is not as it should be."""

    status: Literal["ready", "degraded", "read-only"]
    """Ready; ready with something that somebody should look at; or ready for questions alone."""
    readable: bool
    """Whether questions are answered, by a standby where the primary is away."""
    writable: bool
    """Whether changes are taken."""
    revision: str | None
    checks: dict[str, str]
    """Each check with `ok` or with what is wrong."""


@get("/live", media_type=MediaType.JSON, sync_to_thread=False)
def live() -> LiveState:
    """The process answers."""
    return LiveState()


@get("/ready", media_type=MediaType.JSON)
async def ready(state: State, purpose: Purpose = "writing") -> ReadyState:
    """The registry takes changes (with `for=reading`: answers questions); else 503 says what is wrong."""
    if state.drain.begun:
        raise Unavailable("this server is being stopped")
    check: HealthCheck = state.health
    health: Health = await check.look()
    if not (health.readable if purpose == "reading" else health.writable):
        also = "; questions are answered" if health.readable else ""
        raise Unavailable("; ".join(health.unready) + also)
    is_fine = all(text == FINE for text in health.checks.values())
    return ReadyState(
        status=("ready" if is_fine else "degraded") if health.writable else "read-only",
        readable=health.readable,
        writable=health.writable,
        revision=health.revision,
        checks=health.checks,
    )


router = Router("/health", route_handlers=[live, ready], tags=["health"], opt=OPEN | OWN)
