"""Standbys of embedded clusters, for tests and the failover drill."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

from registry.runtime.cluster import directories
from registry.runtime.cluster.configuration import configuration
from registry.runtime.cluster.embedded import SUPERUSER, Cluster


@contextmanager
def standby_of(primary_url: str, data_dir: Path) -> Iterator[str]:
    """A hot standby of the primary, which streams from it."""
    cluster = follow(primary_url, data_dir)
    try:
        yield cluster.url
    finally:
        cluster.down()


def follow(primary_url: str, data_dir: Path) -> Cluster:
    """Start a new standby in a directory, in the place of the cluster that was there."""
    home = directories.home(data_dir)
    socket = directories.socket_dir(home)
    cluster = Cluster.at(data_dir)
    shutil.rmtree(cluster.pgdata, ignore_errors=True)
    if os.geteuid() == 0:
        os.chown(home, cluster.account.pw_uid, cluster.account.pw_gid)
    cluster.demand(
        "no standby",
        *("pg_basebackup", "-h", _host(primary_url), "-U", SUPERUSER, "-D", str(cluster.pgdata)),
        *("-R", "-X", "stream", "--checkpoint=fast"),
    )
    (cluster.pgdata / "registry.conf").write_text(configuration(socket, durable=True))
    cluster.own_folder(socket)
    cluster.own_folder(cluster.log_file.parent)
    cluster._remove_stale_files()
    cluster.start()
    return cluster


def either(one: str, other: str, session: str = "read-write") -> str:
    """Whichever of two servers takes writes, or has another attribute of libpq."""
    hosts = ",".join(quote(_host(url)) for url in (one, other))
    query = f"host={hosts}&port=5432,5432&target_session_attrs={session}"
    return urlunsplit(urlsplit(one)._replace(query=query))


def _host(url: str) -> str:
    return parse_qs(urlsplit(url).query)["host"][0]
