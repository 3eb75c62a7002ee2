"""Whether a place is open by its hours: zones, seasons, exceptions, and what is not guessed at."""

from datetime import UTC, datetime

import pytest

from registry.domain.incidents.hours import opening_at


def opened(hours: str | None, moment: str, zone: str = "Asia/Shanghai", **more) -> str:
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    return opening_at(hours, at, zone=zone, country="CN", **more).state


@pytest.mark.parametrize(
    ("hours", "moment", "state"),
    [
        ("Mo-Su 08:00-20:00", "2026-11-30T00:30:00", "open"),
        ("Mo-Su 08:00-20:00", "2026-11-30T13:00:00", "closed"),
        ("Mo-Su 22:00-02:00", "2026-11-30T17:30:00", "open"),
        ("Nov-Mar Mo-Su 08:00-20:00", "2026-07-01T02:00:00", "closed"),
        ("Mo-Su 08:00-20:00; 2026 Nov 30 off", "2026-11-30T02:00:00", "closed"),
        ("24/7", "2026-11-30T13:00:00", "open"),
        ("PH off; Mo-Su 08:00-20:00", "2026-11-30T02:00:00", "open"),
        ("周一至周五八点", "2026-11-30T02:00:00", "unknown"),
        (None, "2026-11-30T02:00:00", "unknown"),
    ],
)
def test_hours_are_those_of_the_zone_of_the_place(hours, moment, state) -> None:
    assert opened(hours, moment) == state


def test_the_same_instant_is_another_hour_elsewhere() -> None:
    assert opened("Mo-Su 08:00-20:00", "2026-11-30T00:30:00", zone="Europe/London") == "closed"


def test_what_somebody_saw_comes_before_what_is_written() -> None:
    assert opened("24/7", "2026-11-30T02:00:00", reported="closed") == "closed"
    answer = opening_at(
        "Mo-Su 08:00-20:00", datetime(2026, 11, 30, 1, tzinfo=UTC), zone="Asia/Shanghai", country="CN"
    )
    assert answer.basis == "hours"
    assert answer.until is not None
    assert answer.until.astimezone(UTC) == datetime(2026, 11, 30, 12, tzinfo=UTC)
