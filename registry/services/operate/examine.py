"""Examine a registry: what is wrong with its database, its host and its backups, and the cure of each."""

import resource
import shutil
import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography import x509

from registry.runtime.cluster import archive
from registry.runtime.key_pepper import NAME
from registry.runtime.settings import Settings
from registry.services.backup.latest import latest_backup
from registry.services.sync.watch_feed_lag import LOGGED_FROM_S
from registry.store.database import doctor, migrations
from registry.store.database.pool import Reader, Row
from registry.store.sync import horizon
from registry.store.sync.horizon import FeedLag

LEAST_FREE = 0.1
CLOCK_S = 2.0
BACKUP_AGE = timedelta(hours=26)
CERTIFICATE_LEFT = timedelta(days=30)
FROZEN_AGE = 1_000_000_000
LEAST_FILES = 4096
OWN_CONNECTIONS = 5
"""Connections of a server beside the pools of its workers: commands, and the owner's chores."""


class Diagnosis(NamedTuple):
    """One thing that is wrong: what it is about, what was found, and what mends it."""

    subject: str
    finding: str
    cure: str


async def examine_database(reader: Reader, settings: Settings, now: datetime) -> list[Diagnosis]:
    """What is wrong with a database that answers."""
    lost = "a crash can lose what was acknowledged"
    weak = [
        Diagnosis("settings", f"{name} is off: {lost}", f"{name} = on")
        for name in await doctor.weak_settings(reader)
    ]
    blocked = [_blocked(row) for row in await doctor.blocked(reader)]
    found = [*_of_facts(await doctor.facts(reader), settings, now), *weak, *blocked]
    lag = await horizon.lag(reader)
    return found if lag.lag_s <= LOGGED_FROM_S else [*found, _late(lag)]


def _blocked(row: Row) -> Diagnosis:
    finding = f"process {row['pid']} waits since {row['waits_s']:.0f} s for {row['by']}"
    return Diagnosis("locks", finding, f"SELECT pg_terminate_backend({row['by']}), if it will not end")


def _late(lag: FeedLag) -> Diagnosis:
    pid = lag.oldest.pid if lag.oldest else "?"
    finding = f"{lag.changes} changes wait since {lag.lag_s:.0f} s for the transaction of process {pid}"
    return Diagnosis("feed", finding, f"end its work, or SELECT pg_terminate_backend({pid})")


def _of_facts(facts: Row, settings: Settings, now: datetime) -> Iterator[Diagnosis]:
    if facts["revision"] != migrations.head():
        yield Diagnosis(
            "schema",
            f"it is at {facts['revision']}, this release needs {migrations.head()}",
            "registry migrate",
        )
    skew_s = abs((facts["now"] - now).total_seconds())
    if skew_s > CLOCK_S:
        yield Diagnosis(
            "clocks",
            f"the database's clock is {skew_s:.0f} s away from this host's",
            "run chrony or ntpd on both",
        )
    needed = settings.workers * (settings.pool_size + 2) + OWN_CONNECTIONS
    if needed > facts["connections"]:
        yield Diagnosis(
            "connections",
            f"this server may open {needed} and the database allows {facts['connections']} in all",
            "lower REGISTRY_WORKERS or REGISTRY_POOL_SIZE, or raise max_connections",
        )
    if facts["frozen_age"] > FROZEN_AGE:
        yield Diagnosis(
            "vacuum",
            f"the oldest row is {facts['frozen_age']:,} transactions old",
            "let autovacuum run, or VACUUM FREEZE",
        )
    if facts["data_checksums"] == "off":
        yield Diagnosis(
            "settings",
            "pages have no checksums: a damaged disk is not noticed",
            "pg_checksums --enable, stopped",
        )
    if facts["prepared"]:
        yield Diagnosis(
            "locks",
            f"{facts['prepared']} prepared transactions hold the feed back",
            "COMMIT PREPARED or ROLLBACK PREPARED",
        )
    if facts["archive_failures"]:
        yield Diagnosis(
            "archive",
            "the last file of the log could not be archived",
            "look at the server's log and at the archive's disk",
        )


def examine_host(settings: Settings, now: datetime) -> list[Diagnosis]:
    """What is wrong with the files, the disk, the backups and the certificate of this host."""
    found = [*_disks(settings), *_backups(settings, now), *_certificate(settings, now)]
    pepper = settings.data_dir / NAME
    if pepper.exists() and stat.S_IMODE(pepper.stat().st_mode) & 0o077:
        found.append(Diagnosis("pepper", f"others may read {pepper}", f"chmod 600 {pepper}"))
    if (files := resource.getrlimit(resource.RLIMIT_NOFILE)[1]) < LEAST_FILES:
        found.append(
            Diagnosis(
                "files", f"a process may open {files} files", f"ulimit -n {LEAST_FILES}, or LimitNOFILE"
            )
        )
    return found


def _disks(settings: Settings) -> Iterator[Diagnosis]:
    for path in {settings.data_dir, settings.backup_dir, settings.archive_dir} - {None}:
        if path is not None and path.exists():
            usage = shutil.disk_usage(path)
            if usage.free < LEAST_FREE * usage.total:
                free = f"{usage.free >> 20} MiB ({100 * usage.free // usage.total} %)"
                yield Diagnosis(
                    "disk", f"{free} are free on the disk of {path}", "make room; registry retain"
                )


def _backups(settings: Settings, now: datetime) -> Iterator[Diagnosis]:
    if settings.backup_dir is None:
        yield Diagnosis(
            "backups", "nothing says where they are", "set REGISTRY_BACKUP_DIR and run registry backup"
        )
    elif (latest := latest_backup(settings.backup_dir)) is None:
        yield Diagnosis(
            "backups", f"{settings.backup_dir} holds none", "registry backup --passphrase-file FILE"
        )
    elif now - latest.taken_at > BACKUP_AGE:
        yield Diagnosis(
            "backups",
            f"the newest is of {latest.taken_at:%Y-%m-%d %H:%M} UTC",
            "enable registry-backup.timer",
        )
    if settings.archive_dir is not None:
        copies = archive.bases(settings.archive_dir)
        if not copies or now - copies[-1][0] > archive.BASE_EVERY + timedelta(hours=2):
            yield Diagnosis(
                "archive",
                "it has no copy of the cluster of the last day",
                "keep registry serve running; see its log",
            )


def _certificate(settings: Settings, now: datetime) -> Iterator[Diagnosis]:
    if settings.tls_certificate is None:
        return
    try:
        certificate = x509.load_pem_x509_certificate(settings.tls_certificate.read_bytes())
    except (OSError, ValueError) as error:
        yield Diagnosis(
            "certificate",
            f"{settings.tls_certificate} cannot be read: {error}",
            "put a PEM certificate there",
        )
        return
    if certificate.not_valid_after_utc - now < CERTIFICATE_LEFT:
        until = f"{certificate.not_valid_after_utc:%Y-%m-%d}"
        yield Diagnosis("certificate", f"it is valid until {until} only", "renew it and restart the server")
