"""What every entry of a register has, and the types that its members share."""

from datetime import datetime
from typing import Annotated, Literal, TypeVar
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType, field, structs

from registry.domain.records.resource import Exercise, Source, Visibility, visibility_after
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
    visibility: Visibility | UnsetType = UNSET
    exercise: Exercise | None = None
    retired: bool = False
    sources: Annotated[list[Source], Meta(max_length=20)] = field(default_factory=list)
    note: LongText | None = None
    version: Annotated[int, Meta(ge=0, le=2_000_000_000)] = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None


B = TypeVar("B", bound=EntryBase)


def classified(entry: B, before: EntryBase | None, default: Visibility) -> B:
    """The entry with a visibility: one that states none is seen by whom it was, or by the default."""
    known = UNSET if before is None else before.visibility
    return structs.replace(entry, visibility=visibility_after(entry.visibility, known, default))
