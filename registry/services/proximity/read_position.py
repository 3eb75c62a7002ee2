"""Say where a written position is, in WGS 84: coordinates in any usual form, or a kilometre of a road."""

from registry.domain.proximity.origin import Origin, QueryDatum
from registry.domain.proximity.written_position import WrittenPosition, road_kilometre, written_position
from registry.services.proximity.start import start_of
from registry.store.database.pool import Reader
from registry.store.places import jurisdictions


async def read_position(reader: Reader, text: str, datum: QueryDatum) -> WrittenPosition:
    """The position of a text; InvalidQuery without one, NoGeometry for a road whose line is not known."""
    named = road_kilometre(text)
    if named is None:
        return written_position(text, datum, await jurisdictions.extent(reader))
    start = await start_of(reader, Origin(road=named.road, chainage_km=named.km))
    return WrittenPosition(
        lon=round(start.lon, 7),
        lat=round(start.lat, 7),
        datum="wgs84",
        uncertainty_m=start.margin_m or None,
        road=named.road,
        chainage_km=named.km,
    )
