"""Join two reports of one incident: a person decides, both logs say so, and nothing is lost."""

from uuid import UUID

from msgspec import Struct, structs

from registry.domain.errors import Conflict, Invalid
from registry.domain.incidents.incident import Incident
from registry.domain.values import LongText
from registry.services.clock import now
from registry.services.incidents.change_incident import locked_incident, save_incident
from registry.services.intake.admit import admit_value
from registry.services.records.work import Work
from registry.store.incidents import commitments, log


class Joining(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which other report is of the same incident, and why somebody thinks so."""

    other: UUID
    why: LongText | None = None


async def join_incidents(work: Work, identity: UUID, joining: Joining) -> Incident:
    """Close the other report into this incident; what is committed to it stays committed, to this one.

    Conflict when the other was joined or closed before.
    """
    joining = await admit_value(work.writer, joining)
    if joining.other == identity:
        raise Invalid("an incident is not another report of itself", field="other")
    kept, other = [await _locked(work, one, identity, joining.other) for one in (identity, joining.other)]
    if other.joined_to is not None or other.state == "closed":
        raise Conflict(f"incident {other.id} is closed already", field="other", zh="该报告已关闭或已并案")
    if kept.joined_to is not None:
        raise Conflict(f"incident {kept.id} was itself joined to {kept.joined_to}", field="id")
    closed = structs.replace(other, state="closed", joined_to=kept.id)
    await save_incident(work, other, closed, why=joining.why, kind="joined", joined_to=str(kept.id))
    await _carry_over(work, other, kept)
    body = {"joined": str(other.id), "reported_via": other.reported_via}
    await log.append(
        work.writer, work.sight, kept.id, "joined",
        at=now(), actor=work.actor.id, version=kept.version, text=joining.why, body=body,
    )  # fmt: skip
    return kept


async def _locked(work: Work, identity: UUID, one: UUID, other: UUID) -> Incident:
    """Lock both in the order of their identities, so that no two wait for each other."""
    for each in sorted((one, other)):
        locked = await locked_incident(work, each)
        if each == identity:
            found = locked
    return found


async def _carry_over(work: Work, other: Incident, kept: Incident) -> None:
    """The commitments of the other report, with their lines, in the log of the kept one."""
    held = {row["id"] for row in await commitments.of_incident(work.writer, work.sight, other.id)}
    lines = (await log.lines(work.writer, work.sight, [other.id]))[other.id]
    for line in lines:
        if line.kind == "dispatch" and UUID(line.body["commitment"]) in held:
            await log.append(
                work.writer, work.sight, kept.id, "dispatch",
                at=now(), actor=line.actor, text=line.text,
                body={"committed_at": line.at.isoformat()} | line.body | {"from": str(other.id)},
            )  # fmt: skip
    await commitments.reassign(work.writer, work.sight, other.id, kept.id)
