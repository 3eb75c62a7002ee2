"""Checks of provisions: the unknown never becomes a pass nor a failure, and operators count as printed."""

import json
import operator
import tracemalloc
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.completeness import Completeness, State, Undecided, UndecidedRecord
from registry.domain.coverage.coverage import Counts, Coverage, Estimate
from registry.domain.errors import Invalid
from registry.domain.plans.check import ObservedInterval, compare_total, decide
from registry.domain.plans.checks import evaluation
from registry.domain.plans.entry import Denominator, Entry, check_entry, shown
from registry.domain.plans.facts import (
    CoverageShare,
    Facts,
    PlaceFact,
    SpecialtyCount,
    StockMinimum,
    Tally,
    ZoneFact,
)
from registry.domain.plans.provision import METHODS, Provision, Requirement
from registry.domain.plans.reconciliation import reconcile, survey_list
from registry.domain.values import Name

SEEDS = Path(__file__).parents[2] / "seeds"
TODAY = date(2026, 1, 1)
TOWNS = ["T1", "T2", "T3"]
PROVISIONS = {
    item.id: item
    for item in msgspec.json.decode((SEEDS / "provisions.json").read_bytes(), type=list[Provision])
}
SAYS = {"ge": operator.ge, "gt": operator.gt, "le": operator.le, "lt": operator.lt, "eq": operator.eq}


def town(code: str, flag: str | None = None) -> PlaceFact:
    flags = {"prone_or_remote": flag} if flag else {}
    above = frozenset({code, "qijiang", "500110"})
    return PlaceFact(code=code, name=Name(en=code), level="town", flags=flags, above=above)


def facts(*entries: dict[str, Any], towns: list[PlaceFact] | None = None, **given: Any) -> Facts:
    places = [town(code) for code in TOWNS] if towns is None else towns
    numbered = [{"id": str(UUID(int=n + 1)), "place": "qijiang"} | entry for n, entry in enumerate(entries)]
    return Facts(
        place="qijiang",
        today=TODAY,
        places=places,
        entries=msgspec.convert(numbered, list[Entry], strict=False),
        **given,
    )


def complete(kind: str | None, of: str = "resources", **where: list[str]) -> dict[str, Any]:
    return {"register": "inventory", "of": of, "kind": kind, "where": where, "on": "2025-12-31"}


def tally(kind: str, place: str = "T1", count: int = 1, **given: Any) -> Tally:
    defaults = {"lifecycle": "in_service", "quality": "surveyed", "verified": False}
    return Tally(kind=kind, place=place, count=count, **defaults | given)


def check(identity: str, known: Facts, chosen: str | None = None) -> Any:
    return evaluation.evaluate(PROVISIONS[identity], known, "2026-01-01", chosen)


def verdict(identity: str, known: Facts, chosen: str | None = None) -> str:
    return check(identity, known, chosen).verdict


@given(
    st.sampled_from(sorted(SAYS)),
    st.integers(-5, 5),
    st.integers(-5, 5),
    st.one_of(st.none(), st.integers(0, 5)),
)
def test_a_verdict_holds_for_every_value_of_the_interval(
    said: str, value: int, low: int, width: int | None
) -> None:
    required = Requirement(value, "item", said)
    found = decide(required, ObservedInterval(low, None if width is None else low + width, "item"))
    high = low + 40 if width is None else low + width
    possible = {SAYS[said](low + step / 4, value) for step in range(4 * (high - low) + 1)}
    expected = {True: "met", False: "not_met"}[possible.pop()] if len(possible) == 1 else "unknown"
    assert found == expected


@pytest.mark.parametrize(("recorded", "expected"), [(53, "unknown"), (54, "met"), (55, "not_met")])
def test_a_published_total_is_agreed_with_or_contradicted(recorded: int, expected: str) -> None:
    assert compare_total(54, recorded) == expected


def test_every_method_has_a_function() -> None:
    assert set(METHODS) == set(evaluation.EVALUATORS) | set(evaluation.CHOOSING_EVALUATORS)


