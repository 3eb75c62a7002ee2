"""One analysis in a process of its own: a task on standard input, its answer on standard output.

The limits are set here, in the process they bind: a computation that outgrows them ends alone.
"""

import resource
import sys

import msgspec

from registry.domain.coverage import analyses, tasks
from registry.domain.errors import RegistryError


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A task with what it may use."""

    task: tasks.Task
    memory_bytes: int
    cpu_s: int


class Step(msgspec.Struct, frozen=True, tag="step"):
    """How many of the covers of a task are worked out."""

    done: int
    of: int


class Outcome(msgspec.Struct, frozen=True, kw_only=True, tag="outcome"):
    """The answer as JSON, or the problem in words and the field it is about."""

    answer: bytes | None = None
    problem: str | None = None
    field: str | None = None


Word = Step | Outcome
"""What the process says on standard output, each with its length before it; the outcome comes last."""
HEADER_BYTES = 4


def main() -> None:
    """Work one order."""
    order = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Order)
    resource.setrlimit(resource.RLIMIT_AS, (order.memory_bytes, order.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (order.cpu_s, order.cpu_s))
    _say(_outcome(order.task))


def _say(word: Word) -> None:
    packed = msgspec.msgpack.encode(word)
    sys.stdout.buffer.write(len(packed).to_bytes(HEADER_BYTES) + packed)
    sys.stdout.buffer.flush()


def _tell(done: int, of: int) -> None:
    if of > 1:
        _say(Step(done, of))


def _outcome(task: tasks.Task) -> Outcome:
    try:
        return Outcome(answer=msgspec.json.encode(analyses.run(task, _tell)))
    except RegistryError as error:
        return Outcome(problem=error.detail, field=error.field)
    except MemoryError:
        return Outcome(problem="the analysis needs more memory than it may use")


if __name__ == "__main__":
    main()
