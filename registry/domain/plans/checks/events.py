"""Evaluators of events: drills a year, drills at each hazard point, inspections in each town."""

from datetime import date, timedelta

from registry.domain.plans.check import (
    MethodResult,
    MissingFact,
    ObservedInterval,
    Partition,
)
from registry.domain.plans.checks.counting import link_to, no_towns, towns_basis
from registry.domain.plans.checks.hazard_points import requiring_all, share_of_points
from registry.domain.plans.entry import Event, HazardPoint
from registry.domain.plans.entry_base import YesNoUnknown
from registry.domain.plans.facts import Facts
from registry.domain.plans.provision import Provision, Words

YEAR = timedelta(days=365)


def _recent(events: list[Event], today: date) -> list[Event]:
    return [event for event in events if today - YEAR < event.on <= today]


def _events(provision: Provision, facts: Facts) -> list[Event]:
    listed = [entry for entry in facts.listed(provision.subject) if isinstance(entry, Event)]
    return _recent(listed, facts.today)


def events_per_year(provision: Provision, facts: Facts) -> MethodResult:
    """The number of events in the 365 days up to the check."""
    events = _events(provision, facts)
    complete = facts.is_complete(provision.subject, facts.place)
    what = Words(f"登记近一年的{provision.title.zh}", f"record the last year: {provision.title.en}")
    return MethodResult(
        method=Words("截至核对日 365 天内的次数", "events in the 365 days up to the check"),
        observed=ObservedInterval(len(events), len(events) if complete else None, "per_year"),
        missing=[] if events else [MissingFact("enter", what, place=facts.place)],
        details={"dates": [event.on.isoformat() for event in events]},
        records=[link_to(facts, provision.subject, len(events))],
    )


def events_each_per_year(provision: Provision, facts: Facts) -> MethodResult:
    """The share of hazard points with at least one drill in the 365 days up to the check."""
    method = Words("近 365 天内演练过的隐患点所占比例", "hazard points drilled in the last 365 days")
    question = Words("近一年是否演练", "was there a drill in the last year")
    drilled = {point for event in _events(provision, facts) for point in event.hazard_points}
    undrilled = facts.absence(provision.subject, facts.place)

    def has_drill(point: HazardPoint) -> YesNoUnknown:
        return "yes" if point.id in drilled else undrilled

    return requiring_all(share_of_points(provision, facts, method, question, has_drill))


def events_each_place_per_year(provision: Provision, facts: Facts, chosen: str | None = None) -> MethodResult:
    """The share of towns with the required number of events in the 365 days up to the check."""
    required = provision.requirement
    assert required is not None
    method = Words("近 365 天内达到次数的街镇所占比例", "towns with enough events in the last 365 days")
    towns, basis = towns_basis(provision, facts, chosen)
    if not towns:
        return no_towns(method, facts, basis)
    counts: dict[str, int] = {}
    for event in _events(provision, facts):
        for place in {*event.places, *([event.place] if event.place else [])}:
            counts[place] = counts.get(place, 0) + 1
    enough = [t.code for t in towns if counts.get(t.code, 0) >= required.value]
    short = [t for t in towns if t.code not in enough]
    complete = [t.code for t in short if facts.is_complete(provision.subject, t.code)]
    unknown = [t.code for t in short if t.code not in complete]
    what = Words("登记近一年的排查", "record the inspections of the last year")
    return requiring_all(
        MethodResult(
            method=method,
            observed=Partition(enough, complete, unknown).percent(),
            basis=basis,
            missing=[MissingFact("enter", what, place=code) for code in unknown],
            details={
                "short": [{"place": t.code, "name": t.name, "events": counts.get(t.code, 0)} for t in short]
            },
            records=[link_to(facts, provision.subject)],
        )
    )
