"""Records with defaults, so that a test says only what it is about."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec

from registry.domain.geojson import Point
from registry.domain.identity import new_id
from registry.domain.plans.entry import Inventory
from registry.domain.records.change import Change, new_version
from registry.domain.records.resource import Kind, Location, Resource
from registry.store.database.pool import Writer
from registry.store.places import places
from registry.store.plans import entries
from registry.store.records import changes

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)

A_CHANGE = Change(verb="create", actor="test", at=NOW)


def make(kind: str = "shelter", lon: float | None = 106.65, lat: float = 29.03, **given: Any) -> Resource:
    """A resource of version 1; `lon=None` leaves it without a position."""
    quality = given.pop("quality", "unknown" if lon is None else "surveyed")
    location = {"quality": quality, "uncertainty_m": given.pop("uncertainty_m", None)}
    location |= {"candidate_places": given.pop("candidate_places", []), "datum": given.pop("datum", "wgs84")}
    name = given.pop("name", {"zh": "测试点", "en": "Test point"})
    identity = given.pop("id", None) or new_id(int(NOW.timestamp() * 1000))
    properties = {"kind": kind, "name": name, "location": location, "visibility": "public", **given}
    feature = {"type": "Feature", "id": str(identity), "geometry": None, "properties": properties}
    made = msgspec.convert(feature, Resource, strict=False)
    made = msgspec.structs.replace(made, geometry=None if lon is None else Point((lon, lat)))
    return new_version(made, NOW)


async def a_resource(writer: Writer, *args: Any, **given: Any) -> UUID:
    """Store a resource made by `make` and return its identity."""
    made = make(*args, **given)
    await changes.insert(writer, made, A_CHANGE)
    return made.id


def a_location(**given: Any) -> Location:
    """A location with defaults."""
    return msgspec.convert({"quality": "surveyed", **given}, Location)


async def an_inventory(writer: Writer, kind: Kind, place: str | None = None, **given: Any) -> None:
    """Declare that all records of a kind in a place, or everywhere, are listed."""
    values = {"place": place, "of": "resources", "kind": kind, "on": date(2026, 1, 1), "version": 1}
    values |= {"visibility": "public"} | given
    entry = Inventory(id=uuid4(), created_at=NOW, updated_at=NOW, **values)
    await entries.insert_many(writer, [entry], "test")


async def a_place(writer: Writer, code: str, parent: str | None = None, **given: Any) -> None:
    """Store a place without an extent, and work out what lies under what."""
    values = dict.fromkeys(places.PLAIN) | {"code": code, "parent": parent, "name_en": code}
    values |= {"level": "town", "list_version": "test", "extent_basis": "none", "flags": {}} | given
    await places.upsert(writer, [{"extent": None, "point": None} | values])
    await places.derive(writer)
