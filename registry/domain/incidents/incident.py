"""An incident: what happens, where as far as it is known, in which state, and what was done about it."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct, field

from registry.domain.errors import Conflict
from registry.domain.geojson import Area, Geometry
from registry.domain.plans.located_entry import LocatedEntry
from registry.domain.records.resource import Location, Visibility
from registry.domain.values import Code, CodeOf, LongText, Name, ObservedInstant, PlaceCode, ShortText

IncidentState = Literal["reported", "confirmed", "responding", "contained", "closed"]
ResponseLevel = Literal["I", "II", "III", "IV"]
ReportedVia = Literal["hotline", "camera", "field", "alert", "other"]
FOLLOWING: dict[IncidentState, tuple[IncidentState, ...]] = {
    "reported": ("confirmed", "responding", "contained", "closed"),
    "confirmed": ("responding", "contained", "closed"),
    "responding": ("confirmed", "contained", "closed"),
    "contained": ("responding", "closed"),
    "closed": ("responding",),
}
"""The states that may follow each: a contained fire may flare up again, a closed incident be reopened."""
HazardCode = Annotated[Code, CodeOf(("hazard",))]
LogKind = Literal["opened", "changed", "note", "detection", "joined", "dispatch"]


class Incident(LocatedEntry, frozen=True, kw_only=True, tag="incident"):
    """An event that needs a response; `geometry` is where it is, `extent` what it has reached.

    `joined_to` names the incident that this one turned out to be a report of.
    """

    hazard: HazardCode
    reported_at: ObservedInstant
    reported_via: ReportedVia = "other"
    state: IncidentState = "reported"
    """How far the incident is."""
    level: ResponseLevel | None = None
    """Level of the response, I to IV."""
    extent: Area | None = None
    extent_at: ObservedInstant | None = None
    joined_to: UUID | None = None
    camera: UUID | None = None
    warning: UUID | None = None
    """Identity of the warning that told of it."""
    contact: ShortText | None = None


class IncidentDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller reports of a new incident; it may bring the identity, so that a retry is the same one."""

    id: UUID | None = None
    """Identity that the reporter brings, so that a retry is the same report."""
    hazard: HazardCode
    name: Name | None = None
    place: PlaceCode | None = None
    reported_at: ObservedInstant | None = None
    reported_via: ReportedVia = "other"
    state: Literal["reported", "confirmed"] = "reported"
    level: ResponseLevel | None = None
    """Level of the response, I to IV."""
    geometry: Geometry | None = None
    location: Location = field(default_factory=Location)
    extent: Area | None = None
    visibility: Visibility = "internal"
    contact: ShortText | None = None
    warning: UUID | None = None
    note: LongText | None = None


class IncidentPatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What changes of an incident: only the members that are given; `why` is kept in its log."""

    state: IncidentState | None = None
    level: ResponseLevel | None = None
    hazard: HazardCode | None = None
    name: Name | None = None
    place: PlaceCode | None = None
    geometry: Geometry | None = None
    location: Location | None = None
    extent: Area | None = None
    extent_at: ObservedInstant | None = None
    visibility: Visibility | None = None
    contact: ShortText | None = None
    note: LongText | None = None
    why: LongText | None = None


class LogLine(Struct, frozen=True, kw_only=True):
    """A line of an incident's log: who did what, when, and the version of the incident that it made."""

    seq: int
    at: datetime
    """When it was written."""
    actor: str
    kind: LogKind
    """What the line tells of."""
    version: int | None = None
    text: str | None = None
    body: dict[str, Any] = field(default_factory=dict)
    """More about it, by its kind."""


class LogNote(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A note for the log of an incident, and when what it tells was seen."""

    text: Annotated[LongText, Meta(min_length=1)]
    observed_at: ObservedInstant | None = None


def demand_transition(before: IncidentState, after: IncidentState) -> None:
    """Conflict when a state cannot follow another; the same state is no change."""
    if after != before and after not in FOLLOWING[before]:
        allowed = ", ".join(FOLLOWING[before])
        raise Conflict(
            f"an incident that is {before} cannot become {after}; it can become {allowed}",
            field="state",
            zh=f"{before} 的事件不能变为 {after}，可变为 {allowed}",
        )


def is_open(incident: Incident) -> bool:
    """Whether the incident still needs somebody."""
    return incident.state != "closed" and not incident.retired
