"""Try a record at the gate without storing it."""

from collections.abc import Mapping
from typing import Any

from registry.domain.access.actor import Actor, require
from registry.domain.access.sight import Sight
from registry.domain.identity import new_id
from registry.domain.intake.examine import ExaminedRecord
from registry.domain.intake.finding import refusals
from registry.domain.intake.shape import ReadValue, read_members
from registry.domain.records.change import Draft, record_of
from registry.domain.records.resource import DEFAULT_VISIBILITY, Visibility
from registry.services.clock import now
from registry.services.intake.admit import examine_on_ground
from registry.store.database.pool import Reader


async def check(
    reader: Reader,
    sight: Sight,
    actor: Actor,
    feature: Mapping[str, Any],
    default_visibility: Visibility = DEFAULT_VISIBILITY,
) -> ExaminedRecord:
    """The record that a Feature would be stored as, None when it is refused, and all findings."""
    require(actor, "field")
    read: ReadValue[Draft] = read_members(feature, Draft)
    if read.value is None:
        return ExaminedRecord(None, tuple(read.findings))
    identity = read.value.id or new_id(int(now().timestamp() * 1000))
    record = record_of(read.value, identity, sight.exercise)
    result, _ = await examine_on_ground(reader, sight, record, default_visibility=default_visibility)
    findings = (*read.findings, *read.as_came(result.findings))
    return ExaminedRecord(None if refusals(read.findings) else result.record, findings)
