"""The private cluster: made, shared, stopped, and found again after every way of dying."""

import asyncio
import fcntl
import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from registry.runtime.cluster import directories, embedded, processes, programs, supervision
from registry.runtime.cluster.embedded import ClusterError, running
from registry.runtime.database import as_role
from tests.scratch import YOUNG_S, scratch_cluster, scratch_folder, sweep
from tests.waiting import BUSY, soon

HOLD = """
import pathlib, signal, sys
from registry.runtime.cluster.embedded import running
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job inherits "ignore"
with running(pathlib.Path(sys.argv[1]), durable=False) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with scratch_folder() as path:
        yield path


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    with scratch_folder() as path:
        with running(path / "data", durable=False):
            pass
        yield path / "data"


@pytest.fixture
def home(folder: Path, template: Path) -> Iterator[Path]:
    """A stopped cluster of our own."""
    subprocess.run(["cp", "-a", str(template), str(folder / "data")], check=True)
    yield folder / "data"
    assert processes.owners(folder / "data" / "pgdata") == set()


def ask(url: str, question: str) -> Any:
    """One value from the database behind `url`."""

    async def fetch() -> Any:
        connection = await asyncpg.connect(url, timeout=50)
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    with asyncio.Runner() as runner:
        return runner.run(fetch())


@contextmanager
def holder(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that uses the cluster until its standard input closes."""
    command = [sys.executable, "-c", HOLD, str(home)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def answer(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def release(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=150)


def is_up(home: Path) -> bool:
    return bool(processes.owners(home / "pgdata"))


def kill_postmaster(home: Path) -> int:
    first = processes.postmaster(home / "pgdata")
    assert first in processes.owners(home / "pgdata")
    os.kill(first, signal.SIGKILL)
    assert soon(lambda: first not in processes.owners(home / "pgdata"))
    return first


def test_a_new_cluster_is_private_checked_durable_and_has_its_extensions(folder: Path) -> None:
    with running(folder / "data") as url:
        assert ask(url, "SELECT current_user || '/' || current_database()") == "registry/registry"
        assert ask(url, "SHOW data_checksums") == "on"
        assert ask(url, "SHOW fsync") == "on"
        assert ask(url, "SHOW synchronous_commit") == "on"
        assert ask(url, "SHOW listen_addresses") == ""
        assert ask(url, "SHOW track_commit_timestamp") == "on"
        assert (
            ask(url, "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user") is False
        )
        assert ask(as_role(url), "SELECT session_user") == "registry_app"
        assert ask(as_role(url), "SELECT has_database_privilege('registry', 'TEMPORARY')") is False
        present = ask(url, "SELECT array_agg(extname::text) FROM pg_extension")
        assert {"postgis", "pg_trgm", "btree_gist"} <= set(present)
        assert (folder / "data" / "run").stat().st_mode & 0o777 == 0o700
        assert all(os.stat(f"/proc/{pid}").st_uid for pid in processes.owners(folder / "data" / "pgdata"))
    assert not is_up(folder / "data")


def test_chinese_text_has_trigrams(home: Path) -> None:
    with running(home, durable=False) as url:
        assert ask(url, "SELECT cardinality(show_trgm('缙云山')) > 0") is True


def test_a_second_start_keeps_the_data_and_takes_under_two_seconds(home: Path) -> None:
    with running(home, durable=False) as url:
        ask(url, "CREATE TABLE kept AS SELECT 42 AS n")
    begun = time.monotonic()
    with running(home, durable=False) as url:
        assert time.monotonic() - begun < 2 * BUSY
        assert ask(url, "SELECT n FROM kept") == 42


def test_the_last_user_stops_the_server(home: Path) -> None:
    with holder(home) as other:
        url = answer(other)
        with running(home, durable=False) as same:
            assert same == url
        assert ask(url, "SELECT 1") == 1
        release(other)
    assert not is_up(home)


def test_a_killed_user_counts_no_longer(home: Path) -> None:
    with holder(home) as other:
        answer(other)
        other.kill()
        other.wait()
        assert is_up(home)
        with running(home, durable=False) as url:
            assert ask(url, "SELECT 1") == 1
    assert not is_up(home)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_nothing_that_the_next_start_cannot_use(home: Path, number: signal.Signals) -> None:
    with holder(home) as other:
        answer(other)
        other.send_signal(number)
        other.wait(timeout=150)
        assert is_up(home) == (number == signal.SIGTERM)
        with running(home, durable=False) as url:
            assert ask(url, "SELECT 1") == 1
    assert not is_up(home)


def test_a_killed_postmaster_with_a_surviving_backend_is_replaced_and_loses_nothing(home: Path) -> None:
    with running(home) as url:
        ask(url, "CREATE TABLE kept AS SELECT 7 AS n")
        survivor = max(processes.owners(home / "pgdata") - {processes.postmaster(home / "pgdata")})
        os.kill(survivor, signal.SIGSTOP)
        kill_postmaster(home)
        with running(home) as again:
            assert ask(again, "SELECT n FROM kept") == 7
            assert survivor not in processes.owners(home / "pgdata")


def test_a_stale_pid_file_with_the_number_of_a_stranger_is_seen_through(home: Path) -> None:
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        stale = f"{stranger.pid}\n{home}/pgdata\n1\n5432\n{home}/run\n\n"
        (home / "pgdata" / "postmaster.pid").write_text(stale)
        (home / "run" / ".s.PGSQL.5432.lock").write_text(stale)
        with running(home, durable=False) as url:
            assert ask(url, "SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_parallel_first_starts_make_one_cluster(folder: Path) -> None:
    home = folder / "data"
    with holder(home) as a, holder(home) as b, holder(home) as c:
        urls = [answer(process) for process in (a, b, c)]
        assert len(set(urls)) == 1
        assert ask(urls[0], "SELECT count(*) FROM pg_database WHERE datname = 'registry'") == 1
        for process in (a, b, c):
            release(process)
    assert not is_up(home)


def test_a_build_that_was_killed_midway_is_started_anew(folder: Path) -> None:
    home = folder / "data"
    with holder(home) as other:
        assert soon(lambda: any(home.glob("pgdata.tmp*/base")))
        other.kill()
        other.wait()
    assert not (home / "pgdata").exists()
    with running(home, durable=False) as url:
        assert ask(url, "SELECT postgis_version() IS NOT NULL") is True


def test_a_cluster_of_another_major_version_is_refused_and_left_alone(folder: Path) -> None:
    pgdata = folder / "data" / "pgdata"
    pgdata.mkdir(parents=True)
    (pgdata / "PG_VERSION").write_text("9\n")
    expected = pytest.raises(ClusterError, match=r"made by PostgreSQL 9, .*nothing was changed")
    with expected, running(folder / "data"):
        pass
    assert [path.name for path in (folder / "data").rglob("*")] == ["pgdata", "PG_VERSION"]


def test_only_its_own_cluster_is_stopped(home: Path, folder: Path) -> None:
    subprocess.run(["cp", "-a", str(home), str(folder / "other")], check=True)
    with running(folder / "other", durable=False) as other:
        with running(home, durable=False):
            kill_postmaster(home)
        with running(home, durable=False):
            pass
        assert ask(other, "SELECT 1") == 1


def test_a_data_directory_too_long_for_a_socket_gets_a_short_one(folder: Path, template: Path) -> None:
    home = folder / ("long" * 30) / "data"
    home.parent.mkdir()
    subprocess.run(["cp", "-a", str(template), str(home)], check=True)
    with running(home, durable=False) as url:
        socket_dir = Path(parse_qs(urlsplit(url).query)["host"][0])
        assert ask(url, "SELECT 1") == 1
        assert socket_dir.stat().st_mode & 0o777 == 0o700
    socket_dir.chmod(0o777)
    try:
        with pytest.raises(ClusterError, match="only it can enter"), running(home, durable=False):
            pass
    finally:
        socket_dir.rmdir()


def test_a_directory_that_the_server_cannot_use_is_named(folder: Path) -> None:
    private = folder / "private"
    private.mkdir(mode=0o700 if os.geteuid() == 0 else 0o500)
    with pytest.raises(ClusterError, match=str(private)), running(private / "data"):
        pass


def test_an_account_without_a_password_entry_is_refused() -> None:
    with pytest.raises(ClusterError, match="3999999999 has no entry"):
        directories.named(3_999_999_999)


def test_a_machine_without_postgis_hears_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "servers", list)
    expected = pytest.raises(ClusterError, match=r"postgresql-N-postgis-3.*DATABASE_URL")
    with expected, running(folder / "data"):
        pass


def test_a_private_prefix_is_found_with_its_libraries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "default_data_dir", lambda: tmp_path)
    prefix = tmp_path / "pg" / "usr"
    postgis = {"14": "3.4.0", "16": None, "17": "3.2.9", "99": "3.10.1"}
    for major, version in postgis.items():
        (prefix / "lib/postgresql" / major / "bin").mkdir(parents=True)
        (prefix / "lib/postgresql" / major / "bin/postgres").touch()
        extensions = prefix / "share/postgresql" / major / "extension"
        extensions.mkdir(parents=True)
        if version:
            (extensions / "postgis.control").write_text(f"default_version = '{version}'\n")
    (prefix / "lib/x86_64-linux-gnu/blas").mkdir(parents=True)
    ours = [server for server in programs.servers() if server.bin.is_relative_to(tmp_path)]
    assert [server.bin for server in ours] == [prefix / "lib/postgresql/99/bin"]
    libraries = f"{prefix}/lib/x86_64-linux-gnu"
    assert ours[0].env == {"LD_LIBRARY_PATH": f"{libraries}:{libraries}/blas"}
    assert all(server.env == {} for server in programs.servers() if server not in ours)


def test_a_scratch_cluster_leaves_nothing() -> None:
    with scratch_cluster() as url:
        home = Path(parse_qs(urlsplit(url).query)["host"][0]).parent
        assert ask(url, "SHOW fsync") == "off"
    assert not home.parent.exists()


def test_what_a_killed_run_left_is_swept_and_what_is_used_stays(folder: Path, template: Path) -> None:
    left, used = folder, template.parent
    subprocess.run(["cp", "-a", str(template), str(left / "data")], check=True)
    with holder(left / "data") as killed, holder(template) as user:
        answer(killed)
        killed.kill()
        killed.wait()
        answer(user)
        long_ago = time.time() - 2 * YOUNG_S
        os.utime(left, (long_ago, long_ago))
        os.utime(used, (long_ago, long_ago))
        sweep()
        assert not left.exists()
        assert is_up(template)
        release(user)
    os.utime(used)
    left.mkdir()


def test_a_killed_postmaster_comes_back_by_itself_and_loses_nothing(home: Path) -> None:
    with running(home) as url:
        ask(url, "CREATE TABLE kept AS SELECT 11 AS n")
        first = kill_postmaster(home)
        assert soon(lambda: processes.postmaster(home / "pgdata") not in (None, first))
        assert soon(lambda: answers(url), within_s=10)
        assert ask(url, "SELECT n FROM kept") == 11
    assert not is_up(home)


def answers(url: str) -> bool:
    try:
        return bool(ask(url, "SELECT 1") == 1)
    except (OSError, asyncpg.PostgresError):
        return False


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
def test_no_other_account_can_open_and_so_lock_the_lock_files(home: Path) -> None:
    for name in ("setup.lock", "use.lock"):
        (home / name).touch()
        (home / name).chmod(0o644)  # as an earlier release made them
    home.chmod(0o755)
    home.parent.chmod(0o755)
    with running(home, durable=False):
        for name in ("setup.lock", "use.lock"):
            command = ["/usr/bin/head", "-c0", str(home / name)]
            tried = subprocess.run(command, user=65534, cwd="/", capture_output=True, text=True, check=False)
            assert "Permission denied" in tried.stderr, tried


def test_a_lock_that_somebody_keeps_is_told_and_given_up(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(embedded, "LOCK_TOLD_S", 0.1)
    monkeypatch.setattr(embedded, "LOCK_TIMEOUT_S", 0.5)
    with (home / "setup.lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(ClusterError, match=r"setup\.lock locked"), running(home, durable=False):
            pass
    assert "waiting for the process" in caplog.text


def test_a_cluster_of_before_the_role_logged_in_is_mended(home: Path) -> None:
    with running(home, durable=False) as url:
        superuser = url.replace("registry@", "postgres@")
        ask(superuser, "ALTER ROLE registry_app NOLOGIN")
    with running(home, durable=False) as url:
        assert ask(as_role(url), "SELECT session_user::text") == "registry_app"


def test_a_postmaster_is_not_killed_for_being_slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy host it has run between two looks, although it has not answered either."""
    for name, seconds in (("STUCK_AFTER_S", 0.1), ("PROBE_EVERY_S", 0.0), ("PROBE_S", 0.05)):
        monkeypatch.setattr(supervision, name, seconds)
    killed, turns = [], itertools.count()
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "s"))
        silent.listen()
        slow = supervision.Liveness(
            lambda: True, tmp_path / "s", lambda: killed.append(1), lambda: next(turns)
        )
        stuck = supervision.Liveness(lambda: True, tmp_path / "s", lambda: killed.append(2), lambda: 7)
        assert soon(lambda: not stuck.is_up())
        for _ in range(10):
            assert slow.is_up()
        monkeypatch.setattr(supervision, "LONGEST_SILENT_S", 0.2)
        assert soon(lambda: not slow.is_up())
        assert killed == [2, 1]


def test_a_postmaster_that_takes_no_connection_is_killed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "STUCK_AFTER_S", 0.5)
    monkeypatch.setattr(supervision, "PROBE_EVERY_S", 0.1)
    monkeypatch.setattr(supervision, "PROBE_S", 0.3)
    with running(home, durable=False) as url:
        first = processes.postmaster(home / "pgdata")
        assert first
        os.kill(first, signal.SIGSTOP)
        assert soon(lambda: processes.postmaster(home / "pgdata") not in (None, first))
        assert soon(lambda: answers(url))
