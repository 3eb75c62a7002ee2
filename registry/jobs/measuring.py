"""Measure what the metrics show of a worker, its database and its host, every few seconds."""

import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from registry.jobs.housekeeping import Chore
from registry.runtime import metrics
from registry.runtime.settings import Settings
from registry.services.backup.latest import latest_backup
from registry.services.sync.watch_feed_lag import FeedLagWatcher
from registry.store.database import gauges
from registry.store.database.pool import Reader

EVERY_S = 10.0
Figures = Callable[[], Mapping[str, float]]


def measuring(
    reader: Reader, settings: Settings, disk: Path | None, lag: FeedLagWatcher, own: Figures, lanes: Figures
) -> Chore:
    """The chore that sets the gauges; `own` are figures of this worker, `lanes` its requests by lane."""

    async def measure() -> None:
        metrics.forget_dead_workers()
        metrics.set_gauges(reader.figures() | dict(own()))
        metrics.set_labelled("requests_running", lanes())
        metrics.set_gauges(_of_host(settings, disk))
        metrics.set_gauges({"feed_lag_seconds": lag.seen.lag_s, "feed_waiting_changes": lag.seen.changes})
        metrics.set_gauges(await gauges.gauges(reader))

    return Chore(EVERY_S, measure)


def _of_host(settings: Settings, disk: Path | None) -> dict[str, float | None]:
    figures: dict[str, float | None] = {}
    if disk is not None:
        figures["disk_free_bytes"] = float(shutil.disk_usage(disk).free)
    if settings.backup_dir is not None and (latest := latest_backup(settings.backup_dir)):
        figures["backup_age_seconds"] = (datetime.now(UTC) - latest.taken_at).total_seconds()
    return figures
