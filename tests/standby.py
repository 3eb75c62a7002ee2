"""A hot standby of an embedded cluster, for tests and the failover drill."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from registry.runtime.cluster import directories
from registry.runtime.cluster.configuration import configuration
from registry.runtime.cluster.embedded import SUPERUSER, Cluster


@contextmanager
def standby_of(primary_url: str, data_dir: Path) -> Iterator[str]:
    """A hot standby of the primary, which streams from it."""
    home = directories.home(data_dir)
    socket = directories.socket_dir(home)
    first = Cluster.at(data_dir)
    at = parse_qs(urlsplit(primary_url).query)["host"][0]
    if os.geteuid() == 0:
        os.chown(home, first.account.pw_uid, first.account.pw_gid)
    first.demand(
        "no standby",
        *("pg_basebackup", "-h", at, "-U", SUPERUSER, "-D", str(home / "pgdata"), "-R", "-X", "stream"),
        "--checkpoint=fast",
    )
    (home / "pgdata" / "registry.conf").write_text(configuration(socket, durable=True))
    first.own_folder(socket)
    first.own_folder(first.log_file.parent)
    first.start()
    try:
        yield first.url
    finally:
        first.down()
