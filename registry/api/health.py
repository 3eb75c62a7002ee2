"""Liveness and readiness."""

from typing import Any

from litestar import MediaType, Router, get
from litestar.datastructures import State

from registry.api.http.access.admission import OWN
from registry.api.http.access.authentication import OPEN
from registry.api.http.dependencies import ReaderDep
from registry.domain.errors import Unavailable
from registry.store.database import health


@get("/live", media_type=MediaType.JSON, sync_to_thread=False)
def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@get("/ready", media_type=MediaType.JSON)
async def ready(state: State, reader: ReaderDep) -> dict[str, Any]:
    """The database is there, migrated to this release and writable."""
    found = await health.look(reader)
    if found.revision != state.revision:
        raise Unavailable(
            f"the database is at revision {found.revision}, this release needs {state.revision}"
        )
    if not found.writable:
        raise Unavailable("the database accepts no writes")
    return {"status": "ready", "revision": found.revision}


router = Router("/health", route_handlers=[live, ready], tags=["health"], opt=OPEN | OWN)
