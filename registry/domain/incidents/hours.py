"""Whether a place is open at an instant by its stated hours (OpenStreetMap `opening_hours`)."""

from datetime import datetime
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct
from opening_hours import OpeningHours, State, validate

OpenNow = Literal["open", "closed", "unknown"]


class Opening(Struct, frozen=True, kw_only=True):
    """Open, closed or unknown at an instant, until when, and what that is known from.

    `basis` is `hours`, `report` (somebody saw it), or `none`. The holidays are those of the country.
    """

    state: OpenNow
    """Open, closed or unknown."""
    basis: Literal["hours", "report", "none"]
    until: datetime | None = None
    hours: str | None = None
    detail: str | None = None


@lru_cache(4096)
def _parsed(text: str, zone: str, country: str | None) -> OpeningHours | None:
    return OpeningHours(text, timezone=ZoneInfo(zone), country=country) if validate(text) else None


def opening_at(
    hours: str | None, at: datetime, *, zone: str, country: str | None, reported: OpenNow = "unknown"
) -> Opening:
    """The opening at an instant in the zone of the place.

    A report that it is closed stands against hours that say open, and the other way round: what somebody saw
    comes before what is written. Hours that are free text are not guessed at.
    """
    if reported != "unknown":
        return Opening(state=reported, basis="report", hours=hours)
    if hours is None:
        return Opening(state="unknown", basis="none")
    parsed = _parsed(hours, zone, country)
    if parsed is None:
        return Opening(state="unknown", basis="none", hours=hours, detail="the hours are not opening_hours")
    here = at.astimezone(ZoneInfo(zone))
    state, comment = parsed.state(here)
    names: dict[State, OpenNow] = {State.OPEN: "open", State.CLOSED: "closed"}
    return Opening(
        state=names.get(state, "unknown"),
        basis="hours",
        until=parsed.next_change(here),
        hours=hours,
        detail=comment or None,
    )
