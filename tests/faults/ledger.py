"""What a client was told: a file of operations, on disk before the client goes on."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple


class Operation(NamedTuple):
    """One thing that a client wants done, under an identity of its own."""

    id: str
    resource: str
    what: str
    keyed: bool
    change: int = 0


class Ledger:
    """Operations begun and acknowledged; an acknowledgement is synced before it counts."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")
        self.begun: dict[str, Operation] = {}
        self.acknowledged: dict[str, dict[str, Any]] = {}
        self.faults: list[str] = []
        self.doubts: Counter[str] = Counter()

    def begin(self, operation: Operation) -> None:
        """Remember what is about to be asked."""
        self.begun[operation.id] = operation

    def acknowledge(self, operation: Operation, answer: dict[str, Any]) -> None:
        """Remember, for good, that the registry said it was done."""
        self._file.write(json.dumps([*operation, answer.get("version")]) + "\n")
        self._file.flush()
        os.fdatasync(self._file.fileno())
        self.acknowledged[operation.id] = answer

    def fault(self, what: str) -> None:
        """Remember an answer that should never have been given."""
        self.faults.append(what)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
