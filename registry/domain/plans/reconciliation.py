"""Published totals beside records, and the list of what to find out next."""

from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct

from registry.domain.plans.check import Action, Check, MissingFact, compare_total
from registry.domain.plans.checks.counting import total
from registry.domain.plans.facts import EXISTING, LOCATED, Facts
from registry.domain.plans.provision import Provision, Words
from registry.domain.plans.wording import VERDICTS
from registry.domain.values import Name

VISITS: tuple[Action, ...] = ("locate", "list", "state", "flag")


class ReconciliationLine(Struct, frozen=True, kw_only=True):
    """One published total and what the registry holds of it."""

    provision: str
    document: str
    locator: str
    title: Name
    published: int
    recorded: int
    located: int
    surveyed: int
    approximate: int
    candidate_places: int
    unknown: int
    verified: int
    difference: int
    verdict: str
    verdict_label: Words


def reconcile(provisions: Iterable[Provision], facts: Facts) -> list[ReconciliationLine]:
    """Each published total of resources beside the itemised records."""
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
    recorded = total(tallies)
    verdict = compare_total(published, recorded)
    return ReconciliationLine(
        provision=provision.id,
        document=provision.document,
        locator=provision.locator,
        title=provision.title,
        published=published,
        recorded=recorded,
        located=sum(by_quality[quality] for quality in LOCATED),
        surveyed=by_quality["surveyed"],
        approximate=by_quality["approximate"],
        candidate_places=by_quality["candidate_places"],
        unknown=by_quality["unknown"],
        verified=total([tally for tally in tallies if tally.verified]),
        difference=published - recorded,
        verdict=verdict,
        verdict_label=VERDICTS[verdict],
    )


class Visit(Struct, frozen=True, kw_only=True):
    """A place to go to, or a desk task when the place is None, and the checks it would help to settle."""

    place: str | None
    name: Name | None
    settles: int
    checks: list[str]
    tasks: int
    what: list[Words]
    records: list[str]


def survey_list(checks: Iterable[Check], facts: Facts) -> list[Visit]:
    """What to find out next: the place whose visit would help most checks first, desk tasks by themselves."""
    visits: dict[str | None, dict[str, list[MissingFact]]] = defaultdict(lambda: defaultdict(list))
    desk: list[Visit] = []
    settled = set()
    for check in checks:
        if check.verdict in ("met", "not_met"):
            settled.add(check.provision)
        for need in check.missing:
            if need.action in VISITS and (need.place or need.record):
                visits[need.place][check.provision].append(need)
            elif check.provision not in settled:
                desk.append(_visit(None, None, {check.provision: [need]}, settled))
    names = {place.code: place.name for place in facts.places}
    found = [_visit(place, names.get(place or ""), needs, settled) for place, needs in visits.items()]
    found.sort(key=lambda visit: (-visit.settles, -visit.tasks, visit.place or "~"))
    return [*found, *desk]


def _visit(
    place: str | None, name: Name | None, needs: dict[str, list[MissingFact]], settled: set[str]
) -> Visit:
    """One row: checks that are settled already add tasks, not weight."""
    wanted = [need for group in needs.values() for need in group]
    return Visit(
        place=place,
        name=name,
        settles=len(set(needs) - settled),
        checks=sorted(set(needs) - settled),
        tasks=len({(need.action, need.record, need.what.en) for need in wanted}),
        what=list({need.what.en: need.what for need in wanted}.values()),
        records=sorted({need.record for need in wanted if need.record}),
    )
