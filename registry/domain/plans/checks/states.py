"""Evaluators of states: duty, indicators, specialties, watched ground, rules about sites."""

from registry.domain.plans.check import (
    Basis,
    MethodResult,
    MissingFact,
    ObservedInterval,
    cannot_evaluate,
    to_declare_complete,
)
from registry.domain.plans.checks.counting import link_to, share_of_denominator
from registry.domain.plans.checks.hazard_points import requiring_all
from registry.domain.plans.entry import Indicator, restates
from registry.domain.plans.facts import Facts
from registry.domain.plans.provision import NOT_STATED, UNITS, Provision, Words
from registry.domain.plans.wording import specialty

NAMED_SPECIALTIES = ("mine", "hazmat", "water", "bridge_tunnel", "pipeline", "geohazard", "flood_drought")


def duty_24h(provision: Provision, facts: Facts) -> MethodResult:
    """Whether round-the-clock duty is recorded: of each member of a named set, or at all."""
    if provision.denominator is not None:
        return requiring_all(share_of_denominator(provision, facts))
    every = facts.listed(provision.subject)
    on_duty = [entry for entry in every if not restates(entry, provision.document, provision.locator)]
    what = Words("登记值班安排", "record who is on duty")
    reason = Words(
        f"{len(every)} 条记录都由这句话本身录入", f"{len(every)} of {len(every)} restate this very statement"
    )
    return MethodResult(
        method=Words("有 24 小时值班记录", "a record of round-the-clock duty"),
        verdict="met" if on_duty else "unknown",
        observed=ObservedInterval(24, 24, "hour") if on_duty else None,
        missing=[] if on_duty else [MissingFact("enter", what, place=facts.place)],
        reason=reason if every and not on_duty else None,
        records=[link_to(facts, provision.subject, len(every))],
    )


def indicator_value(provision: Provision, facts: Facts) -> MethodResult:
    """The newest value of an indicator up to the day of the check."""
    required = provision.requirement
    assert required is not None
    method = Words("截至核对日最新的指标值", "the newest value up to the day of the check")
    values = [
        entry
        for entry in facts.listed(provision.subject)
        if isinstance(entry, Indicator) and entry.on <= facts.today
    ]
    if not values:
        reason = Words("没有录入指标值", "no value is entered")
        return cannot_evaluate(method, reason, MissingFact("enter", reason, place=facts.place))
    newest = max(values, key=lambda entry: entry.on)
    if newest.unit != required.unit:
        units = f"{UNITS[newest.unit][0]} / {UNITS[required.unit][0]}"
        reason = Words(f"单位不同：{units}", f"the units differ: {newest.unit}, {required.unit}")
        return cannot_evaluate(method, reason, MissingFact("enter", reason, place=facts.place))
    series = [{"on": e.on.isoformat(), "value": e.value} for e in sorted(values, key=lambda e: e.on)]
    return MethodResult(
        method=method,
        observed=ObservedInterval(newest.value, newest.value, newest.unit),
        details={"on": newest.on.isoformat(), "series": series},
        records=[link_to(facts, provision.subject, len(values))],
    )


def _to_record(code: str, place: str) -> MissingFact:
    name = specialty(code)
    return MissingFact("list", Words(f"登记{name.zh}专业的队伍", f"record teams for {name.en}"), place=place)


def specialty_matrix(provision: Provision, facts: Facts) -> MethodResult:
    """The number of named specialties that have a team, with a matrix of specialty and place."""
    recorded = {skill.specialty.split(":")[-1] for skill in facts.skills}
    present = [code for code in NAMED_SPECIALTIES if code in recorded]
    absent = [code for code in NAMED_SPECIALTIES if code not in recorded]
    complete = facts.is_complete(provision.subject, facts.place)
    matrix: dict[str, dict[str, int]] = {}
    for skill in facts.skills:
        row = matrix.setdefault(skill.specialty, {})
        row[skill.place or "?"] = row.get(skill.place or "?", 0) + skill.count
    return MethodResult(
        method=Words("点名专业中有在用队伍的类数", "named specialties with a team at work"),
        observed=ObservedInterval(len(present), len(present) if complete else None, "specialty"),
        missing=[_to_record(code, facts.place) for code in absent],
        details={"present": present, "without_record": absent, "matrix": matrix},
        records=[link_to(facts, provision.subject)],
    )


