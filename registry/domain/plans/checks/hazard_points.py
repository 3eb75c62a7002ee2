"""Evaluators of hazard points: monitors, stations, and the three responsible persons."""

from collections.abc import Callable

import msgspec

from registry.domain.plans.check import Basis, MethodResult, MissingFact, Partition, Verdict, cannot_evaluate
from registry.domain.plans.checks.counting import link_to
from registry.domain.plans.entry import HazardPoint, Responsibility
from registry.domain.plans.entry_base import YesNoUnknown
from registry.domain.plans.facts import Facts
from registry.domain.plans.provision import NOT_STATED, Provision, Words

ROLES = ("administrative", "technical", "patrol")


def points_of(provision: Provision, facts: Facts) -> list[HazardPoint]:
    """The untreated hazard points that a provision is about."""
    stated = provision.subject.where.get("type") if provision.subject.register == "hazard_point" else None
    types = stated or _types_of(provision.denominator or "")
    return [
        point
        for point in facts.of(HazardPoint)
        if point.status != "treated" and (not types or point.type in types)
    ]


_TYPES = {
    "hazard-points": ["geohazard"],
    "reservoirs": ["reservoir", "key_town", "key_area"],
    "toxic-gas-parks": ["toxic_gas_park"],
}
"""What the code of a denominator ends with, behind the district that it is of."""


def _types_of(denominator: str) -> list[str]:
    return next((types for ending, types in _TYPES.items() if denominator.endswith(ending)), [])


def share_of_points(
    provision: Provision,
    facts: Facts,
    method: Words,
    question: Words,
    answer: Callable[[HazardPoint], YesNoUnknown],
) -> MethodResult:
    """The share of the provision's hazard points for which the answer is yes."""
    points = {str(point.id): point for point in points_of(provision, facts)}
    code = provision.denominator or NOT_STATED
    if not points:
        reason = Words("对象还没有载入", "nothing of the kind is loaded yet")
        load = MissingFact("load", reason, place=provision.place)
        return cannot_evaluate(method, reason, load, basis=Basis(code, reason))
    split = Partition([], [], [])
    for key, point in points.items():
        split.add(key, answer(point))
    name = Words("已登记且未治理的对象", "recorded and not treated")
    return MethodResult(
        method=method,
        observed=split.percent(),
        basis=Basis(code, name, len(points), None, "registry"),
        missing=[
            MissingFact("state", question, place=points[key].place, record=key) for key in split.unknown
        ],
        details={"without": [{"id": key, "name": points[key].name} for key in split.no]},
        records=[link_to(facts, provision.subject, len(points))],
    )


def monitored_share(provision: Provision, facts: Facts) -> MethodResult:
    """The share of untreated hazard points that have a monitor."""
    method = Words("有监测人员的未治理隐患点所占比例", "untreated hazard points that have a monitor")
    question = Words("是否有群测群防员", "is there a monitor")
    return share_of_points(provision, facts, method, question, lambda point: point.monitored)


def flag_each(provision: Provision, facts: Facts) -> MethodResult:
    """The share of parks that have a gas-protection station."""
    method = Words("设有气防站的园区所占比例", "parks that have a gas-protection station")
    question = Words("是否有气防站", "is there a gas station")
    return share_of_points(
        provision, facts, method, question, lambda point: point.flags.get("gas_station", "unknown")
    )


def responsible_persons(provision: Provision, facts: Facts) -> MethodResult:
    """The share of reservoirs, key towns and key areas with all three responsible persons."""
    method = Words("三个责任人齐全的对象所占比例", "share with all three responsible persons")
    question = Words("登记三个责任人", "record the three persons")
    named = {(duty.hazard_point, duty.role) for duty in facts.of(Responsibility)}

    def has_all(point: HazardPoint) -> YesNoUnknown:
        return "yes" if all((point.id, role) in named for role in ROLES) else "unknown"

    return requiring_all(share_of_points(provision, facts, method, question, has_all))


def requiring_all(result: MethodResult) -> MethodResult:
    """The result with the verdict that 100 % is required, whatever unit the requirement is printed in."""
    share = result.observed
    if share is None or share.upper is None:
        return result
    verdict: Verdict = "met" if share.lower == 100 else "not_met" if share.upper < 100 else "unknown"
    return msgspec.structs.replace(result, verdict=verdict)
