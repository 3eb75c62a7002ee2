"""Where an incident is, as a start that distances are measured from."""

from typing import Any
from uuid import UUID

from registry.domain.access.sight import Sight
from registry.domain.errors import NoGeometry, NotFound
from registry.domain.geojson import Point
from registry.domain.geometry import wkb
from registry.domain.incidents.incident import Incident
from registry.domain.plans.located_entry import doubt_m
from registry.domain.proximity.edges import joined
from registry.domain.proximity.origin import Start
from registry.store.database.pool import Reader
from registry.store.plans import entries
from registry.store.proximity import origin_sql


async def read_incident(reader: Reader, sight: Sight, identity: UUID) -> Incident:
    """The incident; NotFound when there is none that this sight may see."""
    entry = await entries.get(reader, sight, "incident", identity)
    if not isinstance(entry, Incident):
        raise NotFound("incident", identity)
    return entry


async def start_of_incident(reader: Reader, incident: Incident) -> Start:
    """The start of an incident: what it has reached, where it is, its candidate places, or its place.

    NoGeometry when none of them is known.
    """
    described: dict[str, Any] = {"incident": str(incident.id)}
    if incident.extent is not None:
        return Start(shape=wkb(incident.extent), described=described | {"of": "extent"})
    if isinstance(incident.geometry, Point):
        lon, lat = incident.geometry.coordinates
        margin_m = doubt_m(incident) or 0.0
        described |= {"lon": lon, "lat": lat, "radius_m": margin_m}
        return Start(lon=lon, lat=lat, margin_m=margin_m, uncertain=margin_m > 0, described=described)
    if incident.geometry is not None:
        margin_m = doubt_m(incident) or 0.0
        return Start(
            shape=wkb(incident.geometry), margin_m=margin_m, described=described | {"of": "geometry"}
        )
    codes = incident.location.candidate_places or ([incident.place] if incident.place else [])
    if not codes:
        raise NoGeometry("nobody has said where this incident is", field="geometry", zh="尚不知事件位置")
    starts = [await origin_sql.start_of_place(reader, code) for code in codes]
    shape = joined((one.shape, one.lon, one.lat, one.margin_m) for one in starts)
    return Start(shape=shape, described=described | {"places": codes})