def test_nothing_known_means_no_verdict_for_any_provision() -> None:
    nothing = Facts(place="qijiang", today=TODAY)
    verdicts = {item.id: evaluation.evaluate(item, nothing, "now").verdict for item in PROVISIONS.values()}
    assert set(verdicts.values()) == {"unknown", "cannot_evaluate"}


def test_no_provision_says_the_same_in_both_languages_as_nothing() -> None:
    found = evaluation.evaluate_all(PROVISIONS.values(), facts(), "now")
    assert len(found) > 50
    assert all(c.verdict_label.zh and c.verdict_label.en and c.method.zh and c.method.en for c in found)


def test_shelters_are_reconciled_by_count() -> None:
    some = facts(tallies=[tally("shelter", level="town", count=50), tally("shelter", level="community")])
    assert verdict("qj-shelters-54", some) == "unknown"
    assert check("qj-shelters-54", some).details["recorded"] == 50
    all_of_them = facts(tallies=[tally("shelter", level="town", count=54, quality="unknown")])
    assert verdict("qj-shelters-54", all_of_them) == "met"
    assert check("qj-shelters-54", all_of_them).details["located"] == 0
    fewer = facts(complete("shelter"), tallies=[tally("shelter", level="town", count=50)])
    assert verdict("qj-shelters-54", fewer) == "not_met"


COUNTING = [item for item in PROVISIONS.values() if item.subject.kind and item.method != "coverage_ratio"]
SHAPED = {"level": ["district", "town"], "tier": ["district", "town"], "form": ["infrared_camera"]}


@st.composite
def counted(draw: st.DrawFn, item: Provision) -> Tally:
    """Records that the provision may count: alike or not, with what it requires or less."""
    given = {
        name: draw(st.sampled_from([*values, *SHAPED.get(name, []), None]))
        for name, values in item.subject.where.items()
        if name in SHAPED
    }
    given |= {
        "watch_radius_m": draw(st.sampled_from([3000.0, 5000.0])),
        "serves_persons": draw(st.sampled_from([0, 250, 4000])),
    }
    return tally(item.subject.kind, draw(st.sampled_from(TOWNS)), draw(st.integers(1, 30)), **given)


@given(st.data())
def test_records_whose_place_is_hidden_leave_open_what_they_may_change(data: st.DataObject) -> None:
    """What the public is told holds wherever the internal records lie."""
    item = data.draw(st.sampled_from(COUNTING))
    shown = data.draw(st.lists(counted(item), max_size=4))
    hidden = data.draw(st.lists(counted(item), min_size=1, max_size=3))
    here = data.draw(st.lists(st.sampled_from(hidden), unique_by=id))
    lists = [complete(item.subject.kind, **item.subject.where)] if data.draw(st.booleans()) else []
    towns = [town(code, data.draw(st.sampled_from(["yes", "no"]))) for code in TOWNS]
    stock = [StockMinimum("x", "tent", 5, 4)]
    told = facts(*lists, towns=towns, tallies=shown, stock=stock, unplaced={item.subject.kind: len(hidden)})
    under = [StockMinimum("y", "tent", 1, 4)] if here else []
    true = facts(complete(item.subject.kind), towns=towns, tallies=shown + here, stock=stock + under)
    checks = [evaluation.evaluate(item, known, "now") for known in (told, true)]
    assert tuple(one.verdict for one in checks) not in [("met", "not_met"), ("not_met", "met")]
    assert checks[0].verdict != "unknown" or checks[0].missing


def test_a_complete_list_is_no_proof_to_whom_places_are_hidden() -> None:
    none = facts(complete("shelter"), unplaced={"shelter": 54})
    found = check("qj-shelters-54", none)
    assert (found.verdict, found.observed.upper) == ("unknown", None)
    assert found.reason.en.startswith("the registry holds 54 such records whose place is not public")
    others = facts(complete("shelter"), unplaced={"supply_depot": 54})
    assert verdict("qj-shelters-54", others) == "not_met"


def made(kind: str, place: str = "T1", count: int = 1, **given: Any) -> Tally:
    """Placeholders: records that were entered from a published total."""
    values = {"quality": "candidate_places", "placeholder": True, "examples": ["x"]} | given
    return tally(kind, place, count, **values)


