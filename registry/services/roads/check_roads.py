"""What there is to know of the current road network before one relies on it."""

from datetime import datetime

from msgspec import Struct

from registry.domain.errors import NotFound
from registry.domain.roads.network import RoadCounts, version_of
from registry.domain.roads.speeds import SpeedTable
from registry.store.database.pool import Reader
from registry.store.roads import networks


class RoadsReport(Struct, frozen=True, kw_only=True):
    """The current network, and whether its arrays are those that were stored."""

    version: str
    source: str
    extract_at: datetime
    loaded_at: datetime
    extent: tuple[float, float, float, float]
    licence: str
    speeds: SpeedTable
    counts: RoadCounts
    size_bytes: int
    is_whole: bool


async def check_roads(reader: Reader) -> RoadsReport:
    """Components, ways without a speed and limited bridges of the current network; NotFound without one."""
    stored = await networks.current(reader)
    if stored is None:
        raise NotFound("road network", "current")
    head = stored.head
    content = await networks.content_of(reader, stored.version)
    return RoadsReport(
        version=stored.version,
        source=head.source,
        extract_at=head.extract_at,
        loaded_at=stored.loaded_at,
        extent=head.extent,
        licence=head.licence,
        speeds=head.speeds,
        counts=head.counts,
        size_bytes=stored.size_bytes,
        is_whole=version_of(content) == stored.version,
    )
