"""Metrics for Prometheus: the gauges of the registry, added up over the workers of a server.

Workers share them through files in one directory, which `serve` makes; a single process keeps them in memory.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Gauge,
    generate_latest,
    multiprocess,
)

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
MEDIA_TYPE = CONTENT_TYPE_LATEST
PREFIX = "registry"
BUCKETS: list[str | float] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60]
OF_WORKERS = {
    "pool_connections": "Database connections that are open.",
    "pool_busy": "Database connections that answer a request.",
    "pool_size": "Database connections that may be open.",
    "statements_waiting": "Requests that wait for their turn to ask the database.",
    "requests_running": "Requests that hold a slot, by lane.",
    "tiles_cached": "Vector tiles in the cache.",
    "tiles_cached_bytes": "Memory of the cached vector tiles.",
    "audit_queued": "Entries of the audit that are not written yet.",
    "feed_listeners": "Open streams of the feed.",
}
"""Gauges of one worker, which are added up."""
OF_DATABASE = {
    "feed_lag_seconds": "Since when committed changes wait for an open transaction to end.",
    "feed_waiting_changes": "Committed changes that the feed may not tell yet.",
    "history_unsealed_changes": "Changes that are not sealed yet.",
    "history_seal_age_seconds": "Since when there are unsealed changes.",
    "jobs_open": "Analyses that wait or run.",
    "jobs_oldest_seconds": "Since when the oldest open analysis waits.",
    "database_bytes": "Size of the database.",
    "attachments_bytes": "Size of the pictures in it.",
    "database_connections": "Connections of the database, of all programs.",
    "database_connections_limit": "Connections that its server allows.",
    "database_wal_bytes_total": "Write-ahead log written since the cluster was made.",
    "database_archive_failures_total": "Files of the write-ahead log that could not be archived.",
    "database_archive_age_seconds": "Since when no file of the write-ahead log was archived.",
    "database_replicas": "Standbys that are connected.",
    "database_replica_lag_bytes": "Write-ahead log that the slowest standby has not replayed.",
    "database_is_standby": "1 when this server reads from a standby.",
    "disk_free_bytes": "Space that is left where the data are, on this host.",
    "backup_age_seconds": "Since when there is no newer backup in REGISTRY_BACKUP_DIR.",
}
"""Gauges of the database and the host, of which the latest counts."""
LABELS = {"requests_running": ["lane"]}
_GAUGES = {
    name: Gauge(f"{PREFIX}_{name}", text, LABELS.get(name, []), multiprocess_mode="livesum")
    for name, text in OF_WORKERS.items()
} | {
    name: Gauge(f"{PREFIX}_{name}", text, multiprocess_mode="livemostrecent")
    for name, text in OF_DATABASE.items()
}


def set_gauges(values: Mapping[str, float | None]) -> None:
    """Set gauges by their names; None leaves one as it is."""
    for name, value in values.items():
        if value is not None:
            _GAUGES[name].set(value)


def set_labelled(name: str, values: Mapping[str, float]) -> None:
    """Set a gauge for each of its labels."""
    for label, value in values.items():
        _GAUGES[name].labels(label).set(value)


def exposition() -> bytes:
    """All metrics of all workers, as Prometheus reads them."""
    if DIRECTORY not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


@contextmanager
def shared_directory() -> Iterator[None]:
    """A directory for the workers that are started within the block."""
    with tempfile.TemporaryDirectory(prefix="registry-metrics-") as folder:
        os.environ[DIRECTORY] = folder
        try:
            yield
        finally:
            del os.environ[DIRECTORY]


def forget_dead_workers() -> None:
    """Take the gauges of workers that have ended out of the sums."""
    folder = os.environ.get(DIRECTORY)
    if folder is None:
        return
    for pid in {path.stem.rpartition("_")[2] for path in Path(folder).glob("gauge_live*.db")}:
        if pid.isdigit() and not Path("/proc", pid).exists() and Path("/proc").is_dir():
            multiprocess.mark_process_dead(int(pid))  # type: ignore[no-untyped-call]
