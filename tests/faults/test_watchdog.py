"""The watchdog kills what is stuck, and leaves alone what only waits for a processor."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from registry.runtime import heartbeat
from registry.runtime.heartbeat import STARVED_AFTER_S, STUCK_AFTER_S, Activity, Watchdog, activity
from tests.waiting import soon

PID = 4
BEATEN_AT_S = 5.0
"""Processor time of the process when it beat last."""


@pytest.fixture
def watchdog() -> Iterator[Watchdog]:
    made = Watchdog()
    made._spent_s[PID] = BEATEN_AT_S
    yield made
    made.sender.close()
    made._receiver.close()


@pytest.mark.parametrize(
    ("now", "silent_s", "is_stuck"),
    [
        (Activity(False, BEATEN_AT_S), STUCK_AFTER_S - 1, False),
        (Activity(False, BEATEN_AT_S), STUCK_AFTER_S + 1, True),  # stopped, or waiting for ever
        (Activity(True, BEATEN_AT_S + 6), STUCK_AFTER_S + 1, True),  # looping
        (Activity(True, BEATEN_AT_S + 0.2), STUCK_AFTER_S + 1, False),  # starved
        (Activity(True, BEATEN_AT_S + 0.2), STARVED_AFTER_S + 1, True),
    ],
)
def test_who_could_have_beaten_and_did_not_is_stuck(
    watchdog: Watchdog, monkeypatch: pytest.MonkeyPatch, now: Activity, silent_s: float, is_stuck: bool
) -> None:
    monkeypatch.setattr(heartbeat, "activity", lambda _: now)
    assert watchdog._is_stuck(PID, silent_s) is is_stuck


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells it in /proc")
def test_the_kernel_tells_who_wants_to_run_and_who_was_stopped() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        try:
            assert soon(lambda: activity(busy.pid).spent_s > 0.1)
            assert soon(lambda: activity(busy.pid).wants_to_run)
            busy.send_signal(signal.SIGSTOP)
            assert soon(lambda: not activity(busy.pid).wants_to_run)
        finally:
            busy.kill()
    assert activity(busy.pid) == Activity(False, 0.0)
