"""Load the facts that the checks of provisions look at, one jurisdiction at a time."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from registry.domain.access.sight import Sight
from registry.domain.conditions import Filter
from registry.domain.coverage.measure import CoverageInputs, measure
from registry.domain.errors import InvalidQuery
from registry.domain.geometry import wkb
from registry.domain.plans.entry import Denominator
from registry.domain.plans.facts import CoverageShare, Facts
from registry.domain.plans.provision import Provision
from registry.services.coverage.inputs import read_ground
from registry.store.coverage import areas
from registry.store.database.pool import Reader
from registry.store.places import jurisdictions
from registry.store.plans import facts as fact_store


class Jurisdiction(Struct, frozen=True):
    """A place with its provisions and facts; `coverage` is None unless a provision needs it."""

    provisions: list[Provision]
    facts: Facts
    coverage: CoverageInputs | None
    ground: str | None
    """The code of the denominator whose polygon the coverage is measured on; None for the whole place."""


async def load_jurisdictions(
    reader: Reader, sight: Sight, provisions: Sequence[Provision], denominator: str | None = None
) -> list[Jurisdiction]:
    """The facts of each place that the provisions are about, in the order of the provisions.

    `denominator` is the code of the named set that the planner prefers; InvalidQuery when it is not loaded.
    """
    own = await jurisdictions.get(reader)
    by_place: dict[str, list[Provision]] = {}
    for provision in provisions:
        place = provision.place or (None if own is None else own.root)
        if place is None:
            raise InvalidQuery(
                f"provision {provision.id} names no place, and this registry has no jurisdiction",
                field="place",
            )
        by_place.setdefault(place, []).append(provision)
    return [await _load(reader, sight, place, group, denominator) for place, group in by_place.items()]


async def _load(
    reader: Reader, sight: Sight, place: str, provisions: list[Provision], code: str | None
) -> Jurisdiction:
    facts = await fact_store.of_place(reader, sight, place)
    denominator = facts.denominator(code)
    if code is not None and denominator is None:
        raise InvalidQuery(f"no denominator {code} is loaded for {place}", field="denominator")
    coverage = None
    if any(provision.method == "coverage_ratio" for provision in provisions):
        coverage = await _coverage_inputs(reader, sight, place, denominator)
    ground = code if denominator is not None and denominator.ground is not None else None
    return Jurisdiction(provisions, facts, coverage, ground)


async def _coverage_inputs(
    reader: Reader, sight: Sight, place: str, denominator: Denominator | None
) -> CoverageInputs | None:
    """What the watched share of the ground is worked out from.

    None when the place has no extent or too many watch points. It is the ground of every coverage answer.
    """
    try:
        if denominator is not None and denominator.ground is not None:
            area = await areas.polygon_area(reader, wkb(denominator.ground, "ground"))
        else:
            area = await areas.place_area(reader, place)
    except InvalidQuery:
        return None
    watch_points = Filter(
        kind="fire_watch_point", lifecycle="in_service", valid_at=sight.as_of or datetime.now(UTC)
    )
    try:
        return await read_ground(reader, sight, area, watch_points, None)
    except InvalidQuery:
        return None


async def measure_coverage(jurisdiction: Jurisdiction) -> Facts:
    """The facts with the watched share; measured in a thread, since it takes seconds of a large place."""
    if jurisdiction.coverage is None:
        return jurisdiction.facts
    coverage = await asyncio.to_thread(measure, jurisdiction.coverage)
    return msgspec.structs.replace(jurisdiction.facts, share=CoverageShare(coverage, jurisdiction.ground))
