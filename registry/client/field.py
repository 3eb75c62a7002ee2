"""The field app's registry: look and act without a network, `sync` when there may be one."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from registry.client.exchange import Exchange, Synced
from registry.client.overlay import REFUSED, overlaid
from registry.client.pocket import Pocket, Queued
from registry.client.wire import Away, Wire
from registry.domain.identity import new_id

LONG_POLL_S = 25.0


class FieldApp:
    """A registry in the pocket, kept in one SQLite file."""

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
        self._wire = Wire(self._http, place, exercise, clock)
        self._pocket = Pocket(path)
        self._exchange = Exchange(self._pocket, self._wire)

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
        self._pocket.close()

    def get(self, identity: str) -> dict[str, Any] | None:
        """A record as it is known here, with what was done here on top; None where there is none."""
        operations = self._pocket.queue("resource_id = ?", identity)
        return overlaid(self._pocket.record(identity), operations)

    def everything(self) -> Iterator[dict[str, Any]]:
        """Every record known here, with what was done here on top."""
        made = {operation.resource_id for operation in self._pocket.queue("kind = 'create'")}
        for identity in sorted(self._pocket.identities() | made):
            if (found := self.get(identity)) is not None:
                yield found

    def create(self, feature: dict[str, Any], reason: str | None = None) -> str:
        """Record something new; returns its identity."""
        identity = str(new_id(int(self._clock() * 1000)))
        return self._do("create", identity, feature, reason)

    def patch(self, identity: str, patch: dict[str, Any], reason: str | None = None) -> str:
        """Change some members, by a merge patch of the Feature; returns the operation."""
        return self._do("patch", identity, patch, reason)

    def report_status(self, identity: str, **seen: Any) -> str:
        """Report readiness, opening, occupancy_persons, operational or a note, as seen now."""
        return self._do("status", identity, seen, None)

    def report_stock(self, identity: str, **counted: Any) -> str:
        """Report counts or movements of a depot, as of now."""
        return self._do("stock", identity, counted, None)

    def verify(self, identity: str, how: str) -> str:
        """Confirm that a record is still true."""
        return self._do("verification", identity, {"how": how}, None)

    def relocate(self, identity: str, **found: Any) -> str:
        """Correct a position: coordinates, datum, accuracy_m, evidence."""
        return self._do("location", identity, found, None)

    def retire(self, identity: str, reason: str) -> str:
        """Take a record out of service."""
        return self._do("retire", identity, {}, reason)

    def _do(self, kind: str, identity: str, body: dict[str, Any], reason: str | None) -> str:
        seen, op_id = self._pocket.version(identity), str(new_id(int(self._clock() * 1000)))
        made = Queued(
            op_id,
            identity,
            kind,
            body,
            reason,
            self._clock(),
            seen,
            None,
            result=None,
            version=None,
            told=None,
        )
        self._pocket.add(made)
        return identity if kind == "create" else op_id

    def waiting(self) -> list[Queued]:
        """What was done here and is not settled."""
        return self._pocket.waiting()

    def refused(self) -> list[Queued]:
        """Conflicts and rejected operations that a person here has to look at; `told` says why."""
        return self._pocket.queue("result IN (?, ?)", *sorted(REFUSED))

    def dismiss(self, op_id: str) -> None:
        """A person has looked at a refused operation."""
        self._pocket.forget(op_id)

    @property
    def clock_offset_s(self) -> float:
        """What must be added to this device's clock to have the registry's."""
        return self._wire.clock_offset_s

    async def sync(self, wait_s: float = 0) -> Synced:
        """Send what is waiting, then take what changed; without a network nothing is lost."""
        done = Synced()
        try:
            await self._exchange.push(done)
            await self._exchange.pull(done, wait_s)
        except Away as away:
            done.away, done.retry_after_s = str(away), away.retry_after_s
        return done

    async def run(self) -> None:
        """Sync until cancelled: at once when something changes there, with growing pauses while away."""
        pause_s = 1.0
        while True:
            done = await self.sync(0 if self.waiting() else LONG_POLL_S)
            pause_s = min(60.0, pause_s * 2) if done.away else 1.0
            await asyncio.sleep(max(done.retry_after_s, pause_s) * random.uniform(0.5, 1.5))  # noqa: S311
