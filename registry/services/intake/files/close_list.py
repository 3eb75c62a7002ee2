"""Declare that a list is complete: the office said that its file has everything."""

from typing import cast
from uuid import UUID

from registry.domain.errors import Conflict
from registry.domain.identity import new_id
from registry.domain.intake.lists.list_kind import LIST_KINDS
from registry.domain.plans.entry import Inventory
from registry.domain.records.resource import Kind, Source
from registry.services.clock import now
from registry.services.intake.files.intakes import Intake
from registry.services.plans.registers import put_entry
from registry.services.records.work import Work


async def close_list(work: Work, intake: Intake) -> UUID:
    """Store an inventory of the kind and the place of an intake, and return its identity."""
    at = now()
    identity = new_id(int(at.timestamp() * 1000))
    place = intake.answers.whole_list_of
    if place is None or intake.kind in LIST_KINDS:
        raise Conflict("say first of which place this is the whole list of resources: whole_list_of")
    inventory = Inventory(
        id=identity,
        place=place,
        exercise=work.sight.exercise,
        of="resources",
        kind=cast("Kind", intake.kind),
        on=at.date(),
        sources=[
            Source(kind="person", reference=work.actor.id, as_of=at.date()),
            Source(kind="import", reference=intake.file_name[:200]),
        ],
    )
    await put_entry(work.writer, work.sight, work.actor, inventory, None)
    return identity
