"""Evaluators of supplies: persons served by a tier or in each flagged town, tiers, minimum stocks."""

from registry.domain.plans.check import (
    Basis,
    MethodResult,
    MissingFact,
    ObservedInterval,
    Partition,
    Verdict,
    cannot_evaluate,
)
from registry.domain.plans.checks.counting import link_to, no_towns, total, towns_basis
from registry.domain.plans.facts import Facts, PlaceFact, Tally
from registry.domain.plans.provision import Provision, ProvisionSubject, Words

FLAG = "prone_or_remote"
TIERS = ("district", "town", "community")


def _served(tallies: list[Tally]) -> tuple[int, int]:
    """The persons that depots state to serve, and the number of depots that state none."""
    return sum(t.serves_persons for t in tallies), sum(t.serves_unknown for t in tallies)


def _to_state(tallies: list[Tally]) -> list[MissingFact]:
    what = Words("填写可保障人数", "state how many persons it serves")
    return [
        MissingFact("state", what, place=tally.place, record=record)
        for tally in tallies
        if tally.serves_unknown
        for record in tally.examples
    ]


def capacity_total(provision: Provision, facts: Facts) -> MethodResult:
    """The persons that the depots of a tier serve together."""
    tallies = facts.tallied(provision.subject)
    stated, unstated = _served(tallies)
    complete = not unstated and facts.is_complete(provision.subject, facts.place)
    all_tiers, _ = _served(facts.tallied(ProvisionSubject(kind="supply_depot")))
    return MethodResult(
        method=Words(
            "在用储备库可保障人数之和；未填写的按未知", "sum over depots at work; unstated is unknown"
        ),
        observed=ObservedInterval(stated, stated if complete else None, "person"),
        missing=_to_state(tallies)
        or ([] if tallies else [MissingFact("list", Words("登记储备库", "list the depots"), facts.place)]),
        details={"depots": total(tallies), "unstated": unstated, "all_tiers_persons": all_tiers},
        records=[link_to(facts, provision.subject, total(tallies))],
    )


def capacity_each(provision: Provision, facts: Facts, chosen: str | None = None) -> MethodResult:
    """The persons served in each town that is flagged as prone to disaster or remote."""
    method = Words(
        "标记为多灾易灾或偏远的街镇逐一核对；未标记的不判为通过",
        "each town flagged prone or remote; a town of unknown flag is never a pass",
    )
    towns, basis = towns_basis(provision, facts, chosen)
    if not towns:
        return no_towns(method, facts, basis)
    verdicts = {town.code: _town_capacity(provision, facts, town) for town in towns}
    flagless = [town for town in towns if town.flags.get(FLAG, "unknown") == "unknown"]
    flag = Words("标记是否多灾易灾或偏远", "say whether it is prone or remote")
    missing = [MissingFact("flag", flag, place=town.code) for town in flagless]
    served = Words("填写储备可保障人数", "state the persons served")
    unstated = [town for town in towns if verdicts[town.code][0] == "unknown" and town not in flagless]
    missing += [MissingFact("state", served, place=town.code) for town in unstated]
    return MethodResult(
        method=method,
        verdict=_overall([verdict for verdict, _ in verdicts.values()]),
        basis=basis,
        missing=missing,
        details={
            "towns": [
                {"place": t.code, "name": t.name, "flag": t.flags.get(FLAG, "unknown")}
                | {"verdict": verdicts[t.code][0], "persons": verdicts[t.code][1]}
                for t in towns
            ]
        },
        records=[link_to(facts, provision.subject)],
    )


def _town_capacity(provision: Provision, facts: Facts, town: PlaceFact) -> tuple[str, int | None]:
    flag = town.flags.get(FLAG, "unknown")
    if flag == "no":
        return "not_required", None
    required = provision.requirement
    assert required is not None
    here = [tally for tally in facts.tallied(provision.subject) if tally.place == town.code]
    stated, unstated = _served(here)
    if flag == "unknown":
        return "unknown", stated if here else None
    if stated >= required.value:
        return "met", stated
    complete = not unstated and facts.is_complete(provision.subject, town.code)
    return ("not_met" if complete else "unknown"), stated if here else None


def _overall(verdicts: list[str]) -> Verdict:
    if "not_met" in verdicts:
        return "not_met"
    if "unknown" in verdicts:
        return "unknown"
    return "met" if "met" in verdicts else "cannot_evaluate"


def three_tiers(provision: Provision, facts: Facts, chosen: str | None = None) -> MethodResult:
    """The number of tiers with a depot in service, and the towns without a record of theirs."""
    towns, basis = towns_basis(provision, facts, chosen)
    split = Partition([], [], [])
    for tier in TIERS:
        subject = ProvisionSubject(kind="supply_depot", where={"tier": [tier]})
        split.add(tier, "yes" if facts.tallied(subject) else facts.absence(subject, facts.place))
    subject = ProvisionSubject(kind="supply_depot", where={"tier": ["town", "community"]})
    supplied = {tally.place for tally in facts.tallied(subject)}
    lacking = [town for town in towns if town.code not in supplied]
    what = Words("查明街镇、村社区储备", "find out about town and village reserves")
    return MethodResult(
        method=Words("有在用储备库的层级数", "tiers with a depot at work"),
        observed=split.counted("tier"),
        basis=Basis("tiers", Words("区、街镇、村（社区）三级", "district, town, community"), 3, None, "plan"),
        missing=[
            MissingFact("list", what, place=town.code)
            for town in lacking
            if not facts.is_complete(subject, town.code)
        ],
        details={
            "tiers": {"with": split.yes, "without": split.no, "unknown": split.unknown},
            "towns_without_record": [{"place": town.code, "name": town.name} for town in lacking],
            "towns": basis.number,
        },
        records=[link_to(facts, provision.subject)],
    )


def minimum_stock(provision: Provision, facts: Facts) -> MethodResult:
    """Compare the stock lines that have a minimum with what is there."""
    method = Words("有最低库存的库存行与现存量比较", "stock lines with a minimum compared with what is there")
    if not facts.stock:
        reason = Words("没有登记最低库存", "no minimum stock is recorded")
        return cannot_evaluate(method, reason, MissingFact("state", reason, place=facts.place))
    below = [line for line in facts.stock if line.quantity is not None and line.quantity < line.minimum]
    uncounted = [line for line in facts.stock if line.quantity is None]
    what = Words("清点库存", "count the stock")
    return MethodResult(
        method=method,
        verdict="not_met" if below else "unknown" if uncounted else "met",
        missing=[MissingFact("state", what, record=line.resource) for line in uncounted],
        details={"lines": len(facts.stock), "below": below, "uncounted": len(uncounted)},
        records=[link_to(facts, provision.subject)],
    )
