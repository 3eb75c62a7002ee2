"""A coverage question with everything needed to answer it, so that it can be worked anywhere."""

from msgspec import Struct, structs

from registry.domain.coverage.candidate_filter import concerned
from registry.domain.coverage.coverage import Assessment, Coverage, assess, describe
from registry.domain.coverage.demand import DemandCover, DemandPoint, cover_of
from registry.domain.coverage.depth import shallower_than
from registry.domain.coverage.ground.gaps_geometry import left_open
from registry.domain.coverage.ground.ground import Ground, lay_out
from registry.domain.coverage.progress import Told, unheard
from registry.domain.coverage.scenario import Scenario, applied
from registry.domain.coverage.watcher import AreaPart, Watcher

MOST_UNCOVERED = 100


class Question(Struct, frozen=True, kw_only=True):
    """The area with the places that part it, the watchers that may reach it, and the demand in it.

    Ground counts as covered when at least `min_depth` watchers reach it. `radius_m` is the stated radius,
    which a scenario's additions take as well.
    """

    whole: AreaPart
    parts: list[AreaPart]
    watchers: list[Watcher]
    radius_m: float | None = None
    min_depth: int = 1
    demand: list[DemandPoint] | None = None
    demand_basis: str | None = None
    scenario: Scenario | None = None


class Answer(Coverage, frozen=True, kw_only=True):
    """Coverage, with the demand reached when demand was given."""

    min_depth: int
    demand: DemandCover | None = None
    demand_basis: str | None = None


def ground_of(question: Question) -> Ground:
    """The area on its plane."""
    return lay_out(question.parts, question.whole)


def watchers_of(question: Question) -> list[Watcher]:
    """The watchers, as the scenario has them."""
    if question.scenario is None:
        return question.watchers
    return applied(question.watchers, question.scenario, question.radius_m)


def work_out(question: Question, ground: Ground | None = None, told: Told = unheard) -> Assessment:
    """What the watchers that concern the area leave open."""
    ground = ground or ground_of(question)
    opening = shallower_than(question.min_depth) if question.min_depth > 1 else left_open
    return assess(ground, concerned(ground, watchers_of(question)), opening, told)


def answered(question: Question, assessment: Assessment) -> Answer:
    """The assessment in numbers, with the demand."""
    demand = None
    if question.demand is not None:
        demand = cover_of(
            assessment.ground,
            assessment.spread,
            question.demand,
            need=question.min_depth,
            limit=MOST_UNCOVERED,
        )
    return Answer(
        **structs.asdict(describe(assessment)),
        min_depth=question.min_depth,
        demand=demand,
        demand_basis=question.demand_basis,
    )


def measure(question: Question, told: Told = unheard) -> Answer:
    """The ratio with its interval, and all that the answer rests on."""
    return answered(question, work_out(question, told=told))
