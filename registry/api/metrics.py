"""Metrics for Prometheus."""

from litestar import Response, get

from registry.api.http.dependencies import ActorDep
from registry.domain.access.actor import require
from registry.runtime import metrics


@get("/metrics", media_type="text/plain", sync_to_thread=False, tags=["health"])
def read_metrics(actor: ActorDep) -> Response[bytes]:
    """Latency by route, lanes, pool, feed, seals, jobs, tiles, audit, disk and replication, for planners."""
    require(actor, "planner")
    return Response(metrics.exposition(), headers={"Content-Type": metrics.MEDIA_TYPE})
