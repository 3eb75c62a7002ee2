"""Checks of hazard points: monitors, stations, and the three responsible persons."""

from collections.abc import Mapping
from typing import Any

from registry.domain.plans.check import Basis, MethodResult, MissingFact, Partition, cannot_evaluate
from registry.domain.plans.checks.counting import link_to
from registry.domain.plans.entry import HazardPoint, Responsibility
from registry.domain.plans.facts import Facts
from registry.domain.plans.provision import NOT_STATED, Provision, Words

ROLES = ("administrative", "technical", "patrol")


def points_of(provision: Provision, facts: Facts) -> list[HazardPoint]:
    """The hazard points of a check that are not treated."""
    own = provision.subject.where.get("type") if provision.subject.register == "hazard_point" else None
    wanted = own or _TYPES.get(provision.denominator or "", [])
    return [
        point
        for point in facts.of(HazardPoint)
        if point.status != "treated" and (not wanted or point.type in wanted)
    ]


_TYPES = {
    "qijiang-hazard-points": ["geohazard"],
    "qijiang-reservoirs": ["reservoir", "key_town", "key_area"],
    "qijiang-toxic-gas-parks": ["toxic_gas_park"],
}


def nothing_loaded(method: Words, provision: Provision) -> MethodResult:
    code = provision.denominator or NOT_STATED
    reason = Words("对象还没有载入", "nothing of the kind is loaded yet")
    return cannot_evaluate(
        method, reason, MissingFact("load", reason, place=provision.place), basis=Basis(code, reason)
    )


def each_point(
    provision: Provision, facts: Facts, method: Words, having: Mapping[str, str], ask: Words
) -> MethodResult:
    """The share of hazard points that have something, `having` saying yes, no or unknown for each."""
    points = {str(point.id): point for point in points_of(provision, facts)}
    sorting = Partition(
        *([key for key in points if having[key] == known] for known in ("yes", "no", "unknown"))
    )
    name = Words("已登记且未治理的对象", "recorded and not treated")
    return MethodResult(
        method=method,
        observed=sorting.percent(),
        basis=Basis(provision.denominator or NOT_STATED, name, len(points), None, "registry"),
        missing=[MissingFact("state", ask, place=points[key].place, record=key) for key in sorting.unknown],
        details={"without": [{"id": key, "name": points[key].name} for key in sorting.no]},
        records=[link_to(facts, provision.subject, len(points))],
    )


def monitored_share(provision: Provision, facts: Facts) -> MethodResult:
    """Hazard points with a monitor over those that are not treated."""
    method = Words("有监测人员的未治理隐患点所占比例", "untreated hazard points that have a monitor")
    points = points_of(provision, facts)
    if not points:
        return nothing_loaded(method, provision)
    ask = Words("是否有群测群防员", "is there a monitor")
    return each_point(provision, facts, method, {str(p.id): p.monitored for p in points}, ask)


def flag_each(provision: Provision, facts: Facts) -> MethodResult:
    """Parks with their gas-protection station."""
    method = Words("设有气防站的园区所占比例", "parks that have a gas-protection station")
    points = points_of(provision, facts)
    if not points:
        return nothing_loaded(method, provision)
    having = {str(point.id): point.flags.get("gas_station", "unknown") for point in points}
    return each_point(provision, facts, method, having, Words("是否有气防站", "is there a gas station"))


def responsible_persons(provision: Provision, facts: Facts) -> MethodResult:
    """Reservoirs, key towns and key areas with all three responsible persons."""
    method = Words("三个责任人齐全的对象所占比例", "share with all three responsible persons")
    points = points_of(provision, facts)
    if not points:
        return nothing_loaded(method, provision)
    named = {(str(duty.hazard_point), duty.role) for duty in facts.of(Responsibility)}
    having = {
        str(point.id): "yes" if all((str(point.id), role) in named for role in ROLES) else "unknown"
        for point in points
    }
    found = each_point(provision, facts, method, having, Words("登记三个责任人", "record the three persons"))
    return requiring_all(found)


def requiring_all(found: MethodResult) -> MethodResult:
    """Judge a share against the whole, whatever unit the requirement was printed in."""
    share = found.observed
    assert share is not None
    assert share.upper is not None
    verdict: Any = "met" if share.lower == 100 else "not_met" if share.upper < 100 else "unknown"
    return MethodResult(
        **{name: getattr(found, name) for name in MethodResult.__struct_fields__} | {"verdict": verdict}
    )
