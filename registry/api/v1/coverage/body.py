"""What a coverage question may say: bounded bodies, each field described once."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from registry.domain.coverage.scenario import Scenario
from registry.domain.coverage.siting.placement import Siting
from registry.domain.geojson import Area, Point
from registry.domain.records.resource import Exercise, Kind
from registry.domain.search import Filter
from registry.domain.values import Code, LongText, Name, Radius, ShortText

Weight = Annotated[float, Meta(ge=0, le=1e12)]
Level = Annotated[str, Meta(min_length=1, max_length=40)]
Share = Annotated[float, Meta(ge=0, le=1e12)]
Bound = Literal["lower", "nominal", "upper"]


class SpotProperties(Struct, frozen=True):
    """What is used of a point's properties."""

    weight: Weight = 1.0
    name: Name | None = None


class Spot(Struct, frozen=True, tag_field="type", tag="Feature"):
    """A point with a weight."""

    geometry: Point
    properties: SpotProperties = SpotProperties()
    id: ShortText | None = None


class Spots(Struct, frozen=True, tag_field="type", tag="FeatureCollection"):
    """Points of demand, or candidate sites."""

    features: Annotated[list[Spot], Meta(min_length=1, max_length=20_000)]


class PlaceSpots(Struct, frozen=True, tag_field="type", tag="places", forbid_unknown_fields=True):
    """The representative points of the places of a level in the area; weight one, or their population."""

    level: Level = "town"
    weight: Literal["one", "population"] = "one"


class Ask(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A coverage question: whose cover, of what, counted how."""

    kind: Kind | None = None
    filter: Filter | None = None
    place: Code | None = None
    area: Area | None = None
    radius_m: Radius | None = None
    reason: Annotated[str, Meta(min_length=3, max_length=400)] | None = None
    demand: Spots | PlaceSpots | None = None
    min_depth: Annotated[int, Meta(ge=1, le=10)] = 1
    as_of: datetime | None = None
    exercise: Exercise | None = None
    scenario: Scenario | None = None

    def wanted(self) -> Filter:
        """The conditions on resources; without a lifecycle only what is in service counts."""
        given = self.filter or Filter()
        values = given.given()
        values.setdefault("lifecycle", "in_service")
        if self.kind is not None:
            values["kind"] = self.kind
        return Filter(**values)


class GapsAsk(Ask, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Gaps in one of the three covers; smaller pieces than `sliver_m2` are dropped and counted."""

    bound: Bound = "nominal"
    sliver_m2: Share = 100.0
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 1000


class DepthAsk(Ask, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Cover at least 1 to `levels` times, with the ground of each depth unless `draw` is false."""

    bound: Bound = "nominal"
    levels: Annotated[int, Meta(ge=1, le=10)] = 3
    draw: bool = True


class CriticalityAsk(Ask, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What each resource covers alone."""

    bound: Bound = "nominal"
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 1000


class ScenarioAsk(Ask, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A scenario in the body, or a saved one by its id."""

    saved: ShortText | None = None


class SitingAsk(Ask, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where to put more: how, among which candidates (by default a grid), and where not."""

    siting: Siting
    candidates: Spots | PlaceSpots | None = None
    forbidden: Annotated[list[Area], Meta(max_length=100)] = []


class DistanceAsk(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How far the demand is from the nearest resource of a kind; no radius is involved."""

    kind: Kind
    filter: Filter | None = None
    place: Code | None = None
    area: Area | None = None
    demand: Spots | PlaceSpots = PlaceSpots()
    search_m: Radius = 200_000.0
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 100
    as_of: datetime | None = None
    exercise: Exercise | None = None


class CompareAsk(Ask, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Saved scenarios to be put side by side."""

    scenarios: Annotated[list[ShortText], Meta(min_length=1, max_length=10)]


class MembersAsk(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which places of a level under a place have a resource."""

    place: Code
    level: Level = "town"
    kind: Kind
    filter: Filter | None = None
    exercise: Exercise | None = None
    as_of: datetime | None = None


class ScenarioBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A scenario to be kept."""

    name: Name
    changes: Scenario
    note: LongText | None = None
