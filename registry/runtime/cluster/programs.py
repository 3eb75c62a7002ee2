"""Finds the PostgreSQL servers of this machine that have PostGIS, and runs their programs."""

import os
import pwd
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from registry.runtime.cluster import ClusterError
from registry.runtime.settings import default_data_dir

OLDEST_MAJOR = 15
OLDEST_POSTGIS = (3, 3)


@dataclass(frozen=True)
class PostgresServer:
    """The programs of one PostgreSQL major version, with the extra environment they need."""

    major: int
    bin: Path
    env: dict[str, str]

    def run(
        self, account: pwd.struct_passwd, folder: Path, program: str, *arguments: str, script: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run one of its programs in `folder` as `account`, without the caller's PG* variables.

        The program has a session of its own, so that Ctrl-C does not reach it.
        """
        root = os.geteuid() == 0
        return subprocess.run(
            [str(self.bin / program), *arguments],
            user=account.pw_uid if root else None,
            group=account.pw_gid if root else None,
            extra_groups=[] if root else None,
            cwd=folder,
            env={"PATH": os.defpath, "LC_ALL": "C", "PGOPTIONS": "-c client_min_messages=warning"} | self.env,
            input=script,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )


def servers() -> list[PostgresServer]:
    """All servers of PostgreSQL 15 or newer with PostGIS: newest first, the system's before a private one."""
    found = [*_system(), *_private(default_data_dir() / "pg")]
    return sorted(found, key=lambda server: -server.major)


def server_for(pgdata: Path) -> PostgresServer:
    """The newest server; for an existing cluster, the server of its major version."""
    found = servers()
    if not found:
        raise ClusterError(
            f"no PostgreSQL {OLDEST_MAJOR} or newer with PostGIS 3.3 or newer was found; install it"
            " (on Debian and Ubuntu the package postgresql-N-postgis-3)"
            " or set DATABASE_URL to a server that has it"
        )
    try:
        major = (pgdata / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return found[0]
    except PermissionError:
        raise ClusterError(f"the cluster in {pgdata} belongs to another user") from None
    for server in found:
        if str(server.major) == major:
            return server
    raise ClusterError(
        f"the cluster in {pgdata} was made by PostgreSQL {major}, this machine has {found[0].major}:"
        f" install postgresql-{major}-postgis-3 or choose another REGISTRY_DATA_DIR; nothing was changed"
    )


def _system() -> Iterator[PostgresServer]:
    roots = {
        "/usr/lib/postgresql": "*/bin",
        "/usr": "pgsql-*/bin",
        "/opt/homebrew/opt": "postgresql@*/bin",
        "/usr/local/opt": "postgresql@*/bin",
        "/Applications/Postgres.app/Contents/Versions": "*/bin",
    }
    for root, pattern in roots.items():
        for folder in Path(root).glob(pattern):
            yield from _checked(folder, {})


def _private(prefix: Path) -> Iterator[PostgresServer]:
    """The servers whose packages were unpacked below `prefix`."""
    libraries = [path for path in prefix.glob("usr/lib/*-linux-*") if path.is_dir()]
    nested = [
        path for library in libraries for name in ("blas", "lapack") if (path := library / name).is_dir()
    ]
    env = {"LD_LIBRARY_PATH": ":".join(str(path) for path in [*libraries, *nested])}
    for folder in prefix.glob("usr/lib/postgresql/*/bin"):
        yield from _checked(folder, env)


def _checked(folder: Path, env: dict[str, str]) -> Iterator[PostgresServer]:
    digits = "".join(c for c in folder.parent.name if c.isdigit() or c == ".").split(".")[0]
    major = int(digits or 0)
    if major >= OLDEST_MAJOR and (folder / "postgres").exists() and _has_postgis(folder, major):
        yield PostgresServer(major, folder, env)


def _has_postgis(folder: Path, major: int) -> bool:
    home = folder.parent
    shares = [home / "share", home / "share" / "postgresql"]
    shares += [above / "share" / "postgresql" / str(major) for above in home.parents]
    shares += [above / "share" / home.name for above in home.parents]
    controls = [share / "extension" / "postgis.control" for share in shares]
    return any(_postgis_version(control) >= OLDEST_POSTGIS for control in controls if control.exists())


def _postgis_version(control: Path) -> tuple[int, ...]:
    found = re.search(r"default_version *= *'(\d+)\.(\d+)", control.read_text())
    return tuple(int(part) for part in found.groups()) if found else (0,)
