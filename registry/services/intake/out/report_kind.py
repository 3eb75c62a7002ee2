"""Report a kind: a line for each part of a place, a column for each measure."""

from registry.domain.access.actor import Actor, require
from registry.domain.access.sight import Sight
from registry.domain.completeness import of_set
from registry.domain.conditions import Filter
from registry.domain.errors import NotFound
from registry.domain.intake.out.report import MEASURES, KindReport, groups_of, lines_of
from registry.domain.records.resource import Kind
from registry.services.clock import now
from registry.services.intake.reference import load
from registry.services.records.read import beside_list
from registry.store.database.pool import Reader
from registry.store.intake import report


async def report_kind(reader: Reader, sight: Sight, actor: Actor, kind: Kind, place: str) -> KindReport:
    """The report of the records in service of a kind; NotFound for an unknown place."""
    require(actor, "viewer")
    territory = (await load(reader)).territory
    known = territory.find(place)
    if known is None:
        raise NotFound("place", place)
    wanted = Filter(kind=kind, place=known.code, lifecycle="in_service", valid_at=now())
    measures = MEASURES[kind]
    groups = groups_of(await report.groups(reader, sight, wanted, measures), measures)
    lines, total = lines_of(groups, territory, known.code, measures)
    beside = await beside_list(reader, sight, wanted)
    return KindReport(
        **of_set(beside),
        kind=kind,
        place=known.code,
        name=known.name,
        exercise=sight.exercise,
        measures=list(measures),
        lines=lines,
        total=total,
    )
