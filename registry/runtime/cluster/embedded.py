"""The embedded cluster: a private PostgreSQL with PostGIS on a Unix socket, for one data directory.

Layout below the data directory: `pgdata` (the cluster), `run` (its socket), `log`, `setup.lock` (held while
the cluster is made, started or stopped) and `use.lock` (shared by all users of the cluster). The kernel drops
a lock when its process dies, so that the count of users survives kill -9. The last user stops the server.
"""

import fcntl
import logging
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO
from urllib.parse import quote

from registry.runtime.cluster import ClusterError, directories, processes
from registry.runtime.cluster.configuration import configuration
from registry.runtime.cluster.directories import SOCKET
from registry.runtime.cluster.programs import PostgresServer, server_for
from registry.runtime.cluster.supervision import Liveness, watched

__all__ = ["ClusterError", "running"]

START_TIMEOUT_S = 60
LOG_LIMIT_BYTES = 10_000_000
SUPERUSER = "postgres"
LOCALE = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"  # plain C would hide Chinese from pg_trgm
PSQL = ("-X", "-q", "-v", "ON_ERROR_STOP=1")

SET_UP = r"""
SELECT 'CREATE ROLE registry LOGIN CREATEDB'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'registry') \gexec
SELECT 'CREATE ROLE registry_app LOGIN'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'registry_app') \gexec
SELECT 'ALTER ROLE registry_app LOGIN'  -- clusters of before it logged in
 WHERE NOT (SELECT rolcanlogin FROM pg_roles WHERE rolname = 'registry_app') \gexec
GRANT pg_monitor, pg_signal_backend, pg_checkpoint TO registry;
SELECT 'CREATE DATABASE registry OWNER registry'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'registry') \gexec
REVOKE TEMPORARY ON DATABASE registry FROM PUBLIC;
\connect registry
CREATE EXTENSION IF NOT EXISTS postgis;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gist;
"""

EXIT_TIMEOUT_S = 5
LOCK_TIMEOUT_S = 180.0
LOCK_TOLD_S = 5.0
log = logging.getLogger("registry.runtime.cluster.embedded")


@contextmanager
def running(data_dir: Path, *, durable: bool = True, archive_dir: Path | None = None) -> Iterator[str]:
    """Run the cluster of `data_dir`; yields the URL of its database for the owner.

    The cluster is made and started when needed, shared when it already runs, and restarted when it is killed.
    `durable=False` trades safety for speed; it is only for clusters that are thrown away. With `archive_dir`
    it is archived there from its next start on.
    """
    cluster = Cluster.at(data_dir)
    if archive_dir is not None:
        cluster.archive_to(archive_dir)
    with _private(cluster.home / "use.lock") as use:
        try:
            with _setup_lock(cluster.home):
                fcntl.flock(use, fcntl.LOCK_SH)
                cluster.up(durable=durable)
            with watched(cluster.liveness().is_up, lambda: cluster.revive(durable=durable)):
                yield cluster.url
        finally:
            with _setup_lock(cluster.home):
                if _is_locked(use):
                    cluster.down()


def directory_of(database_url: str, data_dir: Path) -> Path | None:
    """The directory of the cluster that a URL leads to, if it is the embedded one of `data_dir`."""
    is_embedded = quote(str(directories.socket_dir(data_dir.resolve()))) in database_url
    return data_dir if is_embedded else None


@contextmanager
def _setup_lock(home: Path) -> Iterator[None]:
    """The lock of whoever makes, starts or stops the cluster; ClusterError when somebody keeps it."""
    with _private(home / "setup.lock") as lock:
        begun_s, is_told = time.monotonic(), False
        while not _is_locked(lock):
            waited_s = time.monotonic() - begun_s
            if waited_s > LOCK_TIMEOUT_S:
                raise ClusterError(f"another process keeps {home / 'setup.lock'} locked for {waited_s:.0f} s")
            if waited_s > LOCK_TOLD_S and not is_told:
                log.warning("waiting for the process that has %s locked", home / "setup.lock")
                is_told = True
            time.sleep(0.05)
        yield


