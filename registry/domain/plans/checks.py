"""The table from a provision's method to the function that looks, and what is made of what it finds."""

from collections.abc import Callable, Iterable

from registry.domain.plans import (
    checks_counting,
    checks_events,
    checks_points,
    checks_states,
    checks_supply,
    wording,
)
from registry.domain.plans.check import MOST_NEEDS, Check, Found, decide, unable
from registry.domain.plans.facts import Facts
from registry.domain.plans.provision import Method, Provision, Words

Look = Callable[[Provision, Facts], Found]
LOOKS: dict[Method, Look] = {
    "count_items": checks_counting.count_items,
    "count_entries": checks_counting.count_entries,
    "attribute_each": checks_counting.attribute_each,
    "capacity_total": checks_supply.capacity_total,
    "minimum_stock": checks_supply.minimum_stock,
    "monitored_share": checks_points.monitored_share,
    "flag_each": checks_points.flag_each,
    "responsible_persons": checks_points.responsible_persons,
    "events_per_year": checks_events.events_per_year,
    "events_each_per_year": checks_events.events_each_per_year,
    "duty_24h": checks_states.duty_24h,
    "indicator_value": checks_states.indicator_value,
    "specialty_matrix": checks_states.specialty_matrix,
    "specialties_present": checks_states.specialties_present,
    "coverage_ratio": checks_states.coverage_ratio,
    "zone_rule": checks_states.zone_rule,
}
CHOOSING: dict[Method, Callable[[Provision, Facts, str | None], Found]] = {
    "places_with_resource": checks_counting.places_with_resource,
    "share_of_denominator": checks_counting.share_of_denominator,
    "capacity_each": checks_supply.capacity_each,
    "three_tiers": checks_supply.three_tiers,
    "events_each_place_per_year": checks_events.events_each_place_per_year,
}
NO_METHOD = Words("不含可核对的数值", "states no figure that could be checked")


def look(provision: Provision, facts: Facts, chosen: str | None = None) -> Found:
    """What the provision's method finds; `chosen` is a denominator that the planner prefers."""
    if provision.method is None:
        return unable(NO_METHOD, NO_METHOD)
    if provision.method in CHOOSING:
        return CHOOSING[provision.method](provision, facts, chosen)
    return LOOKS[provision.method](provision, facts)


def evaluate(provision: Provision, facts: Facts, as_of: str, chosen: str | None = None) -> Check:
    """The provision held against the facts; nothing unknown becomes met or not met."""
    found = look(provision, facts, chosen)
    required = provision.requirement
    verdict = found.verdict
    if verdict is None and found.observed is not None and required is not None:
        verdict = decide(required, found.observed)
    return Check(
        provision=provision.id,
        document=provision.document,
        locator=provision.locator,
        title=provision.title,
        statement=provision.text,
        verdict=verdict or "cannot_evaluate",
        verdict_label=wording.VERDICTS[verdict or "cannot_evaluate"],
        observed=found.observed,
        requirement=required,
        requirement_label=wording.in_words(required) if required else None,
        baseline=provision.baseline,
        method=found.method,
        denominator=found.basis,
        reason=found.reason,
        missing=found.needs[:MOST_NEEDS],
        missing_count=len(found.needs),
        details=found.details,
        records=found.records,
        as_of=as_of,
        note=provision.note,
    )


def evaluate_all(provisions: Iterable[Provision], facts: Facts, as_of: str) -> list[Check]:
    """Every provision that has a method, in the order given."""
    return [evaluate(item, facts, as_of) for item in provisions if item.method is not None]
