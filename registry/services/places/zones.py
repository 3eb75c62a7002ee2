"""Read zones, load their geometry, and locate a kilometre of a road."""

from collections.abc import Container
from typing import Any, Literal

import msgspec
from msgspec import Struct

from registry.domain.access.actor import Actor, require
from registry.domain.errors import ConditionMissing, Invalid, Stale
from registry.domain.geojson import Point, Position
from registry.domain.geometry import wkb
from registry.domain.places.zone import StoredZone, Zone, ZoneGeometry, at_chainage, check_geometry, pieces
from registry.services.clock import now
from registry.services.intake.admit import admit_value, forget_findings_about, keep_findings_about
from registry.store.database.pool import Reader, Writer
from registry.store.places import zones


class ZoneWithGeometry(Struct, frozen=True):
    """A zone and its geometry as GeoJSON, None when it is not loaded."""

    zone: StoredZone
    geometry: dict[str, Any] | None


class SavedZone(Struct, frozen=True):
    """The zone as it was stored, and whether it is new."""

    zone: StoredZone
    created: bool


class KilometrePosition(Struct, frozen=True):
    """Where a kilometre of a zone is; `cannot_evaluate` without a geometry with chainage that reaches it."""

    zone: str
    km: float
    outcome: Literal["found", "cannot_evaluate"]
    """Whether the kilometre was found."""
    geometry: Point | None


async def list_zones(reader: Reader, road: str | None = None, km: float | None = None) -> list[StoredZone]:
    """Every zone, of one road, or whose range has a kilometre."""
    every = await zones.find(reader)
    if road is None and km is None:
        return every
    ranges = [(stored, stored.zone.range) for stored in every if stored.zone.range is not None]
    return [
        stored
        for stored, part in ranges
        if road in (None, part.road) and (km is None or part.from_km <= km <= part.to_km)
    ]


async def read_zone(reader: Reader, identity: str) -> ZoneWithGeometry:
    """One zone with its geometry; NotFound when there is none."""
    stored, geometry = await zones.get(reader, identity)
    return ZoneWithGeometry(stored, None if geometry is None else msgspec.json.decode(geometry))


async def put_zone(
    writer: Writer, actor: Actor, identity: str, zone: Zone, versions: Container[int] | None
) -> SavedZone:
    """Store a new zone, or replace the version that the caller holds; its geometry stays; for planners.

    Invalid when the geometry that it has contradicts its new kind or range; ConditionMissing and Stale are
    about the version.
    """
    require(actor, "planner")
    zone = await admit_value(writer, zone)
    if zone.id != identity:
        raise Invalid(f"the path says {identity}, the body {zone.id}", field="id")
    current = next((stored for stored in await zones.find(writer) if stored.zone.id == identity), None)
    if current is not None:
        _demand_version(current, versions)
        drawn = await zones.geometry_of(writer, identity)
        if drawn is not None:
            check_geometry(zone, drawn)
        await zones.put(writer, [zone], actor.id)
        if drawn is not None and zone.range != current.zone.range:
            await zones.draw(writer, zone, drawn, actor.id, now())
    else:
        await zones.put(writer, [zone], actor.id)
    writer.findings.extend(await keep_findings_about(writer, "zone", identity, actor.id, ()))
    stored, _ = await zones.get(writer, identity)
    return SavedZone(stored, created=current is None)


def _demand_version(current: StoredZone, versions: Container[int] | None) -> None:
    if versions is None:
        raise ConditionMissing("the zone exists: send the ETag you read in If-Match")
    if current.version not in versions:
        raise Stale(f"the zone is at version {current.version}")


async def draw_zone(writer: Writer, actor: Actor, identity: str, geometry: ZoneGeometry) -> StoredZone:
    """Give a zone its geometry, in place of any that it had; for planners.

    Invalid and InvalidGeometry name the member that contradicts the zone or cannot be used.
    """
    require(actor, "planner")
    geometry = await admit_value(writer, geometry)
    stored, _ = await zones.get(writer, identity)
    check_geometry(stored.zone, geometry)
    wkb(geometry.geometry)
    await zones.draw(writer, stored.zone, geometry, actor.id, now())
    drawn, _ = await zones.get(writer, identity)
    return drawn


async def erase_zone(writer: Writer, actor: Actor, identity: str) -> StoredZone:
    """Take the geometry of a zone away: its distances cannot be evaluated any more; for planners."""
    require(actor, "planner")
    await zones.erase(writer, identity, actor.id, now())
    stored, _ = await zones.get(writer, identity)
    return stored


async def remove_zone(writer: Writer, actor: Actor, identity: str, versions: Container[int] | None) -> None:
    """Remove a zone with its geometry and what was found of it; for planners."""
    require(actor, "planner")
    stored, _ = await zones.get(writer, identity)
    _demand_version(stored, versions)
    await zones.remove(writer, identity)
    await forget_findings_about(writer, "zone", identity)


async def locate_km(reader: Reader, identity: str, km: float) -> KilometrePosition:
    """The position of a kilometre of a road range."""
    stored, _ = await zones.get(reader, identity)
    position = await position_of_km(reader, stored, km)
    if position is None:
        return KilometrePosition(identity, km, "cannot_evaluate", None)
    return KilometrePosition(identity, km, "found", Point(position))


async def position_of_km(reader: Reader, stored: StoredZone, km: float) -> Position | None:
    """The position (lon, lat) of a kilometre of a zone; None without a geometry with chainage that has it."""
    geometry = await zones.geometry_of(reader, stored.zone.id) if stored.has_geometry else None
    if geometry is None or geometry.measures_km is None:
        return None
    return at_chainage(pieces(geometry, stored.zone.range), km)
