"""The work on an intake as tasks, which a job stores and another process works."""

import time
from typing import Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from registry.domain.access.actor import Actor
from registry.domain.errors import Unavailable
from registry.domain.identity import new_id
from registry.domain.records.resource import DEFAULT_VISIBILITY, Visibility
from registry.services.records.work import Work
from registry.store import jobs
from registry.store.database.pool import Writer
from registry.store.intake import intakes

Step = Literal["check", "commit", "undo"]
Policy = Literal["clean", "all"]
ESTIMATES_S: dict[Step, float] = {"check": 5.0, "commit": 3.0, "undo": 3.0}


class IntakeTask(Struct, frozen=True, kw_only=True):
    """What to do with an intake, and in whose name.

    `policy` clean stores the rows that need nothing, all stores them only when no row needs anything. With
    `strict` a row with a warning waits too. `close` declares that the list is complete. `leave_edited` undoes
    what nobody edited since.
    """

    step: Step
    intake: UUID
    actor: Actor
    exercise: str | None = None
    request_id: str | None = None
    via: str = "import"
    mass_change_limit: int = 0
    default_visibility: Visibility = DEFAULT_VISIBILITY
    policy: Policy = "clean"
    strict: bool = False
    close: bool = False
    leave_edited: bool = False
    reason: str | None = None


async def start(writer: Writer, task: IntakeTask, *, most_open: int) -> UUID:
    """Store a task as a job, which a worker claims after the commit; Unavailable when too many wait."""
    if await jobs.count_open(writer, task.actor.id) >= most_open:
        raise Unavailable("too many of your jobs are waiting", retry_after_s=30)
    identity = new_id(time.time_ns() // 1_000_000)
    values = {"id": identity, "process": f"intake-{task.step}", "owner": task.actor.id}
    values |= {"estimate_s": ESTIMATES_S[task.step], "task": msgspec.msgpack.encode(task)}
    await jobs.insert(writer, values)
    await intakes.amend(writer, task.intake, job=identity)
    return identity


def task_of(work: Work, step: Step, identity: UUID, *, mass_change_limit: int) -> IntakeTask:
    """A task in the name of the one whose request this is."""
    return IntakeTask(
        step=step,
        intake=identity,
        actor=work.actor,
        exercise=work.sight.exercise,
        request_id=work.request_id,
        mass_change_limit=mass_change_limit,
        default_visibility=work.writer.default_visibility,
    )
