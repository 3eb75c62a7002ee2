"""The evaluator of each method, and the check that its result becomes."""

from collections.abc import Callable, Iterable

from registry.domain.plans import wording
from registry.domain.plans.check import (
    MAX_MISSING,
    Check,
    MethodResult,
    MissingFact,
    Verdict,
    cannot_evaluate,
    decide,
    to_declare_complete,
)
from registry.domain.plans.checks import counting, events, hazard_points, states, supplies
from registry.domain.plans.facts import Facts
from registry.domain.plans.provision import Method, Provision, Words

Evaluator = Callable[[Provision, Facts], MethodResult]
EVALUATORS: dict[Method, Evaluator] = {
    "count_items": counting.count_items,
    "count_entries": counting.count_entries,
    "attribute_each": counting.attribute_each,
    "capacity_total": supplies.capacity_total,
    "minimum_stock": supplies.minimum_stock,
    "monitored_share": hazard_points.monitored_share,
    "flag_each": hazard_points.flag_each,
    "responsible_persons": hazard_points.responsible_persons,
    "events_per_year": events.events_per_year,
    "events_each_per_year": events.events_each_per_year,
    "duty_24h": states.duty_24h,
    "indicator_value": states.indicator_value,
    "specialty_matrix": states.specialty_matrix,
    "specialties_present": states.specialties_present,
    "coverage_ratio": states.coverage_ratio,
    "zone_rule": states.zone_rule,
}
CHOOSING_EVALUATORS: dict[Method, Callable[[Provision, Facts, str | None], MethodResult]] = {
    "places_with_resource": counting.places_with_resource,
    "share_of_denominator": counting.share_of_denominator,
    "capacity_each": supplies.capacity_each,
    "three_tiers": supplies.three_tiers,
    "events_each_place_per_year": events.events_each_place_per_year,
}
UNPLACED = Words(
    "登记簿里有{n}条不公开位置的同类记录，可能在此处，因此不能下结论",
    "the registry holds {n} such records whose place is not public; they may lie here, which leaves it open",
)
ASK = Words(
    "请可查看内部记录位置的人员核对",
    "have it checked by somebody who may read where the internal records lie",
)
NO_METHOD = Words("不含可核对的数值", "states no figure that could be checked")


def apply_method(provision: Provision, facts: Facts, chosen: str | None = None) -> MethodResult:
    """The result of the provision's method; `chosen` is a denominator that the planner prefers."""
    if provision.method is None:
        return cannot_evaluate(NO_METHOD, NO_METHOD)
    if provision.method in CHOOSING_EVALUATORS:
        return CHOOSING_EVALUATORS[provision.method](provision, facts, chosen)
    return EVALUATORS[provision.method](provision, facts)


def evaluate(provision: Provision, facts: Facts, as_of: str, chosen: str | None = None) -> Check:
    """The check of a provision against the facts; `as_of` is an RFC 3339 instant."""
    result = apply_method(provision, facts, chosen)
    required = provision.requirement
    verdict = result.verdict
    if verdict is None and result.observed is not None and required is not None:
        verdict = decide(required, result.observed)
    missing, reason = result.missing, result.reason
    if n := facts.unplaced_of(provision.subject):
        verdict = _left_open(provision, verdict)
        if verdict == "unknown" and reason is None:
            reason = Words(UNPLACED.zh.format(n=n), UNPLACED.en.format(n=n))
    if verdict == "unknown" and not missing:
        missing = [MissingFact("state", ASK, place=facts.place) if n else to_declare_complete(facts.place)]
    return Check(
        provision=provision.id,
        document=provision.document,
        locator=provision.locator,
        title=provision.title,
        statement=provision.text,
        verdict=verdict or "cannot_evaluate",
        verdict_label=wording.VERDICTS[verdict or "cannot_evaluate"],
        observed=result.observed,
        requirement=required,
        requirement_label=wording.in_words(required) if required else None,
        baseline=provision.baseline,
        method=result.method,
        denominator=result.basis,
        reason=reason,
        missing=missing[:MAX_MISSING],
        missing_count=len(missing),
        details=result.details,
        records=result.records,
        as_of=as_of,
        note=provision.note,
    )


def _left_open(provision: Provision, verdict: Verdict | None) -> Verdict | None:
    """The verdict where more records may lie here: met stands where more of them do no harm."""
    required = provision.requirement
    counts_up = required is not None and required.operator in ("ge", "gt")
    harmed = provision.method in ("attribute_each", "minimum_stock") or (
        provision.method == "count_items" and not counts_up
    )
    return "unknown" if verdict == "met" and harmed else verdict


def evaluate_all(provisions: Iterable[Provision], facts: Facts, as_of: str) -> list[Check]:
    """The checks of all provisions that have a method, in their order."""
    return [evaluate(item, facts, as_of) for item in provisions if item.method is not None]
