"""Whether the registry can do its work: disk, database, feed and migration, each by name."""

import asyncio
import os
import time
from pathlib import Path

import msgspec

from registry.domain.errors import RegistryError
from registry.store.database import failures, health
from registry.store.database.pool import Reader
from registry.store.database.standby import Standby
from registry.store.sync import horizon
from registry.store.sync.horizon import FeedLag

FRESH_S = 1.0
"""How long one look answers everybody who asks."""
LOOK_S = 2.0
"""A database that takes longer than this to be looked at does not answer."""
LEAST_FREE_BYTES = 64 * 2**20
"""Four segments of PostgreSQL's log; with less the next change may be the last."""
FULL_FOR_S = 30.0
"""How long a write that found no space counts."""
LATE_S = 15.0
FINE = "ok"
HARMLESS = ("feed", "standby")
"""Checks that send no request elsewhere: every server has the same feed, and the primary answers too."""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Each check is `ok` or says what is wrong.

    `unready` names those that are wrong enough to send changes elsewhere.
    """

    revision: str | None
    checks: dict[str, str]
    readable: bool = False
    """Whether questions are answered, by a standby where the primary is away."""

    @property
    def unready(self) -> list[str]:
        """What is wrong, in sentences."""
        wrong = {name: text for name, text in self.checks.items() if text != FINE and name not in HARMLESS}
        return [f"{name}: {text}" for name, text in wrong.items()]

    @property
    def writable(self) -> bool:
        """Whether changes are taken."""
        return not self.unready


class HealthCheck:
    """Looks at most once a second, on a connection of its own, whatever else is under way."""

    def __init__(
        self, reader: Reader, revision: str, disk: Path | None, standby: Standby | None = None
    ) -> None:
        self._reader = reader
        self._revision = revision
        self._disk = disk
        self._standby = standby
        self._looking: asyncio.Task[Health] | None = None
        self._begun_s = self._ended_s = float("-inf")

    async def look(self) -> Health:
        """The state of the registry, not older than a second; who asks waits two seconds at the most.

        A look that takes longer goes on, and nobody waits for it again.
        """
        now_s = time.monotonic()
        if self._looking is None or (self._looking.done() and now_s - self._ended_s > FRESH_S):
            self._looking, self._begun_s = asyncio.create_task(self._timed()), now_s
        await asyncio.wait({self._looking}, timeout=max(0.0, self._begun_s + LOOK_S - now_s))
        if self._looking.done():
            return self._looking.result()
        silent_s = time.monotonic() - self._begun_s
        checks = {"database": f"it has not answered for {silent_s:.0f} s"} | self._of_standby()
        return Health(revision=None, checks=checks, readable=checks.get("standby") == FINE)

    async def aclose(self) -> None:
        """End a look that is still under way."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait({self._looking})

    async def _timed(self) -> Health:
        try:
            return await self._look()
        finally:
            self._ended_s = time.monotonic()

    async def _look(self) -> Health:
        checks = dict.fromkeys(("disk", "database", "feed", "migration"), FINE) | self._of_standby()
        if full := self._full():
            checks["disk"] = full
        try:
            found = await health.look(self._reader)
            if found.revision != self._revision:
                checks["migration"] = (
                    f"the database is at {found.revision}, this release needs {self._revision}"
                )
            if not found.writable:
                checks["database"] = "it accepts no writes"
            else:
                await health.write(self._reader)
            lag = await horizon.lag(self._reader)
        except RegistryError as error:
            checks["database"] = error.detail
            return Health(revision=None, checks=checks, readable=checks.get("standby") == FINE)
        if lag.lag_s > LATE_S:
            checks["feed"] = _late(lag)
        return Health(revision=found.revision, checks=checks, readable=found.revision == self._revision)

    def _of_standby(self) -> dict[str, str]:
        """Whether the standby of the settings answers, and how far it is behind."""
        if self._standby is None:
            return {}
        if not self._standby.is_reachable:
            return {"standby": "it is not reachable"}
        late = self._standby.primary_answers and self._standby.lag_s > self._standby.most_lag_s
        return {"standby": f"it is {self._standby.lag_s:.0f} s behind" if late else FINE}

    def _full(self) -> str | None:
        """Why there is no space, as far as this host or a failed write can tell."""
        if self._disk is not None:
            try:
                found = os.statvfs(self._disk)
            except OSError as error:
                return f"{self._disk} cannot be looked at: {error.strerror}"
            if (free := found.f_bavail * found.f_frsize) < LEAST_FREE_BYTES:
                return f"{free >> 20} MiB are free in {self._disk}, {LEAST_FREE_BYTES >> 20} are needed"
        if time.monotonic() - failures.DISK_FULL.at_s < FULL_FOR_S:
            return "a change found no space left in the database"
        return None


def _late(lag: FeedLag) -> str:
    """What the feed waits for; the account may see no more than the process and its database."""
    holder = ""
    if lag.oldest is not None:
        holder = f" of process {lag.oldest.pid} in the database {lag.oldest.database}"
    return (
        f"{lag.changes} changes wait since {lag.lag_s:.0f} s to be told: a transaction{holder} is still open"
    )
