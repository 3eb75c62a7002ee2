"""A spatial rule: which facility and action is kept how far from which zone, and its exemptions."""

import math
from collections.abc import Container
from typing import Annotated, Literal

from msgspec import Meta, Struct, field, structs

from registry.domain.errors import Invalid
from registry.domain.geojson import Geometry
from registry.domain.places.zone import StoredZone, ZoneKind
from registry.domain.plans.provision import Words
from registry.domain.plans.wording import VERDICTS
from registry.domain.values import Code, Name

RuleOutcome = Literal["allowed", "forbidden", "needs_review", "cannot_evaluate", "not_in_force"]
TOLERANCE_M = 0.01
"""A site up to one centimetre beyond the boundary counts as on it; distances are not more exact."""
STRICTEST_FIRST: tuple[RuleOutcome, ...] = (
    "forbidden",
    "needs_review",
    "cannot_evaluate",
    "allowed",
    "not_in_force",
)


class Exemption(Struct, frozen=True, forbid_unknown_fields=True):
    """Actions and purposes for which a rule has another outcome.

    With `open_list` the document ends its purposes with "and so on" (等), so that any stated purpose counts.
    """

    actions: list[Code]
    purposes: list[Code]
    outcome: RuleOutcome
    text: Words
    open_list: bool = False

    def holds_for(self, action: str, purpose: str | None) -> bool:
        """Whether the exemption is for this action and purpose; an unstated purpose is never exempt."""
        return action in self.actions and (
            purpose in self.purposes or (self.open_list and purpose is not None)
        )


class Rule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a provision keeps away from a kind of zone; no facility kinds means every kind."""

    id: Code
    provision: Code
    name: Name
    zone_kind: ZoneKind
    """Kind of zone that the distance is measured from."""
    facility_kinds: list[Code] = field(default_factory=list)
    actions: list[Code]
    distance_m: Annotated[float, Meta(ge=0, le=1_000_000)]
    """The distance that has to be kept, in metres."""
    outcome: RuleOutcome = "forbidden"
    """What a site within the distance is."""
    measured_from: Words
    exemptions: list[Exemption] = field(default_factory=list)
    at_least: bool = False
    """Whether the distance is printed as a minimum; the zone in force may be wider."""
    territory: Code | None = None
    """The place where the rule is in force; that of its provision or document when it names none."""


class ProposedSite(Struct, frozen=True, forbid_unknown_fields=True):
    """A planned action on a facility at a place; kinds, actions and purposes are an open vocabulary."""

    geometry: Geometry
    facility_kind: Code
    action: Code
    purpose: Code | None = None


class ZoneDistance(Struct, frozen=True, kw_only=True):
    """The distance of a site from the line or polygon of a zone, and the kilometre nearest to it."""

    zone: str
    distance_m: float
    chainage_km: float | None = None


class RuleFinding(Struct, frozen=True, kw_only=True):
    """The outcome of one rule for a site, with the zone it was measured from.

    Distances to the boundary are negative inside it; the minimum and maximum allow for what is uncertain.
    """

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
    """Why it came out so, in words."""


class SiteAssessment(Struct, frozen=True, kw_only=True):
    """The findings of all rules about a site; its outcome is the strictest.

    `not_in_force` is the outcome where no rule on record is in force. That proves nothing about other rules.
    """

    outcome: RuleOutcome
    outcome_label: Words
    findings: list[RuleFinding]


BEYOND = Words("在规则距离之外", "beyond the distance of the rule")
INSIDE = Words("在规则距离之内", "within the distance of the rule")
NOT_IN_FORCE = Words(
    "场址在规则适用地域之外", "the site lies outside the territory where the rule is in force"
)
UNDRAWN = Words("区域没有几何，不能判定", "the zone has no geometry, so the rule cannot be applied")
UNKNOWN_CODE = Words(
    "设施类型或活动不在词表中，无法断定规则不适用",
    "the kind of facility or the action is not in the vocabulary, so the rule cannot be ruled out",
)
TOO_UNCERTAIN = Words("几何的误差或外缘位置不足以判定", "the geometry is too uncertain to decide")


def check_rule(rule: Rule) -> None:
    """Raise Invalid for a rule that could not be applied."""
    if not rule.actions:
        raise Invalid("a rule names at least one action", field="actions")


def concerns(rule: Rule, site: ProposedSite) -> bool:
    """Whether the rule is about this kind of facility and this action."""
    kinds = rule.facility_kinds
    return (not kinds or site.facility_kind in kinds) and site.action in rule.actions


def apply_rule(
    rule: Rule, zone: StoredZone, site: ProposedSite, measured: ZoneDistance | None
) -> RuleFinding:
    """The finding of a rule that concerns the site, for one zone; never `allowed` without a geometry."""
    if not zone.has_geometry or measured is None:
        return _finding(rule, zone, "cannot_evaluate", UNDRAWN)
    low, high = _bounds(rule, zone, measured.distance_m)
    if low > TOLERANCE_M:
        return _finding(rule, zone, "allowed", BEYOND, measured)
    if high > TOLERANCE_M:
        return _finding(rule, zone, "cannot_evaluate", TOO_UNCERTAIN, measured)
    for exemption in rule.exemptions:
        if exemption.holds_for(site.action, site.purpose):
            return _finding(rule, zone, exemption.outcome, INSIDE, measured, exemption.text)
    return _finding(rule, zone, rule.outcome, INSIDE, measured)


def _bounds(rule: Rule, zone: StoredZone, distance_m: float) -> tuple[float, float]:
    """Least and greatest distance in metres from the rule's outer boundary to the site; negative inside."""
    offset_max = math.inf if zone.offset_max_m is None else zone.offset_max_m
    low = distance_m - zone.uncertainty_m - offset_max - rule.distance_m
    high = distance_m + zone.uncertainty_m - zone.offset_min_m - rule.distance_m
    return low, high


