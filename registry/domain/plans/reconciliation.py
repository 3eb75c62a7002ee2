"""Published totals beside records, and the list of what to find out next."""

from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct

from registry.domain.plans.check import Action, Check, MissingFact, compare_total, entered_from_total
from registry.domain.plans.checks.counting import placeholders_of, total
from registry.domain.plans.facts import EXISTING, LOCATED, Facts
from registry.domain.plans.provision import Provision, Words
from registry.domain.plans.wording import VERDICTS
from registry.domain.values import Name

FIELD_ACTIONS: tuple[Action, ...] = ("locate", "list", "state", "flag")


class ReconciliationLine(Struct, frozen=True, kw_only=True):
    """A published total beside the number of records, by how well they are located.

    A placeholder was entered from the total, so that it proves nothing. `difference` is how many of the total
    no other record accounts for.
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


def reconcile(provisions: Iterable[Provision], facts: Facts) -> list[ReconciliationLine]:
    """The line of each published total of resources."""
    return [_line(provision, facts) for provision in provisions if is_resource_total(provision)]


def is_resource_total(provision: Provision) -> bool:
    """Whether the provision publishes a total of resources."""
    return provision.kind == "published_total" and provision.subject.register == "resources"


def _line(provision: Provision, facts: Facts) -> ReconciliationLine:
    tallies = facts.tallied(provision.subject, EXISTING)
    required = provision.requirement
    published = int(required.value) if required else 0
    by_quality: dict[str, int] = defaultdict(int)
    for tally in tallies:
        by_quality[tally.quality] += tally.count
    recorded, placeholders = total(tallies), total(placeholders_of(tallies))
    proven = recorded - placeholders
    verdict = compare_total(published, proven)
    return ReconciliationLine(
        provision=provision.id,
        document=provision.document,
        locator=provision.locator,
        title=provision.title,
        published=published,
        recorded=recorded,
        placeholders=placeholders,
        located=sum(by_quality[quality] for quality in LOCATED),
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
