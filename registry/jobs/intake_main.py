"""One task of an intake in a process of its own, which reads and writes the registry itself.

The order, the messages and the limits are those of an analysis. A process that is killed leaves nothing: its
transaction ends with its connection.
"""

import asyncio
import gc
import time

import msgspec

from registry.domain.errors import RegistryError
from registry.domain.intake.files.refusal import RefusedFile
from registry.jobs.worker_main import AnalysisOrder, AnalysisOutcome, StepProgress, received, write
from registry.runtime.database import writing
from registry.services.intake.files.tasks import IntakeTask
from registry.services.intake.files.work_task import work_task

WORDS = {
    "read": "rows are read",
    "check": "rows are compared",
    "keep": "rows are kept",
    "store": "rows are stored",
    "undo": "rows are undone",
}
STEPS = {"read": (0, 30), "check": (30, 90), "keep": (90, 100), "store": (0, 100), "undo": (0, 100)}
"""The share of the whole, in percent, that each step takes."""
TELL_EVERY_S = 0.2


def main() -> None:
    """Work one order.

    Rows are held by the hundred thousand and hold no cycles: to look through them for garbage takes a fifth
    of the time.
    """
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    write(asyncio.run(outcome_of(received())))


async def outcome_of(order: AnalysisOrder) -> AnalysisOutcome:
    """What a task came to, or the problem in words."""
    url = order.database_url
    if url is None:
        return AnalysisOutcome(problem="this task needs a database")
    try:
        task = msgspec.msgpack.decode(order.task, type=IntakeTask)
        result = await work_task(lambda: writing(url), task, Teller())
    except msgspec.ValidationError:
        return AnalysisOutcome(problem="another release of the server stored this task; ask again")
    except RegistryError as error:
        return AnalysisOutcome(problem=error.detail)
    except RefusedFile as refused:
        return AnalysisOutcome(problem=str(refused))
    except MemoryError:
        return AnalysisOutcome(problem="the file needs more memory than it may use")
    return AnalysisOutcome(answer=msgspec.json.encode(result))


class Teller:
    """Tells the parent how far the steps are, some times a second."""

    def __init__(self) -> None:
        self._told_at_s = 0.0

    def __call__(self, step: str, done: int, total: int) -> None:
        """Called as `Advance` is."""
        now_s = time.monotonic()
        if now_s - self._told_at_s < TELL_EVERY_S and done < total:
            return
        self._told_at_s = now_s
        write(StepProgress(WORDS.get(step, step), done, total, percent_of(step, done, total)))


def percent_of(step: str, done: int, total: int) -> int:
    """How much of the whole is done when so much of a step is."""
    begin, end = STEPS.get(step, (0, 100))
    return begin + (end - begin) * done // max(total, 1)


if __name__ == "__main__":
    main()
