"""Who answers for a spot, whom to call, and which rules reach it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import structs

from registry.domain.access.sight import Sight
from registry.domain.geojson import Point
from registry.domain.geometry import as_geojson
from registry.domain.places.rule import Finding, ProposedSite, Rule, ZoneDistance, apply_rule
from registry.domain.places.zone import StoredZone
from registry.domain.plans.entry import Entry, Hotline
from registry.domain.proximity.origin import Start
from registry.store.database.pool import Reader
from registry.store.places import zones
from registry.store.plans import entries


class Rules(msgspec.Struct, frozen=True):
    """The rules whose zone holds the spot or may, and those that cannot be told for want of a geometry."""

    reach_here: list[dict[str, Any]]
    cannot_evaluate: list[str]


class Duties(NamedTuple):
    """Who answers for a spot, and whom to call."""

    responsible: list[Entry]
    hotlines: list[Entry]


async def duties(reader: Reader, sight: Sight, chain: Sequence[str]) -> Duties:
    """What holds at the smallest of these places: its own entries, and those of the places above it."""
    place = chain[0] if chain else ""
    found = await entries.answering(reader, sight, ["responsibility", "hotline"], place)
    lines = [one for one in found if isinstance(one, Hotline)]
    return Duties([one for one in found if not isinstance(one, Hotline)], [*lines])


def about(found: Sequence[Entry], hazard: str | None) -> list[Entry]:
    """The entries for this hazard first, then those that name none; without a hazard all of them."""
    if hazard is None:
        return list(found)
    code = hazard.rpartition(":")[2]
    named = [item for item in found if code in getattr(item, "hazards", ())]
    return named + [item for item in found if not getattr(item, "hazards", ())]


async def rules(reader: Reader, start: Start) -> Rules:
    """What the spatial rules say of a spot, or of some part of a drawn origin."""
    spot = Point((start.lon, start.lat))
    reaches = await zones.distances(reader, spot if start.shape is None else as_geojson(start.shape))
    drawn = [_met_from(start, zone, reaches.get(zone.zone.id)) for zone in await zones.find(reader)]
    told = [
        (rule, apply_rule(rule, zone, ProposedSite(spot, "", rule.actions[0]), reach))
        for rule in await zones.rules(reader)
        for zone, reach in drawn
        if zone.zone.kind == rule.zone_kind
    ]
    here = [
        _here(rule, finding)
        for rule, finding in told
        if finding.outcome not in ("allowed", "cannot_evaluate")
    ]
    unknown = sorted({finding.rule for _, finding in told if finding.outcome == "cannot_evaluate"})
    return Rules(here, unknown)


def _met_from(
    start: Start, zone: StoredZone, reach: ZoneDistance | None
) -> tuple[StoredZone, ZoneDistance | None]:
    """A zone and how far it is: an uncertain spot leaves as much open as a zone that is vague."""
    if start.uncertain:
        return structs.replace(zone, uncertainty_m=zone.uncertainty_m + start.margin_m), reach
    if reach is not None:
        reach = structs.replace(reach, distance_m=start.distance_m(reach.distance_m))
    return zone, reach


def _here(rule: Rule, finding: Finding) -> dict[str, Any]:
    return {
        "rule": rule.id,
        "name": rule.name,
        "provision": rule.provision,
        "outcome": finding.outcome,
        "facility_kinds": rule.facility_kinds,
        "actions": rule.actions,
        "zone": finding.zone,
        "road": finding.road,
        "chainage_km": finding.chainage_km,
        "limit_m": finding.limit_m,
        "distance_m": finding.distance_m,
    }
