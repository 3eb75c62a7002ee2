"""When a standing question is fine, possibly beyond its threshold, or beyond it for certain."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from registry.domain.errors import Invalid
from registry.domain.monitoring.standing_question import (
    Interval,
    NumberOfRecords,
    ShareCovered,
    StandingQuestion,
    answered,
    check_standing_question,
    is_touched,
    unanswered,
    with_answer_of,
)

AT = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 1, 2, tzinfo=UTC)


def asked(**given) -> StandingQuestion:
    values = {"id": UUID(int=1), "place": "D", "asks": ShareCovered(), "threshold": 50.0} | given
    return StandingQuestion(**values)


def states(question: StandingQuestion, *answers: tuple[float, float | None]) -> list[str]:
    found = []
    for lower, upper in answers:
        question = answered(question, Interval(lower, upper), AT)
        found.append(question.state)
    return found


def test_an_interval_is_beyond_for_certain_perhaps_or_not() -> None:
    answers = ((60.0, 90.0), (40.0, 90.0), (40.0, 49.0), (50.0, 50.0), (10.0, None))
    assert states(asked(), *answers) == ["fine", "possible", "alarm", "fine", "possible"]
    above = asked(beyond="above", threshold=3.0, asks=NumberOfRecords(kind="shelter"))
    answers = ((0.0, 3.0), (2.0, 5.0), (4.0, None), (0.0, None))
    assert states(above, *answers) == ["fine", "possible", "alarm", "possible"]


def test_an_alarm_ends_where_it_is_told_to_end() -> None:
    question = asked(fine_at=60.0)
    answers = ((55.0, 55.0), (45.0, 45.0), (55.0, 55.0), (59.0, 61.0), (60.0, 70.0), (55.0, 55.0))
    assert states(question, *answers) == ["fine", "alarm", "alarm", "possible", "fine", "fine"]
    above = asked(beyond="above", fine_at=40.0)
    assert states(above, (51.0, 51.0), (45.0, 45.0), (40.0, 40.0)) == ["alarm", "alarm", "fine"]


def test_the_same_answer_is_no_new_version() -> None:
    question = answered(asked(), Interval(60.0, 60.0), AT)
    assert answered(question, Interval(60.0, 60.0), LATER) is question
    broken = unanswered(question, "no such place", AT)
    assert (broken.state, broken.lower, broken.problem) == ("unknown", None, "no such place")
    assert unanswered(broken, "no such place", LATER) is broken
    assert answered(broken, Interval(60.0, 60.0), LATER).problem is None


def test_what_its_writer_says_of_the_answer_does_not_count() -> None:
    claimed = asked(state="fine", lower=99.0, upper=99.0, worked_at=AT)
    assert with_answer_of(claimed, None) == asked()
    stored = answered(asked(), Interval(10.0, 20.0), AT)
    kept = with_answer_of(claimed, stored)
    assert (kept.state, kept.lower, kept.upper) == ("alarm", 10.0, 20.0)


def test_it_is_touched_by_its_kind_in_its_place() -> None:
    question = asked()
    assert is_touched(question, "fire_watch_point", ["T1", "D"])
    assert is_touched(question, "fire_watch_point", [])
    assert is_touched(question, "inventory", ["D"])
    assert not is_touched(question, "fire_watch_point", ["T9", "E"])
    assert not is_touched(question, "shelter", ["D"])
    assert is_touched(asked(place=None), "fire_watch_point", ["T9", "E"])


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"place": None}, "place"),
        ({"fine_at": 40.0}, "fine_at"),
        ({"beyond": "above", "fine_at": 60.0}, "fine_at"),
    ],
)
def test_a_question_that_could_never_be_worked_is_refused(given, field) -> None:
    with pytest.raises(Invalid) as raised:
        check_standing_question(asked(**given))
    assert raised.value.field == field
