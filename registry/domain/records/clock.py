"""The clock of a report: bounded, and corrected where the device says how wrong its own clock is."""

from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta

from registry.domain.errors import Invalid, InvalidQuery

MOST_AHEAD = timedelta(minutes=5)
"""How far beyond the registry's clock an instant may lie. Two good clocks differ by less."""
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""What is said to be observed before this is the mark of a device that lost its clock."""
LEAST_SKEW = timedelta(seconds=60)
"""A smaller difference between two clocks is the time that a request takes: it corrects nothing."""


def skew_of(sent_at: datetime | None, received_at: datetime) -> timedelta:
    """How far the clock of a device is behind the registry's, by what it said when it sent; else zero."""
    if sent_at is None:
        return timedelta()
    skew = received_at - aware_instant(sent_at, "sent_at")
    return skew if abs(skew) >= LEAST_SKEW else timedelta()


def observed_instant(
    moment: datetime, now: datetime, *, skew: timedelta = timedelta(), field: str = "observed_at"
) -> datetime:
    """When something was observed, by the registry's clock; Invalid for the future and for before 1990."""
    instant, clock = _moved(aware_instant(moment, field), skew), _text(now)
    if instant > now + MOST_AHEAD:
        raise Invalid(
            f"{field} {_text(instant)} is later than the registry's clock, {clock}",
            field=field,
            zh=f"{field} {_text(instant)} 晚于登记系统时钟 {clock}",
        )
    if instant < EARLIEST:
        raise Invalid(
            f"{field} {_text(instant)} is before 1990; the registry's clock is {clock}",
            field=field,
            zh=f"{field} {_text(instant)} 早于 1990 年；登记系统时钟为 {clock}",
        )
    return instant


def past_instant(moment: datetime | None, now: datetime) -> datetime | None:
    """`moment`; InvalidQuery when it has no time zone or lies in the future: nothing is recorded of that."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise InvalidQuery("as_of needs a time zone", field="as_of")
    if moment > now + MOST_AHEAD:
        raise InvalidQuery(
            f"as_of {_text(moment)} is later than the registry's clock, {_text(now)}",
            field="as_of",
            zh=f"as_of {_text(moment)} 晚于登记系统时钟 {_text(now)}",
        )
    return moment


def aware_instant(moment: datetime, field: str) -> datetime:
    """`moment`; Invalid when it has no time zone."""
    if moment.tzinfo is None:
        raise Invalid(f"{field} needs a time zone", field=field)
    return moment


def _moved(moment: datetime, by: timedelta) -> datetime:
    """The moment, corrected; one at an end of time stays there, and is refused as too early or too late."""
    try:
        return moment + by
    except OverflowError:
        return moment


def _text(moment: datetime) -> str:
    if moment.year in (MINYEAR, MAXYEAR):
        return moment.isoformat(timespec="seconds")  # its instant in UTC may be outside of what there is
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
