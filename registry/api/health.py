"""Liveness and readiness, outside every limit."""

from typing import Any

from litestar import MediaType, Router, get
from litestar.datastructures import State

from registry.api.http.access.admission import OWN
from registry.api.http.access.authentication import OPEN
from registry.domain.errors import Unavailable
from registry.services.health import FINE, Health, HealthCheck


@get("/live", media_type=MediaType.JSON, sync_to_thread=False)
def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@get("/ready", media_type=MediaType.JSON)
async def ready(state: State) -> dict[str, Any]:
    """The registry writes; else 503, which says what of disk, database, feed or migration is wrong."""
    if state.drain.begun:
        raise Unavailable("this server is being stopped")
    check: HealthCheck = state.health
    health: Health = await check.look()
    if health.unready:
        raise Unavailable("; ".join(health.unready))
    status = "ready" if all(text == FINE for text in health.checks.values()) else "degraded"
    return {"status": status, "revision": health.revision, "checks": health.checks}


router = Router("/health", route_handlers=[live, ready], tags=["health"], opt=OPEN | OWN)
