"""Reads the facts a set of provisions is about and holds the provisions against them."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from registry.domain.access.sight import Sight
from registry.domain.coverage.measure import measure
from registry.domain.errors import InvalidQuery
from registry.domain.plans.check import Check
from registry.domain.plans.checks import evaluation
from registry.domain.plans.facts import CoverageShare, Facts
from registry.domain.plans.provision import Provision
from registry.domain.plans.reconciliation import ReconciliationLine, Visit, reconcile, survey_list
from registry.store.database.pool import Reader
from registry.store.plans import facts as fact_store
from registry.store.plans import plans

EVERYWHERE = "500000"
"""The jurisdiction of a statement that names none."""


class Judged(NamedTuple):
    """Provisions of one jurisdiction with what was found out about them."""

    facts: Facts
    provisions: list[Provision]
    checks: list[Check]


async def chosen_provisions(reader: Reader, document: str | None, place: str | None) -> list[Provision]:
    """The provisions of a document or about a place; InvalidQuery unless one of them is given."""
    if document is None and place is None:
        raise InvalidQuery("give a document or a place", field="document")
    if document is not None:
        await plans.get_document(reader, document)
    return await plans.find_provisions(reader, document=document, place=place)


async def facts_of(
    reader: Reader, sight: Sight, place: str, provisions: Sequence[Provision], chosen: str | None
) -> Facts:
    """The facts of a place, with its coverage when one of the provisions asks for it."""
    watched = any(item.method == "coverage_ratio" for item in provisions)
    async with reader.snapshot() as snapshot:
        found, question = await fact_store.gather(snapshot, sight, place, with_ground=watched, chosen=chosen)
    if chosen is not None and found.denominator(chosen) is None:
        raise InvalidQuery(f"no denominator {chosen} is loaded for {place}", field="denominator")
    if question is None:
        return found
    coverage = await asyncio.to_thread(measure, question)
    ground = chosen if chosen and getattr(found.denominator(chosen), "ground", None) else None
    return msgspec.structs.replace(found, share=CoverageShare(coverage, ground))


async def judge(
    reader: Reader, sight: Sight, provisions: Sequence[Provision], chosen: str | None = None
) -> list[Judged]:
    """Each jurisdiction with its provisions and their checks."""
    at = (sight.as_of or datetime.now(UTC)).isoformat(timespec="seconds")
    places = list(dict.fromkeys(item.place or EVERYWHERE for item in provisions))
    judged = []
    for place in places:
        about = [item for item in provisions if (item.place or EVERYWHERE) == place]
        found = await facts_of(reader, sight, place, about, chosen)
        judged.append(Judged(found, about, evaluation.evaluate_all(about, found, at)))
    return judged


async def check_one(reader: Reader, sight: Sight, provision: Provision, chosen: str | None) -> Check:
    """One provision held against what is known."""
    at = (sight.as_of or datetime.now(UTC)).isoformat(timespec="seconds")
    found = await facts_of(reader, sight, provision.place or EVERYWHERE, [provision], chosen)
    return evaluation.evaluate(provision, found, at, chosen)


async def reconciled(
    reader: Reader, sight: Sight, provisions: Sequence[Provision]
) -> list[ReconciliationLine]:
    """The published totals of resources beside what is recorded; coverage is not worked out for it."""
    totals = [
        item for item in provisions if item.kind == "published_total" and item.subject.register == "resources"
    ]
    return [
        line
        for group in await judge(reader, sight, totals)
        for line in reconcile(group.provisions, group.facts)
    ]


async def surveyed(reader: Reader, sight: Sight, provisions: Sequence[Provision]) -> list[Visit]:
    """What to find out next, over all jurisdictions of the provisions."""
    visits = [
        visit
        for group in await judge(reader, sight, provisions)
        for visit in survey_list(group.checks, group.facts)
    ]
    return sorted(visits, key=lambda visit: (visit.place is None, -visit.settles, -visit.tasks))
