"""The registry on a device: read and act without a network, `sync` when there may be one."""

import asyncio
import random
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import httpx

from registry_client.http import SyncApi, Unreachable
from registry_client.local_store import LocalStore, QueuedOperation
from registry_client.overlay import REFUSED, overlaid
from registry_client.sync import Synchronizer, SyncResult

LONG_POLL_S = 25.0


class FieldApp:
    """A registry kept in one SQLite file; a file belongs to one registry, key, place and exercise."""

    def __init__(
        self,
        url: str,
        key: str,
        path: Path,
        *,
        place: str | None = None,
        exercise: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self._http = httpx.AsyncClient(base_url=url, headers=headers, timeout=30, transport=transport)
        self._clock = clock
        self._api = SyncApi(self._http, place, exercise, clock)
        self._store = LocalStore(path)
        self._synchronizer = Synchronizer(self._store, self._api)

    async def __aenter__(self) -> Self:
        """Use it in a block, which closes it."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self.close()

    async def close(self) -> None:
        """Close the file and the connections."""
        await self._http.aclose()
        self._store.close()

    def get(self, identity: str) -> dict[str, Any] | None:
        """A record with the operations of this device applied; None when there is none."""
        operations = self._store.queue("resource_id = ?", identity)
        return overlaid(self._store.record(identity), operations)

    def everything(self) -> Iterator[dict[str, Any]]:
        """Every record held here, with the operations of this device applied."""
        created = {operation.resource_id for operation in self._store.queue("kind = 'create'")}
        for identity in sorted(self._store.identities() | created):
            if (feature := self.get(identity)) is not None:
                yield feature

    def create(self, feature: dict[str, Any], reason: str | None = None) -> str:
        """Create a record; returns its identity."""
        identity = self._new_id()
        self._do("create", identity, feature, reason)
        return identity

    def patch(self, identity: str, patch: dict[str, Any], reason: str | None = None) -> str:
        """Change members by a merge patch of the Feature; returns the operation's id."""
        return self._do("patch", identity, patch, reason)

    def report_status(self, identity: str, **status: Any) -> str:
        """Report readiness, opening, occupancy_persons, operational or a note, as seen now."""
        return self._do("status", identity, status, None)

    def report_stock(self, identity: str, **lines: Any) -> str:
        """Report counts or movements of a depot, as of now."""
        return self._do("stock", identity, lines, None)

    def verify(self, identity: str, how: str) -> str:
        """Confirm that a record is still true."""
        return self._do("verification", identity, {"how": how}, None)

    def relocate(self, identity: str, **position: Any) -> str:
        """Correct a position: coordinates (lon, lat), datum, accuracy_m, evidence."""
        return self._do("location", identity, position, None)

    def retire(self, identity: str, reason: str) -> str:
        """Take a record out of service."""
        return self._do("retire", identity, {}, reason)

    def _do(self, kind: str, identity: str, body: dict[str, Any], reason: str | None) -> str:
        op_id, seen_version = self._new_id(), self._store.version(identity)
        self._store.add(QueuedOperation(op_id, identity, kind, body, reason, self._clock(), seen_version))
        return op_id

    def _new_id(self) -> str:
        """A UUIDv7 (RFC 9562, 5.7): identities sort by the time they were made."""
        random_bits = secrets.randbits(74)
        time_ms = int(self._clock() * 1000) & (2**48 - 1)
        high, low = random_bits >> 62, random_bits & (2**62 - 1)
        return str(UUID(int=time_ms << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low))

    def waiting(self) -> list[QueuedOperation]:
        """Operations that are not settled."""
        return self._store.waiting()

    def refused(self) -> list[QueuedOperation]:
        """Conflicts and rejected operations that a person has to look at; `answer` says why."""
        return self._store.queue("result IN (?, ?)", *sorted(REFUSED))

    def dismiss(self, op_id: str) -> None:
        """Drop a refused operation that a person has looked at."""
        self._store.forget(op_id)

    @property
    def clock_offset_s(self) -> float:
        """Seconds to add to this device's clock to have the registry's."""
        return self._api.clock_offset_s

    async def sync(self, wait_s: float = 0) -> SyncResult:
        """Send what is waiting, then take what changed; without a network nothing is lost."""
        result = SyncResult()
        try:
            await self._synchronizer.push(result)
            await self._synchronizer.pull(result, wait_s)
        except Unreachable as error:
            result.unreachable, result.retry_after_s = str(error), error.retry_after_s
        return result

    async def run(self) -> None:
        """Sync until cancelled: at once when something changes, with growing pauses while unreachable."""
        pause_s = 1.0
        while True:
            result = await self.sync(0 if self.waiting() else LONG_POLL_S)
            pause_s = min(60.0, pause_s * 2) if result.unreachable else 1.0
            await asyncio.sleep(max(result.retry_after_s, pause_s) * random.uniform(0.5, 1.5))  # noqa: S311
