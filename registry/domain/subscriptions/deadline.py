"""Deadlines that time alone brings: a verification that is due, stock that is about to expire or has."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

DeadlineKind = Literal["verification", "expiring", "expired"]
DeadlineEvent = Literal["verification.due", "stock.expiring", "stock.expired"]
EVENTS: Mapping[DeadlineKind, DeadlineEvent] = {
    "verification": "verification.due",
    "expiring": "stock.expiring",
    "expired": "stock.expired",
}
NOTICE_DAYS = 30
"""So many days ahead it is told that stock expires; our own choice."""


class Reached(Struct, frozen=True, kw_only=True):
    """What subscriptions were told of: records verified, and stock that expires, up to here.

    None tells nothing. A change that brings a value from before is told as having it.
    """

    verification: datetime | None = None
    expiring: datetime | None = None
    expired: datetime | None = None


def reached_at(at: datetime, stale_after: timedelta, zone: str) -> Reached:
    """What time has brought by an instant: the days of expiry are those of the registry's zone."""
    today = at.astimezone(ZoneInfo(zone)).date()
    return Reached(
        verification=at - stale_after,
        expiring=_midnight(today + timedelta(days=NOTICE_DAYS)),
        expired=_midnight(today - timedelta(days=1)),
    )


def _midnight(day: date) -> datetime:
    """A day as an instant, as days are kept."""
    return datetime.combine(day, time(), UTC)


def deadlines_of(members: Mapping[str, Any], reached: Reached) -> list[DeadlineEvent]:
    """The deadlines that a record has passed, of those that were told already."""
    events: list[DeadlineEvent] = []
    verified_at = members.get("verified_at")
    if verified_at and reached.verification and datetime.fromisoformat(verified_at) <= reached.verification:
        events.append("verification.due")
    days = [_midnight(date.fromisoformat(day)) for day in _expiries(members)]
    if reached.expired and any(day <= reached.expired for day in days):
        events.append("stock.expired")
    if reached.expiring and any(_expires(day, reached) for day in days):
        events.append("stock.expiring")
    return events


def _expiries(members: Mapping[str, Any]) -> list[str]:
    return [line["expires_on"] for line in members.get("stock") or [] if line.get("expires_on")]


def _expires(day: datetime, reached: Reached) -> bool:
    """Whether stock of this day is about to expire and has not yet."""
    gone = reached.expired is not None and day <= reached.expired
    return not gone and reached.expiring is not None and day <= reached.expiring
