"""Take in the queue of a phone that came as a file, as if the phone had sent it."""

from typing import Any

import msgspec
from msgspec import Struct

from registry.domain.access.actor import Actor, require, sight_of
from registry.domain.errors import NotFound
from registry.domain.sync.push import MOST, Operation, malformed
from registry.domain.sync.queue_file import FieldQueue
from registry.services.records.work import Work
from registry.services.sync.push import Pushed, PushedOperation, RefusedOperation, push
from registry.store.access import keys
from registry.store.database.pool import OpenWriter

MOST_ROUNDS = 3


class TakenOperation(Struct, frozen=True, omit_defaults=True):
    """An operation of the file and what became of it; `detail` says why it was refused."""

    operation: dict[str, Any]
    result: str
    detail: str | None = None


async def take_queue(open_writer: OpenWriter, queue: FieldQueue) -> list[TakenOperation]:
    """What became of each operation, in their order; those that are done already change nothing.

    They are carried out as the holder of the phone's key, so that the phone may still send them itself. A
    batch is one transaction; what an earlier failure blocked is tried again without it.
    """
    actor = await _holder(open_writer, queue.holder)
    results: dict[int, PushedOperation | RefusedOperation] = {}
    waiting = list(range(len(queue.operations)))
    for _ in range(MOST_ROUNDS):
        for start in range(0, len(waiting), MOST):
            places = waiting[start : start + MOST]
            batch = [_read(queue.operations[place]) for place in places]
            async with open_writer() as writer:
                work = Work(writer, actor, sight_of(actor, queue.exercise), via="sync")
                results |= zip(places, await push(work, batch, None), strict=True)
        waiting = [place for place in waiting if results[place].result == "blocked"]
        if not waiting:
            break
    return [_told(one, results[place]) for place, one in enumerate(queue.operations)]


async def _holder(open_writer: OpenWriter, holder: str) -> Actor:
    """The holder with the rights of the newest key, also where that was revoked with the phone."""
    async with open_writer() as writer:
        of_holder = await keys.of_holder(writer, holder.removeprefix("key:"))
    if not of_holder:
        raise NotFound("holder of a key", holder)
    actor = of_holder[-1].actor()
    require(actor, "field")
    return actor


def _read(value: dict[str, Any]) -> Pushed:
    try:
        return msgspec.convert(value, Operation)
    except msgspec.ValidationError:
        return malformed(value)


def _told(operation: dict[str, Any], result: PushedOperation | RefusedOperation) -> TakenOperation:
    if isinstance(result, RefusedOperation):
        return TakenOperation(operation, result.result, result.error.detail)
    return TakenOperation(operation, result.result)