def _private(path: Path) -> IO[str]:
    """A lock file that no other account can open: whoever can open it can lock it."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        os.fchmod(descriptor, 0o600)
    except PermissionError:
        raise ClusterError(f"{path} belongs to another account") from None
    return os.fdopen(descriptor, "a")


def _is_locked(lock: IO[str]) -> bool:
    """Whether the lock is ours now."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@dataclass(frozen=True)
class Cluster:
    """An embedded cluster: its place, its programs, its account, its socket and the name of its data."""

    home: Path
    server: PostgresServer
    account: pwd.struct_passwd
    socket_dir: Path
    data_name: str = "pgdata"

    @classmethod
    def at(cls, data_dir: Path) -> "Cluster":
        """The cluster of a data directory."""
        home = directories.home(data_dir)
        return cls(
            home,
            server_for(home / "pgdata"),
            directories.account(home / "pgdata"),
            directories.socket_dir(home),
        )

    @property
    def pgdata(self) -> Path:
        """The data of PostgreSQL."""
        return self.home / self.data_name

    @property
    def log_file(self) -> Path:
        """What the server says."""
        return self.home / "log" / "postgres.log"

    @property
    def url(self) -> str:
        """The database, for its owner."""
        return f"postgresql://registry@/registry?host={quote(str(self.socket_dir))}"

    def up(self, *, durable: bool) -> None:
        """Make the cluster, start it, and make its roles and database, each where it is missing."""
        self.own_folder(self.socket_dir)
        self.own_folder(self.log_file.parent)
        if not (self.pgdata / "PG_VERSION").exists():
            if (self.home / "pgdata.restoring").exists():
                raise ClusterError(
                    f"a restore into {self.home} was not finished: run `registry restore` again"
                )
            self._build(durable=durable)
        self._serve(durable=durable)
        connection = ("-h", str(self.socket_dir), "-U", SUPERUSER, "-d", SUPERUSER)
        self.demand("the database could not be prepared", "psql", *PSQL, *connection, script=SET_UP)

    def is_led(self) -> bool:
        """Whether its postmaster is alive."""
        return processes.is_led(self.pgdata)

    def liveness(self) -> Liveness:
        """Whether its postmaster is alive and takes connections."""
        path, progress = self.socket_dir / SOCKET, partial(processes.progress, self.pgdata)
        return Liveness(self.is_led, path, self._kill, progress)

    def _kill(self) -> None:
        """Kill a postmaster that is stuck; nothing that was acknowledged is lost."""
        if pid := processes.postmaster(self.pgdata):
            os.kill(pid, signal.SIGKILL)

    def revive(self, *, durable: bool) -> None:
        """Start the cluster again, unless another process did."""
        with _setup_lock(self.home):
            self._serve(durable=durable)

    def _serve(self, *, durable: bool) -> None:
        if self._answers():
            log.info("sharing the cluster that already runs in %s", self.home)
        else:
            self._remove_stale_files()
            self._configure(durable=durable)
            self.start()

    def down(self) -> None:
        """Stop the cluster; connected clients are disconnected."""
        if not processes.owners(self.pgdata):
            return
        stop = ("pg_ctl", "-s", "-D", str(self.pgdata), "stop", "-w", "-t", "30")
        if self._run(*stop, "-m", "fast").returncode:
            self._run(*stop, "-m", "immediate")
        processes.wait_gone(self.pgdata, EXIT_TIMEOUT_S)  # pg_ctl waits for the pid file only

    def _build(self, *, durable: bool) -> None:
        """Make the cluster in a temporary folder and rename it when it is complete."""
        for remains in self.home.glob("pgdata.tmp*"):
            shutil.rmtree(remains, ignore_errors=True)
        building = self.home / f"pgdata.tmp{os.getpid()}"
        self.own_folder(building)
        self.demand(
            "the cluster could not be made",
            *("initdb", "-D", str(building), "-k", "-U", SUPERUSER, "-E", "UTF8", f"--locale={LOCALE}"),
            *("--auth-local=trust", "--auth-host=scram-sha-256", *([] if durable else ["--no-sync"])),
        )
        with (building / "postgresql.conf").open("a") as conf:
            conf.write("\ninclude 'registry.conf'  # rewritten at every start; ALTER SYSTEM wins over it\n")
        building.rename(self.pgdata)

    def _answers(self) -> bool:
        """Whether the cluster answers; waits while it starts or recovers."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while self.is_led():
            if self._run("pg_isready", "-q", "-h", str(self.socket_dir), "-t", "3").returncode == 0:
                return True
            if time.monotonic() > deadline:
                raise ClusterError(
                    f"the cluster in {self.home} runs but does not answer; see {self.log_file}"
                )
            time.sleep(0.1)
        return False

    def _remove_stale_files(self) -> None:
        """Remove the files of a killed postmaster, but never while a process works in the data directory."""
        if remaining := processes.end(self.pgdata):
            raise ClusterError(
                f"processes {sorted(remaining)} still work in {self.pgdata} and do not end; stop them first"
            )
        for name in (
            self.pgdata / "postmaster.pid",
            self.socket_dir / SOCKET,
            self.socket_dir / f"{SOCKET}.lock",
        ):
            name.unlink(missing_ok=True)

    def _configure(self, *, durable: bool) -> None:
        archive_dir = self.archive_dir()
        if archive_dir is not None:
            for folder in (archive_dir, archive_dir / "wal", archive_dir / "base"):
                self.own_folder(folder)
        text = configuration(self.socket_dir, durable=durable, archive_dir=archive_dir)
        (self.pgdata / "registry.conf").write_text(text)

    def archive_to(self, archive_dir: Path) -> None:
        """Archive the cluster there from its next start on."""
        (self.home / "archive-dir").write_text(f"{archive_dir}\n")

    def archive_dir(self) -> Path | None:
        """Where the cluster is archived, once it has been."""
        with suppress(FileNotFoundError):
            return Path((self.home / "archive-dir").read_text().strip())
        return None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        if self.log_file.exists() and self.log_file.stat().st_size > LOG_LIMIT_BYTES:
            self.log_file.replace(self.log_file.with_suffix(".log.1"))
        options = ("-w", "-t", str(START_TIMEOUT_S), "-l", str(self.log_file))
        if self._run("pg_ctl", "-s", "-D", str(self.pgdata), "start", *options).returncode:
            reason = processes.last_error(self.log_file)
            raise ClusterError(f"the cluster in {self.home} did not start: {reason}; see {self.log_file}")

    def ask(self, question: str) -> str:
        """The answer of the server to a question for one value; empty where it has none."""
        connection = ("-h", str(self.socket_dir), "-U", SUPERUSER, "-d", SUPERUSER)
        return self._run("psql", *PSQL, "-At", *connection, "-c", question).stdout.strip()

    def own_folder(self, path: Path) -> None:
        """Make a private folder of the cluster's account; ClusterError for one of somebody else."""
        with suppress(FileExistsError):
            path.mkdir(mode=0o700, parents=True)
            if os.geteuid() == 0:
                os.chown(path, self.account.pw_uid, self.account.pw_gid)
        status = path.lstat()
        is_private = status.st_uid == self.account.pw_uid and not status.st_mode & 0o077
        if not stat.S_ISDIR(status.st_mode) or not is_private:
            raise ClusterError(f"{path} must be a directory of {self.account.pw_name} that only it can enter")

    def demand(self, failure: str, program: str, *arguments: str, script: str = "") -> None:
        """Run one of the programs as the cluster's account; ClusterError when it fails."""
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
