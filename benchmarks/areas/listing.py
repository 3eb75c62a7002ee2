"""A list of a hundred resources of every kind in a box, beside other feature servers."""

from benchmarks import compared
from benchmarks.figures import Figure
from benchmarks.peers import views
from benchmarks.stage import Stage

AREA = "list"
LIMITS = (100,)
CROWD = 2


def path(box: str, limit: int) -> str:
    """Our path for the same."""
    return f"/v1/resources?bbox={box}&limit={limit}"


def measure(stages: list[Stage], seconds: float) -> list[Figure]:
    """All servers on the largest stage, one after the other."""
    question = compared.Question(AREA, views.ALL, path, LIMITS, CROWD)
    return compared.measure(stages[-1], question, seconds)
