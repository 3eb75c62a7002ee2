"""How long an analysis will take, guessed from its size; what decides between answering at once and a job."""

import numpy as np
import shapely

from registry.domain.coverage.analysis import (
    CompareTask,
    CriticalityTask,
    DepthTask,
    DistanceTask,
    ScenarioTask,
    SitingTask,
    Task,
)
from registry.domain.coverage.question import Question

AT_ONCE_S = 1.0
UNION_S = 4e-5
FACES_S = 2e-4
SITING_PAIRS_AT_ONCE = 150_000
USUAL_CANDIDATES = 400
USUAL_DEMAND = 3_000


def seconds(task: Task) -> float:
    """Expected seconds on one core; measured on a 2-core machine, right within a factor of three or so."""
    question = task.question
    if isinstance(task, DistanceTask):
        return 2e-6 * len(question.watchers) + 2e-5 * len(question.demand or [])
    count, depth = len(question.watchers), _depth(question)
    rounds = 3 if any(w.uncertainty_m or w.extents for w in question.watchers) else 1
    answers = 2 if isinstance(task, ScenarioTask) else 1
    if isinstance(task, CompareTask):
        answers += len(task.scenarios)
    union = UNION_S * count * rounds * answers
    if isinstance(task, DepthTask | CriticalityTask) or question.min_depth > 1:
        union += FACES_S * count * max(1.0, min(depth, 6.0)) * (1 if question.min_depth == 1 else rounds)
    if not isinstance(task, SitingTask):
        return union
    candidates = USUAL_CANDIDATES if task.candidates is None else len(task.candidates)
    demand = USUAL_DEMAND if question.demand is None else len(question.demand)
    small = candidates * demand <= SITING_PAIRS_AT_ONCE
    return 2 * union + (0.3 if small else task.how.time_limit_s)


def _depth(question: Question) -> float:
    """How many times over the discs could cover the area's bounding box."""
    shape = question.whole.shape
    if not isinstance(shape, bytes):
        return 1.0
    west, south, east, north = shapely.bounds(shapely.from_wkb(shape))
    box_m2 = (east - west) * (north - south) * 111_000.0**2 * max(0.05, float(np.cos(np.radians(north))))
    discs_m2 = float(np.pi * sum((w.radius_m or 0.0) ** 2 for w in question.watchers))
    return float(discs_m2 / max(box_m2, 1.0))
