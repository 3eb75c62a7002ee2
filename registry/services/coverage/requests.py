"""The requests of coverage: one bounded struct for each question."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct, structs

from registry.domain.conditions import Filter, ListConditions, filter_of
from registry.domain.coverage.addition import Scenario
from registry.domain.coverage.gaps import Bound
from registry.domain.coverage.siting.placement import Siting
from registry.domain.geojson import Area, Point
from registry.domain.records.resource import Exercise, Kind, Visibility
from registry.domain.roads.answer import Closures, MaxMinutes
from registry.domain.roads.closures import Vehicle
from registry.domain.terrain.watched import SightRule
from registry.domain.values import LongText, Name, PlaceCode, Radius, ShortText

Weight = Annotated[float, Meta(ge=0, le=1e12)]
PlaceLevel = Annotated[str, Meta(min_length=1, max_length=40)]
AreaM2 = Annotated[float, Meta(ge=0, le=1e12)]


class PointProperties(Struct, frozen=True, forbid_unknown_fields=True):
    """The properties of a point that are used."""

    weight: Weight = 1.0
    name: Name | None = None


class WeightedPoint(Struct, frozen=True, tag_field="type", tag="Feature", forbid_unknown_fields=True):
    """A point with a weight."""

    geometry: Point
    properties: PointProperties = PointProperties()
    id: ShortText | None = None


class WeightedPoints(
    Struct, frozen=True, tag_field="type", tag="FeatureCollection", forbid_unknown_fields=True
):
    """Demand points, or candidate sites."""

    features: Annotated[list[WeightedPoint], Meta(min_length=1, max_length=20_000)]


class PlacePoints(Struct, frozen=True, tag_field="type", tag="places", forbid_unknown_fields=True):
    """The representative points of the places of one level in the area, weighted by one or by population."""

    level: PlaceLevel = "town"
    """Level of the places."""
    weight: Literal["one", "population"] = "one"
    """Whether each place counts one or its population."""


def conditions_of(kind: Kind | None, stated: ListConditions | None, at: datetime) -> Filter:
    """The conditions on resources at an instant; a kind beside the filter takes the place of its own."""
    conditions = stated or ListConditions()
    return filter_of(conditions if kind is None else structs.replace(conditions, kind=kind), at)


class CoverageRequest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much of an area or of a demand the resources of a kind cover."""

    kind: Kind | None = None
    filter: ListConditions | None = None
    place: PlaceCode | None = None
    """Code of the place or management area to be covered."""
    area: Area | None = None
    """A polygon to be covered, in place of a place."""
    radius_m: Radius | None = None
    """One radius in metres for every resource; watch points have their own."""
    reason: Annotated[str, Meta(min_length=3, max_length=400)] | None = None
    """Why the radius is assumed; it is written into the answer."""
    demand: WeightedPoints | PlacePoints | None = None
    min_depth: Annotated[int, Meta(ge=1, le=10)] = 1
    as_of: datetime | None = None
    exercise: Exercise | None = None
    scenario: Scenario | None = None
    sight: SightRule = "radius"
    """Whether watch points reach as far as their radius, or see over the terrain."""
    smoke_height_m: float | None = None
    """How high smoke has risen when it is to be seen, in metres; with sight=terrain."""

    def conditions(self, at: datetime) -> Filter:
        """The conditions on resources at an instant. Without a lifecycle, only those in service count."""
        return conditions_of(self.kind, self.filter, at)


class GapsRequest(CoverageRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The gaps. The possible ones are those of a bound. Pieces below `sliver_m2` are dropped and counted."""

    bound: Bound = "nominal"
    sliver_m2: AreaM2 = 100.0
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 1000
    """How many gaps to list."""


class DepthRequest(CoverageRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Cover at least 1 to `levels` times, with the polygons of each depth unless `draw` is false."""

    bound: Bound = "nominal"
    levels: Annotated[int, Meta(ge=1, le=10)] = 3
    """How many levels of depth to tell."""
    draw: bool = True


class CriticalityRequest(CoverageRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What each resource alone covers."""

    limit: Annotated[int, Meta(ge=1, le=10_000)] = 1000
    """How many resources to list."""


class ScenarioRequest(CoverageRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A scenario: in `scenario`, or by the id of a saved one."""

    saved: ShortText | None = None


class SitingRequest(CoverageRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where to place new sites: by which model, among which candidates (default a grid), and where not."""

    siting: Siting
    candidates: WeightedPoints | PlacePoints | None = None
    """Where sites may be; a grid unless given."""
    forbidden: Annotated[list[Area], Meta(max_length=100)] = []


class DistanceRequest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How far each demand point is from the nearest resource of a kind. No radius is involved."""

    kind: Kind
    filter: ListConditions | None = None
    place: PlaceCode | None = None
    area: Area | None = None
    demand: WeightedPoints | PlacePoints = PlacePoints()
    search_m: Radius = 200_000.0
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 100
    """How many of the farthest points to name."""
    as_of: datetime | None = None
    exercise: Exercise | None = None


class MinutesRequest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which points of demand the first resource of a kind reaches within so many minutes by road."""

    kind: Kind
    filter: ListConditions | None = None
    place: PlaceCode | None = None
    area: Area | None = None
    demand: WeightedPoints | PlacePoints = PlacePoints()
    max_minutes: MaxMinutes
    """The limit, at free flow."""
    search_minutes: MaxMinutes = 120.0
    """Resources that nobody could drive from in this time are not looked at."""
    vehicle: Vehicle | None = None
    """The dimensions that limits of bridges are compared with."""
    condition: ShortText | None = None
    """The condition whose factors give the greatest time, such as ice."""
    closures: Closures = "obey"
    """Whether closures and cordons in force count."""
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 100
    """How many of the gaps to name."""
    as_of: datetime | None = None
    exercise: Exercise | None = None


class CompareRequest(CoverageRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Saved scenarios, to be compared with the present."""

    scenarios: Annotated[list[ShortText], Meta(min_length=1, max_length=10)]
    """Identities of saved scenarios."""


class MembersRequest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which places of a level under a place have at least one resource."""

    place: PlaceCode
    level: PlaceLevel = "town"
    """Level of the places that should have one."""
    kind: Kind
    filter: ListConditions | None = None
    exercise: Exercise | None = None
    as_of: datetime | None = None


class ScenarioDraft(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A scenario to save, and who may read it: those who may read records of this visibility.

    The public reads no scenarios.
    """

    name: Name
    changes: Scenario
    """What it changes."""
    note: LongText | None = None
    visibility: Visibility = "restricted"
