"""The embedded default: a private PostgreSQL + PostGIS cluster, on a Unix socket, for one data directory.

Layout below the data directory: `pgdata` (the cluster), `run` (its socket), `log`, `setup.lock` (held while
the cluster is made, started or stopped) and `use.lock` (held shared by every user of the cluster: the kernel
drops it when a process dies, so the count of users survives kill -9, and the last one out stops the server).
"""

import fcntl
import logging
import os
import pwd
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

from registry.runtime.cluster import ClusterError, directories, processes
from registry.runtime.cluster.configuration import configuration
from registry.runtime.cluster.directories import SOCKET
from registry.runtime.cluster.programs import Server, server_for
from registry.runtime.cluster.supervision import watched

__all__ = ["ClusterError", "running"]

START_PATIENCE_S = 60
LOG_LIMIT_BYTES = 10_000_000
SUPERUSER = "postgres"
LOCALE = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"  # plain C would hide Chinese from pg_trgm
PSQL = ("-X", "-q", "-v", "ON_ERROR_STOP=1")

SET_UP = r"""
SELECT 'CREATE ROLE registry LOGIN CREATEDB'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'registry') \gexec
SELECT 'CREATE ROLE registry_app LOGIN'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'registry_app') \gexec
GRANT pg_monitor, pg_signal_backend, pg_checkpoint TO registry;
SELECT 'CREATE DATABASE registry OWNER registry'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'registry') \gexec
REVOKE TEMPORARY ON DATABASE registry FROM PUBLIC;
\connect registry
CREATE EXTENSION IF NOT EXISTS postgis;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gist;
"""

LAST_BREATH_S = 5
log = logging.getLogger("registry.runtime.cluster.embedded")


@contextmanager
def running(data_dir: Path, *, durable: bool = True) -> Iterator[str]:
    """A running cluster for `data_dir` and the URL of its database with PostGIS, pg_trgm and btree_gist.

    The cluster is made and started when needed, shared when it already runs, and started again when it is
    killed; the last user stops it.
    `durable=False` trades safety for speed and is only for clusters that are thrown away.
    """
    cluster = _Cluster.at(data_dir)
    with (cluster.home / "use.lock").open("a") as use:
        try:
            with _setup_lock(cluster.home):
                fcntl.flock(use, fcntl.LOCK_SH)
                cluster.up(durable=durable)
            with watched(cluster.is_led, lambda: cluster.revive(durable=durable)):
                yield cluster.url
        finally:
            with _setup_lock(cluster.home):
                if _alone(use):
                    cluster.down()


