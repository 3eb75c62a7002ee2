"""Completeness of listings: states, missing records, scopes of totals, and the reason for none."""

from datetime import date

import pytest

from registry.domain.completeness import (
    NOTHING_UNDECIDED,
    Completeness,
    Declaration,
    Exclusion,
    FeatureSetAnswer,
    ListingCount,
    NearestExcluded,
    PublishedTotal,
    Scope,
    SetAnswer,
    Undecided,
    completeness,
    merged,
    scope_of,
    state_of,
    unlisted_at_most,
    why_none,
)
from registry.domain.plans.provision import Operator

SHELTERS = PublishedTotal(
    total=54, operator="eq", as_of="2020", provision="qj-shelters-54", locator="003:156", place="500110",
    scope="same",
)  # fmt: skip


def _total(
    total: int, operator: Operator = "eq", scope: Scope = "same", listed: int = 0, placeholders: int = 0
) -> PublishedTotal:
    return PublishedTotal(
        total=total, operator=operator, as_of=None, provision="p", locator="003:1", place="500110",
        scope=scope, listed=listed, placeholders=placeholders,
    )  # fmt: skip


def _declared(*, whole: bool, inventory: str = "i") -> Declaration:
    return Declaration(inventory=inventory, place="500110", by="周宁", on=date(2026, 5, 1), whole=whole)


def test_an_answer_about_a_set_demands_the_three_members() -> None:
    with pytest.raises(TypeError, match="completeness"):
        SetAnswer()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="excluded"):
        FeatureSetAnswer(  # type: ignore[call-arg]
            features=[], completeness=completeness(ListingCount(), [], []), undecided=NOTHING_UNDECIDED
        )


def test_a_list_is_open_until_a_declaration_holds_for_all_that_is_asked() -> None:
    assert state_of([]) == "open"
    assert state_of([_declared(whole=False)]) == "mixed"
    assert state_of([_declared(whole=False), _declared(whole=True)]) == "complete"


def test_with_54_published_and_none_listed_54_are_missing() -> None:
    answer = completeness(ListingCount(), [SHELTERS], [])
    assert (answer.state, answer.listed, answer.missing) == ("open", 0, 54)
    assert unlisted_at_most(answer) == 54


def test_a_placeholder_is_no_evidence_but_it_stands_for_one_of_the_total() -> None:
    answer = completeness(ListingCount(21, 0, 21), [_total(21, listed=21, placeholders=21)], [])
    assert answer.missing == 21
    assert unlisted_at_most(answer) == 0


@pytest.mark.parametrize(
    ("operator", "scope", "missing", "most"),
    [
        ("eq", "same", 4, 4),
        ("eq", "narrower", 4, None),
        ("eq", "wider", None, 4),
        ("eq", "overlapping", None, None),
        ("ge", "same", 4, None),
        ("gt", "same", 5, None),
        ("le", "same", None, 4),
        ("lt", "wider", None, 3),
    ],
)
def test_a_total_bounds_by_its_operator_and_scope(
    operator: Operator, scope: Scope, missing: int | None, most: int | None
) -> None:
    answer = completeness(ListingCount(6, 6, 0), [_total(10, operator, scope, listed=6)], [])
    assert (answer.missing, unlisted_at_most(answer)) == (missing, most)


def test_nothing_is_missing_of_a_list_declared_complete_or_longer_than_its_total() -> None:
    assert completeness(ListingCount(3), [_total(9, listed=3)], [_declared(whole=True)]).missing == 0
    longer = completeness(ListingCount(12), [_total(9, listed=12)], [])
    assert (longer.missing, unlisted_at_most(longer)) == (0, 0)
    declared = completeness(ListingCount(3), [], [_declared(whole=True)])
    assert (declared.missing, unlisted_at_most(declared)) == (0, 0)


def test_several_listings_are_summed_and_mixed() -> None:
    shelters = completeness(ListingCount(1, 1, 0), [SHELTERS], [])
    teams = completeness(ListingCount(2, 1, 1), [], [_declared(whole=True)])
    both = merged([shelters, teams])
    assert (both.state, both.listed, both.located, both.placeholders) == ("mixed", 3, 2, 1)
    assert both.missing == 54
    depots = completeness(ListingCount(), [], [])
    assert (merged([shelters, depots]).state, merged([shelters, depots]).missing) == ("open", None)


@pytest.mark.parametrize(
    ("conditions", "asked", "place", "scope"),
    [
        ({}, {}, "same", "same"),
        ({"tier": ["town"]}, {}, "same", "narrower"),
        ({}, {"tier": ["town"]}, "narrower", "overlapping"),
        ({}, {"tier": ["town"]}, "wider", "wider"),
        ({"tier": ["town"]}, {"tier": ["district"]}, "same", None),
        ({"tier": ["town", "district"]}, {"tier": ["town"]}, "same", "wider"),
        ({"tier": ["town"], "ownership": ["government"]}, {"tier": ["town"]}, "narrower", "narrower"),
        ({"tier": ["town"]}, {"ownership": ["government"]}, "same", "overlapping"),
    ],
)
def test_a_statement_is_compared_with_the_question_by_conditions_and_place(
    conditions: dict[str, list[str]], asked: dict[str, list[str]], place: Scope, scope: Scope | None
) -> None:
    assert scope_of(conditions, asked, place) == scope


def _answer(
    listing: Completeness, undecided: Undecided = NOTHING_UNDECIDED, **excluded: Exclusion
) -> SetAnswer:
    return SetAnswer(completeness=listing, undecided=undecided, excluded=excluded)


def test_none_of_an_open_list_says_what_is_published_and_listed() -> None:
    said = why_none(_answer(completeness(ListingCount(), [SHELTERS], [])))
    assert said.en == "the list is open: 54 published (003:156), 0 listed."
    assert said.zh == "清单未声明完整：公布 54 个（003:156），已列 0 个。"


def test_none_of_a_complete_list_says_who_declared_it() -> None:
    said = why_none(_answer(completeness(ListingCount(), [], [_declared(whole=True)])))
    assert said.en == "the list was declared complete by 周宁 on 2026-05-01: 0 listed."


def test_none_says_which_condition_kept_records_out() -> None:
    nearest = NearestExcluded("a", 1600.4)
    said = why_none(
        _answer(
            completeness(ListingCount(13, 12, 0), [], []),
            Undecided(2, False, []),
            hazards_any=Exclusion(otherwise=10, nearest=nearest),
            free_persons=Exclusion(not_stated=1),
            several=Exclusion(otherwise=2),
        )
    )
    assert said.en == (
        "the list is open: 13 listed; For any of these hazards: 10 otherwise (the nearest at 1600 m);"
        " Room for so many, by capacity less known occupancy: 1 not stated; several conditions: 2 otherwise;"
        " 2 may belong and cannot be decided."
    )
