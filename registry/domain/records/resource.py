"""A resource: one tagged union over four kinds that travels as a GeoJSON Feature both ways."""

from datetime import date, datetime
from typing import Annotated, Literal, get_args
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType, field

from registry.domain.geojson import Point, Polygon, SpotPosition
from registry.domain.values import (
    Code,
    Coded,
    CodeOf,
    Count,
    Degrees,
    EyeHeight,
    ItemCode,
    LongText,
    Metres,
    Name,
    ObservedDay,
    ObservedInstant,
    PlaceCode,
    Quantity,
    Radius,
    ShortText,
    SquareMetres,
)

Lifecycle = Literal["planned", "under_construction", "in_service", "suspended", "retired"]
Quality = Literal["surveyed", "approximate", "candidate_places", "unknown"]
Datum = Literal["wgs84", "cgcs2000", "gcj02", "bd09", "unknown"]
Visibility = Literal["public", "internal", "restricted"]
DEFAULT_VISIBILITY: Visibility = "internal"
"""Who may know of what its maker did not say it of, unless the registry is set up otherwise."""
Force = Literal["professional", "standing", "mass", "social", "militia", "national_fire"]
TeamLevel = Literal["district", "town", "community"]
Readiness = Literal["available", "committed", "off_duty", "unavailable", "unknown"]
ShelterLevel = Literal["provincial", "municipal", "county", "district", "town", "community"]
Duration = Literal["emergency", "short", "long"]
Space = Literal["indoor", "outdoor"]
Opening = Literal["open", "closed", "full", "unknown"]
WatchForm = Literal["infrared_camera", "watchtower", "sentry_post", "checkpoint"]
Operational = Literal["yes", "degraded", "no", "unknown"]
Tier = Literal["district", "town", "community"]
Ownership = Literal["government", "commercial", "social"]
Confidence = Literal["stated", "inferred", "assumed", "placeholder"]
"""How far a source bears its record out; a placeholder is a record made from a published total alone."""
Exercise = Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^(?!live$)[a-z0-9][a-z0-9\-]*$")]


def decided(stated: Visibility | UnsetType) -> Visibility:
    """The visibility of what is stored; ValueError where nobody decided it."""
    if isinstance(stated, UnsetType):
        raise ValueError("nobody decided who may know of this")
    return stated


def visibility_after(
    stated: Visibility | UnsetType, before: Visibility | UnsetType, default: Visibility
) -> Visibility:
    """What is stated; what was, where a replacement says nothing of it; the default for what is new."""
    if not isinstance(stated, UnsetType):
        return stated
    return default if isinstance(before, UnsetType) else before


class Location(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=False):
    """How well the place is known: the quality, its error in metres, and where the knowledge comes from.

    `datum` is what came in and `raw` the pair as it came; the geometry is always WGS 84.
    """

    quality: Quality = "unknown"
    uncertainty_m: Metres | None = None
    candidate_places: Annotated[list[PlaceCode], Meta(max_length=200)] = field(default_factory=list)
    datum: Datum = "wgs84"
    raw: SpotPosition | None = None
    source: LongText | None = None


