"""nearest over HTTP beside the same prepared statements in pgbench, and the memory it leaves behind."""

from benchmarks import load
from benchmarks.figures import Figure, at_least, at_most
from benchmarks.recorded import statements
from benchmarks.stage import Stage, served

AREA = "nearest"
K, CAP_M = 10, 5000


def path(lon: float, lat: float) -> str:
    """The ten nearest within five kilometres of one point."""
    return f"/v1/proximity/nearest?lon={lon:.6f}&lat={lat:.6f}&k={K}&max_m={CAP_M}"


def paths(stage: Stage) -> list[str]:
    """The question at points all over the stage."""
    return [path(lon, lat) for lon, lat in stage.spots()]


def alone(stage: Stage, seconds: float) -> float:
    """Transactions a second of what the question asks the database, without the application."""
    lon, lat = (round(value, 6) for value in stage.spots()[0])
    drawn = {
        lon: f"random({int(stage.west * 1e6)}, {int(stage.east * 1e6)}) / 1000000.0",
        lat: f"random({int(stage.south * 1e6)}, {int(stage.north * 1e6)}) / 1000000.0",
    }
    return load.pgbench(
        stage.database_url, statements(stage.database_url, path(lon, lat)), drawn, seconds=seconds
    )


def measure(stages: list[Stage], seconds: float) -> list[Figure]:
    """Throughput as a share of pgbench's, the slowest hundredth, and the memory of a worker."""
    stage = stages[-1]
    with served(stage) as server:
        load.wrk(server.url, paths(stage), seconds=min(3, seconds))
        asked_over_http = load.wrk(server.url, paths(stage), seconds=seconds)
        memory_mib = server.worker_memory_mib()
    by_itself = alone(stage, seconds)
    share = asked_over_http.per_second / by_itself * 100
    return [
        Figure(AREA, "requests a second, 16 connections", f"{asked_over_http.per_second:,.0f}"),
        Figure(AREA, "pgbench with the same statement, 16 clients", f"{by_itself:,.0f}"),
        at_least(AREA, "share of pgbench's throughput", share, 35, " %"),
        at_most(AREA, "p99 at 16 connections", asked_over_http.p99_us / 1000, 60, " ms"),
        at_most(AREA, "memory of a worker afterwards", memory_mib, 200, " MiB"),
    ]
