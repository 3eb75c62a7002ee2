"""What the next shift must know of an incident, as one answer that can be printed."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from registry.domain.access.sight import Sight
from registry.domain.errors import NoGeometry
from registry.domain.incidents.call_list import IncidentCallList
from registry.domain.incidents.cordon import Cordon
from registry.domain.incidents.dispatch import Commitment, commitments
from registry.domain.incidents.duplicates import PossibleDouble, possible_doubles
from registry.domain.incidents.incident import Incident, LogLine
from registry.domain.incidents.warning import StoredWarning
from registry.domain.plans.provision import Words
from registry.domain.proximity.origin import Start
from registry.services.clock import now
from registry.services.incidents.call_list import call_list_at
from registry.services.incidents.cordons_near import cordons_around
from registry.services.incidents.shown_log import shown_lines
from registry.services.incidents.start import read_incident, start_of_incident
from registry.services.incidents.warnings.near import warnings_around
from registry.services.places.time_zone import time_zone
from registry.services.plans.near_entries import measured_near
from registry.store.database.pool import Reader

DOUBLES_WITHIN_M = 1_000.0
NO_POSITION = Words(
    "尚不知事件位置，周边情况无法列出",
    "nobody has said where the incident is: nothing around it can be listed",
)


class Handover(Struct, frozen=True, kw_only=True):
    """The state of an incident at an instant: what happened, who is there, whom to call, what is open.

    `open_questions` are what is not known or not decided; commitments that are over are in the log.
    """

    at: datetime
    """The instant that it tells of."""
    tz: str
    """The time zone of the jurisdiction, in which a page shows its times."""
    incident: Incident
    commitments: list[Commitment]
    cordons: list[Cordon]
    warnings: list[StoredWarning]
    call_list: IncidentCallList | None
    possible_doubles: list[PossibleDouble]
    open_questions: list[Words]
    log: list[LogLine]


async def handover(reader: Reader, sight: Sight, identity: UUID) -> Handover:
    """Everything about an incident as of one instant; NotFound for one that the sight does not see."""
    async with reader.snapshot() as snapshot:
        incident = await read_incident(snapshot, sight, identity)
        lines = (await shown_lines(snapshot, sight, [identity]))[identity]
        tz = await time_zone(snapshot)
        try:
            start = await start_of_incident(snapshot, incident)
        except NoGeometry:
            return _of(sight, tz, incident, lines, None, [], [], [])
        near, _ = await measured_near(snapshot, sight, ["incident"], start, DOUBLES_WITHIN_M, 200)
        called = await call_list_at(snapshot, sight, start, incident.hazard, incident.id)
        return _of(
            sight,
            tz,
            incident,
            lines,
            called,
            await _cordons(snapshot, sight, start, identity),
            await warnings_around(snapshot, sight, start),
            possible_doubles(incident, near),
        )


async def _cordons(reader: Reader, sight: Sight, start: Start, identity: UUID) -> list[Cordon]:
    """The cordons in force of this incident, and those of no incident around it."""
    return [one for one in await cordons_around(reader, sight, start) if one.incident in (None, identity)]


def _of(
    sight: Sight,
    tz: str,
    incident: Incident,
    lines: list[LogLine],
    called: IncidentCallList | None,
    cordons: list[Cordon],
    warnings: list[StoredWarning],
    doubles: list[PossibleDouble],
) -> Handover:
    every = commitments(lines)
    return Handover(
        at=sight.as_of or now(),
        tz=tz,
        incident=incident,
        commitments=[one for one in every if one.state != "released"],
        cordons=cordons,
        warnings=warnings,
        call_list=called,
        possible_doubles=doubles,
        open_questions=_open(incident, called, cordons, doubles),
        log=lines,
    )


def _open(
    incident: Incident, called: IncidentCallList | None, cordons: list[Cordon], doubles: list[PossibleDouble]
) -> list[Words]:
    questions = [NO_POSITION] if called is None else list(called.missing)
    if incident.location.quality in ("candidate_places", "unknown"):
        questions.append(Words("位置未定", "the position is not settled"))
    if incident.state == "reported":
        questions.append(Words("尚未核实", "nobody has confirmed it"))
    if doubles:
        questions.append(
            Words(
                f"{len(doubles)} 条报告可能为同一事件，待人工并案",
                f"{len(doubles)} reports may be of the same incident",
            )
        )
    undrawn = [one for one in cordons if one.geometry is None]
    if undrawn:
        questions.append(
            Words(f"{len(undrawn)} 处警戒或封闭没有图形", f"{len(undrawn)} cordons or closures are not drawn")
        )
    return questions