def test_a_total_is_never_proven_by_records_that_were_made_from_it() -> None:
    entered = facts(tallies=[made("rescue_team", level="town", count=21)])
    found = check("qj-teams-21", entered)
    assert (found.verdict, found.observed.lower, found.observed.upper) == ("unknown", 0, None)
    assert found.reason.en == "21 of 21 were entered from this very total"
    assert [fact.action for fact in found.missing] == ["list"]
    (line,) = reconcile([PROVISIONS["qj-teams-21"]], entered, {})
    assert (line.recorded, line.placeholders, line.difference, line.verdict) == (21, 21, 21, "unknown")
    assert line.reason is not None
    one_found = facts(
        tallies=[made("rescue_team", level="town", count=20), tally("rescue_team", level="town")]
    )
    assert check("qj-teams-21", one_found).observed.lower == 1
    listed = facts(tallies=[made("rescue_team", level="town"), tally("rescue_team", level="town", count=21)])
    assert verdict("qj-teams-21", listed) == "met"
    closed = facts(complete("rescue_team"), tallies=[made("rescue_team", level="town", count=20)])
    assert verdict("qj-teams-21", closed) == "not_met"


def test_a_placeholder_leaves_it_unknown_whether_its_town_has_a_team() -> None:
    every = [made("rescue_team", code, level="town") for code in TOWNS]
    found = check("qj-teams-100", facts(tallies=every))
    assert (found.verdict, found.observed.lower, found.observed.upper) == ("unknown", 0, 100)
    assert [need.place for need in found.missing] == TOWNS
    assert "3 of 3 were entered" in found.reason.en
    assert verdict("qj-teams-100", facts(complete("rescue_team"), tallies=every)) == "unknown"


def test_a_radius_or_a_duty_that_restates_its_statement_proves_nothing() -> None:
    radius = made("fire_watch_point", form="infrared_camera", watch_radius_m=5000.0, count=9)
    assert verdict("sc-firewatch-radius", facts(tallies=[radius])) == "unknown"
    said = {"kind": "document", "reference": "chongqing-daily-2021-01", "locator": "000:39"}
    duty = {"register": "responsibility", "role": "information_officer", "duty": ["24h"]}
    assert verdict("sc-informants-24h", facts(duty | {"sources": [said]})) == "unknown"
    seen = {"kind": "person", "reference": "visit of 2025-11-01"}
    assert verdict("sc-informants-24h", facts(duty | {"sources": [said, seen]})) == "met"
    patrols = {"register": "event", "type": "patrol", "on": "2022-06-10"}
    entered = facts(patrols | {"sources": [{**said, "confidence": "placeholder"}]})
    assert check("yx-patrols-18", entered).observed.lower == 0


def test_duty_of_each_lift_user_needs_the_list_of_them() -> None:
    desk = {"register": "responsibility", "role": "duty_desk", "duty": ["24h"], "topic": ["lift"]}
    assert verdict("qj-lift-24h", facts(desk)) == "cannot_evaluate"
    units = {"register": "denominator", "code": "qijiang-lift-units", "what": "lift_units"}
    members = [{"name": {"en": str(n)}, "covered": "yes"} for n in range(2)]
    assert verdict("qj-lift-24h", facts(units | {"members": members})) == "met"
    assert verdict("qj-lift-24h", facts(units | {"number": 3, "members": members})) == "unknown"


def test_an_unknown_always_says_what_would_settle_it() -> None:
    """Over all provisions and many states of knowledge; and the survey list asks for it."""
    kinds = ("rescue_team", "shelter", "fire_watch_point", "supply_depot")
    some = [
        tally(kind, code, level=level, tier=level, force="professional", form="infrared_camera",
              serves_persons=9, watch_radius_m=100.0)
        for kind in kinds for code in TOWNS for level in ("district", "town", "community")
    ]  # fmt: skip
    drill = {"register": "event", "type": "drill", "level": "district", "on": "2025-12-01"}
    inspected = {"register": "event", "type": "inspection", "topic": ["forest_fire"], "on": "2025-12-01"}
    point = {"register": "hazard_point", "type": "geohazard", "place": "T1"}
    entries = [drill, inspected | {"places": TOWNS}, point, {**point, "type": "reservoir"}]
    partial = {"register": "inventory", "of": "resources", "kind": "shelter", "on": "2025-12-31"}
    states = [
        facts(),
        facts(towns=[]),
        facts(tallies=some),
        facts(*entries, tallies=some),
        facts(*entries, partial | {"place": "T1"}, tallies=[made(kind) for kind in kinds]),
    ]
    for known in states:
        for share in (None, CoverageShare(covered(0.0, 0.0), None), CoverageShare(covered(0.0, 1.0), None)):
            checks = evaluation.evaluate_all(
                PROVISIONS.values(), msgspec.structs.replace(known, share=share), "now"
            )
            unknown = {found.provision for found in checks if found.verdict == "unknown"}
            assert [
                found.provision for found in checks if found.provision in unknown and not found.missing
            ] == []
            asked = {code for visit in survey_list(checks, known) for code in visit.checks}
            assert unknown <= asked


