"""Published totals beside records, and the list of what to find out next."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from registry.domain.completeness import (
    NOTHING_UNDECIDED,
    SEVERAL,
    Completeness,
    Excluded,
    ListingCount,
    SetAnswer,
    Undecided,
    completeness,
    declaration,
    exclusions,
    published_total,
)
from registry.domain.plans.check import Action, Check, MissingFact, compare_total, entered_from_total
from registry.domain.plans.checks.counting import placeholders_of, total
from registry.domain.plans.facts import EXISTING, LOCATED, Facts, Tally, tallied_attributes
from registry.domain.plans.provision import Provision, ProvisionSubject, Words
from registry.domain.plans.wording import VERDICTS
from registry.domain.values import Name

FIELD_ACTIONS: tuple[Action, ...] = ("locate", "list", "state", "flag")


class ReconciliationLine(SetAnswer, frozen=True, kw_only=True):
    """A published total beside the number of records, by how well they are located.

    A placeholder was entered from the total, so that it proves nothing. `difference` is how many of the total
    no other record accounts for. `undecided` names the records that may be among them.
    """

    provision: str
    document: str
    locator: str
    title: Name
    published: int
    """The total that the document publishes."""
    recorded: int
    placeholders: int
    located: int
    surveyed: int
    approximate: int
    candidate_places: int
    """How many are known to be in one of several places only."""
    unknown: int
    """How many have no position at all."""
    verified: int
    difference: int
    verdict: str
    """Whether the records agree with the total."""
    verdict_label: Words
    reason: Words | None

    def row(self) -> dict[str, Any]:
        """The line as a row of a table: the state of its list, and how many records it leaves open or out."""
        cells: dict[str, Any] = msgspec.to_builtins(self)
        left_out = cells.pop("excluded").values()
        return cells | {
            "completeness": self.completeness.state,
            "undecided": f"{self.undecided.count}{'+' if self.undecided.more else ''}",
            "excluded": sum(one["otherwise"] + one["not_stated"] for one in left_out),
        }


def reconcile(
    provisions: Iterable[Provision], facts: Facts, undecided: Mapping[str, Undecided]
) -> list[ReconciliationLine]:
    """The line of each published total of resources; `undecided` has what may belong to each by provision."""
    return [
        _line(provision, facts, undecided.get(provision.id, NOTHING_UNDECIDED))
        for provision in provisions
        if is_resource_total(provision)
    ]


def is_resource_total(provision: Provision) -> bool:
    """Whether the provision publishes a total of resources."""
    return provision.kind == "published_total" and provision.subject.register == "resources"


def _line(provision: Provision, facts: Facts, undecided: Undecided) -> ReconciliationLine:
    tallies = facts.tallied(provision.subject, EXISTING)
    required = provision.requirement
    published = int(required.value) if required else 0
    by_quality: dict[str, int] = defaultdict(int)
    for tally in tallies:
        by_quality[tally.quality] += tally.count
    recorded, placeholders = total(tallies), total(placeholders_of(tallies))
    proven = recorded - placeholders
    verdict = compare_total(published, proven)
    located = sum(by_quality[quality] for quality in LOCATED)
    return ReconciliationLine(
        completeness=_completeness(provision, facts, ListingCount(recorded, located, placeholders)),
        undecided=undecided,
        excluded=_excluded(provision.subject, facts),
        provision=provision.id,
        document=provision.document,
        locator=provision.locator,
        title=provision.title,
        published=published,
        recorded=recorded,
        placeholders=placeholders,
        located=located,
        surveyed=by_quality["surveyed"],
        approximate=by_quality["approximate"],
        candidate_places=by_quality["candidate_places"],
        unknown=by_quality["unknown"],
        verified=total([tally for tally in tallies if tally.verified]),
        difference=published - proven,
        verdict=verdict,
        verdict_label=VERDICTS[verdict],
        reason=entered_from_total(placeholders, recorded, this=True),
    )


def _completeness(provision: Provision, facts: Facts, count: ListingCount) -> Completeness:
    """How complete the list beside a total is, by the total itself and the inventories that close it."""
    required = provision.requirement
    totals = []
    if required is not None:
        totals.append(published_total(provision, required, count, place=facts.place, scope="same"))
    declared = [
        declaration(inventory, whole=True) for inventory in facts.declarations(provision.subject, facts.place)
    ]
    return completeness(count, totals, declared)


def _excluded(subject: ProvisionSubject, facts: Facts) -> Excluded:
    """How many existing records of the kind each condition of the subject keeps out of the count."""
    otherwise: Counter[str] = Counter()
    silent: Counter[str] = Counter()
    for tally in facts.tallied(msgspec.structs.replace(subject, where={}), EXISTING):
        failing = [name for name, values in tallied_attributes(subject) if _value(tally, name) not in values]
        if len(failing) > 1:
            otherwise[SEVERAL] += tally.count
        elif failing:
            counted = silent if _value(tally, failing[0]) is None else otherwise
            counted[failing[0]] += tally.count
    return exclusions(_rows(otherwise), _rows(silent))


def _value(tally: Tally, name: str) -> Any:
    return getattr(tally, name, None)


def _rows(counts: Counter[str]) -> list[dict[str, Any]]:
    return [{"name": name, "n": count} for name, count in counts.items()]


class Visit(Struct, frozen=True, kw_only=True):
    """A place to visit, or a task at the desk when `place` is None, and the checks that it may settle."""

    place: str | None
    name: Name | None
    settles: int
    checks: list[str]
    """Identities of the checks."""
    tasks: int
    what: list[Words]
    """What to find out, in words."""
    records: list[str]
    """Identities of the records."""


class Survey(SetAnswer, frozen=True, kw_only=True):
    """What to find out next, beside how complete the lists are that the checks count."""

    visits: list[Visit]


def survey_list(checks: Iterable[Check], facts: Facts) -> list[Visit]:
    """What to find out next: first the places whose visit settles most checks, then tasks at the desk."""
    visits: dict[str | None, dict[str, list[MissingFact]]] = defaultdict(lambda: defaultdict(list))
    desk: list[Visit] = []
    settled = set()
    for check in checks:
        if check.verdict in ("met", "not_met"):
            settled.add(check.provision)
        for fact in check.missing:
            if fact.action in FIELD_ACTIONS and (fact.place or fact.record):
                visits[fact.place][check.provision].append(fact)
            elif check.provision not in settled:
                desk.append(_visit(None, None, {check.provision: [fact]}, settled))
    names = {place.code: place.name for place in facts.places}
    placed = [_visit(place, names.get(place or ""), missing, settled) for place, missing in visits.items()]
    placed.sort(key=lambda visit: (-visit.settles, -visit.tasks, visit.place or "~"))
    return [*placed, *desk]


def _visit(
    place: str | None, name: Name | None, missing: dict[str, list[MissingFact]], settled: set[str]
) -> Visit:
    """The visit that finds out these facts, by check; checks that have a verdict already do not count."""
    facts = [fact for group in missing.values() for fact in group]
    open_checks = set(missing) - settled
    return Visit(
        place=place,
        name=name,
        settles=len(open_checks),
        checks=sorted(open_checks),
        tasks=len({(fact.action, fact.record, fact.what.en) for fact in facts}),
        what=list({fact.what.en: fact.what for fact in facts}.values()),
        records=sorted({fact.record for fact in facts if fact.record}),
    )
