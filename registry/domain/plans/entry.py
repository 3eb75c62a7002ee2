"""An entry of a register: the small typed records, beside resources, that checks need."""

from datetime import date, datetime
from typing import Annotated, Literal, get_args
from uuid import UUID

import msgspec
from msgspec import Meta, Struct, field

from registry.domain.access.sight import stricter
from registry.domain.errors import Invalid
from registry.domain.geojson import Area
from registry.domain.geometry import wkb
from registry.domain.incidents.cordon import Cordon, check_cordon
from registry.domain.incidents.incident import Incident
from registry.domain.incidents.service_point import ServicePoint
from registry.domain.incidents.warning import StoredWarning
from registry.domain.monitoring.standing_question import (
    StandingQuestion,
    check_standing_question,
    with_answer_of,
)
from registry.domain.plans.entry_base import (
    Codes,
    EntryBase,
    FieldCodes,
    Figure,
    HazardCodes,
    Places,
    Positive,
    TopicCodes,
    YesNoUnknown,
)
from registry.domain.plans.facility import FireBreak, HazardSource, Hospital, Site, WaterSource
from registry.domain.plans.located_entry import LocatedEntry, check_location, located_in_wgs84
from registry.domain.plans.provision import UNITS
from registry.domain.records.resource import Kind, Visibility, decided
from registry.domain.values import Code, Count, Name, PlaceCode, ShortText


class Organisation(LocatedEntry, frozen=True, kw_only=True, tag="organisation"):
    """A committee, command, department or centre, with the hazards and topics it is responsible for.

    Its geometry is its seat, or the seat is that of the `site` where it sits.
    """

    type: Code
    """What sort of body it is, by a code."""
    site: UUID | None = None
    hazards: HazardCodes = field(default_factory=list)
    topic: TopicCodes = field(default_factory=list)
    task: Name | None = None
    parent: UUID | None = None
    """Identity of the body above it."""
    contact: ShortText | None = None
    published: bool = False
    """Whether the contact is public on purpose."""


class Responsibility(EntryBase, frozen=True, kw_only=True, tag="responsibility"):
    """Who is responsible for a hazard or topic at a place, or for one hazard point."""

    role: Code
    """The role, by a code."""
    organisation: UUID | None = None
    hazards: HazardCodes = field(default_factory=list)
    topic: TopicCodes = field(default_factory=list)
    task: Name | None = None
    level: Code | None = None
    """Level of the responsibility."""
    hazard_point: UUID | None = None
    duty: Codes = field(default_factory=list)
    contact: ShortText | None = None
    published: bool = False
    """Whether the contact is public on purpose, as it is for reservoirs."""


class Hotline(EntryBase, frozen=True, kw_only=True, tag="hotline"):
    """A telephone number, by topic and place."""

    number: ShortText
    """The telephone number."""
    topic: TopicCodes = field(default_factory=list)
    hours: ShortText | None = None


class Event(LocatedEntry, frozen=True, kw_only=True, tag="event"):
    """A drill, inspection, patrol, survey or evaluation that took place."""

    type: Code
    """What took place, by a code."""
    on: date
    topic: TopicCodes = field(default_factory=list)
    level: Code | None = None
    """Level at which it was held."""
    places: Places = field(default_factory=list)
    hazard_points: Annotated[list[UUID], Meta(max_length=500)] = field(default_factory=list)
    participants: Count | None = None
    counts: dict[Code, Count] = field(default_factory=dict)
    """What was counted meanwhile, such as persons and vehicles at a checkpoint."""


class HazardPoint(LocatedEntry, frozen=True, kw_only=True, tag="hazard_point"):
    """A geohazard point, reservoir, park or area that somebody has to monitor."""

    type: Code
    """What it is, by a code."""
    status: Literal["active", "treated", "unknown"] = "active"
    """Whether the hazard is active, treated, or not known."""
    monitored: YesNoUnknown = "unknown"
    contact: ShortText | None = None
    flags: dict[Code, YesNoUnknown] = field(default_factory=dict)


class Expert(EntryBase, frozen=True, kw_only=True, tag="expert"):
    """An expert, by field; only cleared readers see the contact."""

    fields: FieldCodes
    available: YesNoUnknown = "unknown"
    grade: ShortText | None = None
    contact: ShortText | None = None


class Indicator(EntryBase, frozen=True, kw_only=True, tag="indicator"):
    """The value of an indicator on a date."""

    indicator: Code
    value: Figure
    unit: Code
    on: date
    """The day that the value is for."""


class Agreement(EntryBase, frozen=True, kw_only=True, tag="agreement"):
    """Mutual aid: `place` is the one that asks, `partner` the one that helps."""

    partner: PlaceCode
    """Code of the place that helps."""
    topic: TopicCodes = field(default_factory=list)
    since: date | None = None
    until: date | None = None


class Member(Struct, frozen=True, forbid_unknown_fields=True):
    """A member of a named set, such as a river: its length or area, and whether it is covered."""

    name: Name
    code: Code | None = None
    measure: Positive | None = None
    covered: YesNoUnknown = "unknown"
    """Whether a plan covers it."""


class Denominator(EntryBase, frozen=True, kw_only=True, tag="denominator"):
    """A named set that a share is taken of: places, a number, members or a polygon; never empty."""

    code: Code
    what: Code
    """What the set is of."""
    area: PlaceCode | None = None
    """The set is the towns under this place."""
    number: Annotated[int, Meta(gt=0, le=1_000_000_000)] | None = None
    members: Annotated[list[Member], Meta(max_length=20_000)] = field(default_factory=list)
    measure_unit: Code | None = None
    ground: Area | None = None
    on: date | None = None
    """The day that it is for."""


