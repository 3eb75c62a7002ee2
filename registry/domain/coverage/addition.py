"""Scenario requests: Features to add as the registry gives them, moves, removals; and what they count as."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct, structs

from registry.domain.access.sight import Sight
from registry.domain.conditions import Filter
from registry.domain.coverage.watcher import Disc, ViewSector, Watcher
from registry.domain.errors import InvalidQuery
from registry.domain.geojson import Geometry, MultiPolygon, Point, Polygon
from registry.domain.geometry import wkb
from registry.domain.records.location import cell_of, check_geometry, check_quality, reach_of_doubt_m
from registry.domain.records.resource import FireWatchPoint, Location, Properties, Resource
from registry.domain.values import ShortText

STATED = ("force", "level", "tier", "ownership", "form", "readiness", "opening", "operational")
CODES = {"specialties": ("specialties_any", "specialties_all"), "hazards": ("hazards_any", "hazards_all")}
TESTED = {
    "kind",
    "kinds",
    "lifecycle",
    "valid_at",
    *STATED,
    *(name for both in CODES.values() for name in both),
}
"""The conditions of a filter that an addition can be tested for."""


class Addition(Struct, frozen=True, tag_field="type", tag="Feature", forbid_unknown_fields=True):
    """A resource to add, as the registry gives it.

    Its geometry may also be a line, which reaches to all sides, or a polygon, which is itself covered.
    Without a `location` it stands exactly there.
    """

    properties: Properties
    geometry: Geometry | None = None
    id: ShortText | None = None

    @property
    def possible_places(self) -> list[str]:
        """The places that hold an addition without a position."""
        if self.geometry is not None:
            return []
        place = self.properties.place
        return self.properties.location.candidate_places or ([] if place is None else [place])


class Move(Struct, frozen=True, forbid_unknown_fields=True):
    """A resource at another position."""

    id: ShortText
    geometry: Point


class Scenario(Struct, frozen=True, forbid_unknown_fields=True):
    """Changes that are considered and stored in no record."""

    add: Annotated[list[Addition], Meta(max_length=2000)] = []
    move: Annotated[list[Move], Meta(max_length=2000)] = []
    remove: Annotated[list[ShortText], Meta(max_length=2000)] = []

    def named(self) -> set[str]:
        """The existing resources that are moved or removed."""
        return {move.id for move in self.move} | set(self.remove)


class PlaceBound(Struct, frozen=True):
    """The ground that holds what is somewhere in a place, and the place that has that extent."""

    extent: bytes | None
    code: str | None = None
    assumed: bool = False


class Bounds(Struct, frozen=True):
    """The extents that may hold a resource without a position, and whether all of them are known."""

    extents: tuple[bytes | Disc, ...]
    complete: bool
    assumed: tuple[str, ...]


def bounds_of(codes: Sequence[str], bounds: Mapping[str, PlaceBound]) -> Bounds:
    """The extents of these places; one whose ground is not known leaves them incomplete."""
    known = [bounds[code] for code in codes if code in bounds and bounds[code].extent is not None]
    assumed = sorted({bound.code or "" for bound in known if bound.assumed})
    extents = sorted({bound.extent for bound in known if bound.extent is not None})
    return Bounds(tuple(extents), bool(codes) and len(known) == len(codes), tuple(assumed))


class AdditionContext(Struct, frozen=True):
    """What decides how additions count: the question's conditions, radius and sight, and bounds of places."""

    wanted: Filter
    radius_m: float | None
    sight: Sight
    at: datetime
    bounds: Mapping[str, PlaceBound]


def watcher_of(addition: Addition, number: int, context: AdditionContext) -> Watcher:
    """The addition as this sight would see it in the registry.

    InvalidQuery for one that would not count in the question, since it would be ignored.
    """
    field = f"scenario.add[{number - 1}]"
    properties = addition.properties
    unknown = _check_counts(properties, context, field)
    location = _location(addition)
    if isinstance(addition.geometry, Point | None):
        stated = structs.replace(properties, location=location)
        record = Resource(id=UUID(int=number), geometry=addition.geometry, properties=stated)
        check_geometry(record)
        check_quality(record)
    blurred = properties.visibility == "internal" and context.sight.clearance == "public"
    if blurred and not isinstance(addition.geometry, Point | None):
        raise InvalidQuery("the public sees an internal line or polygon nowhere", field=field)
    values: dict[str, Any] = {
        "id": addition.id or f"added-{number}",
        "kind": properties.__struct_config__.tag,
        "name": properties.name,
        "place": properties.place,
        "radius_m": context.radius_m or getattr(properties, "watch_radius_m", None),
        "unknown": unknown,
        "internal": blurred,
    }
    if isinstance(properties, FireWatchPoint) and not blurred:
        sector, footprint = properties.sector, properties.footprint
        values["view"] = None if sector is None else ViewSector(sector.from_deg, sector.to_deg)
        values["footprint"] = None if footprint is None else wkb(footprint, field)
    return Watcher(**values | _position(addition, location, blurred, context, field))


