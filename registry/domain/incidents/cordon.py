"""A cordon or closure: where one may not pass, in which order, since when, and what it closes."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import numpy as np
import shapely
from msgspec import Meta, Struct, field

from registry.domain.errors import Invalid
from registry.domain.geojson import Geometry
from registry.domain.geometry import wkb
from registry.domain.places.road_range import RoadRange
from registry.domain.plans.located_entry import LocatedEntry, doubt_m
from registry.domain.proximity.edges import GEOD, Edges
from registry.domain.values import LongText, Name

CordonKind = Literal["cordon", "closure", "evacuation", "traffic_control", "one_way", "no_fly"]
Relation = Literal["inside", "possibly_inside", "beyond", "outside"]
"""Of a resource to a cordon: in it, perhaps in it, on the other side of it from the incident, or none."""


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
    order: int
    kind: CordonKind
    name: Name | None
    relation: Relation


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


def relation_of(
    geometry: Geometry, doubt: float | None, resource: tuple[float, float, float], spot: tuple[float, float]
) -> Relation:
    """How a resource (lon, lat, uncertainty in metres) lies to a cordon, seen from the spot of an incident.

    It is `beyond` when the straight line between the two meets the cordon. Edges are inclusive.
    """
    shape = shapely.from_wkb(wkb(geometry))
    lon, lat, uncertainty_m = resource
    inside = bool(shape.area) and bool(shapely.intersects_xy(shape, lon, lat))
    edge_m = Edges(wkb(geometry)).distance_m(lon, lat)
    slack_m = uncertainty_m + (doubt or 0.0)
    if inside:
        return "inside" if edge_m >= slack_m else "possibly_inside"
    if shape.area and edge_m <= slack_m:
        return "possibly_inside"
    way = _geodesic(spot, (lon, lat))
    return "beyond" if shapely.intersects(shape, way) else "outside"


def _geodesic(begin: tuple[float, float], end: tuple[float, float]) -> shapely.LineString:
    """The geodesic between two positions, cut into pieces of at most about a kilometre."""
    away_m = GEOD.inv(*begin, *end)[2]
    count = min(2_000, max(2, int(away_m / 1_000) + 2))
    between = GEOD.npts(*begin, *end, count)
    return shapely.LineString(np.asarray([begin, *between, end]))


def cordon_relation(
    cordon: Cordon, resource: tuple[float, float, float], spot: tuple[float, float]
) -> Relation:
    """The relation to a cordon; one without a geometry is `possibly_inside`: nobody can tell."""
    if cordon.geometry is None:
        return "possibly_inside"
    return relation_of(cordon.geometry, doubt_m(cordon), resource, spot)
