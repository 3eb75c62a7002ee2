"""Where a question is measured from: an origin, with its place or road looked up."""

from typing import Any

from registry.domain.errors import NoGeometry
from registry.domain.geojson import Position
from registry.domain.proximity.origin import (
    Origin,
    Start,
    form_of,
    start_of_area,
    start_of_line,
    start_of_spot,
)
from registry.services.places.zones import position_of_km
from registry.store.database.pool import Reader
from registry.store.places import zones
from registry.store.proximity import origin_sql


async def start_of(reader: Reader, origin: Origin) -> Start:
    """The start of an origin; NotFound for an unknown place, NoGeometry for a place or road without one."""
    form = form_of(origin)
    if form == "lon":
        return start_of_spot(origin)
    if origin.area is not None:
        return start_of_area(origin.area)
    if origin.line is not None:
        return start_of_line(origin.line, origin.width_m or 0.0)
    if origin.place is not None:
        return await origin_sql.start_of_place(reader, origin.place)
    assert origin.road is not None
    assert origin.chainage_km is not None
    return await _start_of_chainage(reader, origin.road, origin.chainage_km)


async def _start_of_chainage(reader: Reader, road: str, chainage_km: float) -> Start:
    """The position of a kilometre on a zone of the road, uncertain as the zone's geometry is."""
    of_roads = [(stored, stored.zone.range) for stored in await zones.find(reader) if stored.zone.range]
    for stored, road_range in of_roads:
        if road_range.road != road:
            continue
        position = await position_of_km(reader, stored, chainage_km)
        if position is not None:
            described = {"road": road, "chainage_km": chainage_km, "zone": stored.zone.id}
            return _uncertain(position, stored.uncertainty_m, described)
    roads = sorted({road_range.road for _, road_range in of_roads})
    if road not in roads:
        raise NoGeometry(f"no road {road} is known here; known: {', '.join(roads)}", field="road")
    detail = f"kilometre {chainage_km:g} of road {road} has no geometry with chainage here"
    raise NoGeometry(detail, field="road")


def _uncertain(position: Position, margin_m: float, described: dict[str, Any]) -> Start:
    lon, lat = position
    described = described | {"lon": lon, "lat": lat, "radius_m": margin_m}
    return Start(lon=lon, lat=lat, margin_m=margin_m, uncertain=margin_m > 0, described=described)
