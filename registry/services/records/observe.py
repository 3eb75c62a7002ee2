"""Keep observations of a record, and fold them into its state."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from registry.domain.identity import new_id
from registry.domain.records.resource import Resource
from registry.domain.records.state import (
    Observation,
    Origin,
    Statement,
    check_clocks,
    edited,
    fold_slots,
    state_of,
    statements,
    with_state,
)
from registry.domain.records.unapplied import Unapplied, unapplied
from registry.services.records.work import Work
from registry.store.records import observations


class Observed(NamedTuple):
    """The record in the state that its observations make, and which new ones that state does not show."""

    record: Resource
    unapplied: tuple[Unapplied, ...]


async def observe(
    work: Work,
    current: Resource,
    revised: Resource,
    new: list[Observation],
    at: datetime,
    *,
    skew: timedelta = timedelta(),
    note: str | None = None,
    also: Iterable[str] = (),
) -> Observed:
    """Store new observations of `current`, which is locked; `revised` in the state that they leave.

    Before the first observation of a slot, what the record says of it is stored as one. The slots in `also`
    are folded too.
    """
    slots = sorted({one.slot for one in new} | set(also))
    known = await observations.since_standing(work.writer, work.sight, current.id, slots)
    settled = {one.slot for one in known if one.subject != "movement"}
    initial = _initial(current, set(slots) - settled, at)
    shared = {"received_at": at, "actor": work.actor.id, "skew_s": skew.total_seconds(), "note": note}
    unsaid = shared | {"skew_s": 0.0, "note": None}
    rows = [(one, shared) for one in new] + [(one, unsaid) for one in initial]
    await observations.insert(work.writer, work.sight, current.id, rows)
    folds = fold_slots([*known, *initial, *new])
    return Observed(with_state(revised, state_of(folds)), unapplied(new, folds))


def _initial(current: Resource, slots: set[str], at: datetime) -> list[Observation]:
    """What the record says of slots that no observation has set."""
    said = {slot: one for slot, one in statements(current).items() if slot in slots and not one.is_empty}
    return _observations(new_id(int(at.timestamp() * 1000)), said, "record")


async def observe_edit(work: Work, current: Resource, revised: Resource, at: datetime) -> Observed:
    """Keep what an edit of the locked `current` says of the state; `revised` in the state that follows.

    A stock line that comes back to a record has the state of its earlier observations.
    """
    before, after = statements(current), statements(revised)
    said = edited(before, after, at)
    check_clocks(said, at)
    fresh = sorted(after.keys() - before.keys())
    earlier = await observations.since_standing(work.writer, work.sight, current.id, fresh) if fresh else []
    known = before.keys() | {one.slot for one in earlier}
    kept = with_state(revised, {slot: one for slot, one in before.items() if slot not in said})
    stated = {
        slot: one for slot, one in said.items() if slot in known and not (slot in fresh and one.is_empty)
    }
    identity = new_id(int(at.timestamp() * 1000))
    new = _observations(identity, stated, "edit", at)
    if not new and not earlier:
        return Observed(kept, ())
    return await observe(work, current, kept, new, at, also={one.slot for one in earlier})


def _observations(
    identity: UUID, said: Mapping[str, Statement], origin: Origin, at: datetime | None = None
) -> list[Observation]:
    """Statements as the observations of one edit or record, those without a time at the instant `at`."""
    return [
        Observation(
            id=identity,
            line=line,
            slot=slot,
            subject=one.subject,
            value=one.value,
            observed_at=one.at or at,
            origin=origin,
        )
        for line, (slot, one) in enumerate(said.items())
    ]
