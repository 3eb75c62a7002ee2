"""Check provisions against what is recorded: one provision, or all of a document or place."""

from collections import Counter
from datetime import UTC, datetime

from msgspec import Struct

from registry.domain.access.sight import Sight
from registry.domain.errors import InvalidQuery
from registry.domain.plans.check import Check, Verdict
from registry.domain.plans.checks import evaluation
from registry.domain.plans.facts import Facts
from registry.domain.plans.provision import Provision
from registry.services.plans.facts import Jurisdiction, load_jurisdictions, measure_coverage
from registry.store.database.pool import Reader
from registry.store.plans import plans


class CheckSummary(Struct, frozen=True, kw_only=True):
    """All checks, and how many have each verdict."""

    as_of: str | None
    counts: dict[Verdict, int]
    """How many checks have each verdict."""
    checks: list[Check]


class JurisdictionChecks(Struct, frozen=True):
    """The checks of the provisions about one place, with the facts they were made on."""

    provisions: list[Provision]
    facts: Facts
    checks: list[Check]


async def run_checks(reader: Reader, sight: Sight, document: str | None, place: str | None) -> CheckSummary:
    """Check every provision with a method, of a document or about a place and what lies under it."""
    checks = [
        check
        for jurisdiction in await evaluate(reader, sight, document, place)
        for check in jurisdiction.checks
    ]
    counts = Counter(check.verdict for check in checks)
    return CheckSummary(as_of=checks[0].as_of if checks else None, counts=dict(counts), checks=checks)


async def check_provision(reader: Reader, sight: Sight, identity: str, denominator: str | None) -> Check:
    """Check one provision; `denominator` is the named set to take the share of, where it has a choice."""
    async with reader.snapshot() as snapshot:
        provision = await plans.get_provision(snapshot, identity)
        loaded = await load_jurisdictions(snapshot, sight, [provision], denominator)
    facts = await measure_coverage(loaded[0])
    return evaluation.evaluate(provision, facts, _instant(sight), denominator)


async def evaluate(
    reader: Reader, sight: Sight, document: str | None, place: str | None
) -> list[JurisdictionChecks]:
    """The checks of each jurisdiction. All facts are of one snapshot; coverage is measured after it ends."""
    async with reader.snapshot() as snapshot:
        provisions = await select_provisions(snapshot, document, place)
        loaded = await load_jurisdictions(snapshot, sight, provisions)
    instant = _instant(sight)
    return [await _evaluated(jurisdiction, instant) for jurisdiction in loaded]


async def _evaluated(jurisdiction: Jurisdiction, instant: str) -> JurisdictionChecks:
    facts = await measure_coverage(jurisdiction)
    checks = evaluation.evaluate_all(jurisdiction.provisions, facts, instant)
    return JurisdictionChecks(jurisdiction.provisions, facts, checks)


async def select_provisions(reader: Reader, document: str | None, place: str | None) -> list[Provision]:
    """The provisions of a document, about a place, or both; InvalidQuery when neither is given."""
    if document is None and place is None:
        raise InvalidQuery("give a document or a place", field="document")
    if document is not None:
        await plans.get_document(reader, document)
    return await plans.find_provisions(reader, document=document, place=place)


def _instant(sight: Sight) -> str:
    return (sight.as_of or datetime.now(UTC)).isoformat(timespec="seconds")
