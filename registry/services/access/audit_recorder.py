"""Records the audit: entries are queued in memory and written in batches."""

from collections import deque
from datetime import UTC, datetime

import structlog

from registry.domain.access.actor import SYSTEM
from registry.domain.access.audit import AuditEntry
from registry.domain.errors import RegistryError
from registry.store.access import audit
from registry.store.database.pool import Reader

log = structlog.get_logger("registry")
MAX_QUEUED = 20_000
BATCH = 1_000


def _loss_of(count: int) -> AuditEntry:
    """The entry that stands for entries which were lost."""
    return AuditEntry(
        at=datetime.now(UTC),
        actor=SYSTEM.id,
        role=SYSTEM.role,
        action="lost",
        target=f"{count} entries that did not fit the queue",
        status=0,
        request_id="-",
    )


class AuditRecorder:
    """Queues entries until they are written; those that do not fit are counted and logged."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._queue: deque[AuditEntry] = deque()
        self._lost = 0

    def add(self, entry: AuditEntry) -> None:
        """Queue an entry for the next batch."""
        if len(self._queue) >= MAX_QUEUED:
            self._lost += 1
        else:
            self._queue.append(entry)

    def __len__(self) -> int:
        return len(self._queue)

    async def write(self) -> None:
        """Write the queue to the database; without a database it stays queued."""
        while self._queue:
            batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
            try:
                async with self._reader.writer() as writer:
                    await audit.add(writer, batch)
            except RegistryError as error:
                self._queue.extendleft(reversed(batch))
                log.warning("the audit could not be written", reason=error.detail, waiting=len(self._queue))
                return
        if self._lost:
            lost, self._lost = self._lost, 0
            log.error("entries of the audit were lost", count=lost)
            self.add(_loss_of(lost))