class Source(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a statement comes from: a document, a person or an import, and how far it is trusted."""

    kind: Literal["document", "person", "import", "assumption"]
    """What the source is."""
    reference: ShortText
    """The document, the person or the import."""
    locator: ShortText | None = None
    """Where in the source: a page, a line, a row."""
    as_of: ObservedDay | None = None
    """The day that the source speaks of."""
    confidence: Confidence = "stated"
    note: LongText | None = None


class ExternalId(Struct, frozen=True, forbid_unknown_fields=True):
    """The same resource's identity in another system, which stays the source of what it owns."""

    system: Code
    """The other system, by a short name."""
    id: ShortText
    """The identity there."""
    synced_at: ObservedInstant | None = None


class Item(Struct, frozen=True, forbid_unknown_fields=True):
    """A vehicle or a piece of equipment, counted when the count is known."""

    name: Name
    """What it is."""
    code: Coded | None = None
    """What it is, by a code."""
    count: Count | None = None


class Sector(Struct, frozen=True, forbid_unknown_fields=True):
    """The bearings a watch point sees, clockwise from north."""

    from_deg: Degrees
    to_deg: Degrees


class StockLine(Struct, frozen=True, forbid_unknown_fields=True):
    """How much of one item a depot held when it was last counted; unit, lot and expiry tell lines apart."""

    item_code: ItemCode
    name: Name
    """What the item is called."""
    scheme: Code = "gbt38565"
    quantity: Quantity | None = None
    unit: ShortText | None = None
    lot: ShortText | None = None
    minimum: Quantity | None = None
    expires_on: date | None = None
    counted_at: ObservedInstant | None = None


class Shared(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """What every kind has."""

    name: Name
    place: PlaceCode | None = None
    manager: ShortText | None = None
    lifecycle: Lifecycle = "in_service"
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    location: Location = field(default_factory=Location)
    sources: Annotated[list[Source], Meta(max_length=50)] = field(default_factory=list)
    verified_at: datetime | None = None
    verified_by: ShortText | None = None
    visibility: Visibility | UnsetType = UNSET
    external_ids: Annotated[list[ExternalId], Meta(max_length=50)] = field(default_factory=list)
    exercise: Exercise | None = None
    note: LongText | None = None
    version: Annotated[int, Meta(ge=0, le=2_000_000_000)] = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None


Specialties = Annotated[list[Coded], Meta(max_length=100), CodeOf(("specialty",))]
Hazards = Annotated[list[Coded], Meta(max_length=100), CodeOf(("hazard",))]
HazardCode = Annotated[Coded, CodeOf(("hazard",))]
Amenities = Annotated[list[Coded], Meta(max_length=100), CodeOf(("amenity",))]
Items = Annotated[list[Item], Meta(max_length=500)]


class LastSeen(Struct, frozen=True, forbid_unknown_fields=True):
    """Where something that moves was last reported, how exactly, and when."""

    coordinates: SpotPosition
    at: ObservedInstant
    """When it was there."""
    accuracy_m: Metres = 0.0


class RescueTeam(Shared, frozen=True, kw_only=True, tag="rescue_team"):
    """People who go out: professional, standing or mass."""

    force: Force | None = None
    """What force the team belongs to."""
    level: TeamLevel | None = None
    """Whose the team is: the district's, a town's or a community's."""
    specialties: Specialties = field(default_factory=list)
    personnel: Count | None = None
    vehicles: Items = field(default_factory=list)
    equipment: Items = field(default_factory=list)
    last_seen: LastSeen | None = None
    readiness: Readiness = "unknown"
    status_at: ObservedInstant | None = None


class SpaceCapacity(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many persons a shelter has room for in one space, in one hazard, or in a space in a hazard."""

    persons: Count
    space: Space | None = None
    hazard: HazardCode | None = None

    @property
    def use(self) -> tuple[str | None, str | None]:
        """Space and hazard: a shelter states a use once."""
        return self.space, None if self.hazard is None else self.hazard.key()


class Shelter(Shared, frozen=True, kw_only=True, tag="shelter"):
    """A place of refuge; its capacity is unknown, never zero, until somebody states it."""

    level: ShelterLevel | None = None
    """Level of government that runs the shelter."""
    duration: Duration | None = None
    space: Space | None = None
    hazards: Hazards = field(default_factory=list)
    """Hazards that the shelter is meant for."""
    capacity_persons: Count | None = None
    """Room in all; the sum of its spaces where only these are stated."""
    capacities: Annotated[list[SpaceCapacity], Meta(max_length=60)] = field(default_factory=list)
    """Room by space and by hazard."""
    occupancy_persons: Count | None = None
    occupancy_at: ObservedInstant | None = None
    area_m2: SquareMetres | None = None
    """Usable area in square metres."""
    amenities: Amenities = field(default_factory=list)
    opening: Opening = "unknown"
    hours: ShortText | None = None
    status_at: ObservedInstant | None = None


class FireWatchPoint(Shared, frozen=True, kw_only=True, tag="fire_watch_point"):
    """A point that watches for fire within its own radius; a null radius watches no area."""

    form: WatchForm | None = None
    """What the watch point is."""
    watch_radius_m: Radius | None = None
    eye_height_m: EyeHeight | None = None
    """How high its camera or its watcher stands above the ground; unknown, no line of sight is worked out."""
    sector: Sector | None = None
    footprint: Polygon | None = None
    operational: Operational = "unknown"
    status_at: ObservedInstant | None = None


class SupplyDepot(Shared, frozen=True, kw_only=True, tag="supply_depot"):
    """A store of relief supplies in one of three tiers."""

    tier: Tier | None = None
    ownership: Ownership | None = None
    serves_persons: Count | None = None
    parent_depot: UUID | None = None
    stock: Annotated[list[StockLine], Meta(max_length=2000)] = field(default_factory=list)


Properties = RescueTeam | Shelter | FireWatchPoint | SupplyDepot
Kind = Literal["rescue_team", "shelter", "fire_watch_point", "supply_depot"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Resource(
    Struct, frozen=True, tag_field="type", tag="Feature", kw_only=True, forbid_unknown_fields=True
):
    """A resource as the GeoJSON Feature it travels as.

    `properties` stays the last member, so that an answer can add figures to the rendered text.
    """

    id: UUID
    geometry: Point | None = None
    properties: Properties

    @property
    def kind(self) -> Kind:
        """Which of the four kinds this is."""
        tag: Kind = self.properties.__struct_config__.tag  # type: ignore[assignment]
        return tag

    @property
    def visibility(self) -> Visibility:
        """Who may know of the record; the gate decides it where its maker does not."""
        return decided(self.properties.visibility)

    @property
    def is_placeholder(self) -> bool:
        """Whether the record was made from a published total, so that it is no evidence for that total."""
        return any(source.confidence == "placeholder" for source in self.properties.sources)
