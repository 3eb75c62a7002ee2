"""Compare plans with records: published totals, what to survey next, and the report of both."""

from collections.abc import Iterable

from msgspec import Struct

from registry.domain.access.sight import Sight
from registry.domain.plans.check import Check
from registry.domain.plans.reconciliation import (
    ReconciliationLine,
    Visit,
    is_resource_total,
    reconcile,
    survey_list,
)
from registry.domain.values import Name
from registry.services.plans.checks import JurisdictionChecks, evaluate, select_provisions
from registry.services.plans.facts import load_jurisdictions
from registry.store.database.pool import Reader
from registry.store.places import places
from registry.store.plans import plans


class PlanReport(Struct, frozen=True, kw_only=True):
    """The checks of a document or place with its reconciliation and survey list."""

    title: Name
    as_of: str
    exercise: str | None
    checks: list[Check]
    lines: list[ReconciliationLine]
    visits: list[Visit]


async def reconcile_totals(
    reader: Reader, sight: Sight, document: str | None, place: str | None
) -> list[ReconciliationLine]:
    """The published totals of resources beside what is recorded, located and verified."""
    async with reader.snapshot() as snapshot:
        provisions = await select_provisions(snapshot, document, place)
        loaded = await load_jurisdictions(snapshot, sight, list(filter(is_resource_total, provisions)))
    return [line for group in loaded for line in reconcile(group.provisions, group.facts)]


async def list_visits(reader: Reader, sight: Sight, document: str | None, place: str | None) -> list[Visit]:
    """What to find out next: first the places whose visit settles most checks, then tasks at the desk."""
    return _visits(await evaluate(reader, sight, document, place))


async def report(reader: Reader, sight: Sight, document: str | None, place: str | None) -> PlanReport:
    """Checks, reconciliation and survey list of a document or place, from one evaluation."""
    groups = await evaluate(reader, sight, document, place)
    checks = [check for group in groups for check in group.checks]
    return PlanReport(
        title=await _title(reader, document, place),
        as_of=checks[0].as_of if checks else "",
        exercise=sight.exercise,
        checks=checks,
        lines=[line for group in groups for line in reconcile(group.provisions, group.facts)],
        visits=_visits(groups),
    )


def _visits(groups: Iterable[JurisdictionChecks]) -> list[Visit]:
    visits = [visit for group in groups for visit in survey_list(group.checks, group.facts)]
    return sorted(visits, key=lambda visit: (visit.place is None, -visit.settles, -visit.tasks))


async def _title(reader: Reader, document: str | None, place: str | None) -> Name:
    if document is not None:
        return (await plans.get_document(reader, document)).title
    row = await places.get(reader, place or "")
    return Name(row["name_zh"], row["name_en"]) if row else Name(place)