def test_the_headline_target_asks_for_its_denominator_its_list_and_an_inventory() -> None:
    open_list = covered(0.0, 1.0, state="open", resources=0)
    found = check("qj-forest-95", facts(share=CoverageShare(open_list, None)))
    assert found.verdict == "unknown"
    assert [fact.action for fact in found.missing] == ["load", "list", "enter"]
    closed = CoverageShare(covered(0.0, 0.0, resources=0), None)
    assert verdict("qj-forest-95", facts(share=closed)) == "not_met"


def test_towns_with_a_team() -> None:
    two = [tally("rescue_team", code, level="town") for code in TOWNS[:2]]
    missing = check("qj-teams-100", facts(tallies=two))
    assert missing.verdict == "unknown"
    assert (missing.observed.lower, missing.observed.upper) == (pytest.approx(200 / 3), 100)
    assert [need.place for need in missing.missing] == ["T3"]
    assert verdict("qj-teams-100", facts(complete("rescue_team"), tallies=two)) == "not_met"
    assert verdict("qj-teams-100", facts(tallies=[*two, tally("rescue_team", "T3", level="town")])) == "met"


def test_a_team_that_is_planned_or_of_another_level_does_not_count() -> None:
    two = [tally("rescue_team", code, level="town") for code in TOWNS[:2]]
    planned = tally("rescue_team", "T3", level="town", lifecycle="planned")
    community = tally("rescue_team", "T3", level="community")
    assert verdict("qj-teams-100", facts(tallies=[*two, planned, community])) == "unknown"


def test_an_inventory_of_part_of_a_kind_closes_only_that_part() -> None:
    two = [tally("rescue_team", code, level="town") for code in TOWNS[:2]]
    districts_listed = facts(complete("rescue_team", level=["district"]), tallies=two)
    assert verdict("qj-teams-100", districts_listed) == "unknown"
    assert verdict("qj-teams-100", facts(complete("rescue_team", level=["town"]), tallies=two)) == "not_met"


def test_communities_cannot_be_evaluated_until_their_number_is_loaded() -> None:
    stations = [tally("rescue_team", level="community", count=79)]
    assert verdict("qj-community-stations-100", facts(tallies=stations)) == "cannot_evaluate"
    number = {"register": "denominator", "code": "qijiang-communities", "what": "communities"}
    loaded = facts(number | {"number": 100}, tallies=stations)
    found = check("qj-community-stations-100", loaded)
    assert (found.verdict, found.observed.lower, found.observed.upper) == ("unknown", 79, 100)
    assert verdict("qj-community-stations-100", facts(number | {"number": 79}, tallies=stations)) == "met"
    listed = facts(number | {"number": 100}, complete("rescue_team"), tallies=stations)
    assert verdict("qj-community-stations-100", listed) == "not_met"


def test_the_largest_set_takes_no_memory_for_its_members() -> None:
    number = {"register": "denominator", "code": "qijiang-communities", "what": "communities"}
    largest = facts(number | {"number": 1_000_000_000}, tallies=[])
    tracemalloc.start()
    found = check("qj-community-stations-100", largest)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (found.observed.lower, found.observed.upper) == (0, 100)
    assert found.details["by_number"] == {"yes": 0, "no": 0, "unknown": 1_000_000_000}
    assert peak_bytes < 1_000_000


