"""Compare plans with records: published totals, what to survey next, and the report of both."""

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

from registry.domain.access.sight import Sight
from registry.domain.completeness import SetAnswer, Undecided, joined, joined_undecided, of_set
from registry.domain.conditions import Filter
from registry.domain.plans.check import Check
from registry.domain.plans.facts import EXISTING, Facts
from registry.domain.plans.provision import ProvisionSubject
from registry.domain.plans.reconciliation import (
    ReconciliationLine,
    Survey,
    Visit,
    is_resource_total,
    reconcile,
    survey_list,
)
from registry.domain.values import Name
from registry.services.clock import now
from registry.services.plans.checks import JurisdictionChecks, evaluate, select_provisions
from registry.services.plans.facts import Jurisdiction, load_jurisdictions
from registry.services.records.read import beside_list, undecided_of
from registry.store.database.pool import Reader
from registry.store.places import places
from registry.store.plans import plans


class Reconciliation(SetAnswer, frozen=True, kw_only=True):
    """Published totals beside records; the three members are of all records of the kinds that they count."""

    lines: list[ReconciliationLine]


class PlanReport(SetAnswer, frozen=True, kw_only=True):
    """The checks of a document or place with its reconciliation and survey list."""

    title: Name
    as_of: str
    exercise: str | None
    checks: list[Check]
    lines: list[ReconciliationLine]
    visits: list[Visit]


async def reconcile_totals(
    reader: Reader, sight: Sight, document: str | None, place: str | None
) -> Reconciliation:
    """The published totals of resources beside what is recorded, located and verified."""
    async with reader.snapshot() as snapshot:
        provisions = await select_provisions(snapshot, document, place)
        totals = list(filter(is_resource_total, provisions))
        groups = await load_jurisdictions(snapshot, sight, totals)
        lines = await _lines(snapshot, sight, groups)
        return Reconciliation(lines=lines, **of_set(await _beside(snapshot, sight, groups)))


async def list_visits(reader: Reader, sight: Sight, document: str | None, place: str | None) -> Survey:
    """What to find out next: first the places whose visit settles most checks, then tasks at the desk."""
    groups = await evaluate(reader, sight, document, place)
    return Survey(visits=_visits(groups), **of_set(await _beside(reader, sight, groups)))


async def report(reader: Reader, sight: Sight, document: str | None, place: str | None) -> PlanReport:
    """Checks, reconciliation and survey list of a document or place, from one evaluation."""
    groups = await evaluate(reader, sight, document, place)
    checks = [check for group in groups for check in group.checks]
    return PlanReport(
        title=await _title(reader, document, place),
        as_of=checks[0].as_of if checks else "",
        exercise=sight.exercise,
        checks=checks,
        lines=await _lines(reader, sight, groups),
        visits=_visits(groups),
        **of_set(await _beside(reader, sight, groups)),
    )


Groups = Sequence[Jurisdiction] | Sequence[JurisdictionChecks]


async def _lines(reader: Reader, sight: Sight, groups: Groups) -> list[ReconciliationLine]:
    lines = []
    for group in groups:
        totals = list(filter(is_resource_total, group.provisions))
        undecided = {one.id: await _undecided(reader, sight, one.subject, group.facts) for one in totals}
        lines += reconcile(totals, group.facts, undecided)
    return lines


async def _undecided(reader: Reader, sight: Sight, subject: ProvisionSubject, facts: Facts) -> Undecided:
    """The records that may be of the subject, by each combination of the values that it lists."""
    named = {name: values for name, values in subject.where.items() if name in Filter.__struct_fields__}
    values: list[dict[str, Any]] = [
        dict(zip(["lifecycle", *named], chosen, strict=True)) for chosen in product(EXISTING, *named.values())
    ]
    wanted = [Filter(kind=subject.kind, place=facts.place, valid_at=_at(sight), **one) for one in values]
    return joined_undecided([await undecided_of(reader, sight, one) for one in wanted])


async def _beside(reader: Reader, sight: Sight, groups: Groups) -> SetAnswer:
    """The three members of all records in service, of the kinds and places that the provisions are about."""
    asked = {
        group.facts.place: tuple(sorted({kind for one in group.provisions if (kind := one.subject.kind)}))
        for group in groups
    }
    inside = {
        place.code for group in groups for place in group.facts.places if place.code != group.facts.place
    }
    parts = [
        await beside_list(
            reader, sight, Filter(kinds=kinds, place=place, lifecycle="in_service", valid_at=_at(sight))
        )
        for place, kinds in asked.items()
        if kinds and place not in inside
    ]
    return joined(parts)


def _at(sight: Sight) -> Any:
    return sight.as_of or now()


def _visits(groups: Iterable[JurisdictionChecks]) -> list[Visit]:
    visits = [visit for group in groups for visit in survey_list(group.checks, group.facts)]
    return sorted(visits, key=lambda visit: (visit.place is None, -visit.settles, -visit.tasks))


async def _title(reader: Reader, document: str | None, place: str | None) -> Name:
    if document is not None:
        return (await plans.get_document(reader, document)).title
    row = await places.get(reader, place or "")
    return Name(row["name_zh"], row["name_en"]) if row else Name(place)
