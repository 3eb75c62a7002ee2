"""Examine a record before it is stored: all steps of the gate, in their order."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, Struct, structs

from registry.domain.errors import Invalid
from registry.domain.identity import new_id
from registry.domain.intake.capacities import differing_capacities, with_capacity
from registry.domain.intake.doubles import LIKELY_PERCENT, doubles
from registry.domain.intake.finding import KINDS, Finding, Message, finding, pointer_of_field, refusals
from registry.domain.intake.members import examine_members
from registry.domain.intake.position import converted, placed
from registry.domain.intake.reference import Ground
from registry.domain.intake.shape import read_members
from registry.domain.records.change import RULES, Draft, record_of
from registry.domain.records.resource import Resource, Shelter, visibility_after

MOST_DOUBLES = 5
INHERITED = ("text", "vocabulary", "position", "clock")
"""Steps whose refusals an edit may inherit; what contradicts itself is never stored again."""


class ExaminedRecord(Struct, frozen=True):
    """A record as it would be stored, None when a finding refuses it, and all findings."""

    record: Resource | None
    findings: tuple[Finding, ...]


def examine(
    draft: Resource | Mapping[str, Any],
    ground: Ground,
    current: Resource | None = None,
    *,
    exercise: str | None = None,
) -> ExaminedRecord:
    """The record that a draft makes on this ground, with everything that is wrong or doubtful about it.

    A draft is a record, or a GeoJSON Feature as it came: members that cannot be used are then left out and
    named. What refuses a new record only warns about a `current` one that has it already.
    """
    if isinstance(draft, Resource):
        return _examine(draft, ground, current, [])
    read = read_members(draft, Draft)
    if read.value is None:
        return ExaminedRecord(None, tuple(read.findings))
    record = _record_of(read.value, ground.now, exercise)
    result = _examine(record, ground, current, read.findings)
    return structs.replace(result, findings=(*read.findings, *read.as_came(result.findings)))


def _examine(
    draft: Resource, ground: Ground, current: Resource | None, before: list[Finding]
) -> ExaminedRecord:
    """The steps after the members were read; `before` is what was found then."""
    record, findings = examine_members(_classified(draft, ground, current), ground.reference, ground.now)
    record, found = converted(record)
    findings += found
    record, found = placed(record, ground.reference.territory)
    findings += found
    record, found = with_capacity(record)
    findings += found + _unrefused(_rules(record), before) + _doubles(record, ground)
    if current is not None:
        findings = [_inherited(one, record, current) for one in findings]
    return ExaminedRecord(None if refusals([*before, *findings]) else record, tuple(findings))


def _classified(draft: Resource, ground: Ground, current: Resource | None) -> Resource:
    """The draft with a visibility: a replacement that states none is seen by whom the record was."""
    before = UNSET if current is None else current.visibility
    visibility = visibility_after(draft.properties.visibility, before, ground.default_visibility)
    return structs.replace(draft, properties=structs.replace(draft.properties, visibility=visibility))


def _record_of(draft: Draft, now: datetime, exercise: str | None) -> Resource:
    return record_of(draft, draft.id or new_id(int(now.timestamp() * 1000)), exercise)


def _rules(record: Resource) -> list[Finding]:
    """Every rule that the record breaks, and what is possible but odd."""
    findings = []
    for rule in RULES:
        try:
            rule(record)
        except Invalid as error:
            reason = {"reason": Message(error.zh or error.detail, error.detail)}
            findings.append(finding("rule_broken", pointer_of_field(error.field or ""), **reason))
    properties = record.properties
    if isinstance(properties, Shelter):
        persons, capacity = properties.occupancy_persons, properties.capacity_persons
        if persons is not None and capacity is not None and persons > capacity:
            figures = {"persons": persons, "capacity": capacity}
            findings.append(finding("over_capacity", "/properties/occupancy_persons", persons, **figures))
    return findings + differing_capacities(record)


def _unrefused(broken: list[Finding], findings: list[Finding]) -> list[Finding]:
    """The broken rules that do not only follow from a member that was left out."""
    left_out = [one.field or "" for one in findings if one.severity == "refuse"]
    return [one for one in broken if not any(field.startswith(one.field or "/") for field in left_out)]


def _doubles(record: Resource, ground: Ground) -> list[Finding]:
    others = [known for known in ground.near if known.id != record.id]
    territory = ground.reference.territory
    found = doubles(record.properties.name, record.properties.place, others, territory)
    return [
        finding(
            "likely_double" if double.percent >= LIKELY_PERCENT else "possible_double",
            "/properties/name",
            msgspec.to_builtins(record.properties.name),
            msgspec.to_builtins(double.record),
            name=double.record.name,
            percent=double.percent,
        )
        for double in found[:MOST_DOUBLES]
    ]


def _inherited(one: Finding, record: Resource, current: Resource) -> Finding:
    """A refusal of what the stored record has in the same member warns only: it is not this edit's doing."""
    if one.severity != "refuse" or one.field is None or KINDS[one.code].step not in INHERITED:
        return one
    kept = _at(record, one.field) == _at(current, one.field)
    return structs.replace(one, severity="warn") if kept else one


def _at(record: Resource, pointer: str) -> Any:
    value: Any = msgspec.to_builtins(record)
    for part in pointer.split("/")[1:]:
        if isinstance(value, list):
            value = value[int(part)] if part.isdigit() and int(part) < len(value) else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return value