def test_the_planner_may_choose_another_denominator_and_the_answer_says_so() -> None:
    own = {"register": "denominator", "code": "served", "what": "communities", "number": 50}
    found = check(
        "qj-community-stations-100", facts(own, tallies=[tally("rescue_team", level="community")]), "served"
    )
    assert (found.denominator.code, found.denominator.chosen_by, found.denominator.number) == (
        "served",
        "planner",
        50,
    )


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"number": 0}, None),
        ({"number": -1}, None),
        ({}, "number"),
        ({"number": 1, "members": [{"name": {"en": "a"}}, {"name": {"en": "b"}}]}, "number"),
        ({"members": [{"name": {"en": "a"}}, {"name": {"en": "a"}}]}, "members"),
        ({"members": [{"name": {"en": "a"}, "measure": 0}]}, None),
    ],
)
def test_an_impossible_denominator_is_refused(bad: dict[str, Any], field: str | None) -> None:
    raw = {"register": "denominator", "id": str(UUID(int=1)), "code": "c", "what": "x"} | bad
    with pytest.raises((Invalid, msgspec.ValidationError)) as refusal:
        check_entry(msgspec.convert(raw, Entry, strict=False))
    if field:
        assert refusal.value.field == field


def test_an_indicator_of_an_unknown_unit_is_refused() -> None:
    raw = {"register": "indicator", "id": str(UUID(int=1)), "indicator": "i", "value": 1, "unit": "ell"}
    with pytest.raises(Invalid, match="ell"):
        check_entry(msgspec.convert(raw | {"on": "2025-01-01"}, Entry, strict=False))


def test_rivers_are_counted_and_measured() -> None:
    members = [
        {"name": {"en": "long"}, "measure": 90, "covered": "yes"},
        {"name": {"en": "short"}, "measure": 10, "covered": "no"},
    ]
    rivers = {"register": "denominator", "code": "qijiang-rivers", "what": "rivers", "members": members}
    found = check("qj-rivers-85", facts(rivers | {"measure_unit": "kilometre"}))
    assert (found.verdict, found.observed.lower) == ("not_met", 50)
    assert found.details["by_measure"]["lower"] == 90


def hazard(n: int, **given: Any) -> dict[str, Any]:
    return {"register": "hazard_point", "id": str(UUID(int=100 + n)), "type": "geohazard"} | given


def test_treated_hazard_points_leave_the_denominator() -> None:
    points = [hazard(1, monitored="yes"), hazard(2, monitored="no", status="treated")]
    assert verdict("qj-geo-100", facts(*points)) == "met"
    assert verdict("qj-geo-100", facts(*points, hazard(3))) == "unknown"
    assert verdict("qj-geo-100", facts(*points, hazard(3, monitored="no"))) == "not_met"
    assert verdict("qj-geo-100", facts(hazard(2, status="treated"))) == "cannot_evaluate"


def drill(on: str, *points: int, **given: Any) -> dict[str, Any]:
    ids = [str(UUID(int=100 + n)) for n in points]
    return {
        "register": "event",
        "type": "drill",
        "on": on,
        "topic": ["geohazard"],
        "hazard_points": ids,
    } | given


def test_each_hazard_point_needs_its_own_drill_within_the_year() -> None:
    points = [hazard(1), hazard(2)]
    assert verdict("qj-drill-geopoint", facts(*points, drill("2025-06-01", 1, 2))) == "met"
    assert verdict("qj-drill-geopoint", facts(*points, drill("2025-06-01", 1))) == "unknown"
    closed = complete(None, "event")
    assert verdict("qj-drill-geopoint", facts(*points, drill("2025-06-01", 1), closed)) == "not_met"
    old = drill("2024-12-31", 1, 2)
    assert verdict("qj-drill-geopoint", facts(*points, old, closed)) == "not_met"
    future = drill("2026-02-01", 1, 2)
    assert verdict("qj-drill-geopoint", facts(*points, future)) == "unknown"


def test_one_district_drill_a_year() -> None:
    assert verdict("qj-drill-yearly", facts()) == "unknown"
    assert verdict("qj-drill-yearly", facts(drill("2025-03-01", level="district"))) == "met"
    assert verdict("qj-drill-yearly", facts(complete(None, "event"))) == "not_met"


