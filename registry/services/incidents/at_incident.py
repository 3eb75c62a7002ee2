"""Questions about what is around an incident: each looks up where it is and asks for that start."""

from uuid import UUID

from registry.domain.access.sight import Sight
from registry.domain.incidents.call_list import IncidentCallList
from registry.domain.incidents.cordon import Cordon
from registry.domain.proximity.origin import Origin
from registry.services.incidents.call_list import call_list_at
from registry.services.incidents.cordons_near import cordons_around
from registry.services.incidents.shelter_need import ShelterNeed, shelter_need, shelter_question
from registry.services.incidents.start import read_incident, start_of_incident
from registry.services.proximity.start import start_of
from registry.store.database.pool import Reader


async def call_list(reader: Reader, sight: Sight, identity: UUID) -> IncidentCallList:
    """Whom to call about an incident."""
    async with reader.snapshot() as snapshot:
        incident = await read_incident(snapshot, sight, identity)
        start = await start_of_incident(snapshot, incident)
        return await call_list_at(snapshot, sight, start, incident.hazard, identity)


async def call_list_at_origin(
    reader: Reader, sight: Sight, origin: Origin, hazard: str | None
) -> IncidentCallList:
    """Whom to call about a hazard at an origin."""
    async with reader.snapshot() as snapshot:
        return await call_list_at(snapshot, sight, await start_of(snapshot, origin), hazard)


async def shelters(
    reader: Reader, sight: Sight, identity: UUID, persons: int, radius_m: float, stale_after_days: float
) -> ShelterNeed:
    """The shelters around an incident that together hold so many persons, for its hazard."""
    async with reader.snapshot() as snapshot:
        incident = await read_incident(snapshot, sight, identity)
        start = await start_of_incident(snapshot, incident)
        question = shelter_question(sight, incident.hazard, stale_after_days)
        return await shelter_need(snapshot, sight, question, start, persons, radius_m)


async def shelters_at_origin(
    reader: Reader,
    sight: Sight,
    origin: Origin,
    hazard: str | None,
    persons: int,
    radius_m: float,
    stale_after_days: float,
) -> ShelterNeed:
    """The shelters around an origin that together hold the persons, for a hazard or for any."""
    async with reader.snapshot() as snapshot:
        start = await start_of(snapshot, origin)
        question = shelter_question(sight, hazard, stale_after_days)
        return await shelter_need(snapshot, sight, question, start, persons, radius_m)


async def cordons(reader: Reader, sight: Sight, identity: UUID) -> list[Cordon]:
    """The cordons in force around an incident, its own wherever they are."""
    async with reader.snapshot() as snapshot:
        incident = await read_incident(snapshot, sight, identity)
        return await cordons_around(snapshot, sight, await start_of_incident(snapshot, incident))
