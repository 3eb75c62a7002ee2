"""A cordon or closure: where one may not pass, in which order, since when, and what it closes."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct, field

from registry.domain.errors import Invalid
from registry.domain.places.road_range import RoadRange
from registry.domain.plans.located_entry import LocatedEntry
from registry.domain.values import LongText, Name

CordonKind = Literal["cordon", "closure", "evacuation", "traffic_control", "one_way", "no_fly"]
Relation = Literal["inside", "possibly_inside", "beyond", "possibly_beyond", "outside"]
"""Of a position to a cordon: in it, perhaps in it, behind it as one looks, perhaps behind, or none."""


class Closed(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a cordon closes: a road between two kilometres, an area or a building."""

    what: Literal["road", "area", "building"]
    """What is closed."""
    name: Name | None = None
    range: RoadRange | None = None


class Cordon(LocatedEntry, frozen=True, kw_only=True, tag="cordon"):
    """A line or area that is closed, of first, second or third order, for an incident or by itself.

    A closed road may be given by kilometres alone. Its geometry is then that of the road's zone, or unknown.
    """

    kind: CordonKind = "cordon"
    """What sort of cordon it is."""
    order: Annotated[int, Meta(ge=1, le=9)] = 1
    """First, second or third."""
    incident: UUID | None = None
    active: bool = True
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    closes: Annotated[list[Closed], Meta(max_length=100)] = field(default_factory=list)
    passes: LongText | None = None
    """Who may pass."""


class CordonRelation(Struct, frozen=True, kw_only=True):
    """How a resource lies to one cordon."""

    cordon: UUID
    """Identity of the cordon."""
    order: int
    """First, second or third."""
    kind: CordonKind
    name: Name | None
    relation: Relation


class CordonInForce(Struct, frozen=True, kw_only=True):
    """A cordon in force that concerns an answer, and how the spot that was asked about lies to it.

    Of one that is not `drawn` nobody can say who is beyond it.
    """

    id: UUID
    name: Name | None
    order: int
    kind: CordonKind
    passes: str | None
    origin: Relation
    """How the spot that was asked about lies to it."""
    drawn: bool
    """Whether it has a geometry."""


def is_in_force(cordon: Cordon, at: datetime) -> bool:
    """Whether the cordon stands at an instant: it is on, has begun and has not ended."""
    begun = cordon.starts_at is None or cordon.starts_at <= at
    ended = cordon.ends_at is not None and cordon.ends_at <= at
    return cordon.active and not cordon.retired and begun and not ended


def check_cordon(cordon: Cordon) -> None:
    """Invalid for a cordon that ends before it starts, or that neither is drawn nor says what it closes."""
    if cordon.starts_at and cordon.ends_at and cordon.ends_at <= cordon.starts_at:
        raise Invalid("ends_at is not after starts_at", field="ends_at", zh="ends_at 不晚于 starts_at")
    if cordon.geometry is None and not cordon.closes and cordon.location.quality != "candidate_places":
        raise Invalid(
            "draw the cordon, name its candidate places, or say what it closes",
            field="geometry",
            zh="请画出警戒区，或列出候选地方，或说明封闭了什么",
        )
    if any(one.what != "road" and one.range is not None for one in cordon.closes):
        raise Invalid("only a road is closed between kilometres", field="closes", zh="只有道路按里程封闭")
