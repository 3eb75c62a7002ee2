"""Evaluators that count: resources, entries, towns with a resource, named sets, attributes."""

from collections import Counter
from urllib.parse import urlencode

from registry.domain.plans.check import (
    Basis,
    Chooser,
    MethodResult,
    MissingFact,
    ObservedInterval,
    Partition,
    RecordsLink,
    Verdict,
    cannot_evaluate,
    compare_total,
    entered_from_total,
    percent_interval,
)
from registry.domain.plans.entry import Denominator, is_placeholder
from registry.domain.plans.entry_base import YesNoUnknown
from registry.domain.plans.facts import EXISTING, LOCATED, Facts, PlaceFact, Tally
from registry.domain.plans.provision import NOT_STATED, Provision, ProvisionSubject, Words

QUERY_ATTRIBUTES = ("level", "tier", "form", "force")
"""Attributes that are query parameters of the list of resources."""
TOWNS = Words("管辖范围内的街镇", "the towns of the jurisdiction")


def link_to(facts: Facts, subject: ProvisionSubject, count: int | None = None) -> RecordsLink:
    """Where the records of a subject are listed."""
    if subject.register != "resources":
        return RecordsLink(f"/v1/registers/{subject.register}?{urlencode({'place': facts.place})}", count)
    query = {"place": facts.place} | ({"kind": subject.kind} if subject.kind else {})
    query |= {
        name: values[0]
        for name, values in subject.where.items()
        if name in QUERY_ATTRIBUTES and len(values) == 1
    }
    return RecordsLink(f"/v1/resources?{urlencode(query)}", count)


def total(tallies: list[Tally]) -> int:
    """The number of resources that the tallies count."""
    return sum(tally.count for tally in tallies)


def placeholders_of(tallies: list[Tally]) -> list[Tally]:
    """The tallies of records that were made from a published total."""
    return [tally for tally in tallies if tally.placeholder]


def proven_of(tallies: list[Tally]) -> list[Tally]:
    """The tallies of records that are no placeholders."""
    return [tally for tally in tallies if not tally.placeholder]


def count_items(provision: Provision, facts: Facts) -> MethodResult:
    """Compare a published total or a target number with the number of records."""
    subject = provision.subject
    published = provision.kind == "published_total"
    tallies = facts.tallied(subject, EXISTING if published else ("in_service",))
    recorded, placeholders = total(tallies), total(placeholders_of(tallies))
    proven = recorded - placeholders
    complete = facts.is_complete(subject, facts.place)
    counts = {
        "recorded": recorded,
        "placeholders": placeholders,
        "located": total([tally for tally in tallies if tally.quality in LOCATED]),
        "verified": total([tally for tally in tallies if tally.verified]),
    }
    required = provision.requirement
    assert required is not None
    unit = required.unit
    exact = published and required.operator == "eq"
    unlisted = max(0, int(required.value) - recorded)
    return MethodResult(
        method=Words("清点登记记录", "count of the records"),
        observed=ObservedInterval(proven, recorded if complete else None, unit),
        verdict=compare_total(required.value, proven) if exact and not complete else None,
        missing=_to_list(provision, facts, unlisted) + to_confirm(tallies) + to_locate(tallies),
        reason=entered_from_total(placeholders, recorded, this=published),
        details=counts | {"complete": complete},
        records=[link_to(facts, subject, recorded)],
    )


def _to_list(provision: Provision, facts: Facts, unlisted: int) -> list[MissingFact]:
    if unlisted <= 0 or facts.is_complete(provision.subject, facts.place):
        return []
    zh, en = provision.title.zh, provision.title.en
    what = Words(f"{zh}：还有 {unlisted} 条没有逐项登记", f"{en}: {unlisted} more are not listed one by one")
    return [MissingFact("list", what, place=provision.place)]


def to_confirm(tallies: list[Tally]) -> list[MissingFact]:
    """The placeholders, each of which waits for the record that takes its place."""
    what = Words("查实并以真实记录取代占位记录", "find out which one it is, and replace the placeholder")
    return [
        MissingFact("list", what, place=tally.place, record=record)
        for tally in placeholders_of(tallies)
        for record in tally.examples
    ]


def to_locate(tallies: list[Tally]) -> list[MissingFact]:
    """The recorded resources without a known position; placeholders are asked for by `to_confirm`."""
    what = Words("确定位置", "find out where it is")
    return [
        MissingFact("locate", what, place=tally.place, record=record)
        for tally in proven_of(tallies)
        if tally.quality not in LOCATED
        for record in tally.examples
    ]


