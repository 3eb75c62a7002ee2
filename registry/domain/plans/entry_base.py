"""What every entry of a register has, and the types that its members share."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct, field

from registry.domain.records.resource import Exercise, Source, Visibility
from registry.domain.values import Code, CodeOf, LongText, Name, PlaceCode

YesNoUnknown = Literal["yes", "no", "unknown"]
Codes = Annotated[list[Code], Meta(max_length=200)]
HazardCodes = Annotated[Codes, CodeOf(("hazard",))]
TopicCodes = Annotated[Codes, CodeOf(("topic", "hazard", "specialty"))]
FieldCodes = Annotated[Codes, CodeOf(("specialty", "hazard", "topic"))]
Places = Annotated[list[PlaceCode], Meta(max_length=500)]
Figure = Annotated[float, Meta(ge=-1e15, le=1e15)]
Positive = Annotated[float, Meta(gt=0, le=1e15)]


class EntryBase(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="register"):
    """The members of every entry; the registry sets the version and the times."""

    id: UUID
    name: Name | None = None
    place: PlaceCode | None = None
    visibility: Visibility = "public"
    exercise: Exercise | None = None
    retired: bool = False
    sources: Annotated[list[Source], Meta(max_length=20)] = field(default_factory=list)
    note: LongText | None = None
    version: Annotated[int, Meta(ge=0, le=2_000_000_000)] = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None
