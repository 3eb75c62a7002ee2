"""What a process keeps of the answers to small questions, each for as long as the database stays as it was.

Two statements that have the same snapshot see the same rows. So an answer is kept with the snapshot that it
was read in, and used again by whoever reads in an equal one.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

import sqlalchemy as sa

MOST_KEPT = 1_000
SNAPSHOT: sa.ColumnElement[Any] = sa.literal_column(
    "CASE WHEN pg_current_xact_id_if_assigned() IS NULL THEN pg_current_snapshot()::text END"
)
"""The snapshot of a statement; NULL in a transaction that has written, whose own changes it does not show."""


class Kept:
    """Answers by question, the most recently used."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Hashable, tuple[str, Any]] = OrderedDict()

    def get(self, question: Hashable, snapshot: str | None) -> Any:
        """What was answered in this very snapshot; None when nothing was."""
        kept = self._answers.get(question)
        return kept[1] if kept is not None and kept[0] == snapshot else None

    def put(self, question: Hashable, snapshot: str | None, answer: Any) -> None:
        """Keep an answer that was read in this snapshot."""
        if snapshot is None:
            return
        self._answers[question] = snapshot, answer
        self._answers.move_to_end(question)
        if len(self._answers) > MOST_KEPT:
            self._answers.popitem(last=False)
