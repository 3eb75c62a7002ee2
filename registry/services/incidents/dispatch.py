"""Dispatch: commit resources to an incident, follow them, release them; their readiness follows at once."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct, structs

from registry.domain.access.sight import Sight
from registry.domain.errors import Conflict, Duplicate, Invalid, NotFound
from registry.domain.identity import new_id
from registry.domain.incidents.dispatch import Advance, Commit, Commitment, commitments, demand_next
from registry.domain.incidents.incident import Incident
from registry.domain.plans.entry import Entry
from registry.domain.records.observation import StatusReport
from registry.domain.records.resource import Readiness, RescueTeam, Resource
from registry.services.clock import now
from registry.services.incidents.change_incident import locked_incident, save_incident
from registry.services.incidents.shown_log import shown_lines
from registry.services.intake.admit import admit_value
from registry.services.records.report import report
from registry.services.records.work import Work, locked
from registry.store.database.pool import Reader, Row
from registry.store.incidents import commitments as store
from registry.store.incidents import log
from registry.store.plans import entries


class CommittedTo(Struct, frozen=True, kw_only=True):
    """Where a resource is committed; the incident is None for a reader who may not see it."""

    incident: UUID | None
    name: str | None
    state: str
    """How far the unit is."""
    since: datetime


async def commit(work: Work, identity: UUID, wish: Commit) -> list[Commitment]:
    """Commit resources to an incident, all or none; Conflict names the one that is committed elsewhere."""
    incident = await locked_incident(work, identity)
    wish = await admit_value(work.writer, wish)
    if incident.state == "closed":
        raise Conflict("the incident is closed", field="state", zh="事件已关闭")
    at = now()
    for resource in sorted(set(wish.resources)):
        current = await locked(work, "field", resource)
        await _take(work, incident, current, wish, at)
    if incident.state in ("reported", "confirmed"):
        await save_incident(work, incident, structs.replace(incident, state="responding"))
    return await commitments_of(work.writer, work.sight, identity)


async def _take(work: Work, incident: Incident, current: Resource, wish: Commit, at: datetime) -> None:
    if not isinstance(current.properties, RescueTeam):
        raise Invalid(f"{current.id} is no team", field="resources", zh=f"{current.id} 不是队伍")
    identity = new_id(int(at.timestamp() * 1000))
    held = (await where_committed(work.writer, work.sight, [current.id])).get(current.id)
    if held is not None:
        raise _committed_elsewhere(current, held)
    try:
        await store.take(work.writer, work.sight, current.id, identity, incident.id, "committed", at)
    except Duplicate as error:
        raise Conflict(f"{current.properties.name} was committed by somebody else just now") from error
    name = current.properties.name
    body = {"commitment": str(identity), "resource": str(current.id), "kind": current.kind}
    body |= {"name": {"zh": name.zh, "en": name.en}, "state": "committed"}  # type: ignore[dict-item]
    await log.append(
        work.writer, work.sight, incident.id, "dispatch",
        at=at, actor=work.actor.id, version=incident.version, text=wish.task, body=body,
    )  # fmt: skip
    await _follow(work, current.id, "committed", at, f"committed to incident {incident.id}")


def _committed_elsewhere(current: Resource, held: CommittedTo) -> Conflict:
    where = "another incident" if held.incident is None else f"incident {held.incident} ({held.name})"
    return Conflict(
        f"{current.properties.name} has been {held.state} to {where} since {held.since.isoformat()}",
        field="resources",
        zh=f"{current.properties.name} 已派往其他事件（{held.state}）",
    )


async def _follow(work: Work, resource: UUID, readiness: Readiness, at: datetime, note: str) -> None:
    """The readiness of the resource as an observation of now; what else the body found stays."""
    kept = list(work.writer.findings)
    await report(work, resource, StatusReport(observed_at=at, readiness=readiness, note=note))
    work.writer.findings = kept


async def advance(work: Work, identity: UUID, commitment: UUID, step: Advance) -> list[Commitment]:
    """Give a commitment its next state; a team that is released is available unless stated otherwise."""
    incident = await locked_incident(work, identity)
    step = await admit_value(work.writer, step)
    row = await store.lock(work.writer, work.sight, commitment)
    if row is None or row["incident"] != identity:
        raise NotFound("commitment that is not over", commitment)
    demand_next(row["state"], step.state)
    at = now()
    if step.state == "released":
        await store.free(work.writer, work.sight, row["resource_id"])
        await _follow(
            work, row["resource_id"], step.readiness or "available", at, f"released from {identity}"
        )
    else:
        await store.move(work.writer, work.sight, row["resource_id"], step.state, at)
    body = {"commitment": str(commitment), "resource": str(row["resource_id"]), "state": step.state}
    await log.append(
        work.writer, work.sight, identity, "dispatch",
        at=at, actor=work.actor.id, version=incident.version, text=step.note, body=body,
    )  # fmt: skip
    return await commitments_of(work.writer, work.sight, identity)


async def commitments_of(reader: Reader, sight: Sight, identity: UUID) -> list[Commitment]:
    """What was committed to an incident, as its log says it to this sight."""
    return commitments((await shown_lines(reader, sight, [identity]))[identity])


async def where_committed(reader: Reader, sight: Sight, ids: list[UUID]) -> dict[UUID, CommittedTo]:
    """Where resources are committed now, as far as the sight may know of the incidents."""
    held = await store.of_resources(reader, sight, ids) if ids else {}
    known = {
        identity: await entries.get(reader, sight, "incident", identity)
        for identity in {row["incident"] for row in held.values()}
    }
    return {resource: _committed(row, known[row["incident"]]) for resource, row in held.items()}


def _committed(row: Row, incident: Entry | None) -> CommittedTo:
    seen = incident if isinstance(incident, Incident) else None
    return CommittedTo(
        incident=None if seen is None else seen.id,
        name=None if seen is None else str(seen.name or seen.hazard),
        state=row["state"],
        since=row["since"],
    )
