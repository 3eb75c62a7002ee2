"""A spatial rule: which facility and action is kept how far from which zone, and what excuses it."""

import math
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from registry.domain.errors import Invalid
from registry.domain.geojson import Geometry
from registry.domain.places.zone import StoredZone, ZoneKind
from registry.domain.plans.provision import Words
from registry.domain.plans.wording import VERDICTS
from registry.domain.values import Code, Name

RuleOutcome = Literal["allowed", "forbidden", "needs_review", "cannot_evaluate"]
TOLERANCE_M = 0.01
"""A centimetre beyond the boundary still counts as on it: more than distances are good for."""
ORDER: tuple[RuleOutcome, ...] = ("forbidden", "needs_review", "cannot_evaluate", "allowed")


class Exemption(Struct, frozen=True, forbid_unknown_fields=True):
    """Actions for stated purposes that a rule treats otherwise."""

    actions: list[Code]
    purposes: list[Code]
    outcome: RuleOutcome
    text: Words


class Rule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a provision keeps away from a kind of zone; an empty list of facility kinds means every kind."""

    id: Code
    provision: Code
    name: Name
    zone_kind: ZoneKind
    facility_kinds: list[Code] = field(default_factory=list)
    actions: list[Code]
    distance_m: Annotated[float, Meta(ge=0, le=1_000_000)]
    outcome: RuleOutcome = "forbidden"
    measured_from: Words
    exemptions: list[Exemption] = field(default_factory=list)
    at_least: bool = False
    """Whether the distance is printed as a minimum, so that the true zone may be wider."""


class ProposedSite(Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody wants to do, and where; the vocabulary of kinds, actions and purposes is open."""

    geometry: Geometry
    facility_kind: Code
    action: Code
    purpose: Code | None = None


class ZoneDistance(Struct, frozen=True, kw_only=True):
    """How far a site is from the drawn line or ground of a zone, and at which kilometre."""

    zone: str
    distance_m: float
    chainage_km: float | None = None


class Finding(Struct, frozen=True, kw_only=True):
    """What one rule says about a site, with the zone it was measured from."""

    rule: str
    name: Name
    provision: str
    outcome: RuleOutcome
    outcome_label: Words
    zone: str | None
    zone_name: Name | None
    road: str | None
    chainage_km: float | None
    limit_m: float
    distance_m: float | None
    distance_to_boundary_m: float | None
    distance_to_boundary_min_m: float | None
    distance_to_boundary_max_m: float | None
    measured_from: Words
    exemption: Words | None
    exemptions: list[Exemption]
    reason: Words


class SiteAssessment(Struct, frozen=True, kw_only=True):
    """What all rules say about a site; the strictest outcome stands for the whole."""

    outcome: RuleOutcome
    outcome_label: Words
    findings: list[Finding]


BEYOND = Words("在规则距离之外", "beyond the distance of the rule")
INSIDE = Words("在规则距离之内", "within the distance of the rule")
UNDRAWN = Words("区域没有几何，不能判定", "the zone has no geometry, so it cannot be told")
STRANGE = Words(
    "设施类型或活动不在词表中，无法断定规则不适用",
    "the kind of facility or the action is not in the vocabulary, so the rule cannot be ruled out",
)
TOO_VAGUE = Words("几何的误差或外缘位置不足以判定", "the geometry is too vague to tell")


def check_rule(rule: Rule) -> None:
    """Refuse a rule that could not be applied."""
    if not rule.actions:
        raise Invalid("a rule names at least one action", field="actions")


def concerns(rule: Rule, site: ProposedSite) -> bool:
    """Whether the rule is about such a facility and action."""
    kinds = rule.facility_kinds
    return (not kinds or site.facility_kind in kinds) and site.action in rule.actions


