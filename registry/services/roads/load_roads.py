"""Load the roads of an extract as the current network."""

from datetime import datetime
from pathlib import Path

from msgspec import Struct

from registry.domain.errors import Invalid
from registry.domain.roads.build import build
from registry.domain.roads.network import RoadCounts, pack, version_of
from registry.domain.roads.speeds import SpeedTable
from registry.services.roads.current_roads import can_search
from registry.store.database.pool import Writer
from registry.store.roads import networks
from registry.store.roads.osm_file import Bounds, read_extract

MISSING = "road times need the optional packages: pip install 'emergency-registry[roads]'"


class LoadedRoads(Struct, frozen=True, kw_only=True):
    """The network that is current now."""

    version: str
    source: str
    extract_at: datetime
    extent: tuple[float, float, float, float]
    speeds: str
    licence: str
    counts: RoadCounts
    size_bytes: int
    previous: str | None
    """The version that was current before."""


async def load_roads(
    writer: Writer, file: Path, speeds: SpeedTable, within: Bounds | None = None,
    extract_at: datetime | None = None,
) -> LoadedRoads:  # fmt: skip
    """Build the network of a file and switch to it; Invalid says what is wrong with it."""
    if not can_search():
        raise Invalid(MISSING, field="file")
    built = build(read_extract(file, within, extract_at), speeds)
    content = pack(built.head, built.arrays)
    version = version_of(content)
    await networks.lock(writer)
    before = await networks.current(writer)
    if before is not None and built.head.extract_at < before.head.extract_at:
        detail = (
            f"{file.name} is of {built.head.extract_at:%Y-%m-%d}, and the current roads are of"
            f" {before.head.extract_at:%Y-%m-%d}: load a newer extract"
        )
        raise Invalid(detail, field="file", zh="该文件比现用路网更旧")
    await networks.switch(writer, version, built.head, content)
    return LoadedRoads(
        version=version,
        source=built.head.source,
        extract_at=built.head.extract_at,
        extent=built.head.extent,
        speeds=speeds.name,
        licence=built.head.licence,
        counts=built.head.counts,
        size_bytes=len(content),
        previous=None if before is None else before.version,
    )
