"""A service point: a fixed, temporary or mobile place that serves people, with hours, queue and room."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from registry.domain.plans.entry_base import HazardCodes
from registry.domain.plans.located_entry import LocatedEntry
from registry.domain.records.resource import Amenities
from registry.domain.values import Code, Count, ObservedInstant, ShortText

Minutes = Annotated[float, Meta(ge=0, le=10_000)]


class UseCapacity(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many persons a use has room for, for these hazards, indoors or outdoors; unknown unless stated."""

    use: Code = "stay"
    space: Literal["indoor", "outdoor"] | None = None
    hazards: HazardCodes = field(default_factory=list)
    """Hazards that the use is for; none for all."""
    persons: Count | None = None


class ServicePoint(LocatedEntry, frozen=True, kw_only=True, tag="service_point"):
    """Where people are served: vaccination, registration, water, warmth, first aid.

    `hours` are those of OpenStreetMap's `opening_hours`; the queue is what was counted at `queue_at`.
    """

    type: Code
    """What it is for, by a code."""
    form: Literal["fixed", "temporary", "mobile"] = "fixed"
    """Fixed, mobile or temporary."""
    hours: ShortText | None = None
    opening: Literal["open", "closed", "unknown"] = "unknown"
    opening_at: ObservedInstant | None = None
    amenities: Amenities = field(default_factory=list)
    capacity: Annotated[list[UseCapacity], Meta(max_length=50)] = field(default_factory=list)
    queue_persons: Count | None = None
    queue_minutes: Minutes | None = None
    queue_at: ObservedInstant | None = None
    contact: ShortText | None = None
    published: bool = False