def test_two_inspections_in_every_town() -> None:
    def inspection(on: str, *places: str) -> dict[str, Any]:
        return {
            "register": "event",
            "type": "inspection",
            "topic": ["forest_fire"],
            "on": on,
            "places": places,
        }

    spring, autumn = inspection("2025-04-01", *TOWNS), inspection("2025-10-01", *TOWNS)
    assert verdict("qj-forest-2-a-year", facts(spring, autumn)) == "met"
    half = facts(spring, inspection("2025-10-01", "T1"))
    assert verdict("qj-forest-2-a-year", half) == "unknown"
    assert {row["place"] for row in check("qj-forest-2-a-year", half).details["short"]} == {"T2", "T3"}


def depot(place: str = "T1", tier: str = "district", **given: Any) -> Tally:
    return tally("supply_depot", place, tier=tier, **given)


def test_the_district_reserve_is_a_sum_with_unstated_parts() -> None:
    known = depot(serves_persons=2600)
    assert verdict("qj-cap-3000", facts(tallies=[known])) == "unknown"
    assert verdict("qj-cap-3000", facts(complete("supply_depot"), tallies=[known])) == "not_met"
    silent = depot("T2", serves_unknown=1, examples=["d"])
    found = check("qj-cap-3000", facts(complete("supply_depot"), tallies=[known, silent]))
    assert found.verdict == "unknown"
    assert [need.record for need in found.missing] == ["d"]
    assert verdict("qj-cap-3000", facts(tallies=[depot(serves_persons=3000)])) == "met"


def test_only_flagged_towns_need_their_two_hundred() -> None:
    full = [depot(code, "town", serves_persons=200) for code in TOWNS]
    flags = [town("T1", "yes"), town("T2", "yes"), town("T3", "no")]
    assert verdict("qj-cap-200", facts(tallies=full[:2], towns=flags)) == "met"
    unsure = [town("T1", "yes"), town("T2", "yes"), town("T3")]
    found = check("qj-cap-200", facts(tallies=full, towns=unsure))
    assert found.verdict == "unknown"
    assert [(need.action, need.place) for need in found.missing] == [("flag", "T3")]
    short = [full[0], depot("T2", "town", serves_persons=199)]
    assert verdict("qj-cap-200", facts(complete("supply_depot"), tallies=short, towns=flags)) == "not_met"
    assert verdict("qj-cap-200", facts(tallies=short, towns=flags)) == "unknown"
    nobody = [town(code, "no") for code in TOWNS]
    assert verdict("qj-cap-200", facts(towns=nobody)) == "cannot_evaluate"


def test_three_tiers_and_who_lacks_one() -> None:
    two = [depot(), depot("T1", "town")]
    found = check("qj-three-tier", facts(tallies=two))
    assert (found.verdict, found.observed.lower, found.observed.upper) == ("unknown", 2, 3)
    assert {row["place"] for row in found.details["towns_without_record"]} == {"T2", "T3"}
    assert verdict("qj-three-tier", facts(complete("supply_depot"), tallies=two)) == "not_met"
    assert verdict("qj-three-tier", facts(tallies=[*two, depot("T2", "community")])) == "met"


@pytest.mark.parametrize(("quantity", "expected"), [(5.0, "not_met"), (10.0, "met"), (None, "unknown")])
def test_minimum_stock(quantity: float | None, expected: str) -> None:
    assert verdict("qj-min-stock", facts(stock=[StockMinimum("d", "1010101", quantity, 10.0)])) == expected


def value(indicator: str, number: float, unit: str, on: str = "2025-12-31") -> dict[str, Any]:
    return {"register": "indicator", "indicator": indicator, "value": number, "unit": unit, "on": on}


def test_two_indicators_share_a_figure_and_not_an_operator() -> None:
    known = facts(
        value("forest-fire-occurrence", 0.3, "permille"), value("forest-fire-damage", 0.3, "permille")
    )
    assert verdict("qj-forest-rate-a", known) == "not_met"
    assert verdict("qj-forest-rate-b", known) == "met"


