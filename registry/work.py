"""One analysis in a process of its own: a task on standard input, its answer on standard output.

The limits are set here, in the process they bind: a computation that outgrows them ends alone.
"""

import os
import resource
import sys

import msgspec

from registry.domain import analysis, working
from registry.domain.errors import RegistryError

BEHIND_REQUESTS = 10
"""Added to the niceness, so that a job takes the processor time that requests leave."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A task with what it may use."""

    task: analysis.Task
    memory_bytes: int
    cpu_s: int


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The answer as JSON, or the problem in words and the field it is about."""

    answer: bytes | None = None
    problem: str | None = None
    field: str | None = None


def main() -> None:
    """Work one order."""
    os.nice(BEHIND_REQUESTS)
    order = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Order)
    resource.setrlimit(resource.RLIMIT_AS, (order.memory_bytes, order.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (order.cpu_s, order.cpu_s))
    sys.stdout.buffer.write(msgspec.msgpack.encode(_outcome(order.task)))


def _outcome(task: analysis.Task) -> Outcome:
    try:
        return Outcome(answer=working.run(task))
    except RegistryError as error:
        return Outcome(problem=error.detail, field=error.field)
    except MemoryError:
        return Outcome(problem="the analysis needs more memory than it may use")


if __name__ == "__main__":
    main()
