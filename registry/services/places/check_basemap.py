"""Compare the places that a base map draws with the registry's own, so that a shifted map is found."""

from pathlib import Path

import msgspec
import pyproj
import shapely

from registry.domain.basemap import MapShift, Pair, map_shift
from registry.domain.errors import Unavailable
from registry.domain.geojson import Point
from registry.store.database.pool import Reader
from registry.store.places import places

PLACE_LAYERS = ("place", "places")
NAMES = ("name:zh", "name:zh-Hans", "name:zh_Hans", "name", "name:latin", "name:en", "name_zh", "name_en")
MOST_PLACES = 5_000
NEAR_DEG = 0.05
"""Of several places of one name the nearest is compared, and none beyond five kilometres."""
SUFFIXES = ("街道", "镇", "乡", "村", "社区", "区", "县", "市")


async def check_shift(reader: Reader, path: Path) -> MapShift:
    """How the named places of an archive lie to those of the registry; `unknown` with too few in common."""
    drawn = places_of(path)
    pairs: list[tuple[Pair, Pair]] = []
    for row in await places.find(reader, {}, MOST_PLACES):
        if row["point"] is None:
            continue
        known = msgspec.json.decode(row["point"], type=Point).coordinates
        candidates = [
            spot for name in (row["name_zh"], row["name_en"]) for spot in drawn.get(_plain(name), [])
        ]
        near = [spot for spot in candidates if _away(spot, known) < NEAR_DEG]
        if near:
            pairs.append((known, min(near, key=lambda spot: _away(spot, known))))
    return map_shift(pairs)


def _away(one: Pair, other: Pair) -> float:
    return max(abs(one[0] - other[0]), abs(one[1] - other[1]))


def _plain(name: str | None) -> str:
    """A name without the word for its kind, which maps leave out or write."""
    text = (name or "").strip().lower()
    for suffix in SUFFIXES:
        if text.endswith(suffix) and len(text) > len(suffix) + 1:
            return text.removesuffix(suffix)
    return text


def places_of(path: Path) -> dict[str, list[Pair]]:
    """The named points of an archive's layer of places, in WGS 84 as the map has them.

    Unavailable without GDAL, which only this question needs.
    """
    try:
        import pyogrio.raw
    except ImportError as missing:
        raise Unavailable("comparing the places of a map needs GDAL: pip install pyogrio") from missing
    layers = [name for name, _ in pyogrio.list_layers(path) if name in PLACE_LAYERS]
    found: dict[str, list[Pair]] = {}
    for layer in layers:
        meta, _, geometries, columns = pyogrio.raw.read(path, layer=layer)
        to_degrees = pyproj.Transformer.from_crs(meta["crs"], "EPSG:4326", always_xy=True)
        points = shapely.from_wkb(geometries)
        named = [column for name, column in zip(meta["fields"], columns, strict=True) if name in NAMES]
        for n, point in enumerate(points):
            if point is None or point.is_empty:
                continue
            lon, lat = to_degrees.transform(point.centroid.x, point.centroid.y)
            for name in {_plain(column[n]) for column in named if isinstance(column[n], str)} - {""}:
                found.setdefault(name, []).append((lon, lat))
    return found
