"""The gate for what the seed files say: the findings of an item are those of a file of an office."""

from collections.abc import Iterable
from typing import TypeVar

from registry.domain.errors import Refused
from registry.domain.intake.finding import refusals
from registry.domain.intake.members import examine_members
from registry.services.clock import now
from registry.services.intake.reference import load
from registry.store.database.pool import Writer

T = TypeVar("T")


async def admitted(writer: Writer, values: Iterable[T]) -> list[T]:
    """The values as they may be stored; Refused with all findings of the first that may not be."""
    reference, at = await load(writer), now()
    kept: list[T] = []
    for value in values:
        one, findings = examine_members(value, reference, at)
        if refused := refusals(findings):
            raise Refused(refused)
        kept.append(one)
    return kept
