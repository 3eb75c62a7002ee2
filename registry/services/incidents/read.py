"""Read incidents: one with its log and what is committed, a page of them, those near a spot."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from msgspec import Struct

from registry.domain.access.sight import Sight
from registry.domain.completeness import Completeness
from registry.domain.incidents.dispatch import Commitment, commitments
from registry.domain.incidents.incident import Incident, LogLine
from registry.services.incidents.shown_log import shown_lines
from registry.services.incidents.start import read_incident
from registry.services.plans.near_entries import completeness_listed
from registry.store.database.pool import Reader
from registry.store.plans import entries


class IncidentPage(Struct, frozen=True, kw_only=True):
    """Incidents by identity, which is the order in which they were opened; `last` is None at the end."""

    incidents: list[Incident]
    completeness: Completeness
    last: UUID | None


class IncidentLog(Struct, frozen=True, kw_only=True):
    """The log of an incident in its order, and what it makes of the commitments."""

    log: list[LogLine]
    commitments: list[Commitment]


async def list_incidents(
    reader: Reader, sight: Sight, conditions: Mapping[str, Any], limit: int
) -> IncidentPage:
    """At most `limit` incidents; `conditions` has any of place, hazard, state, open and after."""
    async with reader.snapshot() as snapshot:
        found = await entries.find(snapshot, sight, limit + 1, register="incident", **conditions)
        incidents = [entry for entry in found if isinstance(entry, Incident)]
        return IncidentPage(
            incidents=incidents[:limit],
            completeness=await completeness_listed(snapshot, sight, ["incident"], conditions.get("place")),
            last=incidents[limit - 1].id if len(incidents) > limit else None,
        )


async def read_log(reader: Reader, sight: Sight, identity: UUID) -> IncidentLog:
    """The log up to the instant of the sight; NotFound for an incident that it does not see."""
    async with reader.snapshot() as snapshot:
        incident = await read_incident(snapshot, sight, identity)
        lines = (await shown_lines(snapshot, sight, [incident.id]))[incident.id]
        return IncidentLog(log=lines, commitments=commitments(lines))