def specialties_present(provision: Provision, facts: Facts) -> MethodResult:
    """The least number of teams in any of the specialties that the provision lists."""
    required = provision.subject.where.get("specialties", [])
    counts = {
        code: sum(skill.count for skill in facts.skills if skill.specialty == code) for code in required
    }
    absent = [code for code, count in counts.items() if not count]
    complete = facts.is_complete(provision.subject, facts.place)
    least = min(counts.values(), default=0)
    return MethodResult(
        method=Words(
            "所列每个专业的在用队伍数（取最少）", "teams at work in each specialty listed (the least)"
        ),
        observed=ObservedInterval(least, least if complete else None, "team"),
        missing=[_to_record(code, facts.place) for code in absent],
        details={"teams": counts},
        records=[link_to(facts, provision.subject)],
    )


def coverage_ratio(provision: Provision, facts: Facts) -> MethodResult:
    """The watched share of the ground: the interval that every coverage answer gives of it."""
    method = Words("测地距离下监测范围的并集占比", "union of geodesic watch areas over the ground")
    if facts.share is None:
        reason = Words(
            "该管辖范围没有可用的面域，或监测点过多",
            "the jurisdiction has no extent to measure on, or too many watch points",
        )
        return cannot_evaluate(method, reason, MissingFact("load", reason, place=facts.place))
    coverage, ground = facts.share.coverage, facts.share.ground
    name = Words("管辖范围全部面积", "all ground of the jurisdiction")
    if ground is not None:
        name = Words(f"分母 {ground} 的面域", f"the ground of {ground}")
    error_percent = 100 * coverage.error_bound_m2 / coverage.area_m2 if coverage.area_m2 else 100.0
    complete = coverage.completeness.state == "complete"
    unplaced = [item for item in coverage.undecided.resources if item.reason == "no_position"]
    upper = min(100.0, 100 * coverage.ratio.upper + error_percent)
    locate = Words("确定位置后才能计入", "locate it to count it")
    return MethodResult(
        method=method,
        observed=ObservedInterval(max(0.0, 100 * coverage.ratio.lower - error_percent), upper, "percent"),
        basis=Basis(ground or "area", name, coverage.area_m2, None, "planner" if ground else "registry"),
        missing=[
            *_to_choose(provision, facts, ground),
            *([] if coverage.counts.resources else [_to_list_watchers(facts)]),
            *(MissingFact("locate", locate, record=item.id) for item in unplaced),
            *([] if complete else [to_declare_complete(facts.place)]),
        ],
        details={
            "recorded_percent": coverage.ratio,
            "counts": coverage.counts,
            "error_bound_m2": coverage.error_bound_m2,
            "complete": complete,
            "completeness": coverage.completeness,
            "without_extent": coverage.without_extent,
        },
        records=[link_to(facts, provision.subject, coverage.counts.resources)],
    )


def _to_choose(provision: Provision, facts: Facts, ground: str | None) -> list[MissingFact]:
    """The denominator that the document leaves open, unless the planner has chosen one."""
    if ground is not None or provision.denominator != NOT_STATED:
        return []
    what = Words(
        "文件没有说明分母：载入林地（或全域）面域作为 denominator，并用它核对",
        "the document states no denominator: load the forest, or all land, as one and check against it",
    )
    return [MissingFact("load", what, place=facts.place)]


def _to_list_watchers(facts: Facts) -> MissingFact:
    what = Words(
        "逐个登记监测点及其位置和监测半径",
        "list the watch points, each with its position and its own radius",
    )
    return MissingFact("list", what, place=facts.place)


def zone_rule(provision: Provision, facts: Facts) -> MethodResult:
    """A rule about sites, which no record meets or breaks; the result says whether it can be applied."""
    method = Words("逐个场址用 POST /v1/rules/check 判定", "asked for each site by POST /v1/rules/check")
    zones = [zone for zone in facts.zones if provision.id in zone.provisions] or facts.zones
    if undrawn := [zone.id for zone in zones if not zone.drawn]:
        names = ", ".join(undrawn)
        reason = Words(f"这些区域没有几何：{names}", f"zones without geometry: {names}")
        what = Words("载入几何", "load the geometry")
        return cannot_evaluate(method, reason, *(MissingFact("draw", what, record=code) for code in undrawn))
    return cannot_evaluate(method, Words("规则针对具体场址", "the rule is about a given site"))
