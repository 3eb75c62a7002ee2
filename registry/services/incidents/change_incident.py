"""Change an incident: state, level, place, extent; add a note; each is a line in its log."""

from collections.abc import Container
from typing import Any
from uuid import UUID

import msgspec
from msgspec import structs

from registry.domain.access.actor import require, require_place
from registry.domain.errors import ConditionMissing, Conflict, NotFound, Refused, Stale
from registry.domain.incidents.incident import (
    Incident,
    IncidentPatch,
    LogLine,
    LogNote,
    demand_transition,
)
from registry.domain.intake.shape import ReadValue, read_members
from registry.domain.plans.entry import check_entry
from registry.domain.plans.located_entry import located_in_wgs84
from registry.domain.records.change import differences
from registry.domain.records.resource import Location
from registry.services.clock import now
from registry.services.incidents.start import read_incident
from registry.services.intake.admit import admit_value
from registry.services.plans.store_entry import store_entry
from registry.services.records.work import Work
from registry.store.incidents import commitments, log
from registry.store.places import places
from registry.store.plans import entries
from registry.store.visibility import realm

STAMPS = ("version", "created_at", "updated_at")


async def locked_incident(work: Work, identity: UUID) -> Incident:
    """The current version, locked, once the actor may see it and change it where it is filed."""
    require(work.actor, "field")
    if work.sight.as_of is not None:
        raise Conflict("the past cannot be changed", field="as_of")
    stored = await entries.lock(work.writer, realm(work.sight), identity)
    if not isinstance(stored, Incident):
        raise NotFound("incident", identity)
    await read_incident(work.writer, work.sight, identity)
    await require_field(work, stored.place)
    return stored


async def require_field(work: Work, place: str | None) -> None:
    """Forbidden unless the actor has the role field at the place."""
    require_place(work.actor, "field", await places.ancestors(work.writer, place) if place else [])


async def change_incident(
    work: Work, identity: UUID, body: dict[str, Any], versions: Container[int] | None
) -> Incident:
    """Change the members in the body, those of an `IncidentPatch`, of the version that was read.

    ConditionMissing and Stale are about the version; Conflict for a state that cannot follow, or for closing
    while resources are committed.
    """
    current = await locked_incident(work, identity)
    if versions is None:
        raise ConditionMissing("send the ETag you read in If-Match")
    if current.version not in versions:
        raise Stale(f"the incident is at version {current.version}")
    read: ReadValue[IncidentPatch] = read_members(body, IncidentPatch)
    work.writer.findings.extend(read.findings)
    if read.value is None:
        raise Refused(read.findings)
    patch = await admit_value(work.writer, read.value)
    revised = _revised(current, patch, frozenset(body) & set(patch.__struct_fields__))
    demand_transition(current.state, revised.state)
    if revised.state == "closed" and current.state != "closed":
        await _demand_free(work, identity)
    check_entry(revised)
    await require_field(work, revised.place)
    return await save_incident(work, current, revised, why=patch.why)


def _revised(current: Incident, patch: IncidentPatch, given: frozenset[str]) -> Incident:
    """A geometry without a location is surveyed unless stated; a location without one keeps the geometry."""
    values: dict[str, Any] = {name: getattr(patch, name) for name in given - {"why"}}
    if "location" in values and values["location"] is None:
        values["location"] = Location()
    if "geometry" in values and "location" not in values:
        values["location"] = Location()
    for name in ("state", "hazard", "visibility"):
        if values.get(name, "") is None:
            del values[name]
    if values.get("extent") is not None and "extent_at" not in values:
        values["extent_at"] = now()
    return located_in_wgs84(structs.replace(current, **values))


async def _demand_free(work: Work, identity: UUID) -> None:
    held = await commitments.of_incident(work.writer, work.sight, identity)
    if held:
        raise Conflict(
            f"{len(held)} resources are still committed; release them first",
            field="state",
            zh=f"仍有 {len(held)} 个单位在调度中，请先解除",
        )


async def save_incident(
    work: Work, current: Incident, revised: Incident, *, why: str | None = None, **line: Any
) -> Incident:
    """Store the next version with a line in the log; one that changes nothing keeps its version.

    `line` may name the `kind` of the line, and more members of its body.
    """
    before, after = msgspec.to_builtins(current), msgspec.to_builtins(revised)
    changed = {name: value for name, value in differences(before, after).items() if name not in STAMPS}
    if not changed:
        return current
    at = now()
    stored = await store_entry(work.writer, current, revised, work.change("update", at, why))
    kind = line.pop("kind", "changed")
    body = {"before": {name: before.get(name) for name in changed}, "after": changed} | line
    await log.append(
        work.writer, work.sight, current.id, kind,
        at=at, actor=work.actor.id, version=stored.version, text=why, body=body,
    )  # fmt: skip
    return stored


async def add_note(work: Work, identity: UUID, note: LogNote) -> LogLine:
    """Append a note to the log; the incident keeps its version."""
    incident = await locked_incident(work, identity)
    note = await admit_value(work.writer, note)
    body = {} if note.observed_at is None else {"observed_at": note.observed_at.isoformat()}
    return await log.append(
        work.writer, work.sight, identity, "note",
        at=now(), actor=work.actor.id, version=incident.version, text=note.text, body=body,
    )  # fmt: skip
