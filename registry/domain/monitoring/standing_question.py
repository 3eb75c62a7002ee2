"""A standing question: how much of a place is covered, or how much there is, kept with a threshold.

The answer is an interval: an alarm is certain, or possible where the unknown leaves it open.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct, structs

from registry.domain.conditions import ListConditions
from registry.domain.errors import Invalid
from registry.domain.plans.entry_base import EntryBase, Figure
from registry.domain.records.resource import Kind
from registry.domain.values import LongText, Radius

State = Literal["fine", "possible", "alarm", "unknown"]
"""Fine, or beyond the threshold for all or for some that may be true; `unknown` could not be worked out."""
Level = Annotated[str, Meta(min_length=1, max_length=40)]


class ShareCovered(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="what", tag="coverage"
):
    """The share of the ground of the place, in percent, that the watch points or other resources cover."""

    kind: Kind = "fire_watch_point"
    filter: ListConditions | None = None
    radius_m: Radius | None = None
    """One radius in metres for every resource; watch points have their own."""
    reason: Annotated[str, Meta(min_length=3, max_length=400)] | None = None
    """Why the radius is assumed."""


class ShareOfPlaces(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="what", tag="places"
):
    """The share of the places of a level, in percent, that have at least one such resource."""

    kind: Kind
    filter: ListConditions | None = None
    level: Level = "town"
    """Level of the places."""


class NumberOfRecords(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="what", tag="records"
):
    """How many resources in service there are that meet the conditions."""

    kind: Kind
    filter: ListConditions | None = None


class StandingQuestion(EntryBase, frozen=True, kw_only=True, tag="standing_question"):
    """A question about its place that is worked again when something that it depends on changes.

    It is beyond its threshold below it, or above it with `beyond: above`, and fine again past `fine_at`. The
    answer, from `lower` to `upper`, is that of a reader of its visibility; without `upper` it has no bound.
    """

    asks: ShareCovered | ShareOfPlaces | NumberOfRecords
    """What is asked of the place."""
    beyond: Literal["below", "above"] = "below"
    """On which side of the threshold it alarms."""
    threshold: Figure
    """The value beyond which it alarms: percent of a share, or a number of records."""
    fine_at: Figure | None = None
    """From where on an alarm has ended; the threshold unless given (hysteresis)."""
    state: State = "unknown"
    """Fine, alarm, or a possible one; written by the registry."""
    lower: Figure | None = None
    """The least that the answer can be."""
    upper: Figure | None = None
    """The most that the answer can be."""
    worked_at: datetime | None = None
    """When the answer last changed."""
    problem: LongText | None = None
    """Why it could not be worked out."""


class Interval(Struct, frozen=True):
    """An answer: the least, and the most or None without a bound."""

    lower: float
    upper: float | None


def check_standing_question(question: StandingQuestion) -> None:
    """Raise Invalid, with the field, for a question that could never be worked or never be fine."""
    if question.place is None and not isinstance(question.asks, NumberOfRecords):
        raise Invalid("name the place that it asks about", field="place", zh="请写明所问的地点")
    if question.fine_at is None:
        return
    past = (
        question.fine_at - question.threshold
        if question.beyond == "below"
        else question.threshold - question.fine_at
    )
    if past < 0:
        raise Invalid(
            f"an alarm {question.beyond} {question.threshold:g} ends on the other side of it",
            field="fine_at",
            zh="解除值应在阈值的另一侧",
        )


def with_answer_of(question: StandingQuestion, stored: StandingQuestion | None) -> StandingQuestion:
    """The question as its writer may write it: what is known of its answer is the registry's own."""
    if stored is None:
        return structs.replace(
            question, state="unknown", lower=None, upper=None, worked_at=None, problem=None
        )
    known = {name: getattr(stored, name) for name in ("state", "lower", "upper", "worked_at", "problem")}
    return structs.replace(question, **known)


def answered(question: StandingQuestion, answer: Interval, at: datetime) -> StandingQuestion:
    """The question with this answer; the same question when nothing of it has changed."""
    state = _state(question, answer)
    if (state, answer.lower, answer.upper, None) == (
        question.state, question.lower, question.upper, question.problem,
    ):  # fmt: skip
        return question
    return structs.replace(
        question, state=state, lower=answer.lower, upper=answer.upper, worked_at=at, problem=None
    )


def unanswered(question: StandingQuestion, problem: str, at: datetime) -> StandingQuestion:
    """The question that could not be worked out, and why."""
    if question.problem == problem:
        return question
    return structs.replace(
        question, state="unknown", lower=None, upper=None, worked_at=at, problem=problem[:2000]
    )


def _state(question: StandingQuestion, answer: Interval) -> State:
    """Whether all that may be true is beyond the threshold, some of it, or nothing.

    One that was beyond has to pass `fine_at` to be fine again.
    """
    limit = question.threshold
    if question.state in ("alarm", "possible") and question.fine_at is not None:
        limit = question.fine_at
    if question.beyond == "below":
        surely, perhaps = answer.upper is not None and answer.upper < limit, answer.lower < limit
    else:
        surely, perhaps = answer.lower > limit, answer.upper is None or answer.upper > limit
    return "alarm" if surely else "possible" if perhaps else "fine"


def is_touched(question: StandingQuestion, kind: str, places: Iterable[str]) -> bool:
    """Whether a change of a record of this kind, in these places and what holds them, may change the answer.

    A record that names no place may be anywhere. An inventory closes or opens a list.
    """
    if kind not in (question.asks.kind, "inventory"):
        return False
    held = set(places)
    return question.place is None or not held or question.place in held
