"""Read and store the spatial rules, and apply them to a proposed site."""

from msgspec import structs

from registry.domain.access.actor import Actor, require
from registry.domain.errors import Invalid, NotFound
from registry.domain.geometry import wkb
from registry.domain.places.rule import (
    ProposedSite,
    Rule,
    SiteAssessment,
    Vocabulary,
    assess_site,
    check_rule,
)
from registry.services.intake.admit import admit_value, forget_findings_about, keep_findings_about
from registry.store.database.pool import Reader, Writer
from registry.store.places import places, zones
from registry.store.plans import plans


async def list_rules(reader: Reader) -> list[Rule]:
    """Which facility and action is kept how far from which kind of zone."""
    return await zones.rules(reader)


async def put_rule(writer: Writer, actor: Actor, identity: str, rule: Rule) -> Rule:
    """Store a rule under this identity, in place of any that is there; for planners.

    Invalid when it could not be applied or its territory is no place; NotFound without its provision.
    """
    require(actor, "planner")
    rule = await admit_value(writer, rule)
    if rule.id != identity:
        raise Invalid(f"the path says {identity}, the body {rule.id}", field="id")
    check_rule(rule)
    await plans.get_provision(writer, rule.provision)
    if rule.territory is not None:
        place = await places.get(writer, rule.territory)
        if place is None:
            raise Invalid(f"there is no place {rule.territory}", field="territory")
        rule = structs.replace(rule, territory=place["code"])
    await zones.put_rules(writer, [rule])
    writer.findings.extend(await keep_findings_about(writer, "rule", identity, actor.id, ()))
    return rule


async def remove_rule(writer: Writer, actor: Actor, identity: str) -> None:
    """Remove a rule and what was found of it; NotFound when there is none; for planners."""
    require(actor, "planner")
    if all(rule.id != identity for rule in await zones.rules(writer)):
        raise NotFound("rule", identity)
    await zones.remove_rule(writer, identity)
    await forget_findings_about(writer, "rule", identity)


async def check_site(reader: Reader, site: ProposedSite) -> SiteAssessment:
    """What every rule says about a site, read from one snapshot; the strictest outcome is the answer."""
    wkb(site.geometry)
    async with reader.snapshot() as snapshot:
        codes = await zones.site_codes(snapshot)
        vocabulary = Vocabulary(codes["facility_kind"], codes["action"])
        rules = await zones.rules(snapshot)
        return assess_site(
            rules,
            await zones.find(snapshot),
            site,
            await zones.distances(snapshot, site.geometry),
            vocabulary,
            await zones.in_force(snapshot, rules, site.geometry),
        )