class Inventory(EntryBase, frozen=True, kw_only=True, tag="inventory"):
    """A statement that a register was complete for a place on a date: what is not listed does not exist."""

    of: Code
    kind: Kind | None = None
    """Kind of resource, where it is of resources."""
    where: dict[str, list[ShortText]] = field(default_factory=dict)
    on: date
    """The day that it was complete on."""

    @property
    def declared_by(self) -> str | None:
        """The person that a source names, else the first source."""
        sources = sorted(self.sources, key=lambda source: source.kind != "person")
        return sources[0].reference if sources else None


Entry = (
    Organisation
    | Responsibility
    | Hotline
    | Event
    | HazardPoint
    | Expert
    | Indicator
    | Agreement
    | Denominator
    | Inventory
    | Site
    | Hospital
    | WaterSource
    | FireBreak
    | HazardSource
    | ServicePoint
    | Cordon
    | Incident
    | StoredWarning
    | StandingQuestion
)
Register = Literal[
    "organisation",
    "responsibility",
    "hotline",
    "event",
    "hazard_point",
    "expert",
    "indicator",
    "agreement",
    "denominator",
    "inventory",
    "site",
    "hospital",
    "water_source",
    "fire_break",
    "hazard_source",
    "service_point",
    "cordon",
    "incident",
    "warning",
    "standing_question",
]
REGISTERS: tuple[Register, ...] = get_args(Register)
OF_THEIR_OWN: dict[Register, str] = {"incident": "/v1/incidents", "warning": "/v1/warnings"}
"""Registers that are changed by routes of their own, since a change of them is more than other words."""
OF_THE_MOMENT: tuple[Register, ...] = ("incident", "warning", "cordon", "standing_question")
"""Registers of what happens now, which no check of a plan reads."""


class PastEntry(Struct, frozen=True, kw_only=True):
    """An earlier version of an entry, when it was superseded, and who had written it."""

    body: Entry
    superseded_at: datetime
    updated_by: str


def register_of(entry: Entry) -> Register:
    """The register of an entry."""
    tag: Register = entry.__struct_config__.tag  # type: ignore[assignment]
    return tag


def is_placeholder(entry: Entry) -> bool:
    """Whether the entry was made from a published total, so that it is no evidence for that total."""
    return any(source.confidence == "placeholder" for source in entry.sources)


def restates(entry: Entry, document: str, locator: str) -> bool:
    """Whether the entry has no other source than this statement, so that it is no evidence for it."""
    return bool(entry.sources) and all(
        (source.reference, source.locator) == (document, locator) for source in entry.sources
    )


def written(entry: Entry, stored: Entry | None) -> Entry:
    """The entry without what only the registry writes of it."""
    if not isinstance(entry, StandingQuestion):
        return entry
    return with_answer_of(entry, stored if isinstance(stored, StandingQuestion) else None)


def admitted_entry(entry: Entry) -> Entry:
    """The entry as it is stored, with its geometry in WGS 84."""
    return located_in_wgs84(entry) if isinstance(entry, LocatedEntry) else entry


def check_entry(entry: Entry) -> None:
    """Raise Invalid, with the field, for an entry that no check could use."""
    if isinstance(entry, LocatedEntry):
        check_location(entry)
    if isinstance(entry, Cordon):
        check_cordon(entry)
    if isinstance(entry, StandingQuestion):
        check_standing_question(entry)
    if isinstance(entry, Indicator) and entry.unit not in UNITS:
        raise Invalid(f"unknown unit {entry.unit}; known: {', '.join(sorted(UNITS))}", field="unit")
    if isinstance(entry, Denominator):
        _check_denominator(entry)


def _check_denominator(entry: Denominator) -> None:
    if not any(
        value is not None for value in (entry.area, entry.number, entry.members or None, entry.ground)
    ):
        raise Invalid("a denominator names an area, a number, members or a ground", field="number")
    if entry.ground is not None:
        wkb(entry.ground, "ground")
    if entry.number is not None and len(entry.members) > entry.number:
        raise Invalid(f"{len(entry.members)} members in a set of {entry.number}", field="number")
    names = [str(member.code or member.name) for member in entry.members]
    if len(set(names)) < len(names):
        raise Invalid("a member is named twice", field="members")


def is_hidden(before: Entry, after: Entry) -> bool:
    """Whether a change takes an entry out of use or sight: retired, stricter, elsewhere or not published."""
    published = (getattr(entry, "published", False) for entry in (before, after))
    return (
        (after.retired and not before.retired)
        or stricter(decided(before.visibility), decided(after.visibility)) != before.visibility
        or before.place != after.place
        or [*published] == [True, False]
    )


def shown(entry: Entry, clearance: Visibility, *, published_now: bool = True) -> Entry:
    """The entry as a reader of this clearance sees it: the public sees only contacts that are published.

    A contact that was published is shown to the public for as long as it is.
    """
    contact = getattr(entry, "contact", None)
    published = getattr(entry, "published", False) and published_now
    if contact is None or clearance != "public" or published:
        return entry
    return msgspec.structs.replace(entry, contact=None)


def matches(entry: Entry, where: dict[str, list[str]]) -> bool:
    """Whether every attribute named in `where` equals, or contains, one of its values."""
    return all(_has_one_of(getattr(entry, name, None), values) for name, values in where.items())


def _has_one_of(value: object, values: list[str]) -> bool:
    if isinstance(value, list):
        return any(str(item) in values for item in value)
    return value is not None and str(value) in values
