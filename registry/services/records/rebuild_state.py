"""Make the state of every record from its observations again: what is stored is a cache of it."""

from registry.domain.records.change import Change, next_version
from registry.domain.records.resource import Resource
from registry.domain.records.state import fold_slots, state_of, statements, with_state
from registry.services.clock import now
from registry.store.database.pool import OpenWriter, Reader
from registry.store.records import changes, observations
from registry.store.records.observations import FIRST, ObservedRecord

ACTOR = "registry"
REASON = "state made from its observations again"


async def different_states(reader: Reader) -> list[str]:
    """The records whose state is not the fold of their observations, with the slots that differ."""
    faults, after = list[str](), FIRST
    while page := await observations.observed_records(reader, after):
        after = page[-1].owner
        for observed in page:
            faults += [
                f"resource {observed.record.id}: {slot} is not what was observed"
                for slot in _differing(observed)
            ]
    return faults


async def rebuild_state(open_writer: OpenWriter) -> int:
    """Give each such record a version in the state that was observed, one transaction a batch; how many."""
    rebuilt, after = 0, FIRST
    while True:
        async with open_writer() as writer:
            page = await observations.observed_records(writer, after, lock=True)
            for observed in page:
                if _differing(observed):
                    change = Change(verb="report", actor=ACTOR, at=now(), reason=REASON, via="rebuild")
                    revised = next_version(observed.record, _folded(observed), change.at)
                    await changes.amend(writer, observed.record, revised, change)
                    rebuilt += 1
        if not page:
            return rebuilt
        after = page[-1].owner


def _folded(observed: ObservedRecord) -> Resource:
    return with_state(observed.record, state_of(fold_slots(observed.observations)))


def _differing(observed: ObservedRecord) -> list[str]:
    stored, folded = statements(observed.record), statements(_folded(observed))
    return [slot for slot in stored if stored[slot] != folded[slot]]
