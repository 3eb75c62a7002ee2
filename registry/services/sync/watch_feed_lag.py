"""Watch how far the feed lags behind the commits, and end the foreign transaction that it waits for."""

import structlog

from registry.store.database.pool import Reader
from registry.store.sync import horizon
from registry.store.sync.horizon import FeedLag

log = structlog.get_logger("registry")
LOGGED_FROM_S = 10.0


class FeedLagWatcher:
    """The lag of the feed at the last look; `ready` and the metrics show it."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.seen = FeedLag(0, 0.0, None)

    async def look(self) -> None:
        """Look once; a lag of more than ten seconds is logged with the transaction that causes it."""
        self.seen = await horizon.lag(self._reader)
        if self.seen.lag_s >= LOGGED_FROM_S:
            log.warning("the feed waits for an open transaction", **described(self.seen))


async def end_foreign_transaction(owner: Reader, after_s: float) -> FeedLag | None:
    """End the transaction of another program behind which changes have waited for `after_s`; what it was."""
    lag = await horizon.lag(owner)
    oldest = lag.oldest
    if oldest is None or lag.lag_s < after_s or (oldest.open_s or 0) < after_s or _is_own(oldest.program):
        return None
    if not await horizon.end(owner, oldest.pid):
        return None
    log.warning("ended a transaction that the feed waited for", **described(lag))
    return lag


def _is_own(program: str | None) -> bool:
    return (program or "").partition(" ")[0] == horizon.OWN


def described(lag: FeedLag) -> dict[str, object]:
    """The lag as members of a log line."""
    oldest = {} if lag.oldest is None else lag.oldest._asdict()
    return {"changes": lag.changes, "lag_s": round(lag.lag_s, 1)} | oldest
