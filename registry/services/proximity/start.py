"""Where a question starts: an origin with its place or road looked up."""

from registry.domain.errors import NoGeometry
from registry.domain.places.zone import at_chainage, pieces
from registry.domain.proximity.origin import Origin, Start, form_of
from registry.store.database.pool import Reader
from registry.store.places import zones
from registry.store.proximity import origin_sql


async def start(reader: Reader, origin: Origin) -> Start:
    """Where the measuring starts; NoGeometry for a place, road or chainage without a position."""
    if form_of(origin) != "road" or origin.road is None or origin.chainage_km is None:
        return await origin_sql.start(reader, origin)
    known = [drawn for drawn in await zones.find(reader) if drawn.zone.range is not None]
    for drawn in known:
        piece = drawn.zone.range
        if piece is None or piece.road != origin.road or not drawn.has_geometry:
            continue
        drawing = await zones.drawing(reader, drawn.zone.id)
        if drawing is None or drawing.measures_km is None:
            continue
        position = at_chainage(pieces(drawing, piece), origin.chainage_km)
        if position is not None:
            said = {"road": origin.road, "chainage_km": origin.chainage_km, "zone": drawn.zone.id}
            return Start(
                lon=position[0],
                lat=position[1],
                margin_m=drawn.uncertainty_m,
                uncertain=drawn.uncertainty_m > 0,
                said=said | {"lon": position[0], "lat": position[1], "radius_m": drawn.uncertainty_m},
            )
    roads = sorted({drawn.zone.range.road for drawn in known if drawn.zone.range})
    if origin.road not in roads:
        raise NoGeometry(f"no road {origin.road} is known here; known: {', '.join(roads)}", field="road")
    detail = f"kilometre {origin.chainage_km:g} of road {origin.road} has no geometry with chainage here"
    raise NoGeometry(detail, field="road")
