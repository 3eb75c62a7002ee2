"""Point in time: base copies and the write-ahead log of the embedded cluster in a directory of their own.

Below the archive: `wal` (what the server archives, each minute at the latest) and `base`, a copy of the whole
cluster for each day, named by the second at which it was complete (UTC). A cluster that has been archived is
archived at every start, whatever the settings are, so that there is no gap; `archive-dir` in the data
directory says where.
"""

import os
import re
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from registry.runtime.cluster import ClusterError, processes
from registry.runtime.cluster.configuration import configuration
from registry.runtime.cluster.embedded import SUPERUSER, Cluster

RESTORING = "pgdata.restoring"
STAMP = "%Y%m%dT%H%M%SZ"
BASE_EVERY = timedelta(days=1)
KEPT_BASES = 2
RECOVERY_S = 3600
SEGMENT = re.compile(r"[0-9A-F]{24}")


def bases(archive_dir: Path) -> list[tuple[datetime, Path]]:
    """The complete base copies, oldest first, each with the time from which it can be used."""
    paths = (archive_dir / "base").glob("*Z")
    return sorted((datetime.strptime(path.name, STAMP).replace(tzinfo=UTC), path) for path in paths)


def copy_base(data_dir: Path, archive_dir: Path) -> Path:
    """Copy the running cluster into the archive, and remove what the older copies alone need."""
    cluster = Cluster.at(data_dir)
    folder = archive_dir / "base"
    for remains in folder.glob("*.partial"):
        shutil.rmtree(remains)
    draft = folder / f"{os.getpid()}.partial"
    connection = ("-h", str(cluster.socket_dir), "-U", SUPERUSER)
    cluster.demand(
        "the cluster could not be copied",
        *("pg_basebackup", *connection, "-D", str(draft), "-X", "stream", "--checkpoint=fast"),
    )
    complete = folder / f"{datetime.now(UTC) + timedelta(seconds=1):{STAMP}}"
    draft.rename(complete)
    prune(archive_dir)
    return complete


def prune(archive_dir: Path) -> None:
    """Remove all but the newest base copies, and the log that is older than those."""
    kept = bases(archive_dir)
    for _, path in kept[:-KEPT_BASES]:
        shutil.rmtree(path)
    if not kept:
        return
    label = (kept[-KEPT_BASES:][0][1] / "backup_label").read_text()
    first = re.search(r"\(file ([0-9A-F]{24})\)", label)
    for path in (archive_dir / "wal").iterdir():
        if first and SEGMENT.match(path.name) and path.name[8:24] < first[1][8:24]:
            path.unlink()


def restore_to(data_dir: Path, archive_dir: Path, until: datetime) -> datetime:
    """Put the cluster back as it was at an instant; the time of its last transaction then.

    The cluster of before stays beside it as `pgdata.before-…`. A restore that breaks leaves everything as it
    was; where there was no cluster, no server starts until it is run again.
    """
    cluster = Cluster.at(data_dir)
    if processes.owners(cluster.pgdata):
        raise ClusterError(f"the cluster in {cluster.home} runs: stop the server first")
    usable = [path for since, path in bases(archive_dir) if since <= until]
    if not usable:
        oldest = bases(archive_dir)
        since = f"is of {oldest[0][0]:%Y-%m-%d %H:%M:%S} UTC" if oldest else "does not exist"
        raise ClusterError(
            f"the archive in {archive_dir} does not reach so far back: its oldest copy {since}"
        )
    draft = cluster.home / RESTORING
    shutil.rmtree(draft, ignore_errors=True)
    _copy(usable[-1], draft)
    reached = _recover(cluster, draft, archive_dir, until)
    if cluster.pgdata.exists():
        cluster.pgdata.rename(cluster.home / f"pgdata.before-{datetime.now(UTC):{STAMP}}")
    draft.rename(cluster.pgdata)
    cluster.archive_to(archive_dir)
    return reached


def _copy(base: Path, draft: Path) -> None:
    size = sum(path.stat().st_size for path in base.rglob("*") if path.is_file())
    if (free := shutil.disk_usage(draft.parent).free) < size:
        raise ClusterError(f"{draft.parent} has {free >> 20} MB free, and the copy needs {size >> 20} MB")
    shutil.copytree(base, draft, symlinks=True)
    if os.geteuid() == 0:
        owner = base.stat()
        for path in [draft, *draft.rglob("*")]:
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
    draft.chmod(0o700)


def _recover(cluster: Cluster, draft: Path, archive_dir: Path, until: datetime) -> datetime:
    """Replay the archived log up to the instant, on the copy, and stop it there."""
    wal = archive_dir / "wal"
    (draft / "registry.conf").write_text(
        configuration(cluster.socket_dir, durable=True)
        + f'restore_command = \'cp "{wal}/%f" "%p"\'\n'
        + f"recovery_target_time = '{until.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00'\n"
        + "recovery_target_action = 'promote'\n"
    )
    (draft / "recovery.signal").touch()
    cluster.own_folder(cluster.socket_dir)
    cluster.own_folder(cluster.log_file.parent)
    at = Cluster(cluster.home, cluster.server, cluster.account, cluster.socket_dir, draft.name)
    try:
        at.start()
        return _promoted(at)
    except ClusterError as error:
        ends = "recovery ended before configured recovery target was reached" in str(error)
        reason = f"the archive in {archive_dir} ends before that instant" if ends else str(error)
        raise ClusterError(reason) from None
    finally:
        at.down()


def _promoted(cluster: Cluster) -> datetime:
    deadline = time.monotonic() + RECOVERY_S
    question = (
        "SELECT CASE WHEN NOT pg_is_in_recovery() THEN coalesce("
        "extract(epoch FROM pg_last_xact_replay_timestamp()), 0) END"
    )
    while time.monotonic() < deadline:
        if text := cluster.ask(question):
            return datetime.fromtimestamp(float(text), UTC)
        if not cluster.is_led():
            break
        time.sleep(0.2)
    raise ClusterError(processes.last_error(cluster.log_file))
