"""Where a cluster lives and whose it is."""

import hashlib
import os
import pwd
from contextlib import suppress
from pathlib import Path

from registry.runtime.cluster import ClusterError

SOCKET = ".s.PGSQL.5432"
SOCKET_PATH_BYTES = 103  # the shortest limit among supported systems
ACCOUNTS = ("postgres", "_postgres", "nobody")


def home(data_dir: Path) -> Path:
    """The data directory, made when it is missing, with symbolic links resolved."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ClusterError(f"the data directory {data_dir} cannot be made: {error.strerror}") from None
    found = data_dir.resolve()
    if not os.access(found, os.W_OK | os.X_OK):
        raise ClusterError(f"the data directory {found} is not writable for this user")
    return found


def account(pgdata: Path) -> pwd.struct_passwd:
    """Who runs the server: ourselves, or for root the owner of the cluster or an unprivileged account."""
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
    """The account with this number; PostgreSQL refuses to run without an entry for it."""
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        raise ClusterError(
            f"user number {uid} has no entry in the password file, which PostgreSQL needs"
        ) from None


def socket_dir(home: Path) -> Path:
    """The directory of the socket: below `home`, or a short one in /tmp when that path would be too long."""
    if len(os.fsencode(home / "run" / SOCKET)) <= SOCKET_PATH_BYTES:
        return home / "run"
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    short = "/tmp"  # noqa: S108 - the owner and the mode of the directory are checked before it is used
    return Path(short, f"emergency-registry-{digest}")
