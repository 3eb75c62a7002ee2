"""A stored warning: a CAP alert with the places it names, and whether it is in force at an instant."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct, field

from registry.domain.plans.entry_base import HazardCodes
from registry.domain.plans.located_entry import LocatedEntry
from registry.domain.values import LongText, PlaceCode, ShortText

WarningForce = Literal["in_force", "not_yet", "expired", "cancelled", "superseded", "not_actual"]
"""`not_actual` is an exercise, a test, a draft or a system message."""


class WarnedArea(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One area of an alert: the places that it names, how they were matched, and what could not be used."""

    description: LongText | None = None
    polygons: int = 0
    circles: int = 0
    places: Annotated[list[PlaceCode], Meta(max_length=200)] = field(default_factory=list)
    """Codes of the places that it names."""
    matched_by: Literal["drawing", "geocode", "name", "nothing"] = "nothing"
    problems: Annotated[list[LongText], Meta(max_length=400)] = field(default_factory=list)


class StoredWarning(LocatedEntry, frozen=True, kw_only=True, tag="warning"):
    """A warning as it was received; `geometry` is the union of what its areas draw.

    `force` was true at `force_at`, when the registry last looked; answers look again.
    """

    identifier: ShortText
    sender: ShortText
    sent: datetime
    status: ShortText
    """Actual, exercise, system, test or draft (CAP 1.2)."""
    msg_type: ShortText
    references: Annotated[list[LongText], Meta(max_length=200)] = field(default_factory=list)
    event: LongText | None = None
    hazards: HazardCodes = field(default_factory=list)
    urgency: ShortText | None = None
    severity: ShortText | None = None
    """How severe the event is (CAP 1.2)."""
    certainty: ShortText | None = None
    headline: LongText | None = None
    effective: datetime | None = None
    onset: datetime | None = None
    expires: datetime | None = None
    areas: Annotated[list[WarnedArea], Meta(max_length=1000)] = field(default_factory=list)
    followed_by: UUID | None = None
    """The later message of the same sender that updates or cancels this one."""
    cancelled: bool = False
    force: WarningForce = "in_force"
    """Whether it is in force."""
    force_at: datetime | None = None


def force_at(warning: StoredWarning, at: datetime) -> WarningForce:
    """Whether a warning is in force at an instant (CAP 1.2: status, msgType, references, effective, expires).

    An alert is in force from `effective`, or from when it was sent, until `expires`; without an end it stays
    in force until a later message follows it. `onset` says when what it warns of begins and changes nothing.
    """
    if warning.status.lower() != "actual":
        return "not_actual"
    if warning.cancelled or warning.msg_type.lower() in ("cancel", "error"):
        return "cancelled"
    if warning.followed_by is not None:
        return "superseded"
    if warning.msg_type.lower() == "ack":
        return "not_actual"
    if at < (warning.effective or warning.sent):
        return "not_yet"
    return "expired" if warning.expires is not None and at >= warning.expires else "in_force"
