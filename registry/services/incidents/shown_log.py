"""The lines of logs that a sight may read: none is about a record or incident that it does not have."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from registry.domain.access.sight import Sight
from registry.domain.incidents.incident import LogLine
from registry.services.access.still_readable import IDENTITY, hidden_of
from registry.store.database.pool import Reader
from registry.store.incidents import log

ABOUT = ("resource", "camera", "joined", "joined_to", "from")
"""Members of a line, at any depth, that name a record or an incident."""


async def shown_lines(reader: Reader, sight: Sight, incidents: list[UUID]) -> dict[UUID, list[LogLine]]:
    """The lines of incidents up to the instant of the sight, in their order, as far as it may read them."""
    by_incident = await log.lines(reader, sight, incidents)
    about = {line.seq: {*_about(line.body)} for lines in by_incident.values() for line in lines}
    hidden = await hidden_of(reader, sight, set().union(*about.values()))
    return {
        incident: [line for line in lines if not about[line.seq] & hidden]
        for incident, lines in by_incident.items()
    }


def _about(value: Any) -> Iterator[UUID]:
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, member in members:
        if name in ABOUT and isinstance(member, str) and IDENTITY.fullmatch(member):
            yield UUID(member)
        yield from _about(member)