def count_entries(provision: Provision, facts: Facts) -> MethodResult:
    """Compare a number with the entries of a register."""
    required = provision.requirement
    assert required is not None
    every = facts.listed(provision.subject)
    listed = [entry for entry in every if not is_placeholder(entry)]
    complete = facts.is_complete(provision.subject, facts.place)
    exact = provision.kind == "published_total" and required.operator == "eq" and not complete
    return MethodResult(
        method=Words("清点登记簿条目", "count of the register's entries"),
        observed=ObservedInterval(len(listed), len(every) if complete else None, required.unit),
        verdict=compare_total(required.value, len(listed)) if exact else None,
        missing=_to_list(provision, facts, int(required.value) - len(listed)),
        reason=entered_from_total(len(every) - len(listed), len(every), this=True),
        details={"names": [str(entry.name) for entry in every if entry.name]},
        records=[link_to(facts, provision.subject, len(every))],
    )


def towns_of(facts: Facts, denominator: Denominator | None) -> list[PlaceFact]:
    """The towns of a named set, or all of the jurisdiction."""
    if denominator is None or denominator.area in (None, facts.place):
        return facts.towns()
    return [town for town in facts.towns() if denominator.area in town.above]


def towns_basis(provision: Provision, facts: Facts, chosen: str | None) -> tuple[list[PlaceFact], Basis]:
    """The towns of a check, and the basis that says how they were chosen."""
    denominator = facts.denominator(chosen or provision.denominator)
    towns = towns_of(facts, denominator)
    source = Words(
        "街镇清单由登记系统载入，文件没有给出数量", "list of towns loaded by the registry, not printed"
    )
    by: Chooser = "planner" if chosen else "registry"
    return towns, Basis(chosen or provision.denominator or "towns", TOWNS, len(towns), source, by)


def no_towns(method: Words, facts: Facts, basis: Basis) -> MethodResult:
    """The result of a check of towns where none is listed."""
    reason = Words("街镇清单是空的", "the list of towns is empty")
    return cannot_evaluate(method, reason, MissingFact("load", reason, place=facts.place), basis=basis)


def places_with_resource(provision: Provision, facts: Facts, chosen: str | None = None) -> MethodResult:
    """The share of towns with at least one such resource in service."""
    method = Words("有至少一条在用记录的街镇所占比例", "share of towns with at least one record at work")
    towns, basis = towns_basis(provision, facts, chosen)
    if not towns:
        return no_towns(method, facts, basis)
    tallies = facts.tallied(provision.subject)
    split = _supplied(provision, facts, towns, tallies)
    names = {town.code: town.name for town in towns}
    what = Words(f"查明有无：{provision.title.zh}", f"find out whether there is one: {provision.title.en}")
    return MethodResult(
        method=method,
        observed=split.percent(),
        basis=basis,
        missing=[MissingFact("list", what, place=code) for code in split.unknown],
        details={
            "without": [{"place": code, "name": names[code]} for code in split.no],
            "unknown": [{"place": code, "name": names[code]} for code in split.unknown],
            "with": len(split.yes),
        },
        reason=entered_from_total(total(placeholders_of(tallies)), total(tallies), this=False),
        records=[link_to(facts, provision.subject, total(tallies))],
    )


def _supplied(provision: Provision, facts: Facts, towns: list[PlaceFact], tallies: list[Tally]) -> Partition:
    """The towns by whether they have such a record; a placeholder leaves it unknown."""
    supplied = {tally.place for tally in proven_of(tallies)}
    doubtful = {tally.place for tally in placeholders_of(tallies)}
    split = Partition([], [], [])
    for code in (town.code for town in towns):
        absent = "unknown" if code in doubtful else facts.absence(provision.subject, code)
        split.add(code, "yes" if code in supplied else absent)
    return split


def share_of_denominator(provision: Provision, facts: Facts, chosen: str | None = None) -> MethodResult:
    """The share of a named set that is covered: by number, and by measure when all members have one."""
    method = Words("已覆盖数除以名录总数", "number covered over the number of the named set")
    code = chosen or provision.denominator
    denominator = facts.denominator(code)
    if denominator is None:
        return _no_denominator(method, code)
    name = denominator.name
    words = Words((name and name.zh) or denominator.code, (name and name.en) or denominator.code)
    size = denominator.number or len(denominator.members)
    by: Chooser = "planner" if chosen else "registry"
    basis = Basis(denominator.code, words, size, _source_of(denominator), by)
    if not size:
        return cannot_evaluate(method, Words("该名录没有数量", "that set has no number"), basis=basis)
    counts, missing = _count_members(provision, facts, denominator, size)
    return MethodResult(
        method=method,
        observed=percent_interval(counts["yes"], counts["unknown"], size),
        basis=basis,
        missing=missing,
        details={"by_number": counts} | _by_measure(denominator),
        records=[link_to(facts, provision.subject)],
    )


