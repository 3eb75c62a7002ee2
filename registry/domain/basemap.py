"""What an office's base map is: the header of its tile archive, its schema, and whether its datum is shifted.

PMTiles version 3 is a public specification: 127 bytes of header, then directories, metadata and tiles.
Chinese map services shift their maps into GCJ-02, by 460–508 m in Chongqing. Such a ground would put every
record beside the house that it is in, so it is refused: moved back by one vector it would still be off.
"""

import struct
from collections.abc import Collection, Sequence
from statistics import median
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from msgspec import Struct

from registry.domain.datum import gcj02_of
from registry.domain.errors import Invalid
from registry.domain.proximity.edges import GEOD

HEADER_BYTES = 127
TILE_TYPES = {1: "mvt", 2: "png", 3: "jpeg", 4: "webp", 5: "avif"}
COMPRESSIONS = {1: "none", 2: "gzip", 3: "br", 4: "zstd"}
SHIFTED_HOSTS = ("amap", "autonavi", "gtimg", "qq", "baidu", "bdimg", "google")
"""Names in hosts of services whose maps are shifted: Gaode, Tencent, Baidu, and Google's maps of China."""
SAME_M, WARN_M, LEAST_SEATS = 150.0, 60.0, 15
"""How near to the vector of GCJ-02 a shift counts as it, from where another one is said, and of how many."""
Schema = Literal["openmaptiles", "protomaps", "raster", "unknown"]
BaseDatum = Literal["wgs84", "cgcs2000"]
Pair = tuple[float, float]
Box = tuple[float, float, float, float]


class TileArchive(Struct, frozen=True, kw_only=True):
    """The header of a PMTiles archive; `bounds` is None where the tool that wrote it left them out."""

    tile_type: str
    tile_compression: str
    internal_compression: str
    min_zoom: int
    max_zoom: int
    bounds: Box | None
    metadata_offset: int
    metadata_length: int


def tile_archive(head: bytes) -> TileArchive:
    """The header in the first bytes of a file; Invalid for what is no PMTiles archive of version 3."""
    if len(head) < HEADER_BYTES or head[:7] != b"PMTiles" or head[7] != 3:
        raise Invalid("this is no PMTiles archive of version 3", field="basemap")
    offset, length = struct.unpack_from("<QQ", head, 24)
    box = [value / 1e7 for value in struct.unpack_from("<iiii", head, 102)]
    west, south, east, north = box
    return TileArchive(
        tile_type=TILE_TYPES.get(head[99], "unknown"),
        tile_compression=COMPRESSIONS.get(head[98], "unknown"),
        internal_compression=COMPRESSIONS.get(head[97], "unknown"),
        min_zoom=head[100],
        max_zoom=head[101],
        bounds=(west, south, east, north) if west < east and south < north else None,
        metadata_offset=offset,
        metadata_length=length,
    )


def schema_of(archive: TileArchive, layers: Collection[str]) -> Schema:
    """Which schema the vector layers follow, by the layers that only one of them has."""
    if archive.tile_type != "mvt":
        return "raster"
    if {"transportation", "waterway"} & set(layers):
        return "openmaptiles"
    if {"roads", "earth"} & set(layers):
        return "protomaps"
    return "unknown"


def demand_template(template: str, datum: BaseDatum | None) -> None:
    """Invalid for an address that is not https, names no tile or datum, or is of a shifted map."""
    parts = urlsplit(template)
    if parts.scheme != "https" or not parts.hostname or not all(f"{{{axis}}}" in template for axis in "xyz"):
        raise Invalid("a base map is a .pmtiles file or an https address with {z}, {x} and {y}")
    labels = parts.hostname.lower().split(".")
    named = [name for name in SHIFTED_HOSTS for label in labels if label.startswith(name)]
    if named:
        raise Invalid(
            f"the maps of {parts.hostname} are shifted (GCJ-02): every record would lie beside its place;"
            " use a map in WGS 84 or CGCS2000",
            zh=f"{parts.hostname} 的地图有偏移（GCJ-02），所有记录都会偏离；请使用 WGS 84 或 CGCS2000 的地图",
        )
    if datum is None:
        raise Invalid("state the datum of the map with REGISTRY_BASEMAP_DATUM: wgs84 or cgcs2000")


class MapShift(NamedTuple):
    """How the places of a map lie to the same places of the registry: the median way, and what that means."""

    seats: int
    distance_m: float
    bearing_deg: float
    verdict: Literal["none", "gcj02", "other", "unknown"]


def map_shift(pairs: Sequence[tuple[Pair, Pair]]) -> MapShift:
    """The shift of a map from pairs of (where the registry has a place, where the map draws it)."""
    if len(pairs) < LEAST_SEATS:
        return MapShift(len(pairs), 0.0, 0.0, "unknown")
    away = [(drawn[0] - known[0], drawn[1] - known[1]) for known, drawn in pairs]
    east, north = median(one[0] for one in away), median(one[1] for one in away)
    lon, lat = median(known[0] for known, _ in pairs), median(known[1] for known, _ in pairs)
    bearing, _, distance_m = GEOD.inv(lon, lat, lon + east, lat + north)
    shifted = gcj02_of((lon, lat))
    off_m = GEOD.inv(lon + east, lat + north, *shifted)[2]
    if off_m <= SAME_M:
        return MapShift(len(pairs), distance_m, bearing % 360, "gcj02")
    return MapShift(len(pairs), distance_m, bearing % 360, "other" if distance_m > WARN_M else "none")