def apply_rule(rule: Rule, zone: StoredZone, site: ProposedSite, reach: ZoneDistance | None) -> Finding:
    """What a rule that concerns the site says about one zone; without geometry never `allowed`."""
    if not zone.has_geometry or reach is None:
        return _finding(rule, zone, "cannot_evaluate", UNDRAWN, None)
    low, high = _bounds(rule, zone, reach.distance_m)
    if low > TOLERANCE_M:
        return _finding(rule, zone, "allowed", BEYOND, reach)
    if high > TOLERANCE_M:
        return _finding(rule, zone, "cannot_evaluate", TOO_VAGUE, reach)
    for exemption in rule.exemptions:
        if site.action in exemption.actions and site.purpose in exemption.purposes:
            return _finding(rule, zone, exemption.outcome, INSIDE, reach, exemption.text)
    return _finding(rule, zone, rule.outcome, INSIDE, reach)


def _bounds(rule: Rule, zone: StoredZone, distance_m: float) -> tuple[float, float]:
    """Metres from the rule's outer boundary to the site, at least and at most; inclusive at zero."""
    offset_max = math.inf if zone.offset_max_m is None else zone.offset_max_m
    low = distance_m - zone.uncertainty_m - offset_max - rule.distance_m
    high = distance_m + zone.uncertainty_m - zone.offset_min_m - rule.distance_m
    return low, high


def _finding(
    rule: Rule,
    zone: StoredZone,
    outcome: RuleOutcome,
    reason: Words,
    reach: ZoneDistance | None,
    exemption: Words | None = None,
) -> Finding:
    low, high = _bounds(rule, zone, reach.distance_m) if reach else (None, None)
    nominal = None if reach is None else reach.distance_m - zone.offset_min_m - rule.distance_m
    return Finding(
        rule=rule.id,
        name=rule.name,
        provision=rule.provision,
        outcome=outcome,
        outcome_label=VERDICTS[outcome],
        zone=zone.zone.id,
        zone_name=zone.zone.name,
        road=zone.zone.range.road if zone.zone.range else None,
        chainage_km=reach.chainage_km if reach else None,
        limit_m=rule.distance_m,
        distance_m=reach.distance_m if reach else None,
        distance_to_boundary_m=nominal,
        distance_to_boundary_min_m=None if low is None or math.isinf(low) else low,
        distance_to_boundary_max_m=high,
        measured_from=rule.measured_from,
        exemption=exemption,
        exemptions=rule.exemptions,
        reason=reason,
    )


class Vocabulary(Struct, frozen=True):
    """The facility kinds and actions that are known; of others nobody can say that no rule is about them."""

    facility_kinds: frozenset[str]
    actions: frozenset[str]

    def knows(self, site: ProposedSite) -> bool:
        """Whether both words of a site are known."""
        return site.facility_kind in self.facility_kinds and site.action in self.actions


def assess_site(
    rules: list[Rule],
    zones: list[StoredZone],
    site: ProposedSite,
    reaches: dict[str, ZoneDistance],
    words: Vocabulary,
) -> SiteAssessment:
    """What the rules say about a site: per rule the strictest zone, and the strictest rule for the whole."""
    findings = []
    for rule in rules:
        if concerns(rule, site):
            about = [zone for zone in zones if zone.zone.kind == rule.zone_kind]
            found = [apply_rule(rule, zone, site, reaches.get(zone.zone.id)) for zone in about]
            findings.append(min(found, key=_strictness) if found else _without_zone(rule, UNDRAWN))
        elif not words.knows(site):
            findings.append(_without_zone(rule, STRANGE))
    outcome: RuleOutcome = min((f.outcome for f in findings), key=ORDER.index, default="allowed")
    return SiteAssessment(outcome=outcome, outcome_label=VERDICTS[outcome], findings=findings)


def _strictness(finding: Finding) -> tuple[int, float]:
    away = finding.distance_to_boundary_m
    return ORDER.index(finding.outcome), math.inf if away is None else away


def _without_zone(rule: Rule, reason: Words) -> Finding:
    return Finding(
        rule=rule.id,
        name=rule.name,
        provision=rule.provision,
        outcome="cannot_evaluate",
        outcome_label=VERDICTS["cannot_evaluate"],
        zone=None,
        zone_name=None,
        road=None,
        chainage_km=None,
        limit_m=rule.distance_m,
        distance_m=None,
        distance_to_boundary_m=None,
        distance_to_boundary_min_m=None,
        distance_to_boundary_max_m=None,
        measured_from=rule.measured_from,
        exemption=None,
        exemptions=rule.exemptions,
        reason=reason,
    )
