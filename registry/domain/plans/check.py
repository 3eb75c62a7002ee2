"""A check: what a provision asks, what is observed, and whether one meets the other.

The observed figure is an interval. What is recorded is its lower end; the upper end is open until somebody
states that the record is complete. So the unknown never becomes a pass, nor a failure.
"""

from typing import Any, Literal, NamedTuple

from msgspec import Struct, field

from registry.domain.plans.provision import Requirement, Words
from registry.domain.values import Name

Verdict = Literal["met", "not_met", "unknown", "cannot_evaluate"]
Action = Literal["locate", "list", "state", "flag", "load", "enter", "draw"]
Chooser = Literal["plan", "registry", "planner"]
MOST_NEEDS = 200


class ObservedInterval(Struct, frozen=True):
    """A figure between its least and its most; a most of None is open."""

    lower: float
    upper: float | None
    unit: str


class MissingFact(Struct, frozen=True):
    """One thing that somebody has to find out before the check is settled."""

    action: Action
    what: Words
    place: str | None = None
    record: str | None = None


class Basis(Struct, frozen=True):
    """What a share is taken of, and who chose it."""

    code: str
    name: Words
    number: float | None = None
    source: Words | None = None
    chosen_by: Chooser = "plan"


class RecordsLink(Struct, frozen=True):
    """Where the records used can be read."""

    href: str
    count: int | None = None


class MethodResult(Struct, frozen=True, kw_only=True):
    """What a method found out: the interval, how, on what basis, and what is missing."""

    method: Words
    observed: ObservedInterval | None = None
    verdict: Verdict | None = None
    basis: Basis | None = None
    missing: list[MissingFact] = field(default_factory=list)
    reason: Words | None = None
    details: dict[str, Any] = field(default_factory=dict)
    records: list[RecordsLink] = field(default_factory=list)


class Check(Struct, frozen=True, kw_only=True):
    """A provision held against what is known."""

    provision: str
    document: str
    locator: str
    title: Name
    statement: Words
    verdict: Verdict
    verdict_label: Words
    observed: ObservedInterval | None
    requirement: Requirement | None
    requirement_label: Words | None
    baseline: Requirement | None
    method: Words
    denominator: Basis | None
    reason: Words | None
    missing: list[MissingFact]
    missing_count: int
    details: dict[str, Any]
    records: list[RecordsLink]
    as_of: str
    note: Words | None = None


class Partition(NamedTuple):
    """Things that have it, things that are known not to, and things nobody knows about."""

    yes: list[str]
    no: list[str]
    unknown: list[str]

    @property
    def size(self) -> int:
        """How many there are in all."""
        return len(self.yes) + len(self.no) + len(self.unknown)

    def percent(self) -> ObservedInterval | None:
        """The share that has it, from the surely to the possibly; None of an empty set."""
        if not self.size:
            return None
        unsure = len(self.yes) + len(self.unknown)
        return ObservedInterval(100 * len(self.yes) / self.size, 100 * unsure / self.size, "percent")

    def counted(self, unit: str) -> ObservedInterval:
        """The number that has it, from the surely to the possibly."""
        return ObservedInterval(len(self.yes), len(self.yes) + len(self.unknown), unit)


def decide(required: Requirement, observed: ObservedInterval) -> Verdict:
    """Whether every, no, or only some value of the interval meets the requirement, operator as printed."""
    value, low, high = required.value, observed.lower, observed.upper
    if required.operator in ("ge", "gt"):
        passes = _exceeds(low, value, required.operator)
        fails = high is not None and not _exceeds(high, value, required.operator)
    elif required.operator in ("le", "lt"):
        passes = high is not None and _exceeds(value, high, _MIRROR[required.operator])
        fails = not _exceeds(value, low, _MIRROR[required.operator])
    else:
        passes = high is not None and low == high == value
        fails = low > value or (high is not None and high < value)
    return "met" if passes else "not_met" if fails else "unknown"


_MIRROR = {"le": "ge", "lt": "gt"}


def _exceeds(a: float, b: float, operator: str) -> bool:
    return a >= b if operator == "ge" else a > b


def compare_total(published: float, recorded: int) -> Verdict:
    """Whether a published total and a list agree; a shorter list proves nothing, a longer one contradicts."""
    if recorded == published:
        return "met"
    return "not_met" if recorded > published else "unknown"


def cannot_evaluate(
    method: Words, reason: Words, *missing: MissingFact, basis: Basis | None = None
) -> MethodResult:
    """A check that cannot be made yet, with the reason and what would change that."""
    return MethodResult(
        method=method, verdict="cannot_evaluate", reason=reason, missing=list(missing), basis=basis
    )
