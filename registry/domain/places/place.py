"""A place as planners write it: code, level, names, validity, successors, border, and what breaks a rule."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Annotated, Any, Literal

import shapely
from msgspec import Meta, Struct, field

from registry.domain.errors import Invalid
from registry.domain.geojson import Border, Point
from registry.domain.intake.finding import Finding, finding
from registry.domain.plans.entry_base import YesNoUnknown
from registry.domain.values import Code, LongText, Metres, Name, ShortText

ExtentBasis = Literal["boundary", "voronoi", "disc", "members", "none"]
AREA_LEVEL = "management_area"
"""The level of a named set of places: it has members instead of children."""
MAX_OUTSIDE = 0.01
"""The share of a place that may lie outside its parent: neighbouring offices draw a border differently."""


class PlaceProperties(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is recorded of a place. The last members are read only: they are accepted and not stored."""

    name: Name
    level: Code
    parent: Code | None = None
    list_version: ShortText = "own"
    valid_from: date | None = None
    valid_to: date | None = None
    """The first day on which the code is no longer in force."""
    successors: Annotated[list[Code], Meta(max_length=100)] = field(default_factory=list)
    members: Annotated[list[Code], Meta(max_length=10_000)] = field(default_factory=list)
    """Codes of the towns of a management area."""
    point: Point | None = None
    """A point that stands for the place, such as its seat."""
    point_uncertainty_m: Metres | None = None
    extent_basis: ExtentBasis | None = None
    extent_radius_m: Metres | None = None
    partner: dict[Code, LongText] | None = None
    """Names of a place outside the jurisdiction that helps it."""
    flags: dict[Code, YesNoUnknown] = field(default_factory=dict)
    source: LongText | None = None
    code: Code | None = None
    extent_from: Code | None = None
    assumed_extent: bool | None = None
    """Whether the extent is assumed rather than surveyed."""
    version: int | None = None
    updated_at: datetime | None = None
    updated_by: str | None = None


class PlaceDraft(
    Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="type", tag="Feature"
):
    """A place as a GeoJSON Feature, as reading gives it; `geometry` is its extent."""

    id: Code | None = None
    """Code of the place, if given the one in the address."""
    geometry: Border | None = None
    """Its extent."""
    properties: PlaceProperties


def basis_of(draft: PlaceDraft) -> ExtentBasis:
    """What the extent of a draft was drawn from: a border when a polygon comes without a word."""
    if draft.geometry is None or draft.properties.members:
        return "none"
    stated = draft.properties.extent_basis
    return "boundary" if stated in (None, "none", "members") else stated


def check_place(code: str, draft: PlaceDraft, levels: Collection[str]) -> None:
    """Raise Invalid, with the member, for a place that contradicts itself or has an unknown level.

    `levels` are the codes of the vocabulary; without any, every level is accepted.
    """
    properties = draft.properties
    if levels and properties.level not in levels:
        raise Invalid(
            f"{properties.level} is no level; the levels are {', '.join(sorted(levels))}",
            field="properties.level",
        )
    begin, end = properties.valid_from, properties.valid_to
    if begin is not None and end is not None and end < begin:
        raise Invalid("valid_to is before valid_from", field="properties.valid_to")
    if properties.successors and end is None:
        raise Invalid("only a code that ends has successors: state valid_to", field="properties.successors")
    for name in ("parent", "successors", "members"):
        value = getattr(properties, name)
        if code == value or (isinstance(value, list) and code in value):
            raise Invalid("a place is not its own " + name.removesuffix("s"), field=f"properties.{name}")
    if properties.members and draft.geometry is not None and properties.extent_basis != "members":
        raise Invalid("the extent of an area with members is that of its members", field="geometry")


def in_force(begin: date | None, end: date | None, on: date) -> bool:
    """Whether a code with this validity is in force on a day; `end` is the first day that it is not."""
    return (begin is None or begin <= on) and (end is None or on < end)


def share_outside(extent: bytes, parent: bytes) -> float:
    """The share of an extent (WKB) that lies outside that of its parent, in the plane of lon and lat.

    Within one place the scale of the plane is nearly the same everywhere, so that it leaves the share alone.
    """
    shape, whole = shapely.from_wkb(extent), shapely.from_wkb(parent)
    area: float = shape.area
    if area == 0:
        return 0.0
    return float(shape.difference(whole).area / area)


def examine_extent(extent: bytes | None, parent: Any | None, name: Name) -> list[Finding]:
    """The warnings about an extent; `parent` is the WKB of the parent's border, None when it has none."""
    if extent is None or parent is None:
        return []
    outside = share_outside(extent, parent)
    if outside <= MAX_OUTSIDE:
        return []
    return [finding("outside_parent", "/geometry", None, None, percent=round(100 * outside, 1), parent=name)]
