"""Decide a proposed location or an edit that conflicted with another."""

from uuid import UUID

from msgspec import Struct

from registry.domain.access.actor import require
from registry.domain.errors import Conflict
from registry.domain.records.change import Verb, from_members, to_members
from registry.domain.values import LongText
from registry.services.clock import now
from registry.services.intake.admit import admit_value
from registry.services.records.edit import save_edit
from registry.services.records.work import Saved, Work, admit, locked
from registry.store.records import corrections


class Decision(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a person decides: the proposed members are taken, or the record stays as it is."""

    accept: bool
    reason: LongText
    """Why it was decided so; kept in the history."""


async def decide_correction(work: Work, identity: UUID, decision: Decision) -> Saved:
    """Accept a correction into the current version, or reject it; both are kept with the reason."""
    require(work.actor, "planner")
    decision = await admit_value(work.writer, decision)
    waiting = await corrections.lock(work.writer, work.sight, identity)
    if waiting["state"] != "open":
        raise Conflict(f"this was {waiting['state']} before")
    current = await locked(work, "planner", waiting["resource_id"])
    state, at = "accepted" if decision.accept else "rejected", now()
    await corrections.decide(
        work.writer, identity, state=state, by=work.actor.id, at=at, reason=decision.reason
    )
    if not decision.accept:
        return Saved(record=current, outcome="rejected", correction=identity)
    revised = from_members(current, to_members(current) | waiting["members"])
    verb: Verb = "locate" if waiting["subject"] == "location" else "update"
    return await save_edit(
        work, current, await admit(work, revised, current), work.change(verb, at, decision.reason)
    )
