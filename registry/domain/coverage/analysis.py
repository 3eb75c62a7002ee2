"""The coverage analyses as tasks and answers: values that can be sent to another process."""

from msgspec import Struct

from registry.domain.coverage import scenario
from registry.domain.coverage.depth import DepthFace, DepthLevel
from registry.domain.coverage.gaps import Bound, Gaps
from registry.domain.coverage.question import Answer, Question
from registry.domain.coverage.siting import placement
from registry.domain.values import Name


class MeasureTask(Struct, frozen=True, tag="coverage", kw_only=True):
    """How much is covered."""

    question: Question


class GapsTask(Struct, frozen=True, tag="gaps", kw_only=True):
    """Where it is not."""

    question: Question
    bound: Bound = "nominal"
    sliver_m2: float = 100.0
    limit: int = 1000


class DepthTask(Struct, frozen=True, tag="depth", kw_only=True):
    """How often it is."""

    question: Question
    bound: Bound = "nominal"
    levels: int = 3
    draw: bool = True


class CriticalityTask(Struct, frozen=True, tag="criticality", kw_only=True):
    """What only one resource covers."""

    question: Question
    bound: Bound = "nominal"
    limit: int = 1000


class ScenarioTask(Struct, frozen=True, tag="scenario", kw_only=True):
    """What a scenario changes; the question carries the scenario."""

    question: Question


class SitingTask(Struct, frozen=True, tag="siting", kw_only=True):
    """Where to put more."""

    question: Question
    how: placement.Siting
    candidates: list[placement.Candidate] | None = None
    forbidden: list[bytes] = []


class DistanceTask(Struct, frozen=True, tag="distance", kw_only=True):
    """How far demand is from the nearest resource; the watchers' radius is not used."""

    question: Question
    limit: int = 100


class NamedScenario(Struct, frozen=True):
    """A saved scenario under its name."""

    id: str
    name: Name
    changes: scenario.Scenario


class CompareTask(Struct, frozen=True, tag="compare", kw_only=True):
    """Several scenarios beside the present."""

    question: Question
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


class GapsAnswer(Answer, frozen=True, kw_only=True):
    """Coverage with the gaps, largest first."""

    gaps: Gaps


class DepthAnswer(Struct, frozen=True, kw_only=True):
    """Ground and demand covered at least once, twice, …"""

    area_m2: float
    method: str
    bound: Bound
    levels: list[DepthLevel]
    faces: list[DepthFace]
    demand_total: float | None
    demand_basis: str | None


class Sole(Struct, frozen=True):
    """What is lost when this resource fails."""

    id: str
    name: Name | None
    place: str | None
    sole_m2: float
    share: float
    sole_demand: float | None


class CriticalityAnswer(Struct, frozen=True, kw_only=True):
    """For every resource what only it covers, most first; one that shares all it covers loses nothing."""

    area_m2: float
    method: str
    bound: Bound
    covered_m2: float
    covered_once_m2: float
    resources: list[Sole]
    count: int


class ScenarioAnswer(Struct, frozen=True, kw_only=True):
    """The present, the scenario, and what it changes."""

    before: Answer
    after: Answer
    difference: scenario.Difference


class Option(Struct, frozen=True, kw_only=True):
    """One scenario's answer and what it changes."""

    id: str
    name: Name
    answer: Answer
    difference: scenario.Difference


class Comparison(Struct, frozen=True, kw_only=True):
    """The present, and the scenarios, the one that covers most first."""

    before: Answer
    scenarios: list[Option]
