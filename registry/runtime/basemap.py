"""The office's base map: its archive, read by ranges and never as a whole, or the address of its tiles."""

import gzip
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import brotli
import zstandard
from msgspec import Struct

from registry.domain.basemap import (
    HEADER_BYTES,
    BaseDatum,
    Box,
    Schema,
    demand_template,
    schema_of,
    tile_archive,
)
from registry.domain.errors import Invalid
from registry.runtime.settings import Settings, SettingsError

OPENERS = {
    "none": bytes,
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}
MOST_METADATA_BYTES = 4_000_000


class BasemapDescription(Struct, frozen=True, kw_only=True):
    """What the map needs to draw the ground: where its tiles are, in which schema, and whose they are."""

    url: str
    """Path of the archive, or address of the tiles with {z}, {x} and {y}."""
    schema: Schema
    """How the layers are named: `openmaptiles` or `protomaps`; `raster` for pictures."""
    attribution: str | None
    """Whose data it is; shown on the map, in pictures and in print."""
    datum: BaseDatum
    """The datum of the map; shifted ones are refused."""
    min_zoom: int
    """Least zoom that has tiles."""
    max_zoom: int
    """Greatest zoom that has tiles."""
    bounds: Box | None
    """West, south, east and north of what it holds, where that is known."""


class BasemapFile:
    """An archive of tiles that is open for reading; its name changes with its content."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        try:
            state = os.fstat(self._file.fileno())
            self.size = state.st_size
            self.archive = tile_archive(self.read(0, HEADER_BYTES))
        except BaseException:
            self._file.close()
            raise
        self.etag = f"{state.st_mtime_ns:x}-{self.size:x}"

    def read(self, begin: int, length: int) -> bytes:
        """At most `length` bytes from `begin`."""
        return os.pread(self._file.fileno(), length, begin)

    def metadata(self) -> dict[str, Any]:
        """What the archive says of itself: its layers and whose data it is."""
        opened = OPENERS.get(self.archive.internal_compression)
        if opened is None or self.archive.metadata_length > MOST_METADATA_BYTES:
            return {}
        body = opened(self.read(self.archive.metadata_offset, self.archive.metadata_length))
        told = json.loads(body)
        return told if isinstance(told, dict) else {}

    def layers(self) -> list[str]:
        """The names of its vector layers."""
        layers = self.metadata().get("vector_layers") or json.loads(self.metadata().get("json", "{}")).get(
            "vector_layers", []
        )
        return [layer["id"] for layer in layers]

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Basemap(Struct, frozen=True, kw_only=True):
    """The configured base map: how it is described, its file or the origin of its tiles."""

    described: BasemapDescription
    file: BasemapFile | None = None
    origin: str | None = None


def configured(settings: Settings) -> Basemap | None:
    """The base map of the settings, None without one; SettingsError for one that cannot be used."""
    if settings.basemap is None:
        return None
    try:
        if settings.basemap.startswith("https://") or "://" in settings.basemap:
            return _of_template(settings, settings.basemap)
        return _of_file(settings, Path(settings.basemap).expanduser().resolve())
    except (Invalid, OSError, ValueError) as error:
        raise SettingsError(f"REGISTRY_BASEMAP cannot be used: {error}") from error


def _of_template(settings: Settings, template: str) -> Basemap:
    demand_template(template, settings.basemap_datum)
    parts = urlsplit(template)
    described = BasemapDescription(
        url=template,
        schema="raster",
        attribution=settings.basemap_attribution,
        datum=settings.basemap_datum or "wgs84",
        min_zoom=0,
        max_zoom=18,
        bounds=None,
    )
    return Basemap(described=described, origin=f"https://{parts.netloc}")


def _of_file(settings: Settings, path: Path) -> Basemap:
    file = BasemapFile(path)
    archive = file.archive
    schema = schema_of(archive, file.layers())
    if schema == "unknown":
        file.close()
        raise Invalid("its layers are neither those of OpenMapTiles nor those of Protomaps")
    described = BasemapDescription(
        url=f"basemap/{file.etag}.pmtiles",
        schema=schema,
        attribution=settings.basemap_attribution or file.metadata().get("attribution"),
        datum=settings.basemap_datum or "wgs84",
        min_zoom=archive.min_zoom,
        max_zoom=archive.max_zoom,
        bounds=archive.bounds,
    )
    return Basemap(described=described, file=file)
