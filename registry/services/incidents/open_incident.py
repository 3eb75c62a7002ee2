"""Open an incident: place it, store it, begin its log, and name what it may be another report of."""

from typing import Any

from msgspec import Struct, field, structs

from registry.domain.access.actor import require, require_place
from registry.domain.errors import Forbidden, NoGeometry
from registry.domain.identity import new_id
from registry.domain.incidents.duplicates import SAME_M, PossibleDouble, possible_doubles
from registry.domain.incidents.incident import Incident, IncidentDraft
from registry.domain.intake.finding import Finding
from registry.domain.plans.entry import check_entry
from registry.domain.plans.located_entry import located_in_wgs84
from registry.domain.proximity.origin import Start
from registry.services.clock import now
from registry.services.incidents.start import start_of_incident
from registry.services.intake.admit import admit_value
from registry.services.plans.near_entries import measured_near
from registry.services.plans.store_entry import store_entry
from registry.services.proximity.situation import chain_of
from registry.services.records.work import Work
from registry.store.database.pool import Reader
from registry.store.incidents import log
from registry.store.places import places

MOST_COMPARED = 200


class OpenedIncident(Struct, frozen=True, kw_only=True):
    """The incident as it was stored, and the open ones that it may be another report of.

    `filed_under` says that its place is one of the reporter's own, since it lies outside of all of them.
    """

    incident: Incident
    possible_doubles: list[PossibleDouble]
    filed_under: str | None = None
    findings: list[Finding] = field(default_factory=list)


async def open_incident(
    work: Work,
    draft: IncidentDraft,
    *,
    beside: dict[str, Any] | None = None,
    line: dict[str, Any] | None = None,
) -> OpenedIncident:
    """Store a reported incident and begin its log; Duplicate when its identity is taken.

    Whoever may report in any place may report what lies elsewhere: it is then filed under the own place.
    `beside` are members that a caller cannot send, `line` is kept with the first line of the log.
    """
    require(work.actor, "field")
    at = now()
    draft = await admit_value(work.writer, draft)
    incident = _incident(work, draft, at, beside or {})
    incident = located_in_wgs84(incident)
    check_entry(incident)
    incident, filed_under = await _filed(work, incident)
    stored = await store_entry(work.writer, None, incident, work.change("create", at, draft.note))
    body = {"via": stored.reported_via} | (line or {})
    await log.append(
        work.writer, work.sight, stored.id, "opened",
        at=at, actor=work.actor.id, version=stored.version, text=draft.note, body=body,
    )  # fmt: skip
    doubles = await doubles_of(work.writer, work, stored)
    return OpenedIncident(
        incident=stored, possible_doubles=doubles, filed_under=filed_under, findings=work.writer.findings
    )


def _incident(work: Work, draft: IncidentDraft, at: Any, beside: dict[str, Any]) -> Incident:
    members = {name: getattr(draft, name) for name in draft.__struct_fields__ if name != "id"}
    identity = draft.id or new_id(int(at.timestamp() * 1000))
    members |= {"reported_at": draft.reported_at or at, "exercise": work.sight.exercise}
    return Incident(id=identity, **(members | beside))


async def _filed(work: Work, incident: Incident) -> tuple[Incident, str | None]:
    """The incident with a place that its reporter may write to."""
    place = incident.place or await _smallest(work.writer, incident)
    above = await places.ancestors(work.writer, place) if place else []
    try:
        require_place(work.actor, "field", above)
    except Forbidden:
        if incident.place is not None:
            raise
        if not work.actor.places:
            raise
        own = work.actor.places[0]
        return structs.replace(incident, place=own), own
    return structs.replace(incident, place=place), None


async def _smallest(reader: Reader, incident: Incident) -> str | None:
    """The smallest place that holds all of the incident."""
    try:
        start = await start_of_incident(reader, incident)
    except NoGeometry:
        return None
    return await smallest_place(reader, start)


async def smallest_place(reader: Reader, start: Start) -> str | None:
    """The smallest place that holds all of a start, None when none does."""
    chain, _ = await chain_of(reader, start, now().date())
    return next((place["code"] for place in chain if place["holds_all"]), None)


async def doubles_of(reader: Reader, work: Work, incident: Incident) -> list[PossibleDouble]:
    """The open incidents that this one may be another report of."""
    try:
        start = await start_of_incident(reader, incident)
    except NoGeometry:
        return []
    near, _ = await measured_near(reader, work.sight, ["incident"], start, SAME_M, MOST_COMPARED)
    return possible_doubles(incident, near)