def _location(addition: Addition) -> Location:
    location = addition.properties.location
    if addition.geometry is not None and location == Location():
        return Location("surveyed")
    return location


def _position(
    addition: Addition, location: Location, blurred: bool, context: AdditionContext, field: str
) -> dict[str, Any]:
    place = addition.geometry
    if place is None:
        bounds = bounds_of(addition.possible_places, context.bounds)
        return {
            "extents": bounds.extents,
            "extents_complete": bounds.complete,
            "assumed": bounds.assumed,
        }
    doubt_m = reach_of_doubt_m(location, _corner(place))
    if isinstance(place, Point) and blurred:
        place, cell_m = cell_of(place)
        doubt_m += cell_m
    if isinstance(place, Point):
        return {"position": place.coordinates, "uncertainty_m": doubt_m}
    shape = "footprint" if isinstance(place, Polygon | MultiPolygon) else "line"
    return {shape: wkb(place, field), "uncertainty_m": doubt_m}


def _corner(geometry: Geometry) -> Point:
    """The first position of a geometry."""
    position: Any = geometry.coordinates
    while isinstance(position, list):
        position = position[0]
    return Point(position)


def _check_counts(properties: Properties, context: AdditionContext, field: str) -> tuple[str, ...]:
    """The conditions that the addition's unknown values leave open; InvalidQuery for one that it fails."""
    wanted, stated = context.wanted, context.wanted.given()
    if untested := sorted(stated.keys() - TESTED):
        raise InvalidQuery(f"an addition cannot be tested for {untested[0]}", field=f"filter.{untested[0]}")
    kind = str(properties.__struct_config__.tag)
    if kind not in (wanted.kinds or (wanted.kind or kind,)):
        raise InvalidQuery(f"a {kind} does not count among {wanted.kind or wanted.kinds}", field=field)
    _check_existence(properties, context, field)
    unknown = []
    for name in [name for name in STATED if name in stated]:
        own = getattr(properties, name, None)
        if own in (None, "unknown"):
            unknown.append(name)
        elif own != stated[name]:
            raise InvalidQuery(f"its {name} is {own}, so it does not count", field=f"{field}.{name}")
    return (*unknown, *_open_codes(properties, stated, field))


def _check_existence(properties: Properties, context: AdditionContext, field: str) -> None:
    """InvalidQuery for what the question does not see: by stage, dates, exercise, operation or sight."""
    wanted, sight, at = context.wanted, context.sight, context.at
    ended = properties.valid_to is not None and properties.valid_to <= at
    refusals = {
        "lifecycle": wanted.lifecycle not in (None, properties.lifecycle),
        "valid_from": properties.valid_from is not None and properties.valid_from > at,
        "valid_to": ended,
        "exercise": properties.exercise not in (None, sight.exercise),
        "operational": getattr(properties, "operational", None) == "no",
        "visibility": properties.visibility == "restricted" and not _sees_restricted(properties, sight),
    }
    for name, refused in refusals.items():
        if refused:
            value = getattr(properties, name)
            raise InvalidQuery(f"its {name} is {value}, so it does not count", field=f"{field}.{name}")


def _sees_restricted(properties: Properties, sight: Sight) -> bool:
    return sight.clearance == "restricted" or (
        sight.clearance == "internal" and properties.place in sight.scope
    )


def _open_codes(properties: Properties, stated: Mapping[str, Any], field: str) -> list[str]:
    unknown = []
    for attribute, (some, every) in CODES.items():
        own = {code.key() for code in getattr(properties, attribute, [])}
        for name in (some, every):
            codes = set(stated.get(name, ()))
            if not codes:
                continue
            if not own:
                unknown.append(name)
            elif not (codes & own if name == some else codes <= own):
                raise InvalidQuery(f"its {attribute} do not meet {name}", field=f"{field}.{attribute}")
    return unknown
