"""One analysis in a process of its own: an order on standard input, messages on standard output.

The process sets its own limits, so that an analysis that exceeds them ends alone. It ends with its parent:
the parent keeps standard input open, and a parent that dies closes it.
"""

import os
import resource
import sys
import threading

import msgspec

from registry.domain.coverage import analyses
from registry.domain.coverage.tasks import Task
from registry.domain.errors import RegistryError

COVERS = "covers are worked out"
HEADER_BYTES = 4
"""Every message has its length before it, as a big-endian number of this many bytes."""


class AnalysisOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A task as MessagePack, and the memory and processor time that it may use."""

    task: bytes
    memory_bytes: int
    cpu_s: int
    database_url: str | None = None
    """For tasks that read and write the registry themselves."""


class StepProgress(msgspec.Struct, frozen=True, tag="progress"):
    """How many of the items of a step are done, and how much of the whole where that is another share."""

    step: str
    done: int
    of: int
    percent: int | None = None


class AnalysisOutcome(msgspec.Struct, frozen=True, kw_only=True, tag="outcome"):
    """The answer as JSON, or the problem in words."""

    answer: bytes | None = None
    problem: str | None = None


Message = StepProgress | AnalysisOutcome
"""What the process writes; the outcome comes last."""


def main() -> None:
    """Work one order."""
    write(_outcome(received().task))


def received() -> AnalysisOrder:
    """The order of the parent, once the process keeps its limits and ends with its parent."""
    size = int.from_bytes(sys.stdin.buffer.read(HEADER_BYTES))
    order = msgspec.msgpack.decode(sys.stdin.buffer.read(size), type=AnalysisOrder)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    resource.setrlimit(resource.RLIMIT_AS, (order.memory_bytes, order.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (order.cpu_s, order.cpu_s))
    return order


def _end_with_parent() -> None:
    """End the process when standard input is closed; `os.read`, as a buffered read would lock the exit."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


def write(message: Message) -> None:
    """Tell the parent."""
    packed = msgspec.msgpack.encode(message)
    sys.stdout.buffer.write(len(packed).to_bytes(HEADER_BYTES) + packed)
    sys.stdout.buffer.flush()


def _report(done: int, of: int) -> None:
    if of > 1:
        write(StepProgress(COVERS, done, of))


def _outcome(packed: bytes) -> AnalysisOutcome:
    try:
        task: Task = msgspec.msgpack.decode(packed, type=Task)
        return AnalysisOutcome(answer=msgspec.json.encode(analyses.run_task(task, _report)))
    except msgspec.MsgspecError:
        return AnalysisOutcome(problem="another release of the server stored this analysis; ask again")
    except RegistryError as error:
        return AnalysisOutcome(problem=error.detail)
    except MemoryError:
        return AnalysisOutcome(problem="the analysis needs more memory than it may use")


if __name__ == "__main__":
    main()
