"""Whether a request read what the audit records: found where rows are read, whatever was selected of them.

Statements call `registry_notes` for each restricted row that they read. It raises a notice once a
transaction, which the connection passes on to the trace of the request.
"""

from contextvars import ContextVar
from typing import Any

import sqlalchemy as sa

NOTICE = "registry: a restricted record was read"
SETTING, YES = "registry.noted", "yes"
"""What `registry_notes` sets in its transaction, for those who cannot hear a notice."""


class ReadTrace:
    """What one request read; tasks that it starts share its trace."""

    __slots__ = ("is_restricted",)

    def __init__(self) -> None:
        self.is_restricted = False

    def hear(self, _: Any, message: Any) -> None:
        """Take a notice of a connection."""
        if message.message == NOTICE:
            self.is_restricted = True


TRACE: ContextVar[ReadTrace | None] = ContextVar("read_trace", default=None)
"""The trace of the request that is being answered; None for what no request asked for."""


def note_read() -> None:
    """Note that the request reads a restricted record, or who to call in private."""
    if (trace := TRACE.get()) is not None:
        trace.is_restricted = True


def may_be_noted() -> bool:
    """Whether the request has read a restricted record until now; true where no request reads."""
    trace = TRACE.get()
    return trace is None or trace.is_restricted


def noted(visibility: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """True for every row; notes that a restricted one was read."""
    restricted: sa.ColumnElement[str] = sa.literal_column("'restricted'")
    return sa.or_(visibility != restricted, sa.func.registry_notes(visibility, type_=sa.Boolean))
