"""Read places, find the chain of places that holds a point, and set what planners say of a place."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from msgspec import Raw, Struct

from registry.domain.access.actor import Actor, require
from registry.domain.errors import NotFound
from registry.domain.plans.entry_base import YesNoUnknown
from registry.domain.values import Code
from registry.store.database.pool import Reader, Row, Writer
from registry.store.places import places

PROPERTIES = (
    "level",
    "parent",
    "list_version",
    "extent_basis",
    "extent_radius_m",
    "extent_from",
    "point_uncertainty_m",
    "partner",
    "flags",
    "valid_from",
    "valid_to",
    "source",
    "successors",
    "version",
    "updated_at",
    "updated_by",
)


class PlaceFeature(Struct, frozen=True, kw_only=True, tag_field="type", tag="Feature"):
    """A place as a GeoJSON Feature; `assumed_extent` says that its polygon is no surveyed border."""

    id: str
    """Code of the place."""
    geometry: Raw | None
    """Its extent, or its point in a list."""
    properties: dict[str, Any]


class PlacePage(Struct, frozen=True):
    """Some places by code; `last` is the code after which the next page starts, None at the end."""

    places: list[PlaceFeature]
    last: str | None


class PlaceFlags(Struct, frozen=True):
    """What planners say of a place."""

    code: str
    flags: dict[str, Any]
    """The flags that planners set: yes, no or unknown."""


async def list_places(
    reader: Reader, conditions: Mapping[str, Any], limit: int, *, extents: bool = False
) -> PlacePage:
    """At most `limit` places by code, each with its point, or with its extent to a metre.

    `conditions` has any of level, parent, under, q (part of a name or code), on (a day) and after (a code).
    """
    rows = await places.find(reader, conditions, limit + 1, extents=extents)
    geometry = "extent" if extents else "point"
    features = [feature_of(row, row[geometry]) for row in rows[:limit]]
    return PlacePage(features, features[-1].id if len(rows) > limit else None)


async def locate(reader: Reader, lon: float, lat: float, on: date) -> list[PlaceFeature]:
    """The chain of places in force on a day whose extent holds the point, smallest first."""
    return [feature_of(row, row["point"]) for row in await places.containing(reader, lon, lat, on)]


async def read_place(reader: Reader, code: str) -> PlaceFeature:
    """One place with its extent, and with its members when it is a management area."""
    row = await places.get(reader, code)
    if row is None:
        raise NotFound("place", code)
    return feature_of(row, row["extent"], await places.members(reader, row["code"]))


async def flag_place(
    writer: Writer, actor: Actor, code: str, flags: Mapping[Code, YesNoUnknown]
) -> PlaceFlags:
    """Set flags of a place, such as prone_or_remote, and leave its others; for planners."""
    require(actor, "planner")
    row = await places.get(writer, code)
    stored = None if row is None else await places.flag(writer, row["code"], flags)
    if row is None or stored is None:
        raise NotFound("place", code)
    return PlaceFlags(row["code"], stored)


def feature_of(row: Row, geometry: str | None, members: list[str] | None = None) -> PlaceFeature:
    """A stored place as a Feature with this geometry, which is GeoJSON text."""
    properties: dict[str, Any] = {"code": row["code"], "name": {"zh": row["name_zh"], "en": row["name_en"]}}
    properties |= {name: row[name] for name in PROPERTIES}
    properties["point"] = _raw(row["point"])
    properties["assumed_extent"] = row["extent_basis"] != "boundary"
    if members:
        properties["members"] = members
    return PlaceFeature(id=row["code"], geometry=_raw(geometry), properties=properties)


def _raw(text: str | None) -> Raw | None:
    return None if text is None else Raw(text.encode())