def test_an_indicator_is_its_newest_value_up_to_the_day() -> None:
    series = facts(
        value("disaster-loss-share", 1.5, "percent", "2024-12-31"),
        value("disaster-loss-share", 0.9, "percent", "2025-12-31"),
        value("disaster-loss-share", 5.0, "percent", "2026-12-31"),
    )
    found = check("qj-kpi4-loss", series)
    assert (found.verdict, found.observed.lower) == ("met", 0.9)
    assert found.baseline.value == 0.7
    assert verdict("qj-kpi4-loss", facts(value("disaster-loss-share", 0.9, "permille"))) == "cannot_evaluate"


def test_strictly_fewer_than_fifteen_thousand() -> None:
    known = facts(value("affected-per-hundred-thousand", 15000, "per_hundred_thousand"))
    assert verdict("qj-kpi6-affected", known) == "not_met"


def test_specialties_by_place() -> None:
    named = ["mine", "hazmat", "water", "bridge_tunnel", "pipeline", "geohazard"]
    skills = [SpecialtyCount(f"registry:{code}", "T1", 1) for code in named]
    found = check("qj-team-specialties", facts(skills=skills))
    assert (found.verdict, found.observed.lower) == ("unknown", 6)
    assert found.details["without_record"] == ["flood_drought"]
    assert found.details["matrix"]["registry:mine"] == {"T1": 1}
    both = [SpecialtyCount("registry:power", "T1", 1), SpecialtyCount("registry:gas", "T2", 2)]
    assert verdict("qj-team-layout", facts(skills=both)) == "met"
    assert verdict("qj-team-layout", facts(skills=both[:1])) == "unknown"
    assert verdict("qj-team-layout", facts(complete("rescue_team"), skills=both[:1])) == "not_met"


def test_three_responsible_persons() -> None:
    reservoir = hazard(1, type="reservoir")
    persons = [
        {"register": "responsibility", "role": role, "hazard_point": str(UUID(int=101))}
        for role in ("administrative", "technical", "patrol")
    ]
    assert verdict("qj-three-responsible", facts(reservoir, *persons)) == "met"
    assert verdict("qj-three-responsible", facts(reservoir, *persons[:2])) == "unknown"


def covered(
    lower: float, upper: float, unplaced: int = 0, *, state: State = "complete", resources: int = 1
) -> Coverage:
    named = {"kind": "fire_watch_point", "name": {}, "reason": "no_position"}
    records = [
        UndecidedRecord(id=f"w{n}", distance_min_m=0.0, distance_max_m=None, **named) for n in range(unplaced)
    ]
    return Coverage(
        completeness=Completeness(state=state, listed=resources, located=resources, placeholders=0),
        undecided=Undecided(unplaced, False, records),
        excluded={},
        ratio=Estimate(lower, (lower + upper) / 2, upper),
        covered_m2=Estimate(lower * 1e6, lower * 1e6, upper * 1e6),
        area_m2=1e6,
        unmeasured_m2=0.0,
        error_bound_m2=100.0,
        method="",
        counts=Counts(resources, resources, 0, unplaced),
        assumed_extent=[],
        without_extent=[],
        by_place=[],
    )


@pytest.mark.parametrize(
    ("coverage", "expected"),
    [
        (covered(0.96, 0.99), "met"),
        (covered(0.95, 0.99), "unknown"),
        (covered(0.5, 1.0), "unknown"),
        (covered(0.5, 0.6), "not_met"),
        (covered(0.5, 0.97), "unknown"),
    ],
)
def test_forest_watch(coverage: Coverage, expected: str) -> None:
    assert verdict("qj-forest-95", facts(share=CoverageShare(coverage, None))) == expected


def test_forest_watch_asks_for_what_has_no_position() -> None:
    found = check("qj-forest-95", facts(share=CoverageShare(covered(0.5, 1.0, unplaced=1), None)))
    assert [(need.action, need.record) for need in found.missing] == [
        ("load", None),
        ("locate", "w0"),
    ]


def test_the_science_city_radius_is_each_points_own() -> None:
    nine = tally("fire_watch_point", form="infrared_camera", watch_radius_m=5000.0, count=9)
    assert verdict("sc-firewatch-radius", facts(tallies=[nine])) == "met"
    odd = tally("fire_watch_point", form="infrared_camera", watch_radius_m=3000.0)
    assert verdict("sc-firewatch-radius", facts(tallies=[nine, odd])) == "not_met"


