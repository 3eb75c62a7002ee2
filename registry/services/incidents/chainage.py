"""Draw a closure that was given by kilometres along a road, where the road's zone has its geometry."""

from msgspec import structs

from registry.domain.geojson import MultiLineString
from registry.domain.incidents.cordon import Cordon
from registry.domain.places.road_range import RoadRange
from registry.domain.places.zone import ZonePiece, clipped, pieces
from registry.domain.records.resource import Location
from registry.store.database.pool import Reader
from registry.store.places import zones


async def drawn_cordon(reader: Reader, cordon: Cordon) -> Cordon:
    """The cordon with the lines of the roads that it closes, where it is not drawn and they are known."""
    ranges = [one.range for one in cordon.closes if one.range is not None]
    if cordon.geometry is not None or not ranges:
        return cordon
    lines, doubts = [], []
    for stored in await zones.find(reader):
        for wanted in ranges:
            road = stored.zone.range
            if road is None or road.road != wanted.road or not stored.has_geometry:
                continue
            parts = await _part(reader, stored.zone.id, road, wanted)
            lines += [part.line for part in parts]
            doubts += [stored.uncertainty_m] if parts else []
    if not lines:
        return cordon
    location = Location("approximate", max(doubts), [], source="drawn from the chainage of the road's zone")
    return structs.replace(cordon, geometry=MultiLineString(lines), location=location)


async def _part(reader: Reader, zone: str, road: RoadRange, wanted: RoadRange) -> list[ZonePiece]:
    """The part of a zone's line between the kilometres."""
    geometry = await zones.geometry_of(reader, zone)
    if geometry is None or geometry.measures_km is None:
        return []
    first, last = max(road.from_km, wanted.from_km), min(road.to_km, wanted.to_km)
    if first >= last:
        return []
    whole = pieces(geometry, road)
    return [cut for piece in whole for cut in clipped(piece, RoadRange(road.road, first, last))]
