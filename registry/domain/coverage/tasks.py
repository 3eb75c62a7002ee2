"""The coverage analyses as tasks: values that a job stores and another process works."""

import numpy as np
import shapely
from msgspec import Struct

from registry.domain.coverage import scenario
from registry.domain.coverage.gaps import Bound
from registry.domain.coverage.measure import CoverageInputs
from registry.domain.coverage.siting import placement
from registry.domain.values import Name

AT_ONCE_S = 1.0
UNION_S = 4e-5
FACES_S = 2e-4
SEEN_S = 0.03
SEEN_FACES_S = 0.1
"""Ground that is seen has some two thousand corners a watcher, where a circle has 64."""
SITING_PAIRS_AT_ONCE = 150_000
USUAL_CANDIDATES = 400
USUAL_DEMAND = 3_000


class MeasureTask(Struct, frozen=True, tag="coverage", kw_only=True):
    """How much is covered."""

    inputs: CoverageInputs


class GapsTask(Struct, frozen=True, tag="gaps", kw_only=True):
    """Where it is not covered."""

    inputs: CoverageInputs
    bound: Bound = "nominal"
    sliver_m2: float = 100.0
    limit: int = 1000


class DepthTask(Struct, frozen=True, tag="depth", kw_only=True):
    """How many times it is covered."""

    inputs: CoverageInputs
    bound: Bound = "nominal"
    levels: int = 3
    draw: bool = True


class CriticalityTask(Struct, frozen=True, tag="criticality", kw_only=True):
    """What only one resource covers."""

    inputs: CoverageInputs
    limit: int = 1000


class ScenarioTask(Struct, frozen=True, tag="scenario", kw_only=True):
    """What a scenario changes; the inputs hold the scenario."""

    inputs: CoverageInputs


class SitingTask(Struct, frozen=True, tag="siting", kw_only=True):
    """Where to place more."""

    inputs: CoverageInputs
    how: placement.Siting
    candidates: list[placement.Candidate] | None = None
    forbidden: list[bytes] = []


class DistanceTask(Struct, frozen=True, tag="distance", kw_only=True):
    """How far demand is from the nearest resource; the watchers' radius is not used."""

    inputs: CoverageInputs
    limit: int = 100


class NamedScenario(Struct, frozen=True):
    """A saved scenario under its name."""

    id: str
    name: Name
    changes: scenario.Changes


class CompareTask(Struct, frozen=True, tag="compare", kw_only=True):
    """Several scenarios beside the present."""

    inputs: CoverageInputs
    scenarios: list[NamedScenario]


Task = (
    MeasureTask
    | GapsTask
    | DepthTask
    | CriticalityTask
    | ScenarioTask
    | SitingTask
    | DistanceTask
    | CompareTask
)


def estimate_seconds(task: Task) -> float:
    """Expected seconds on one core, right within a factor of about three (measured on two cores)."""
    inputs = task.inputs
    if isinstance(task, DistanceTask):
        return 2e-6 * len(inputs.watchers) + 2e-5 * len(inputs.demand or [])
    count, depth = len(inputs.watchers), _discs_depth(inputs)
    rounds = 3 if any(w.uncertainty_m or w.extents or w.unknown for w in inputs.watchers) else 1
    seen = sum(w.sees is not None for w in inputs.watchers)
    answers = 2 if isinstance(task, ScenarioTask) else 1
    if isinstance(task, CompareTask):
        answers += len(task.scenarios)
    union = (UNION_S * count * rounds + SEEN_S * seen) * answers
    if isinstance(task, DepthTask | CriticalityTask) or inputs.min_depth > 1:
        union += FACES_S * count * max(1.0, min(depth, 6.0)) * rounds + SEEN_FACES_S * seen
    if not isinstance(task, SitingTask):
        return union
    candidates = USUAL_CANDIDATES if task.candidates is None else len(task.candidates)
    demand = USUAL_DEMAND if inputs.demand is None else len(inputs.demand)
    small = candidates * demand <= SITING_PAIRS_AT_ONCE
    return 2 * union + (0.3 if small else task.how.time_limit_s)


def _discs_depth(inputs: CoverageInputs) -> float:
    """How many times over the discs could cover the bounding box of the area."""
    shape = inputs.whole.shape
    if not isinstance(shape, bytes):
        return 1.0
    west, south, east, north = shapely.bounds(shapely.from_wkb(shape))
    box_m2 = (east - west) * (north - south) * 111_000.0**2 * max(0.05, float(np.cos(np.radians(north))))
    discs_m2 = float(np.pi * sum((w.radius_m or 0.0) ** 2 for w in inputs.watchers))
    return float(discs_m2 / max(box_m2, 1.0))
