"""Whether the registry can do its work: disk, database, feed and migration, each by name."""

import asyncio
import os
import time
from pathlib import Path

import msgspec

from registry.domain.errors import RegistryError
from registry.store.database import failures, health
from registry.store.database.pool import Reader
from registry.store.sync import horizon
from registry.store.sync.horizon import FeedLag

FRESH_S = 1.0
"""How long one look answers everybody who asks."""
LEAST_FREE_BYTES = 64 * 2**20
"""Four segments of PostgreSQL's log; with less the next change may be the last."""
FULL_FOR_S = 30.0
"""How long a write that found no space counts."""
LATE_S = 15.0
FINE = "ok"


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Each check is `ok` or says what is wrong.

    `unready` names those that are wrong enough to send requests elsewhere. A late feed is not: every server
    of the registry has the same one.
    """

    revision: str | None
    checks: dict[str, str]

    @property
    def unready(self) -> list[str]:
        """What is wrong, in sentences."""
        wrong = {name: text for name, text in self.checks.items() if text != FINE and name != "feed"}
        return [f"{name}: {text}" for name, text in wrong.items()]


class HealthCheck:
    """Looks at most once a second, on a connection of its own, whatever else is under way."""

    def __init__(self, reader: Reader, revision: str, disk: Path | None) -> None:
        self._reader = reader
        self._revision = revision
        self._disk = disk
        self._looking = asyncio.Lock()
        self._latest: tuple[float, Health] | None = None

    async def look(self) -> Health:
        """The state of the registry, not older than a second."""
        async with self._looking:
            if self._latest is None or time.monotonic() - self._latest[0] > FRESH_S:
                health = await self._look()
                self._latest = time.monotonic(), health
            return self._latest[1]

    async def _look(self) -> Health:
        checks = dict.fromkeys(("disk", "database", "feed", "migration"), FINE)
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
            return Health(revision=None, checks=checks)
        if lag.lag_s > LATE_S:
            checks["feed"] = _late(lag)
        return Health(revision=found.revision, checks=checks)

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
