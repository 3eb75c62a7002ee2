"""Whom to call about a hazard at a place, for an alarm and for whoever asks."""

from registry.domain.access.sight import Sight
from registry.domain.errors import NotFound
from registry.domain.plans.call_list import CallList, call_list
from registry.store.database.pool import Reader
from registry.store.places import places
from registry.store.plans import entries


async def list_responsible(reader: Reader, sight: Sight, place: str, hazard: str | None) -> CallList:
    """The bodies, persons and hotlines that answer for a hazard at a place and above it.

    NotFound when there is no such place. An empty code is an alarm that no place holds as a whole.
    """
    chain = await places.ancestors(reader, place)
    if place and not chain:
        raise NotFound("place", place)
    registers = ["organisation", "responsibility", "hotline"]
    answering = await entries.answering(reader, sight, registers, place)
    return call_list(answering, chain, hazard)
