"""The server as a person meets it: started, stopped, killed, started again."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from registry.runtime.cluster import processes
from registry.runtime.server import LOOP_S
from tests.faults.victim import accepts, age_s, cpu_s
from tests.scratch import scratch_folder
from tests.waiting import BUSY, soon

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """The data directory of one registry that every test here starts again."""
    with scratch_folder() as folder:
        yield folder / "data"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def port() -> int:
    return free_port()


def hear_interrupts() -> None:
    """Undo what a shell does to all it starts in the background, these tests perhaps: ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(home: Path, port: int, *options: str, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "registry", "serve", "--port", str(port), *options],
        env=ENVIRONMENT | {"REGISTRY_DATA_DIR": str(home)} | environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_interrupts,
    )


@contextmanager
def served(home: Path, port: int, *options: str, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    process = start(home, port, *options, **environment)
    try:
        assert process.stderr
        assert any("ready on" in line for line in process.stderr), "the server ended before it was ready"
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15 * BUSY)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        finally:
            process.stderr.close()


def status(port: int, path: str = "/health/ready") -> int | None:
    """The status of an answer, or None when nobody listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5 * BUSY) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


def family(port: int) -> set[int]:
    """The supervisor of the server on this port and its workers."""
    found = set()
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            told = (entry / "environ").read_bytes()
            if f"REGISTRY_PORT={port}".encode() in told and b"python" in (entry / "cmdline").read_bytes():
                found.add(int(entry.name))
    return found


def test_a_second_start_is_soon_ready(home: Path, port: int) -> None:
    with served(home, port):
        assert status(port) == 200
    begun = time.monotonic()
    with served(home, port):
        assert status(port) == 200
        assert time.monotonic() - begun < 5 * BUSY


def test_the_first_start_has_the_plan_documents(home: Path, port: int) -> None:
    with served(home, port):
        url = f"http://127.0.0.1:{port}/v1/resources?kind=fire_watch_point&limit=100"
        with urllib.request.urlopen(url, timeout=5 * BUSY) as response:
            assert response.read().count("红外".encode()) >= 9


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything(home: Path, port: int, number: signal.Signals) -> None:
    with served(home, port) as process:
        process.send_signal(number)
        assert process.wait(15 * BUSY) == 0
        assert status(port) is None
        assert processes.owners(home / "pgdata") == set()


def test_a_stop_is_quiet(home: Path, port: int) -> None:
    process = start(home, port)
    assert process.stderr
    assert any("ready on" in line for line in process.stderr)
    assert soon(lambda: status(port, "/v1/changes?cursor=now") == 200)
    process.terminate()
    _, said = process.communicate(timeout=100)
    assert process.returncode == 0
    assert said == "", "what it waits for is told to end before its connections are closed"


def test_a_taken_port_is_one_sentence(home: Path, port: int) -> None:
    with served(home, port):
        second = start(home, port)
        _, complaint = second.communicate(timeout=150)
        assert second.returncode == 1
        assert re.search(rf"port {port} cannot be listened on: .*--port", complaint)
        assert status(port) == 200


def test_a_second_server_shares_the_cluster_and_leaves_it_to_the_first(home: Path, port: int) -> None:
    with served(home, port):
        with served(home, 0) as other:
            assert other.poll() is None
        assert status(port) == 200


def test_the_owner_s_url_is_needed_by_the_first_start_and_kept_from_the_server(home: Path) -> None:
    owner, role = (
        f"postgresql://{name}@/registry?host={home / 'run'}" for name in ("registry", "registry_app")
    )
    with served(home, free_port()):
        port = free_port()
        with served(home, port, DATABASE_URL=role, REGISTRY_OWNER_URL=owner):
            assert status(port) == 200
            environments = [Path(f"/proc/{pid}/environ").read_bytes() for pid in family(port)]
            assert environments
            assert not [one for one in environments if b"registry@" in one or b"OWNER" in one]
        with served(home, port, DATABASE_URL=role):
            assert status(port, "/v1/resources?limit=1") == 200
        refused = start(home, port, DATABASE_URL=owner)
        _, complaint = refused.communicate(timeout=150)
        assert refused.returncode == 1
        assert "requests are answered only as registry_app" in complaint


def test_a_killed_worker_is_replaced_and_the_other_answers_meanwhile(home: Path, port: int) -> None:
    with served(home, port, "--workers", "2"):
        before = family(port)
        victim = max(before - {min(before)})
        os.kill(victim, signal.SIGKILL)
        assert soon(lambda: len(family(port) - {victim}) == len(before) and status(port) == 200)
        assert min(family(port)) == min(before)


def test_a_worker_that_dies_again_and_again_does_not_end_the_others(home: Path, port: int) -> None:
    """Each new one takes less time than the first server, which had to load the application."""
    with served(home, port, "--workers", "2"):
        before = family(port)
        supervisor, kept = min(before), sorted(before)[1]
        assert soon(lambda: age_s(kept) > LOOP_S)
        for _ in range(3):
            victim = max(family(port))
            assert soon(lambda one=victim: accepts(one, port), 120)
            assert cpu_s(victim) < cpu_s(supervisor)
            os.kill(victim, signal.SIGKILL)
            assert soon(lambda one=victim: len(family(port) - {one}) == len(before), 120)
            assert status(port) == 200
        assert {supervisor, kept} <= family(port)


def test_a_killed_supervisor_is_replaced_with_all_its_workers(home: Path, port: int) -> None:
    with served(home, port):
        before = family(port)
        os.kill(min(before), signal.SIGKILL)
        assert soon(lambda: not family(port) & before and status(port) == 200)


def test_a_killed_parent_takes_the_server_with_it(home: Path, port: int) -> None:
    with served(home, port) as process:
        process.kill()
        process.wait()
        assert soon(lambda: status(port) is None and not family(port))
    with served(home, port):
        assert status(port) == 200


def test_a_killed_database_is_started_again_while_serving(home: Path, port: int) -> None:
    with served(home, port):
        before = family(port)
        postmaster = processes.postmaster(home / "pgdata")
        assert postmaster
        os.kill(postmaster, signal.SIGKILL)
        assert soon(lambda: processes.postmaster(home / "pgdata") != postmaster and status(port) == 200)
        assert min(family(port)) == min(before)
    assert processes.owners(home / "pgdata") == set()
