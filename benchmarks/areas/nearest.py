"""nearest over HTTP beside the same prepared statement in pgbench, and the memory it leaves behind."""

from benchmarks import load
from benchmarks.figures import Figure, at_least, at_most
from benchmarks.stage import Stage, served
from registry.domain.search import Filter
from registry.domain.sight import Sight
from registry.store import proximity
from registry.store.filters import asked
from registry.store.sight import binds, shape

AREA = "nearest"
K, CAP_M = 10, 5000


def paths(stage: Stage) -> list[str]:
    """The ten nearest within five kilometres of points all over the stage."""
    question = f"k={K}&max_m={CAP_M}"
    return [f"/v1/proximity/nearest?lon={lon:.6f}&lat={lat:.6f}&{question}" for lon, lat in stage.spots()]


def statement(stage: Stage, seconds: float) -> float:
    """Transactions a second of the statement alone."""
    sight = Sight()
    present, values = asked(Filter())
    query = proximity._nearest(shape(sight), present, True)
    fixed = {name: str(value) for name, value in (query.fixed | values | binds(sight)).items()}
    spot = {
        "lon": f"random({int(stage.west * 1e6)}, {int(stage.east * 1e6)}) / 1000000.0",
        "lat": f"random({int(stage.south * 1e6)}, {int(stage.north * 1e6)}) / 1000000.0",
        "k": str(K),
        "max_m": str(CAP_M),
    }
    wanted = {name: (fixed | spot)[name] for name in dict.fromkeys(query.names)}
    return load.pgbench(stage.database_url, query.text, query.names, wanted, seconds=seconds)


def measure(stages: list[Stage], seconds: float) -> list[Figure]:
    """Throughput as a share of pgbench's, the slowest hundredth, and the memory of a worker."""
    stage = stages[-1]
    with served(stage) as server:
        load.wrk(server.url, paths(stage), seconds=min(3, seconds))
        asked_over_http = load.wrk(server.url, paths(stage), seconds=seconds)
        memory_mib = server.worker_memory_mib()
    alone = statement(stage, seconds)
    share = asked_over_http.per_second / alone * 100
    return [
        Figure(AREA, "requests a second, 16 connections", f"{asked_over_http.per_second:,.0f}"),
        Figure(AREA, "pgbench with the same statement, 16 clients", f"{alone:,.0f}"),
        at_least(AREA, "share of pgbench's throughput", share, 35, " %"),
        at_most(AREA, "p99 at 16 connections", asked_over_http.p99_us / 1000, 60, " ms"),
        at_most(AREA, "memory of a worker afterwards", memory_mib, 200, " MiB"),
    ]
