"""What a process keeps of the answers to small questions, each for as long as the database stays as it was.

Two statements that have the same snapshot see the same rows. So an answer is kept with the moment that it was
read at, and used again by whoever reads at an equal one. What depends only on what is listed, published and
declared is kept longer: until a transaction that changed any of it can be seen.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, NamedTuple

import sqlalchemy as sa

from registry.store.database.read_trace import may_be_noted, note_read

MOST_KEPT = 1_000
READ_AT: sa.ColumnElement[Any] = sa.literal_column(
    """CASE WHEN pg_current_xact_id_if_assigned() IS NULL THEN pg_current_snapshot()::text || '/' || coalesce(
    (SELECT xid::text FROM list_change WHERE xid < pg_snapshot_xmax(pg_current_snapshot())
      ORDER BY list_change.xid DESC LIMIT 1), '0') END"""
)
"""The snapshot of a statement and the latest change of lists in it; NULL in a transaction that has written.

A restored database brings numbers of another cluster along: those beyond the snapshot say nothing.
"""


class KeptAnswer(NamedTuple):
    """An answer, the moment it was read at, and whether restricted records may have been read for it."""

    moment: str
    answer: Any
    is_noted: bool

    def used(self) -> Any:
        """The answer, for a request: who uses what was read of restricted records reads them."""
        if self.is_noted:
            note_read()
        return self.answer


class Kept:
    """Answers by question, the most recently used."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Hashable, KeptAnswer] = OrderedDict()

    def get(self, question: Hashable, moment: str | None) -> Any:
        """What was answered at this very moment; None when nothing was."""
        kept = self._answers.get(question)
        return kept.used() if kept is not None and kept.moment == moment else None

    def get_of_lists(self, question: Hashable, moment: str | None) -> Any:
        """What was answered of lists that have not changed since; None when nothing was, or they may have.

        A change that an answer does not show is of a transaction that its snapshot had not seen end: the
        oldest of those has the first number of the snapshot.
        """
        kept = self._answers.get(question)
        if kept is None or moment is None:
            return None
        unended = int(kept.moment.partition(":")[0])
        changed = int(moment.rpartition("/")[2])
        return kept.used() if kept.moment == moment or changed < unended else None

    def latest(self, question: Hashable) -> Any:
        """What was answered last, at whatever moment: to be confirmed by `get_of_lists`."""
        kept = self._answers.get(question)
        return None if kept is None else kept.answer

    def put(self, question: Hashable, moment: str | None, answer: Any, *, of_records: bool = True) -> None:
        """Keep an answer that was read at this moment; one that is not of records is noted of nobody."""
        if moment is None:
            return
        self._answers[question] = KeptAnswer(moment, answer, of_records and may_be_noted())
        self._answers.move_to_end(question)
        if len(self._answers) > MOST_KEPT:
            self._answers.popitem(last=False)
