"""How much slower nearest gets when there is a hundred times more to choose from."""

from benchmarks import load
from benchmarks.areas.nearest import paths
from benchmarks.figures import Figure, at_most
from benchmarks.stage import Stage, served

AREA = "growth"


def measure(stages: list[Stage], seconds: float) -> list[Figure]:
    """The median answer time at every size, one connection, and the largest beside the smallest."""
    medians_ms = []
    for stage in stages:
        with served(stage) as server:
            load.wrk(server.url, paths(stage), seconds=min(2, seconds), connections=1)
            run = load.wrk(server.url, paths(stage), seconds=seconds, connections=1)
        medians_ms.append(run.p50_us / 1000)
    figures = [
        Figure(AREA, f"p50 of nearest at {stage.rows:,} rows", f"{median_ms:.2f} ms")
        for stage, median_ms in zip(stages, medians_ms, strict=True)
    ]
    growth = medians_ms[-1] / medians_ms[0]
    return [*figures, at_most(AREA, "p50 at the most rows / at the fewest", growth, 2, "")]
