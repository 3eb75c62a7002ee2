"""The spatial rules that apply at the origin of a question."""

from typing import Any

import msgspec
from msgspec import structs

from registry.domain.geojson import Point
from registry.domain.geometry import as_geojson
from registry.domain.places.rule import ProposedSite, Rule, RuleFinding, ZoneDistance, apply_rule
from registry.domain.places.zone import StoredZone
from registry.domain.proximity.origin import Start
from registry.store.database.pool import Reader
from registry.store.places import zones


class LocalRules(msgspec.Struct, frozen=True):
    """The rules that apply, or may, and the rules that cannot be evaluated without a zone's geometry."""

    reach_here: list[dict[str, Any]]
    cannot_evaluate: list[str]


async def rules_at(reader: Reader, start: Start) -> LocalRules:
    """The rules in force at the origin whose zone reaches it, or some part of a drawn one."""
    spot = Point((start.lon, start.lat))
    ground = spot if start.shape is None else as_geojson(start.shape)
    rules = await zones.rules(reader)
    in_force = await zones.in_force(reader, rules, ground, start.margin_m)
    reaches = await zones.distances(reader, ground)
    stored = [_from_start(start, zone, reaches.get(zone.zone.id)) for zone in await zones.find(reader)]
    findings = [
        (rule, apply_rule(rule, zone, ProposedSite(spot, "", rule.actions[0]), reach))
        for rule in rules
        for zone, reach in stored
        if rule.id in in_force and zone.zone.kind == rule.zone_kind
    ]
    return LocalRules(
        [
            _described(rule, finding)
            for rule, finding in findings
            if finding.outcome not in ("allowed", "cannot_evaluate")
        ],
        sorted({finding.rule for _, finding in findings if finding.outcome == "cannot_evaluate"}),
    )


def _from_start(
    start: Start, zone: StoredZone, reach: ZoneDistance | None
) -> tuple[StoredZone, ZoneDistance | None]:
    """A zone and its distance; the uncertainty of a spot counts as uncertainty of the zone."""
    if start.uncertain:
        return structs.replace(zone, uncertainty_m=zone.uncertainty_m + start.margin_m), reach
    if reach is not None:
        reach = structs.replace(reach, distance_m=start.distance_m(reach.distance_m))
    return zone, reach


def _described(rule: Rule, finding: RuleFinding) -> dict[str, Any]:
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
