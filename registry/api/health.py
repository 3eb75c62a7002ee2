"""LiveState and readiness, outside every limit."""

from typing import Literal

from litestar import MediaType, Router, get
from litestar.datastructures import State
from msgspec import Struct

from registry.api.http.access.admission import OWN
from registry.api.http.access.authentication import OPEN
from registry.domain.errors import Unavailable
from registry.services.health import FINE, Health, HealthCheck


class LiveState(Struct, frozen=True):
    """The process answers."""

    status: Literal["live"] = "live"
    """Always `live`."""


class ReadyState(Struct, frozen=True, kw_only=True):
    """The registry writes; `degraded` when a check is not `ok` and that is no reason to ask elsewhere."""

    status: Literal["ready", "degraded"]
    """Ready, or ready with something that somebody should look at."""
    revision: str | None
    checks: dict[str, str]
    """Each check with `ok` or with what is wrong."""


@get("/live", media_type=MediaType.JSON, sync_to_thread=False)
def live() -> LiveState:
    """The process answers."""
    return LiveState()


@get("/ready", media_type=MediaType.JSON)
async def ready(state: State) -> ReadyState:
    """The registry writes; else 503, which says what of disk, database, feed or migration is wrong."""
    if state.drain.begun:
        raise Unavailable("this server is being stopped")
    check: HealthCheck = state.health
    health: Health = await check.look()
    if health.unready:
        raise Unavailable("; ".join(health.unready))
    is_fine = all(text == FINE for text in health.checks.values())
    return ReadyState(
        status="ready" if is_fine else "degraded", revision=health.revision, checks=health.checks
    )


router = Router("/health", route_handlers=[live, ready], tags=["health"], opt=OPEN | OWN)
