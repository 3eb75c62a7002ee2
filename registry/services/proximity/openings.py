"""Whether the shelters of an answer are open now, by what was reported today or by their hours."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from registry.domain.incidents.hours import Opening, OpenNow, opening_at
from registry.domain.records.resource import Opening as StatedOpening
from registry.services.places.time_zone import holidays_of, time_zone
from registry.store.database.pool import Reader, Row

REPORT_HOLDS_S = 12 * 3600
"""How long somebody's report of open or closed stands against the hours; our own choice."""
STATED: Mapping[StatedOpening, OpenNow] = {"open": "open", "full": "open", "closed": "closed"}


class _Members(Struct):
    hours: str | None = None
    opening: StatedOpening = "unknown"
    status_at: datetime | None = None


class _Feature(Struct):
    properties: _Members


_DECODER = msgspec.json.Decoder(_Feature)


async def openings_of(reader: Reader, rows: Sequence[Row], at: datetime) -> dict[UUID, Opening]:
    """The opening at an instant of each shelter among these rows that states hours."""
    stating = [row for row in rows if row["kind"] == "shelter" and b'"hours":"' in row["feature"]]
    if not stating:
        return {}
    zone = await time_zone(reader)
    return {row["id"]: _opening(_DECODER.decode(row["feature"]).properties, at, zone) for row in stating}


def opening_figures(openings: Mapping[UUID, Opening], row: Row) -> dict[str, object]:
    """What the hit of a row says of its opening; nothing where it states no hours."""
    return {"open_now": openings[row["id"]]} if row["id"] in openings else {}


def _opening(shelter: _Members, at: datetime, zone: str) -> Opening:
    reported = STATED.get(shelter.opening, "unknown") if is_fresh(shelter.status_at, at) else "unknown"
    return opening_at(shelter.hours, at, zone=zone, country=holidays_of(zone), reported=reported)


def is_fresh(reported_at: datetime | None, at: datetime) -> bool:
    """Whether a report still stands against the hours."""
    return reported_at is not None and (at - reported_at).total_seconds() < REPORT_HOLDS_S