def _finding(
    rule: Rule,
    stored: StoredZone | None,
    outcome: RuleOutcome,
    reason: Words,
    measured: ZoneDistance | None = None,
    exemption: Words | None = None,
) -> RuleFinding:
    low, high, nominal = None, None, None
    if stored is not None and measured is not None:
        low, high = _bounds(rule, stored, measured.distance_m)
        nominal = measured.distance_m - stored.offset_min_m - rule.distance_m
    zone = stored.zone if stored else None
    return RuleFinding(
        rule=rule.id,
        name=rule.name,
        provision=rule.provision,
        outcome=outcome,
        outcome_label=VERDICTS[outcome],
        zone=zone.id if zone else None,
        zone_name=zone.name if zone else None,
        road=zone.range.road if zone and zone.range else None,
        chainage_km=measured.chainage_km if measured else None,
        limit_m=rule.distance_m,
        distance_m=measured.distance_m if measured else None,
        distance_to_boundary_m=nominal,
        distance_to_boundary_min_m=None if low is None or math.isinf(low) else low,
        distance_to_boundary_max_m=high,
        measured_from=rule.measured_from,
        exemption=exemption,
        exemptions=rule.exemptions,
        reason=reason,
    )


class Vocabulary(Struct, frozen=True):
    """The known facility kinds and actions. For other codes no rule can be ruled out."""

    facility_kinds: frozenset[str]
    actions: frozenset[str]

    def has(self, site: ProposedSite) -> bool:
        """Whether the facility kind and the action of a site are known."""
        return site.facility_kind in self.facility_kinds and site.action in self.actions


def assess_site(
    rules: list[Rule],
    zones: list[StoredZone],
    site: ProposedSite,
    distances: dict[str, ZoneDistance],
    vocabulary: Vocabulary,
    in_force: Container[str],
) -> SiteAssessment:
    """The findings about a site: for each rule the strictest zone; the strictest rule decides the outcome.

    `in_force` has the identities of the rules whose territory may hold a part of the site.
    """
    findings = []
    for rule in rules:
        about = concerns(rule, site)
        if not about and vocabulary.has(site):
            continue
        finding = _strictest(rule, zones, site, distances) if about else None
        finding = finding or _finding(rule, None, "cannot_evaluate", UNDRAWN if about else UNKNOWN_CODE)
        findings.append(finding if rule.id in in_force else _elsewhere(finding))
    usual: RuleOutcome = "allowed" if any(rule.id in in_force for rule in rules) else "not_in_force"
    outcome: RuleOutcome = min((f.outcome for f in findings), key=STRICTEST_FIRST.index, default=usual)
    return SiteAssessment(outcome=outcome, outcome_label=VERDICTS[outcome], findings=findings)


def _strictest(
    rule: Rule, zones: list[StoredZone], site: ProposedSite, distances: dict[str, ZoneDistance]
) -> RuleFinding | None:
    """The finding of the strictest zone of the rule's kind; None without such a zone."""
    applied = [
        apply_rule(rule, zone, site, distances.get(zone.zone.id))
        for zone in zones
        if zone.zone.kind == rule.zone_kind
    ]
    return min(applied, key=_strictness, default=None)


def _elsewhere(finding: RuleFinding) -> RuleFinding:
    return structs.replace(
        finding, outcome="not_in_force", outcome_label=VERDICTS["not_in_force"], reason=NOT_IN_FORCE
    )


def _strictness(finding: RuleFinding) -> tuple[int, float]:
    distance_m = finding.distance_to_boundary_m
    return STRICTEST_FIRST.index(finding.outcome), math.inf if distance_m is None else distance_m
