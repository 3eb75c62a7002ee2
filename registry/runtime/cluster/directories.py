"""The directories of a cluster and the account that owns them."""

import hashlib
import os
import pwd
from contextlib import suppress
from pathlib import Path

from registry.runtime.cluster import ClusterError

SOCKET = ".s.PGSQL.5432"
SOCKET_PATH_BYTES = 103  # the lowest limit among supported systems
ACCOUNTS = ("postgres", "_postgres", "nobody")


def home(data_dir: Path) -> Path:
    """The data directory with symbolic links resolved; it is made when it is missing."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ClusterError(f"the data directory {data_dir} cannot be made: {error.strerror}") from None
    path = data_dir.resolve()
    if not os.access(path, os.W_OK | os.X_OK):
        raise ClusterError(f"the data directory {path} is not writable for this user")
    return path


def account(pgdata: Path) -> pwd.struct_passwd:
    """The account that runs the server: our own; for root, the cluster's owner or an unprivileged one."""
    if os.geteuid():
        return named(os.geteuid())
    if pgdata.exists():
        return named(pgdata.stat().st_uid)
    for name in ACCOUNTS:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise ClusterError(
        f"PostgreSQL does not run as root and none of the accounts {', '.join(ACCOUNTS)} exists"
    )


def named(uid: int) -> pwd.struct_passwd:
    """The account with this user id; PostgreSQL needs its entry in the password file."""
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        raise ClusterError(
            f"user number {uid} has no entry in the password file, which PostgreSQL needs"
        ) from None


def socket_dir(home: Path) -> Path:
    """The directory of the socket: below `home`, or in /tmp when that path would be too long."""
    if len(os.fsencode(home / "run" / SOCKET)) <= SOCKET_PATH_BYTES:
        return home / "run"
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    short = "/tmp"  # noqa: S108 - the owner and the mode of the directory are checked before it is used
    return Path(short, f"emergency-registry-{digest}")
