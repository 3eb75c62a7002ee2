"""A check: what a provision requires, what is observed, and the verdict.

The observed figure is an interval. Its lower end is what is recorded. Its upper end is open until an
inventory states that the record is complete. So an unknown value never becomes a pass or a failure.
"""

from typing import Any, Literal, NamedTuple

from msgspec import Struct, field

from registry.domain.plans.entry_base import YesNoUnknown
from registry.domain.plans.provision import Requirement, Words
from registry.domain.values import Name

Verdict = Literal["met", "not_met", "unknown", "cannot_evaluate"]
Action = Literal["locate", "list", "state", "flag", "load", "enter", "draw"]
Chooser = Literal["plan", "registry", "planner"]
MAX_MISSING = 200


class ObservedInterval(Struct, frozen=True):
    """A figure between its lower and its upper bound; an upper bound of None is open."""

    lower: float
    upper: float | None
    unit: str


class MissingFact(Struct, frozen=True):
    """A fact that somebody has to find out or enter before the check can be settled."""

    action: Action
    """What somebody has to do."""
    what: Words
    """What is missing, in words."""
    place: str | None = None
    record: str | None = None
    """Identity of the record."""


class Basis(Struct, frozen=True):
    """The denominator of a share, and who chose it."""

    code: str
    name: Words
    number: float | None = None
    """How many there are; null when nobody knows."""
    source: Words | None = None
    chosen_by: Chooser = "plan"


class RecordsLink(Struct, frozen=True):
    """Where the records behind a check can be read."""

    href: str
    count: int | None = None


class MethodResult(Struct, frozen=True, kw_only=True):
    """What a method returns: the observed interval, its basis, and what is missing.

    A verdict of None is decided from the interval and the requirement.
    """

    method: Words
    observed: ObservedInterval | None = None
    verdict: Verdict | None = None
    basis: Basis | None = None
    missing: list[MissingFact] = field(default_factory=list)
    reason: Words | None = None
    details: dict[str, Any] = field(default_factory=dict)
    records: list[RecordsLink] = field(default_factory=list)


class Check(Struct, frozen=True, kw_only=True):
    """A provision compared with what is recorded."""

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
    """How it was compared, in words."""
    denominator: Basis | None
    reason: Words | None
    missing: list[MissingFact]
    """Facts to find out or to enter before it can be settled."""
    missing_count: int
    details: dict[str, Any]
    records: list[RecordsLink]
    """Where the records behind it can be read."""
    as_of: str
    note: Words | None = None


class Partition(NamedTuple):
    """Items that have a property, items known not to have it, and items of which it is unknown."""

    yes: list[str]
    no: list[str]
    unknown: list[str]

    def add(self, item: str, answer: YesNoUnknown) -> None:
        """Put an item where its answer belongs."""
        getattr(self, answer).append(item)

    @property
    def size(self) -> int:
        """The number of all items."""
        return len(self.yes) + len(self.no) + len(self.unknown)

    def percent(self) -> ObservedInterval | None:
        """The share that has the property, unknown items counted as no and as yes; None for no items."""
        return percent_interval(len(self.yes), len(self.unknown), self.size)

    def counted(self, unit: str) -> ObservedInterval:
        """The number that has the property, unknown items counted as no and as yes."""
        return ObservedInterval(len(self.yes), len(self.yes) + len(self.unknown), unit)


def percent_interval(yes: float, unknown: float, whole: float) -> ObservedInterval | None:
    """The share of `yes` in the whole, with the unknown part counted as no and as yes; None of nothing."""
    if not whole:
        return None
    return ObservedInterval(100 * yes / whole, 100 * (yes + unknown) / whole, "percent")


def decide(required: Requirement, observed: ObservedInterval) -> Verdict:
    """met when every value of the interval meets the requirement, not_met when none does, else unknown."""
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
    """The verdict on a published total: a shorter record proves nothing, a longer one contradicts it.

    `recorded` does not count placeholders, which were entered from a total.
    """
    if recorded == published:
        return "met"
    return "not_met" if recorded > published else "unknown"


def to_declare_complete(place: str | None) -> MissingFact:
    """What closes an open list: an entry of the register `inventory`."""
    what = Words(
        "清单列全以后，录入 inventory 条目声明完整", "once the list is complete, declare it by an inventory"
    )
    return MissingFact("enter", what, place=place)


def entered_from_total(placeholders: int, recorded: int, *, this: bool) -> Words | None:
    """Why the records prove nothing: they were entered from a total; None when none of them was."""
    if not placeholders:
        return None
    which = Words("这一总数", "this very total") if this else Words("公布的总数", "a published total")
    return Words(
        f"{recorded} 条中有 {placeholders} 条正是按{which.zh}录入的，不能作为证据",
        f"{placeholders} of {recorded} were entered from {which.en}",
    )


def cannot_evaluate(
    method: Words, reason: Words, *missing: MissingFact, basis: Basis | None = None
) -> MethodResult:
    """The result of a check that cannot be made yet, with the reason and what is missing for it."""
    return MethodResult(
        method=method, verdict="cannot_evaluate", reason=reason, missing=list(missing), basis=basis
    )