def _source_of(denominator: Denominator) -> Words | None:
    if not denominator.sources:
        return None
    text = "; ".join(source.reference for source in denominator.sources)
    return Words(text, text)


def _no_denominator(method: Words, code: str | None) -> MethodResult:
    if code in (None, NOT_STATED):
        reason = Words("文件没有说明分母", "the document states no denominator")
        what = Words("选择或载入分母", "choose or load a denominator")
        return cannot_evaluate(method, reason, MissingFact("load", what), basis=Basis(NOT_STATED, reason))
    reason = Words(f"分母 {code} 还没有载入", f"the denominator {code} is not loaded yet")
    return cannot_evaluate(
        method, reason, MissingFact("load", reason), basis=Basis(str(code), Words(str(code), str(code)))
    )


def _count_members(
    provision: Provision, facts: Facts, denominator: Denominator, size: int
) -> tuple[dict[YesNoUnknown, int], list[MissingFact]]:
    """How many of the set are covered, and what is missing to know it of all; a set may have 10⁹ members."""
    counts: dict[YesNoUnknown, int] = {"yes": 0, "no": 0, "unknown": 0}
    proven = proven_of(facts.tallied(provision.subject))
    supplied = {tally.place for tally in proven}
    for member in denominator.members:
        covered: YesNoUnknown = "yes" if member.code in supplied and member.code else member.covered
        counts[covered] += 1
    unnamed = size - len(denominator.members)
    if provision.subject.register == "resources" and not denominator.members:
        counts["yes"] = min(total(proven), size)
        unnamed -= counts["yes"]
    unrecorded = facts.absence(provision.subject, facts.place)
    counts[unrecorded] += unnamed
    missing = [
        MissingFact(
            "state",
            Words(
                f"{member.name.zh or member.name.en}：是否已覆盖",
                f"{member.name.en or member.name.zh}: covered or not",
            ),
        )
        for member in denominator.members
        if member.covered == "unknown" and member.code not in supplied
    ]
    if unnamed and unrecorded == "unknown":
        zh = f"{provision.title.zh}：{unnamed} 个没有记录"
        missing.append(
            MissingFact("list", Words(zh, f"{provision.title.en}: {unnamed} have no record"), provision.place)
        )
    return counts, missing


def _by_measure(denominator: Denominator) -> dict[str, object]:
    if not denominator.members or any(member.measure is None for member in denominator.members):
        return {}
    sums = {"yes": 0.0, "no": 0.0, "unknown": 0.0}
    for member in denominator.members:
        sums[member.covered] += member.measure or 0.0
    share = percent_interval(sums["yes"], sums["unknown"], sum(sums.values()))
    assert share is not None
    bounds = {"lower": share.lower, "upper": share.upper}
    return {"by_measure": sums | {"unit": denominator.measure_unit} | bounds}


def attribute_each(provision: Provision, facts: Facts) -> MethodResult:
    """Whether each record has the radius that the document states."""
    required = provision.requirement
    assert required is not None
    method = Words("逐条比较记录的半径", "each record's own radius compared")
    required_m = required.value * 1000
    radii: Counter[YesNoUnknown] = Counter()
    tallies = facts.tallied(provision.subject, EXISTING)
    for tally in tallies:
        unproven = tally.watch_radius_m is None or tally.placeholder
        same = tally.watch_radius_m == required_m
        radii["unknown" if unproven else "yes" if same else "no"] += tally.count
    if not radii:
        return cannot_evaluate(
            method, Words("没有记录", "there is no record"), MissingFact("list", method, provision.place)
        )
    verdict: Verdict = "not_met" if radii["no"] else "unknown" if radii["unknown"] else "met"
    return MethodResult(
        method=method,
        verdict=verdict,
        observed=ObservedInterval(required.value, required.value, required.unit)
        if verdict == "met"
        else None,
        missing=to_confirm(tallies) + _to_state_radius(tallies),
        reason=entered_from_total(total(placeholders_of(tallies)), total(tallies), this=False),
        details={str(answer): count for answer, count in radii.items()},
        records=[link_to(facts, provision.subject, sum(radii.values()))],
    )


def _to_state_radius(tallies: list[Tally]) -> list[MissingFact]:
    what = Words("填写监测半径", "state its watch radius")
    unstated = [tally for tally in proven_of(tallies) if tally.watch_radius_m is None]
    return [MissingFact("state", what, place=tally.place) for tally in unstated]