def test_a_rule_is_never_met_by_itself() -> None:
    shore = ZoneFact("shore", False, ["qj-river-1km-chem"])
    road = ZoneFact("road", True, ["qj-hw-zone30"])
    found = check("qj-river-1km-chem", facts(zones=[shore, road]))
    assert found.verdict == "cannot_evaluate"
    assert [need.record for need in found.missing] == ["shore"]
    assert verdict("qj-hw-zone30", facts(zones=[shore, road])) == "cannot_evaluate"


def test_reconciliation_lists_totals_beside_records() -> None:
    known = facts(
        tallies=[
            tally("rescue_team", level="town", count=19, quality="approximate"),
            tally("rescue_team", level="town", count=2, quality="unknown", verified=True),
        ]
    )
    lines = {line.provision: line for line in reconcile(PROVISIONS.values(), known, {})}
    teams = lines["qj-teams-21"]
    assert (teams.published, teams.recorded, teams.located, teams.verified) == (21, 21, 19, 2)
    assert (lines["qj-shelters-54"].difference, lines["qj-shelters-54"].verdict) == (54, "unknown")
    assert {line.published for line in lines.values()} >= {54, 23, 21, 79, 9, 14}


def test_a_line_says_how_complete_its_list_is_and_what_its_conditions_keep_out() -> None:
    tallies = [
        tally("rescue_team", level="town", count=19),
        tally("rescue_team", level="district", count=3),
        tally("rescue_team", level=None, count=2),
        tally("rescue_team", level="town", count=4, lifecycle="retired"),
    ]
    (line,) = reconcile([PROVISIONS["qj-teams-21"]], facts(tallies=tallies), {})
    assert (line.completeness.state, line.completeness.listed, line.completeness.missing) == ("open", 19, 2)
    assert [total.scope for total in line.completeness.published] == ["same"]
    assert {name: (one.otherwise, one.not_stated) for name, one in line.excluded.items()} == {"level": (3, 2)}
    assert (line.row()["completeness"], line.row()["excluded"]) == ("open", 5)
    (closed,) = reconcile([PROVISIONS["qj-teams-21"]], facts(complete("rescue_team"), tallies=tallies), {})
    assert (closed.completeness.state, closed.completeness.missing) == ("complete", 0)
    assert [one.whole for one in closed.completeness.declared] == [True]


def test_the_survey_starts_where_most_checks_would_be_settled() -> None:
    towns = [town("T1", "no"), town("T2"), town("T3", "no")]
    tallies = [tally("rescue_team", code, level="town") for code in ("T1", "T3")]
    known = facts(tallies=tallies, towns=towns)
    wanted = [PROVISIONS[i] for i in ("qj-teams-100", "qj-cap-200", "qj-town-depots")]
    visits = survey_list(evaluation.evaluate_all(wanted, known, "now"), known)
    assert visits[0].place == "T2"
    assert visits[0].checks == ["qj-cap-200", "qj-teams-100", "qj-town-depots"]
    assert [visit.settles for visit in visits] == sorted((v.settles for v in visits), reverse=True)


def test_a_contact_is_shown_when_published_or_cleared() -> None:
    raw = {"register": "expert", "id": str(UUID(int=1)), "fields": ["mine"], "contact": "CANARY"}
    expert = msgspec.convert(raw, Entry, strict=False)
    assert "CANARY" not in json.dumps(msgspec.to_builtins(shown(expert, "public")))
    assert shown(expert, "internal") == expert
    duty = {"register": "responsibility", "id": str(UUID(int=1)), "role": "patrol", "contact": "n"}
    published = msgspec.convert(duty | {"published": True}, Entry, strict=False)
    assert shown(published, "public") == published


def test_a_denominator_of_nothing_never_divides() -> None:
    empty = Denominator(id=UUID(int=1), code="qijiang-communities", what="communities")
    known = msgspec.structs.replace(facts(), entries=[empty])
    assert verdict("qj-community-stations-100", known) == "cannot_evaluate"