@contextmanager
def _setup_lock(home: Path) -> Iterator[None]:
    with (home / "setup.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _alone(use: IO[str]) -> bool:
    try:
        fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@dataclass(frozen=True)
class _Cluster:
    home: Path
    server: Server
    account: pwd.struct_passwd
    socket_dir: Path

    @classmethod
    def at(cls, data_dir: Path) -> "_Cluster":
        home = directories.home(data_dir)
        return cls(
            home,
            server_for(home / "pgdata"),
            directories.account(home / "pgdata"),
            directories.socket_dir(home),
        )

    @property
    def pgdata(self) -> Path:
        return self.home / "pgdata"

    @property
    def log_file(self) -> Path:
        return self.home / "log" / "postgres.log"

    @property
    def url(self) -> str:
        return f"postgresql://registry@/registry?host={quote(str(self.socket_dir))}"

    def up(self, *, durable: bool) -> None:
        """Make, start and fill the cluster, each only when that is missing."""
        self._own_folder(self.socket_dir)
        self._own_folder(self.log_file.parent)
        if not (self.pgdata / "PG_VERSION").exists():
            self._build(durable=durable)
        self._serve(durable=durable)
        connection = ("-h", str(self.socket_dir), "-U", SUPERUSER, "-d", SUPERUSER)
        self._demand("the database could not be prepared", "psql", *PSQL, *connection, script=SET_UP)

    def is_led(self) -> bool:
        """Whether its postmaster is there."""
        return processes.is_led(self.pgdata)

    def revive(self, *, durable: bool) -> None:
        """Start the cluster again when nobody did yet."""
        with _setup_lock(self.home):
            self._serve(durable=durable)

    def _serve(self, *, durable: bool) -> None:
        if self._answers():
            log.info("sharing the cluster that already runs in %s", self.home)
        else:
            self._clear_remains()
            self._start(durable=durable)

    def down(self) -> None:
        """Stop the cluster; clients that are still connected are cut off."""
        if not processes.owners(self.pgdata):
            return
        stop = ("pg_ctl", "-s", "-D", str(self.pgdata), "stop", "-w", "-t", "30")
        if self._run(*stop, "-m", "fast").returncode:
            self._run(*stop, "-m", "immediate")
        processes.wait_gone(self.pgdata, LAST_BREATH_S)  # pg_ctl waits for the file and not for the process

    def _build(self, *, durable: bool) -> None:
        """Make the cluster aside and move it into place when it is whole."""
        for remains in self.home.glob("pgdata.tmp*"):
            shutil.rmtree(remains, ignore_errors=True)
        building = self.home / f"pgdata.tmp{os.getpid()}"
        self._own_folder(building)
        self._demand(
            "the cluster could not be made",
            *("initdb", "-D", str(building), "-k", "-U", SUPERUSER, "-E", "UTF8", f"--locale={LOCALE}"),
            *("--auth-local=trust", "--auth-host=scram-sha-256", *([] if durable else ["--no-sync"])),
        )
        with (building / "postgresql.conf").open("a") as conf:
            conf.write("\ninclude 'registry.conf'  # rewritten at every start; ALTER SYSTEM wins over it\n")
        building.rename(self.pgdata)

    def _answers(self) -> bool:
        """Whether the cluster serves; one that is starting or recovering is waited for."""
        deadline = time.monotonic() + START_PATIENCE_S
        while self.is_led():
            if self._run("pg_isready", "-q", "-h", str(self.socket_dir), "-t", "3").returncode == 0:
                return True
            if time.monotonic() > deadline:
                raise ClusterError(
                    f"the cluster in {self.home} runs but does not answer; see {self.log_file}"
                )
            time.sleep(0.1)
        return False

    def _clear_remains(self) -> None:
        """Remove what a killed postmaster left; never while a process still works in the data directory."""
        if left := processes.end(self.pgdata):
            raise ClusterError(
                f"processes {sorted(left)} still work in {self.pgdata} and do not end; stop them first"
            )
        for name in (
            self.pgdata / "postmaster.pid",
            self.socket_dir / SOCKET,
            self.socket_dir / f"{SOCKET}.lock",
        ):
            name.unlink(missing_ok=True)

    def _start(self, *, durable: bool) -> None:
        (self.pgdata / "registry.conf").write_text(configuration(self.socket_dir, durable=durable))
        if self.log_file.exists() and self.log_file.stat().st_size > LOG_LIMIT_BYTES:
            self.log_file.replace(self.log_file.with_suffix(".log.1"))
        options = ("-w", "-t", str(START_PATIENCE_S), "-l", str(self.log_file))
        if self._run("pg_ctl", "-s", "-D", str(self.pgdata), "start", *options).returncode:
            reason = processes.last_words(self.log_file)
            raise ClusterError(f"the cluster in {self.home} did not start: {reason}; see {self.log_file}")

    def _own_folder(self, path: Path) -> None:
        """A private folder of the cluster's account; one that somebody else made is refused."""
        with suppress(FileExistsError):
            path.mkdir(mode=0o700)
            if os.geteuid() == 0:
                os.chown(path, self.account.pw_uid, self.account.pw_gid)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != self.account.pw_uid or found.st_mode & 0o077:
            raise ClusterError(f"{path} must be a directory of {self.account.pw_name} that only it can enter")

    def _demand(self, failure: str, program: str, *arguments: str, script: str = "") -> None:
        result = self._run(program, *arguments, script=script)
        if result.returncode:
            lines = (result.stderr or result.stdout).strip().splitlines() or ["no reason given"]
            raise ClusterError(f"{failure}: {lines[-1]}")

    def _run(self, program: str, *arguments: str, script: str = "") -> subprocess.CompletedProcess[str]:
        try:
            return self.server.run(self.account, self.home, program, *arguments, script=script)
        except PermissionError:
            raise ClusterError(
                f"the user {self.account.pw_name} cannot enter {self.home};"
                " set REGISTRY_DATA_DIR to a directory that is not inside a private one"
            ) from None
