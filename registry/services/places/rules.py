"""Read the spatial rules and apply them to a proposed site."""

from registry.domain.geometry import wkb
from registry.domain.places.rule import ProposedSite, Rule, SiteAssessment, Vocabulary, assess_site
from registry.store.database.pool import Reader
from registry.store.places import zones


async def list_rules(reader: Reader) -> list[Rule]:
    """Which facility and action is kept how far from which kind of zone."""
    return await zones.rules(reader)


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
